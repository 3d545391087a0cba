/* SPDX-License-Identifier: Apache-2.0
 *
 * See open.h. */
#include "open.h"

#include "cleanup.h"
#include "schema.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum mgw_status open_exec(sqlite3 *db, const char *sql, struct fault *fault)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? MGW_OK : fault_sqlite(fault, db, rc, sql);
}

enum mgw_status open_number(sqlite3 *db, const char *sql, int64_t *number, struct fault *fault)
{
    AUTO_STATEMENT sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        *number = sqlite3_column_int64(statement, 0);
        return MGW_OK;
    }
    return fault_sqlite(fault, db, rc, sql);
}

static enum mgw_status open_db(const struct open_options *options, int flags, sqlite3 **db,
                               struct fault *fault)
{
    AUTO_DB sqlite3 *made = NULL;
    /* NOMUTEX: one thread at a time is our promise. NOFOLLOW is not asked for: a link to a larger
     * disk is a fair thing to have. */
    int rc = sqlite3_open_v2(options->path, &made, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        char what[300];
        snprintf(what, sizeof what, "opening %s", options->path);
        return fault_sqlite(fault, made, rc, what);
    }
    sqlite3_extended_result_codes(made, 1);
    sqlite3_busy_timeout(made, options->busy_ms);
    sqlite3_db_config(made, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(made, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    char pragma[64];
    snprintf(pragma, sizeof pragma, "PRAGMA cache_size=-%d; PRAGMA mmap_size=0",
             options->cache_kib);
    enum mgw_status status = open_exec(made, pragma, fault); /* the first look into the file */
    if (sqlite3_errcode(made) == SQLITE_NOTADB) {
        status = fault_set(fault, MGW_INVALID, "%s is no SQLite database; give another `path`",
                           options->path);
    }
    *db = status == MGW_OK ? TAKE(made) : NULL;
    return status;
}

enum mgw_status open_reader(const struct open_options *options, sqlite3 **db, struct fault *fault)
{
    return open_db(options, SQLITE_OPEN_READONLY, db, fault);
}

static enum mgw_status refuse_foreign(const char *path, int64_t id, struct fault *fault)
{
    return fault_set(fault, MGW_INVALID,
                     "%s is another program's database (application_id 0x%08x, expected 0x%08x); "
                     "give another `path`",
                     path, (unsigned)id, (unsigned)SCHEMA_APPLICATION_ID);
}

enum mgw_status open_writer(const struct open_options *options, sqlite3 **db, bool *empty,
                            struct fault *fault)
{
    AUTO_DB sqlite3 *made = NULL;
    int64_t id = 0, objects = 0;
    enum mgw_status status = open_db(options, SQLITE_OPEN_READWRITE, &made, fault);
    if (status != MGW_OK) {
        return status;
    }
    /* Both out of one snapshot: another process may be setting it up. */
    status = open_exec(made, "BEGIN", fault);
    if (status == MGW_OK) {
        status = open_number(made, "PRAGMA application_id", &id, fault);
    }
    if (status == MGW_OK) {
        status = open_number(made, "SELECT count(*) FROM sqlite_schema", &objects, fault);
    }
    if (status == MGW_OK) {
        status = open_exec(made, "COMMIT", fault);
    }
    if (status == MGW_OK && id != SCHEMA_APPLICATION_ID && (id != 0 || objects != 0)) {
        return refuse_foreign(options->path, id, fault);
    }
    if (status != MGW_OK) {
        return status;
    }
    if (sqlite3_db_readonly(made, "main") == 1) {
        return fault_set(fault, MGW_DENIED, "%s may only be read; it must be writable",
                         options->path);
    }
    *empty = id != SCHEMA_APPLICATION_ID;
    *db = TAKE(made);
    return MGW_OK;
}

enum mgw_status open_set_journal(sqlite3 *db, struct fault *fault)
{
    /* The switch to WAL does not wait by itself where another process does the same. */
    for (int attempt = 0;; attempt++) {
        AUTO_STATEMENT sqlite3_stmt *statement = NULL;
        int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode=WAL", -1, &statement, NULL);
        rc = rc == SQLITE_OK ? sqlite3_step(statement) : rc;
        if (rc == SQLITE_ROW &&
            strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0) {
            break;
        }
        if ((rc & 0xff) != SQLITE_BUSY || attempt == 1000) {
            return fault_sqlite(fault, db, rc, "switching the database to WAL");
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    /* The writer checkpoints by itself, after its answers are out. */
    sqlite3_wal_autocheckpoint(db, 0);
    return open_exec(db, "PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864", fault);
}
