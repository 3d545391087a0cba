/* SPDX-License-Identifier: Apache-2.0
 *
 * See row.h. */
#include "core/media/row.h"

#include <stdlib.h>
#include <string.h>

static const size_t strings[] = {
    offsetof(struct mgw_row, id),          offsetof(struct mgw_row, account_id),
    offsetof(struct mgw_row, owner_email), offsetof(struct mgw_row, bucket),
    offsetof(struct mgw_row, key),         offsetof(struct mgw_row, mime_type),
    offsetof(struct mgw_row, kind),        offsetof(struct mgw_row, session_id),
    offsetof(struct mgw_row, checksum),    offsetof(struct mgw_row, metadata),
    offsetof(struct mgw_row, owner),       offsetof(struct mgw_row, fingerprint),
};
enum { STRINGS = sizeof strings / sizeof strings[0] };

static const char **string_at(struct mgw_row *row, size_t i)
{
    return (const char **)(void *)((char *)row + strings[i]);
}

struct mgw_row row_empty(void)
{
    return (struct mgw_row){
        .size = sizeof(struct mgw_row),
        .take_index = MGW_ABSENT,
        .updated_at = MGW_ABSENT,
        .created_at = MGW_ABSENT,
        .lease_until = MGW_ABSENT,
    };
}

struct mgw_row *row_copy(const struct mgw_row *row)
{
    struct mgw_row from = row_empty();
    memcpy(&from, row, row->size < sizeof from ? row->size : sizeof from);
    from.size = sizeof from;
    size_t bytes = sizeof from;
    for (size_t i = 0; i < STRINGS; i++) {
        const char *text = *string_at(&from, i);
        bytes += text ? strlen(text) + 1 : 0;
    }
    struct mgw_row *copy = malloc(bytes);
    if (!copy) {
        return NULL;
    }
    *copy = from;
    char *at = (char *)(copy + 1);
    for (size_t i = 0; i < STRINGS; i++) {
        const char **text = string_at(copy, i);
        if (*text) {
            size_t size = strlen(*text) + 1;
            *text = memcpy(at, *text, size);
            at += size;
        }
    }
    return copy;
}

bool row_keep(void *ctx, const struct mgw_row *row)
{
    struct mgw_row **kept = ctx;
    free(*kept);
    *kept = row_copy(row);
    return false;
}
