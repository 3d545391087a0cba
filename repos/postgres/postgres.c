/* SPDX-License-Identifier: Apache-2.0
 *
 * The repository driver "postgres": rows in a schema of a PostgreSQL database, for any number of
 * gateways at once. Every call goes through a bounded pool of connections and waits no longer than
 * its deadline. Works behind PgBouncer in transaction mode. */
#include "cleanup.h"
#include "columns.h"
#include "migrate.h"
#include "read.h"
#include "writer.h"

#include <stdio.h>
#include <string.h>

enum { MAX_BATCH = 64, MAX_KNOWN = 1000, EXPIRE_ROWS = 500, EXPIRE_ROUNDS = 20 };
enum { START_MS = 60000, MIGRATE_MS = 24 * 3600 * 1000 };

struct pg {
    const struct mgw_host *host;
    char *name, *conninfo, *schema;
    struct statements statements;
    struct session_options options;
    struct pool pool;
    struct writer *writer;
};

static void pg_destroy(void *instance)
{
    struct pg *pg = instance;
    writer_free(pg->writer);
    pool_end(&pg->pool);
    statements_release(&pg->statements);
    if (pg->conninfo) {
        explicit_bzero(pg->conninfo, strlen(pg->conninfo));
    }
    free(pg->conninfo);
    free(pg->schema);
    free(pg->name);
    free(pg);
}

/* ---- Configuration ---- */

static const char *text_of(const struct mgw_config *config, const char *key)
{
    const struct mgw_config_value *value = mgw_config_get(config, key);
    return value && value->text ? value->text : "";
}

static int64_t number_of(const struct mgw_config *config, const char *key, int64_t fallback)
{
    const struct mgw_config_value *value = mgw_config_get(config, key);
    return value ? value->number : fallback;
}

/* What libpq says about a connection string quotes it: an own text, since there is a secret in it.
 */
static enum mgw_status check_conninfo(struct mgw_call *call, const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    if (!options) {
        return mgw_fail(call, MGW_INVALID,
                        "conninfo is no connection string; expected \"host=… dbname=… user=…\" or "
                        "\"postgresql://user@host/dbname\" (PostgreSQL, section 34.1.1)");
    }
    PQconninfoFree(options);
    return MGW_OK;
}

static enum mgw_status check_schema(struct mgw_call *call, const char *schema)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t length = strlen(schema);
    bool letter = length > 0 && !strchr("0123456789-", schema[0]);
    if (!letter || length > 63 || strspn(schema, letters) != length ||
        strncmp(schema, "pg_", 3) == 0 || strcmp(schema, "information_schema") == 0) {
        return mgw_fail(call, MGW_INVALID,
                        "schema: expected [A-Za-z_][A-Za-z0-9_-]{0,62}, not pg_…, got \"%.80s\"",
                        schema);
    }
    return MGW_OK;
}

static bool set_options(struct pg *pg, const struct mgw_config *config)
{
    pg->name = strdup(config->instance);
    pg->conninfo = strdup(text_of(config, "conninfo"));
    pg->schema = NULL;
    if (asprintf(&pg->schema, "\"%s\"", text_of(config, "schema")) < 0) {
        pg->schema = NULL;
    }
    if (!pg->name || !pg->conninfo || !pg->schema ||
        !statements_init(&pg->statements, pg->schema)) {
        return false;
    }
    bool never = strcmp(text_of(config, "prepare"), "never") == 0;
    pg->options = (struct session_options){
        .host = pg->host,
        .name = pg->name,
        .conninfo = pg->conninfo,
        .statements = &pg->statements,
        .connect_ms = number_of(config, "connect_timeout", 5000),
        .statement_ms = number_of(config, "statement_timeout", 30000),
        .prepare = never ? SESSION_PREPARE_NEVER : SESSION_PREPARE_AUTO,
    };
    return true;
}

/* ---- Its life ---- */

