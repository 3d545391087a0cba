/* SPDX-License-Identifier: Apache-2.0
 *
 * One statement with its values, ready to be sent. The texts are the caller's until it was sent. */
#ifndef POSTGRES_QUERY_H
#define POSTGRES_QUERY_H

#include "statements.h"

#include <libpq-fe.h>

enum { QUERY_VALUES = 24, QUERY_DIGITS = 24 };

struct query {
    enum statement statement;
    uint32_t set;     /* STATEMENT_UPDATE: which fields */
    const char *text; /* STATEMENT_TEXT: the SQL itself */
    int count;
    const char *values[QUERY_VALUES];
    char digits[QUERY_VALUES][QUERY_DIGITS];
};

void query_init(struct query *query, enum statement statement);
void query_text(struct query *query, const char *text); /* NULL: nothing */
void query_number(struct query *query, int64_t number);
void query_optional(struct query *query, int64_t number); /* MGW_ABSENT: nothing */

#endif
