/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/rows.h"

#include "tests/support/check.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct rows {
    char *database;
    sqlite3 *db; /* NULL: not opened yet */
    PGconn *pg;
};

/* The drivers' schema, in words that both databases know. */
#define STATUS_NUMBER                                                                              \
    "CASE CAST($1 AS text) WHEN 'uploading' THEN 1 WHEN 'ready' THEN 2 WHEN 'deleted' THEN 4 "     \
    "WHEN 'failed' THEN 8 END"

static const char count_sql[] =
    "SELECT count(*) FROM rows WHERE (CAST($1 AS text) IS NULL OR status = " STATUS_NUMBER
    ") AND (CAST($2 AS text) IS NULL OR account_id = $2)";
static const char status_sql[] =
    "SELECT CASE status WHEN 1 THEN 'uploading' WHEN 2 THEN 'ready' WHEN 4 THEN 'deleted' "
    "WHEN 8 THEN 'failed' END FROM rows WHERE id = $1";
static const char each_sql[] = "SELECT id, key, checksum FROM rows WHERE status = " STATUS_NUMBER;

enum { MOST_CELLS = 3 };
typedef void cells_emit(void *ctx, const char *const cells[MOST_CELLS]);

struct rows *rows_open(const char *database)
{
    struct rows *rows = calloc(1, sizeof *rows);
    if (!rows || !(rows->database = strdup(database))) {
        abort();
    }
    return rows;
}

void rows_close(struct rows *rows)
{
    if (rows) {
        sqlite3_close(rows->db);
        PQfinish(rows->pg);
        free(rows->database);
        free(rows);
    }
}

static void ask_sqlite(struct rows *rows, const char *sql, const char *const values[2], int count,
                       cells_emit *emit, void *ctx)
{
    if (!rows->db) {
        int code = sqlite3_open_v2(rows->database, &rows->db, SQLITE_OPEN_READONLY, NULL);
        assert_int_equal(code, SQLITE_OK);
        sqlite3_busy_timeout(rows->db, 30000);
    }
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(rows->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(rows->db));
    }
    for (int i = 0; i < count; i++) {
        sqlite3_bind_text(statement, i + 1, values[i], -1, SQLITE_TRANSIENT);
    }
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *cells[MOST_CELLS] = {0};
        for (int i = 0; i < sqlite3_column_count(statement) && i < MOST_CELLS; i++) {
            cells[i] = (const char *)sqlite3_column_text(statement, i);
        }
        emit(ctx, cells);
    }
    sqlite3_finalize(statement);
}

static void ask_postgres(struct rows *rows, const char *sql, const char *const values[2], int count,
                         cells_emit *emit, void *ctx)
{
    if (!rows->pg) {
        rows->pg = PQconnectdb(rows->database);
    }
    PGresult *result = PQexecParams(rows->pg, sql, count, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        fail_msg("%s: %s", sql, PQerrorMessage(rows->pg));
    }
    for (int at = 0; at < PQntuples(result); at++) {
        const char *cells[MOST_CELLS] = {0};
        for (int i = 0; i < PQnfields(result) && i < MOST_CELLS; i++) {
            cells[i] = PQgetisnull(result, at, i) ? NULL : PQgetvalue(result, at, i);
        }
        emit(ctx, cells);
    }
    PQclear(result);
}

static void ask(struct rows *rows, const char *sql, const char *first, const char *second,
                int count, cells_emit *emit, void *ctx)
{
    const char *const values[2] = {first, second};
    bool postgres = strstr(rows->database, "dbname=") != NULL;
    (postgres ? ask_postgres : ask_sqlite)(rows, sql, values, count, emit, ctx);
}

static void keep_number(void *ctx, const char *const cells[MOST_CELLS])
{
    *(size_t *)ctx = strtoul(cells[0], NULL, 10);
}

size_t rows_count(struct rows *rows, const char *account, const char *status)
{
    size_t count = SIZE_MAX;
    ask(rows, count_sql, status, account, 2, keep_number, &count);
    assert_true(count != SIZE_MAX);
    return count;
}

static void keep_status(void *ctx, const char *const cells[MOST_CELLS])
{
    *(const char **)ctx = keep_text("%s", cells[0]);
}

const char *rows_status(struct rows *rows, const char *id)
{
    const char *status = NULL;
    ask(rows, status_sql, id, NULL, 1, keep_status, &status);
    return status;
}

struct each {
    void (*emit)(void *ctx, const char *id, const char *key, const char *checksum);
    void *ctx;
};

static void emit_cells(void *ctx, const char *const cells[MOST_CELLS])
{
    const struct each *each = ctx;
    each->emit(each->ctx, cells[0], cells[1], cells[2]);
}

void rows_each(struct rows *rows, const char *status,
               void (*emit)(void *ctx, const char *id, const char *key, const char *checksum),
               void *ctx)
{
    struct each each = {emit, ctx};
    ask(rows, each_sql, status, NULL, 1, emit_cells, &each);
}

static bool is_settled(void *ctx)
{
    return rows_count(ctx, NULL, "uploading") == 0;
}

bool rows_settle(struct rows *rows, int64_t timeout_ms)
{
    return wait_for(is_settled, rows, timeout_ms);
}
