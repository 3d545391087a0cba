/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/rows.h"

#include "tests/support/check.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct rows {
    char *database;
    sqlite3 *db; /* NULL: not opened yet */
};

/* The driver's schema. */
#define STATUS_NUMBER                                                                              \
    "CASE ?1 WHEN 'uploading' THEN 1 WHEN 'ready' THEN 2 WHEN 'deleted' THEN 4 "                   \
    "WHEN 'failed' THEN 8 END"

static const char count_sql[] =
    "SELECT count(*) FROM rows WHERE (?1 IS NULL OR status = " STATUS_NUMBER
    ") AND (?2 IS NULL OR account_id = ?2)";
static const char status_sql[] =
    "SELECT CASE status WHEN 1 THEN 'uploading' WHEN 2 THEN 'ready' WHEN 4 THEN 'deleted' "
    "WHEN 8 THEN 'failed' END FROM rows WHERE id = ?1";
static const char each_sql[] = "SELECT id, key, checksum FROM rows WHERE status = " STATUS_NUMBER;

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
        free(rows->database);
        free(rows);
    }
}

static sqlite3_stmt *prepare(struct rows *rows, const char *sql, const char *first,
                             const char *second)
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
    sqlite3_bind_text(statement, 1, first, -1, SQLITE_TRANSIENT);
    if (sqlite3_bind_parameter_count(statement) > 1) {
        sqlite3_bind_text(statement, 2, second, -1, SQLITE_TRANSIENT);
    }
    return statement;
}

size_t rows_count(struct rows *rows, const char *account, const char *status)
{
    sqlite3_stmt *statement = prepare(rows, count_sql, status, account);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    size_t count = (size_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return count;
}

const char *rows_status(struct rows *rows, const char *id)
{
    sqlite3_stmt *statement = prepare(rows, status_sql, id, NULL);
    const char *status = NULL;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        status = keep_text("%s", (const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return status;
}

void rows_each(struct rows *rows, const char *status,
               void (*emit)(void *ctx, const char *id, const char *key, const char *checksum),
               void *ctx)
{
    sqlite3_stmt *statement = prepare(rows, each_sql, status, NULL);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        emit(ctx, (const char *)sqlite3_column_text(statement, 0),
             (const char *)sqlite3_column_text(statement, 1),
             (const char *)sqlite3_column_text(statement, 2));
    }
    sqlite3_finalize(statement);
}

static bool is_settled(void *ctx)
{
    return rows_count(ctx, NULL, "uploading") == 0;
}

bool rows_settle(struct rows *rows, int64_t timeout_ms)
{
    return wait_for(is_settled, rows, timeout_ms);
}
