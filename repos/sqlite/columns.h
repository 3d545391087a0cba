/* SPDX-License-Identifier: Apache-2.0
 *
 * How struct mgw_row and struct mgw_record lie in their tables: one list of columns that inserts,
 * updates and reads go by. */
#ifndef SQLITE_COLUMNS_H
#define SQLITE_COLUMNS_H

#include <mediagw/repo.h>
#include <sqlite3.h>

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
    size_t offset;
};

#define COLUMNS_OF_ROW 20
#define COLUMNS_OF_RECORD 6
extern const struct column columns_of_row[COLUMNS_OF_ROW];
extern const struct column columns_of_record[COLUMNS_OF_RECORD];
/* Their names, comma-separated. */
extern const char columns_row_names[];
extern const char columns_record_names[];

/* Binds the column's field of BASE (a row or record, kept by the caller) to parameter AT. */
int columns_bind(sqlite3_stmt *statement, int at, const struct column *column, const void *base);
/* The result row under the statement's cursor, in the order of the names; texts live until its next
 * step. */
void columns_read_row(sqlite3_stmt *statement, struct mgw_row *row);
void columns_read_record(sqlite3_stmt *statement, struct mgw_record *record);

/* What a host of another age gave, with what it did not know as absent. */
struct mgw_row columns_row_given(const struct mgw_row *given);
struct mgw_record columns_record_given(const struct mgw_record *given);

/* Bytes that the texts of BASE take, and the copy of them to TO, to which BASE then points; returns
 * where the next may go. */
size_t columns_texts_size(const struct column *columns, size_t count, const void *base);
char *columns_texts_copy(const struct column *columns, size_t count, void *base, char *to);

#endif
