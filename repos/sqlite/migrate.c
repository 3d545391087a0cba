/* SPDX-License-Identifier: Apache-2.0
 *
 * See migrate.h. The table `schema` has one row: the last migration that was run, and the oldest
 * release, by the last migration that it knows, that may use the result. */
#include "migrate.h"

#include "cleanup.h"
#include "file.h"
#include "schema.h"

#include <stdio.h>

/* 0: nothing there yet. */
static enum mgw_status read_version(sqlite3 *db, int64_t *version, int64_t *oldest,
                                    struct fault *fault)
{
    int64_t tables = 0;
    *version = *oldest = 0;
    enum mgw_status status =
        open_number(db, "SELECT count(*) FROM sqlite_schema WHERE type='table' AND name='schema'",
                    &tables, fault);
    if (status == MGW_OK && tables > 0) {
        status = open_number(db, "SELECT version FROM schema", version, fault);
    }
    if (status == MGW_OK && tables > 0) {
        status = open_number(db, "SELECT oldest FROM schema", oldest, fault);
    }
    return status;
}

/* MGW_OK: go on. */
static enum mgw_status judge(const char *path, const struct migrate_options *how, int64_t version,
                             int64_t oldest, struct fault *fault)
{
    long long has = version, known = schema_known();
    if (oldest > known) {
        return fault_set(fault, MGW_INVALID,
                         "%s has schema %lld, which needs a release that knows schema %lld; this "
                         "one knows up to %lld: upgrade mediagw, or restore an older copy",
                         path, has, (long long)oldest, known);
    }
    if (has < known && how->flags & MGW_CREATE_DRY_RUN) {
        return fault_set(fault, MGW_CONFLICT,
                         "%s has schema %lld; it would be copied, and brought to schema %lld", path,
                         has, known);
    }
    if (has > 0 && has < known && how->manual && !(how->flags & MGW_CREATE_MIGRATE)) {
        return fault_set(fault, MGW_CONFLICT,
                         "%s has schema %lld, this release needs %lld, and `migrate` is manual: "
                         "run mediagw migrate --config FILE",
                         path, has, known);
    }
    return MGW_OK;
}

enum mgw_status migrate_check(sqlite3 *db, const struct open_options *options,
                              const struct migrate_options *how, struct fault *fault)
{
    int64_t version, oldest;
    enum mgw_status status = read_version(db, &version, &oldest, fault);
    return status == MGW_OK ? judge(options->path, how, version, oldest, fault) : status;
}

/* The committed state as a file of its own. Another connection reads it: the caller's holds the
 * write lock, so that nothing changes in between. */
static enum mgw_status copy_before(const struct open_options *options, int64_t next,
                                   struct fault *fault)
{
    AUTO_SQLITE_FREE char *to = sqlite3_mprintf("%s.before-%lld", options->path, (long long)next);
    AUTO_SQLITE_FREE char *part = to ? sqlite3_mprintf("%s.part", to) : NULL;
    if (!part) {
        return fault_set(fault, MGW_UNAVAILABLE, "out of memory");
    }
    unlink(part); /* of an attempt that ended early; the write lock makes it ours */
    enum mgw_status status = file_make(part, fault);
    AUTO_DB sqlite3 *db = NULL;
    if (status == MGW_OK) {
        status = open_reader(options, &db, fault);
    }
    if (status == MGW_OK) {
        AUTO_STATEMENT sqlite3_stmt *statement = NULL;
        int rc = sqlite3_prepare_v2(db, "VACUUM INTO ?1", -1, &statement, NULL);
        rc = rc == SQLITE_OK ? sqlite3_bind_text(statement, 1, part, -1, SQLITE_STATIC) : rc;
        rc = rc == SQLITE_OK ? sqlite3_step(statement) : rc;
        if (rc != SQLITE_DONE) {
            status = fault_sqlite(fault, db, rc, "copying the database before its migration");
        }
    }
    if (status == MGW_OK) {
        status = file_publish(part, to, fault);
    }
    if (status != MGW_OK) {
        unlink(part);
    }
    return status;
}

static enum mgw_status run_one(sqlite3 *db, int64_t number, struct fault *fault)
{
    const struct migration *migration = schema_migration((int)number);
    int rc = sqlite3_exec(db, migration->sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        char what[32];
        snprintf(what, sizeof what, "migration %lld", (long long)number);
        return fault_sqlite(fault, db, rc, what);
    }
    char sql[96];
    snprintf(sql, sizeof sql, "UPDATE schema SET version=%lld, oldest=%d", (long long)number,
             migration->oldest);
    return open_exec(db, sql, fault);
}

/* Under the write lock. */
static enum mgw_status migrate_locked(sqlite3 *db, const struct open_options *options,
                                      const struct migrate_options *how, struct fault *fault)
{
    int64_t version, oldest, known = schema_known();
    enum mgw_status status = read_version(db, &version, &oldest, fault);
    if (status == MGW_OK) {
        status = judge(options->path, how, version, oldest, fault);
    }
    if (status == MGW_OK && version == 0) {
        char sql[160];
        snprintf(sql, sizeof sql,
                 "PRAGMA application_id=%d;"
                 "CREATE TABLE schema(version INTEGER NOT NULL, oldest INTEGER NOT NULL) STRICT;"
                 "INSERT INTO schema VALUES(0, 0)",
                 SCHEMA_APPLICATION_ID);
        status = open_exec(db, sql, fault);
    } else if (status == MGW_OK && version < known) {
        status = copy_before(options, version + 1, fault);
    }
    for (int64_t next = version + 1; status == MGW_OK && next <= known; next++) {
        status = run_one(db, next, fault);
        if (status == MGW_OK) {
            how->host->log(how->instance, MGW_LOG_INFO, "%s: schema %lld is in place",
                           options->path, (long long)next);
        }
    }
    return status;
}

enum mgw_status migrate(sqlite3 *db, const struct open_options *options,
                        const struct migrate_options *how, struct fault *fault)
{
    int64_t version, oldest;
    enum mgw_status status = read_version(db, &version, &oldest, fault);
    if (status == MGW_OK) {
        status = judge(options->path, how, version, oldest, fault);
    }
    if (status == MGW_OK && version >= schema_known()) {
        return status;
    }
    if (status == MGW_OK) {
        status = open_exec(db, "BEGIN IMMEDIATE", fault);
    }
    if (status != MGW_OK) {
        return status;
    }
    status = migrate_locked(db, options, how, fault);
    if (status == MGW_OK) {
        status = open_exec(db, "COMMIT", fault);
    }
    if (status != MGW_OK && !sqlite3_get_autocommit(db)) {
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    }
    return status;
}
