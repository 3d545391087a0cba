/* SPDX-License-Identifier: Apache-2.0
 *
 * How struct mgw_row and struct mgw_record lie in their tables: one list of columns that inserts,
 * updates and reads go by. */
#ifndef POSTGRES_COLUMNS_H
#define POSTGRES_COLUMNS_H

#include "query.h"

#include <mediagw/repo.h>

enum column_type {
    COLUMN_TEXT,     /* const char *, NULL where there is nothing */
    COLUMN_OPTIONAL, /* int64_t, MGW_ABSENT where there is nothing */
    COLUMN_NUMBER,   /* int64_t */
    COLUMN_STATUS    /* uint32_t */
};

struct column {
    const char *name;
    enum column_type type;
    uint32_t field; /* the enum mgw_row_field bit that sets it; 0: none */
    bool timed;     /* the repository's clock says what goes in */
    size_t offset;
};

#define COLUMNS_OF_ROW 20
#define COLUMNS_OF_RECORD 6
extern const struct column columns_of_row[COLUMNS_OF_ROW];
extern const struct column columns_of_record[COLUMNS_OF_RECORD];
/* Their names. */
#define COLUMNS_ROW_NAMES                                                                          \
    "id,account_id,owner_email,bucket,key,mime_type,size_bytes,duration_ms,kind,status,"           \
    "session_id,take_index,checksum,created_at,updated_at,owner,fence,lease_until,fingerprint,"    \
    "metadata"
#define COLUMNS_RECORD_NAMES "kind,account,id,text,version,expires_at"

/* The type that a parameter for the column has in SQL. */
const char *columns_sql_type(const struct column *column);
/* Adds the column's field of BASE (a row or record, kept by the caller) to the query's values. */
void columns_bind(struct query *query, const struct column *column, const void *base);
/* Line AT of RESULT, whose columns are in the order of the names; texts live as long as RESULT. */
void columns_read_row(const PGresult *result, int at, struct mgw_row *row);
void columns_read_record(const PGresult *result, int at, struct mgw_record *record);
/* One number of RESULT, MGW_ABSENT for NULL. */
int64_t columns_number(const PGresult *result, int at, int column);

/* What a host of another age gave, with what it did not know as absent. */
struct mgw_row columns_row_given(const struct mgw_row *given);
struct mgw_record columns_record_given(const struct mgw_record *given);

/* Bytes that the texts of BASE take, and the copy of them to TO, to which BASE then points; returns
 * where the next may go. */
size_t columns_texts_size(const struct column *columns, size_t count, const void *base);
char *columns_texts_copy(const struct column *columns, size_t count, void *base, char *to);

#endif
