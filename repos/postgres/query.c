/* SPDX-License-Identifier: Apache-2.0
 *
 * See query.h. */
#include "query.h"

#include <mediagw/plugin.h>
#include <stdio.h>

void query_init(struct query *query, enum statement statement)
{
    query->statement = statement;
    query->set = 0;
    query->text = NULL;
    query->count = 0;
}

void query_text(struct query *query, const char *text)
{
    query->values[query->count++] = text;
}

void query_number(struct query *query, int64_t number)
{
    snprintf(query->digits[query->count], QUERY_DIGITS, "%lld", (long long)number);
    query_text(query, query->digits[query->count]);
}

void query_optional(struct query *query, int64_t number)
{
    if (number == MGW_ABSENT) {
        query_text(query, NULL);
    } else {
        query_number(query, number);
    }
}