static enum mgw_status start(struct pg *pg, struct mgw_call *call, const struct mgw_config *config,
                             struct fault *fault)
{
    struct limit limit = limit_new(pg->host, call, START_MS);
    struct migrate_options options = {
        .schema = pg->schema,
        .manual = strcmp(text_of(config, "migrate"), "manual") == 0,
        .flags = config->flags,
    };
    struct session *session;
    enum mgw_status status = pool_borrow(&pg->pool, &limit, &session, fault);
    if (status == MGW_OK) {
        limit = limit_new(pg->host, call, MIGRATE_MS);
        status = migrate(session, &options, &limit, fault);
        pool_return(&pg->pool, session);
    }
    return status == MGW_OK ? writer_new(&pg->pool, &pg->writer, fault) : status;
}

static enum mgw_status pg_create(struct mgw_call *call, const struct mgw_config *config,
                                 const struct mgw_host *host, void **instance)
{
    struct fault fault = {0};
    enum mgw_status status = check_conninfo(call, text_of(config, "conninfo"));
    if (status == MGW_OK) {
        status = check_schema(call, text_of(config, "schema"));
    }
    if (status != MGW_OK) {
        return status;
    }
    struct pg *pg = calloc(1, sizeof *pg);
    if (!pg) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    pg->host = host;
    bool made = set_options(pg, config);
    pool_init(&pg->pool, &pg->options, (int)number_of(config, "pool_size", 16),
              number_of(config, "patience", 3000));
    status = made ? start(pg, call, config, &fault)
                  : fault_set(&fault, MGW_UNAVAILABLE, "out of memory");
    if (status != MGW_OK) {
        pg_destroy(pg);
        return fault_answer(call, &fault);
    }
    *instance = pg;
    return MGW_OK;
}

static enum mgw_status pg_describe(struct mgw_call *call, void *instance,
                                   struct mgw_repo_limits *limits)
{
    (void)call, (void)instance;
    limits->capabilities = MGW_REPO_SHARED;
    limits->max_batch = MAX_BATCH;
    limits->max_known = MAX_KNOWN;
    return MGW_OK;
}

/* ---- The verbs ---- */

static struct pool *pool_of(void *instance)
{
    return &((struct pg *)instance)->pool;
}

static enum mgw_status pg_get(struct mgw_call *call, void *instance, const char *id,
                              mgw_row_emit *emit, void *ctx)
{
    return read_row(pool_of(instance), call, id, emit, ctx);
}

static enum mgw_status pg_get_by_blob(struct mgw_call *call, void *instance, const char *bucket,
                                      const char *key, mgw_row_emit *emit, void *ctx)
{
    return read_row_by_blob(pool_of(instance), call, bucket, key, emit, ctx);
}

static enum mgw_status pg_list(struct mgw_call *call, void *instance,
                               const struct mgw_row_query *query, mgw_row_emit *emit, void *ctx)
{
    return read_list(pool_of(instance), call, query, emit, ctx);
}

static enum mgw_status pg_scan_due(struct mgw_call *call, void *instance, uint32_t limit,
                                   mgw_row_emit *emit, void *ctx)
{
    return read_due(pool_of(instance), call, limit, emit, ctx);
}

static enum mgw_status pg_scan(struct mgw_call *call, void *instance, const char *after_id,
                               uint32_t limit, mgw_row_emit *emit, void *ctx)
{
    return read_scan(pool_of(instance), call, after_id, limit, emit, ctx);
}

static enum mgw_status pg_which_known(struct mgw_call *call, void *instance,
                                      struct mgw_known *known, size_t count, size_t stride)
{
    return read_known(pool_of(instance), call, known, count, stride);
}

static enum mgw_status pg_apply(struct mgw_call *call, void *instance,
                                const struct mgw_change *changes, size_t change_stride,
                                struct mgw_change_result *results, size_t result_stride,
                                size_t count)
{
    struct pg *pg = instance;
    if (count > MAX_BATCH) {
        return mgw_fail(call, MGW_INVALID, "a batch has at most %d changes, got %zu", MAX_BATCH,
                        count);
    }
    return count == 0 ? MGW_OK
                      : writer_apply(pg->writer, call, changes, change_stride, results,
                                     result_stride, count);
}

