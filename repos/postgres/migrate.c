/* SPDX-License-Identifier: Apache-2.0
 *
 * See migrate.h. The table `schema` has one row: the last migration that was run, and the oldest
 * release, by the last migration that it knows, that may use the result. All that is due runs in
 * one transaction, under an advisory lock that ends with it, on one server connection: that is all
 * that a pooler needs to be no obstacle. */
#include "migrate.h"

#include "cleanup.h"
#include "columns.h"
#include "exchange.h"
#include "schema.h"

#include <stdio.h>
#include <string.h>

struct migration_state {
    struct session *session;
    const struct migrate_options *options;
    const struct limit *limit;
    struct fault *fault;
    int64_t version, oldest; /* 0: nothing there yet */
};

/* Runs SQL, in which %1$s is the schema. */
static enum mgw_status run(struct migration_state *state, const char *sql, const char *what,
                           PGresult **answer)
{
    AUTO_FREE char *text = NULL;
    AUTO_RESULT PGresult *result = NULL;
    struct query query;
    if (asprintf(&text, sql, state->options->schema) < 0) {
        text = NULL;
        return fault_set(state->fault, MGW_UNAVAILABLE, "out of memory");
    }
    query_init(&query, STATEMENT_TEXT);
    query.text = text;
    enum mgw_status status =
        exchange_ask(state->session, state->limit, &query, what, &result, state->fault);
    if (answer && status == MGW_OK) {
        *answer = TAKE(result);
    }
    return status;
}

/* Whether CATALOG_SQL, whose $1 is the schema's name without quotes, finds anything. */
static enum mgw_status look(struct migration_state *state, const char *catalog_sql, bool *found)
{
    AUTO_RESULT PGresult *result = NULL;
    AUTO_FREE char *name = strdup(state->options->schema + 1);
    struct query query;
    if (!name) {
        return fault_set(state->fault, MGW_UNAVAILABLE, "out of memory");
    }
    name[strlen(name) - 1] = '\0';
    query_init(&query, STATEMENT_TEXT);
    query.text = catalog_sql;
    query_text(&query, name);
    enum mgw_status status = exchange_ask(state->session, state->limit, &query,
                                          "looking for the schema", &result, state->fault);
    *found = status == MGW_OK && PQntuples(result) > 0;
    return status;
}

/* The catalogue is read as a table: its functions may still remember, behind the wait for the lock,
 * that there was nothing. */
static enum mgw_status read_version(struct migration_state *state)
{
    AUTO_RESULT PGresult *version = NULL;
    bool there;
    state->version = state->oldest = 0;
    enum mgw_status status =
        look(state,
             "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
             " ON n.oid=c.relnamespace WHERE n.nspname=$1 AND c.relname='schema'",
             &there);
    if (status != MGW_OK || !there) {
        return status;
    }
    status = run(state, "SELECT version,oldest FROM %1$s.schema", "reading the schema's version",
                 &version);
    if (status == MGW_OK && PQntuples(version) == 1) {
        state->version = columns_number(version, 0, 0);
        state->oldest = columns_number(version, 0, 1);
    }
    return status;
}

/* MGW_OK: go on; *DUE whether anything must be done. */
static enum mgw_status judge(const struct migration_state *state, bool *due)
{
    const struct migrate_options *options = state->options;
    struct fault *fault = state->fault;
    long long version = state->version, known = schema_known();
    bool init = options->flags & MGW_CREATE_INIT, told = options->flags & MGW_CREATE_MIGRATE;
    *due = version < known;
    if (state->oldest > known) {
        return fault_set(fault, MGW_INVALID,
                         "schema %s has version %lld, which needs a release that knows version "
                         "%lld; this one knows up to %lld: upgrade mediagw",
                         options->schema, version, (long long)state->oldest, known);
    }
    if (version == 0 && !init) {
        return fault_set(fault, MGW_NOT_FOUND,
                         "the database has no tables in schema %s; make them with: mediagw init "
                         "--config FILE",
                         options->schema);
    }
    if (*due && options->flags & MGW_CREATE_DRY_RUN) {
        return fault_set(fault, MGW_CONFLICT,
                         "schema %s has version %lld; it would be brought to version %lld",
                         options->schema, version, known);
    }
    if (*due && version > 0 && options->manual && !told) {
        return fault_set(fault, MGW_CONFLICT,
                         "schema %s has version %lld, this release needs %lld, and `migrate` is "
                         "manual: run mediagw migrate --config FILE",
                         options->schema, version, known);
    }
    return MGW_OK;
}

