/* SPDX-License-Identifier: Apache-2.0
 *
 * See columns.h. */
#include "columns.h"

#include <stdlib.h>
#include <string.h>

#define ROW(member, type, field)                                                                   \
    {                                                                                              \
#member, type, field, false, offsetof(struct mgw_row, member)                              \
    }
#define TIME(member, type, field)                                                                  \
    {                                                                                              \
#member, type, field, true, offsetof(struct mgw_row, member)                               \
    }
#define RECORD(member, type)                                                                       \
    {                                                                                              \
#member, type, 0, false, offsetof(struct mgw_record, member)                               \
    }

const struct column columns_of_row[COLUMNS_OF_ROW] = {
    ROW(id, COLUMN_TEXT, 0),
    ROW(account_id, COLUMN_TEXT, 0),
    ROW(owner_email, COLUMN_TEXT, MGW_FIELD_OWNER_EMAIL),
    ROW(bucket, COLUMN_TEXT, 0),
    ROW(key, COLUMN_TEXT, 0),
    ROW(mime_type, COLUMN_TEXT, MGW_FIELD_MIME_TYPE),
    ROW(size_bytes, COLUMN_OPTIONAL, MGW_FIELD_SIZE_BYTES),
    ROW(duration_ms, COLUMN_OPTIONAL, MGW_FIELD_DURATION_MS),
    ROW(kind, COLUMN_TEXT, MGW_FIELD_KIND),
    ROW(status, COLUMN_STATUS, MGW_FIELD_STATUS),
    ROW(session_id, COLUMN_TEXT, MGW_FIELD_SESSION_ID),
    ROW(take_index, COLUMN_OPTIONAL, MGW_FIELD_TAKE_INDEX),
    ROW(checksum, COLUMN_TEXT, MGW_FIELD_CHECKSUM),
    TIME(created_at, COLUMN_NUMBER, 0),
    TIME(updated_at, COLUMN_OPTIONAL, 0),
    ROW(owner, COLUMN_TEXT, MGW_FIELD_OWNER),
    ROW(fence, COLUMN_NUMBER, MGW_FIELD_FENCE),
    TIME(lease_until, COLUMN_OPTIONAL, MGW_FIELD_LEASE),
    ROW(fingerprint, COLUMN_TEXT, MGW_FIELD_FINGERPRINT),
    ROW(metadata, COLUMN_TEXT, MGW_FIELD_METADATA),
};

const struct column columns_of_record[COLUMNS_OF_RECORD] = {
    RECORD(kind, COLUMN_TEXT), RECORD(account, COLUMN_TEXT),   RECORD(id, COLUMN_TEXT),
    RECORD(text, COLUMN_TEXT), RECORD(version, COLUMN_NUMBER), RECORD(expires_at, COLUMN_OPTIONAL),
};

const char *columns_sql_type(const struct column *column)
{
    return column->type == COLUMN_TEXT     ? "text"
           : column->type == COLUMN_STATUS ? "integer"
                                           : "bigint";
}

void columns_bind(struct query *query, const struct column *column, const void *base)
{
    const void *field = (const char *)base + column->offset;
    if (column->type == COLUMN_TEXT) {
        query_text(query, *(const char *const *)field);
    } else if (column->type == COLUMN_STATUS) {
        query_number(query, *(const uint32_t *)field);
    } else if (column->type == COLUMN_OPTIONAL) {
        query_optional(query, *(const int64_t *)field);
    } else {
        query_number(query, *(const int64_t *)field);
    }
}

int64_t columns_number(const PGresult *result, int at, int column)
{
    return PQgetisnull(result, at, column) ? MGW_ABSENT
                                           : strtoll(PQgetvalue(result, at, column), NULL, 10);
}

static void columns_read(const PGresult *result, int at, const struct column *columns, int count,
                         void *base)
{
    for (int i = 0; i < count; i++) {
        void *field = (char *)base + columns[i].offset;
        if (columns[i].type == COLUMN_TEXT) {
            *(const char **)field = PQgetisnull(result, at, i) ? NULL : PQgetvalue(result, at, i);
        } else if (columns[i].type == COLUMN_STATUS) {
            *(uint32_t *)field = (uint32_t)columns_number(result, at, i);
        } else {
            *(int64_t *)field = columns_number(result, at, i);
        }
    }
}

void columns_read_row(const PGresult *result, int at, struct mgw_row *row)
{
    *row = (struct mgw_row){.size = sizeof *row};
    columns_read(result, at, columns_of_row, COLUMNS_OF_ROW, row);
}

void columns_read_record(const PGresult *result, int at, struct mgw_record *record)
{
    *record = (struct mgw_record){.size = sizeof *record};
    columns_read(result, at, columns_of_record, COLUMNS_OF_RECORD, record);
}

struct mgw_row columns_row_given(const struct mgw_row *given)
{
    struct mgw_row row = {.size_bytes = MGW_ABSENT,
                          .duration_ms = MGW_ABSENT,
                          .take_index = MGW_ABSENT,
                          .updated_at = MGW_ABSENT,
                          .lease_until = MGW_ABSENT};
    memcpy(&row, given, given->size < sizeof row ? given->size : sizeof row);
    row.size = sizeof row;
    return row;
}

struct mgw_record columns_record_given(const struct mgw_record *given)
{
    struct mgw_record record = {.expires_at = MGW_ABSENT};
    memcpy(&record, given, given->size < sizeof record ? given->size : sizeof record);
    record.size = sizeof record;
    return record;
}

size_t columns_texts_size(const struct column *columns, size_t count, const void *base)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        const void *field = (const char *)base + columns[i].offset;
        if (columns[i].type == COLUMN_TEXT && *(const char *const *)field) {
            size += strlen(*(const char *const *)field) + 1;
        }
    }
    return size;
}

char *columns_texts_copy(const struct column *columns, size_t count, void *base, char *to)
{
    for (size_t i = 0; i < count; i++) {
        void *field = (char *)base + columns[i].offset;
        const char **text = columns[i].type == COLUMN_TEXT ? field : NULL;
        if (text && *text) {
            size_t size = strlen(*text) + 1;
            *text = memcpy(to, *text, size);
            to += size;
        }
    }
    return to;
}