static enum mgw_status pg_get_record(struct mgw_call *call, void *instance, const char *kind,
                                     const char *account, const char *id, mgw_record_emit *emit,
                                     void *ctx)
{
    return read_record(pool_of(instance), call, kind, account, id, emit, ctx);
}

static enum mgw_status pg_list_records(struct mgw_call *call, void *instance, const char *kind,
                                       const char *account, const char *after_account,
                                       const char *after_id, uint32_t limit, mgw_record_emit *emit,
                                       void *ctx)
{
    return read_records(pool_of(instance), call, kind, account, after_account, after_id, limit,
                        emit, ctx);
}

/* Expired records go, some at a time; those that another node holds are left to it. */
static enum mgw_status pg_maintain(struct mgw_call *call, void *instance)
{
    struct pool *pool = pool_of(instance);
    enum mgw_status status = MGW_OK;
    bool more = true;
    pool_shrink(pool);
    for (int i = 0; i < EXPIRE_ROUNDS && more && status == MGW_OK; i++) {
        status = read_expire(pool, call, EXPIRE_ROWS, &more);
    }
    return status;
}

static enum mgw_status pg_health(struct mgw_call *call, void *instance)
{
    return read_health(pool_of(instance), call);
}

static enum mgw_status pg_now(struct mgw_call *call, void *instance, int64_t *now_ms)
{
    return read_now(pool_of(instance), call, now_ms);
}

static const struct mgw_repo_driver driver = {
    .size = sizeof driver,
    .create = pg_create,
    .destroy = pg_destroy,
    .describe = pg_describe,
    .get = pg_get,
    .get_by_blob = pg_get_by_blob,
    .list = pg_list,
    .scan_due = pg_scan_due,
    .which_known = pg_which_known,
    .apply = pg_apply,
    .get_record = pg_get_record,
    .list_records = pg_list_records,
    .maintain = pg_maintain,
    .health = pg_health,
    .now = pg_now,
    .scan = pg_scan,
};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "conninfo",
     .type = MGW_CONFIG_SECRET,
     .flags = MGW_CONFIG_REQUIRED,
     .help = "Where the database is, as libpq takes it: \"host=db dbname=mediagw user=mediagw\", a "
             "postgresql:// URL, or \"service=mediagw\"."},
    {.size = sizeof keys[0],
     .key = "schema",
     .type = MGW_CONFIG_STRING,
     .fallback = "mediagw",
     .help = "The schema that holds the tables."},
    {.size = sizeof keys[0],
     .key = "pool_size",
     .type = MGW_CONFIG_INT,
     .fallback = "16",
     .min = 1,
     .max = 1000,
     .help = "The most connections that this gateway opens."},
    {.size = sizeof keys[0],
     .key = "migrate",
     .type = MGW_CONFIG_ENUM,
     .values = "auto|manual",
     .fallback = "auto",
     .help = "Whether a newer release brings the schema up to date when it starts, or only "
             "`mediagw migrate` does."},
    {.size = sizeof keys[0],
     .key = "prepare",
     .type = MGW_CONFIG_ENUM,
     .values = "auto|never",
     .fallback = "auto",
     .help = "Prepared statements: where no pooler is seen in between, or never."},
    {.size = sizeof keys[0],
     .key = "connect_timeout",
     .type = MGW_CONFIG_DURATION,
     .fallback = "5s",
     .min = 100,
     .max = 600000,
     .help = "How long opening a connection may take."},
    {.size = sizeof keys[0],
     .key = "statement_timeout",
     .type = MGW_CONFIG_DURATION,
     .fallback = "30s",
     .min = 100,
     .max = 3600000,
     .help = "How long the database may work on one statement."},
    {.size = sizeof keys[0],
     .key = "patience",
     .type = MGW_CONFIG_DURATION,
     .fallback = "3s",
     .min = 0,
     .max = 600000,
     .help = "How long calls wait for a database that went away before they are answered 503."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_REPOSITORY,
    .name = "postgres",
    .version = "0.1.0",
    .description = "Rows in a PostgreSQL database, for any number of gateways.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &driver,
};

MGW_REGISTER(&plugin);