/* ---- Under the lock ---- */

/* A schema that somebody else has made needs no right to make any. */
static enum mgw_status prepare_schema(struct migration_state *state)
{
    bool there;
    enum mgw_status status =
        look(state, "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname=$1", &there);
    if (status == MGW_OK && !there) {
        status = run(state, "CREATE SCHEMA %1$s", "making the schema", NULL);
    }
    if (status == MGW_OK) {
        status = run(state,
                     "CREATE TABLE %1$s.schema(version integer NOT NULL, oldest integer NOT NULL)",
                     "making the schema", NULL);
    }
    return status == MGW_OK
               ? run(state, "INSERT INTO %1$s.schema VALUES(0,0)", "making the schema", NULL)
               : status;
}

static enum mgw_status run_one(struct migration_state *state, int number)
{
    const struct migration *migration = schema_migration(number);
    char what[32], sql[96];
    snprintf(what, sizeof what, "migration %d", number);
    enum mgw_status status = MGW_OK;
    for (int i = 0; i < SCHEMA_STATEMENTS && migration->sql[i] && status == MGW_OK; i++) {
        status = run(state, migration->sql[i], what, NULL);
    }
    if (status == MGW_OK) {
        snprintf(sql, sizeof sql, "UPDATE %%1$s.schema SET version=%d,oldest=%d", number,
                 migration->oldest);
        status = run(state, sql, what, NULL);
    }
    return status;
}

static enum mgw_status migrate_locked(struct migration_state *state)
{
    bool due = false;
    enum mgw_status status = read_version(state);
    if (status == MGW_OK) {
        status = judge(state, &due);
    }
    int64_t before = state->version;
    if (status == MGW_OK && due && before == 0) {
        status = prepare_schema(state);
    }
    for (int64_t next = before + 1; status == MGW_OK && next <= schema_known(); next++) {
        status = run_one(state, (int)next);
    }
    return status;
}

/* The whole transaction. No statement timeout: an index over many rows takes its time. */
static enum mgw_status migrate_all(struct migration_state *state)
{
    static const char *const begin[] = {
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        "SELECT set_config('statement_timeout','0',true),set_config('lock_timeout','0',true),"
        "set_config('synchronous_commit','on',true),"
        "set_config('idle_in_transaction_session_timeout','60000',true)",
        "SELECT pg_advisory_xact_lock(hashtextextended('mediagw migrate %1$s',0))",
    };
    enum mgw_status status = MGW_OK;
    for (size_t i = 0; i < sizeof begin / sizeof begin[0] && status == MGW_OK; i++) {
        status = run(state, begin[i], "beginning a migration", NULL);
    }
    if (status == MGW_OK) {
        status = migrate_locked(state);
    }
    if (status != MGW_OK) {
        struct fault unused, *fault = state->fault;
        state->fault = &unused;
        if (!state->session->broken) {
            run(state, "ROLLBACK", "undoing a migration", NULL);
        }
        state->fault = fault;
        return status;
    }
    return run(state, "COMMIT", "committing a migration", NULL);
}

enum mgw_status migrate(struct session *session, const struct migrate_options *options,
                        const struct limit *limit, struct fault *fault)
{
    struct migration_state state = {session, options, limit, fault, 0, 0};
    bool due = false;
    enum mgw_status status = read_version(&state);
    if (status == MGW_OK) {
        status = judge(&state, &due);
    }
    if (status != MGW_OK || !due) {
        return status;
    }
    status = migrate_all(&state);
    if (status == MGW_OK && state.version < schema_known()) {
        const struct session_options *own = session->options;
        own->host->log(own->name, MGW_LOG_INFO, "schema %s is at version %d, before %lld",
                       options->schema, schema_known(), (long long)state.version);
    }
    return status;
}
