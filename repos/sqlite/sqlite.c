/* SPDX-License-Identifier: Apache-2.0
 *
 * The repository driver "sqlite": rows in one file on a local disk. Reads go through a pool of
 * read-only connections and wait for nobody; changes go through one writer thread that commits them
 * in groups, durable when they are answered. Other processes on the same machine may use the file
 * at the same time. */
#include "cleanup.h"
#include "migrate.h"
#include "read.h"
#include "writer.h"

#include <string.h>

enum { MAX_BATCH = 64, MAX_KNOWN = 1000, WRITER_CACHE_KIB = 1024, READER_CACHE_KIB = 256 };

struct lite {
    const struct mgw_host *host;
    char *name, *path;
    struct open_options options;
    struct clock clock;
    struct reader_pool readers;
    struct writer *writer;
};

/* Two instances of one process that are made at once: see file.h on close(). */
static pthread_mutex_t creating = PTHREAD_MUTEX_INITIALIZER;

static void lite_destroy(void *instance)
{
    struct lite *lite = instance;
    reader_pool_end(&lite->readers); /* before the writer: the last one to close checkpoints */
    writer_free(lite->writer);
    clock_end(&lite->clock);
    free(lite->name);
    free(lite->path);
    free(lite);
}

static enum mgw_status lite_missing(const struct lite *lite, struct fault *fault)
{
    return fault_set(fault, MGW_NOT_FOUND,
                     "no database at %s; create it with: mediagw init --config FILE", lite->path);
}

/* A look that makes nothing: what would have to be done is MGW_CONFLICT. */
static enum mgw_status lite_look(struct lite *lite, const struct migrate_options *how,
                                 struct fault *fault)
{
    bool exists = false, empty = true;
    AUTO_DB sqlite3 *db = NULL;
    enum mgw_status status = file_check(lite->path, &exists, fault);
    if (status == MGW_OK && exists) {
        status = open_writer(&lite->options, &db, &empty, fault);
    }
    if (status != MGW_OK) {
        return status;
    }
    if (empty) {
        return how->flags & MGW_CREATE_INIT
                   ? fault_set(fault, MGW_CONFLICT, "there is no database at %s; it would be made",
                               lite->path)
                   : lite_missing(lite, fault);
    }
    return migrate_check(db, &lite->options, how, fault);
}

/* The writing connection to a file that is ours and up to date. */
static enum mgw_status lite_open(struct lite *lite, const struct migrate_options *how, sqlite3 **db,
                                 struct fault *fault)
{
    bool exists = false, empty = false, init = how->flags & MGW_CREATE_INIT;
    enum mgw_status status = MGW_OK;
    if (how->flags & MGW_CREATE_DRY_RUN) {
        status = lite_look(lite, how, fault);
    }
    if (status == MGW_OK) {
        status = file_check(lite->path, &exists, fault);
    }
    if (status == MGW_OK && !exists) {
        status = init ? file_make(lite->path, fault) : lite_missing(lite, fault);
    }
    AUTO_DB sqlite3 *made = NULL;
    if (status == MGW_OK) {
        status = open_writer(&lite->options, &made, &empty, fault);
    }
    if (status == MGW_OK && empty && !init) {
        status = lite_missing(lite, fault);
    }
    if (status == MGW_OK) {
        status = open_set_journal(made, fault);
    }
    if (status == MGW_OK) {
        status = migrate(made, &lite->options, how, fault);
    }
    *db = status == MGW_OK ? TAKE(made) : NULL;
    return status;
}

static enum mgw_status lite_start(struct lite *lite, sqlite3 *db, struct fault *fault)
{
    int64_t latest = 0;
    struct writer_options options = {
        .db = db,
        .clock = &lite->clock,
        .host = lite->host,
        .instance = lite->name,
        .path = lite->path,
    };
    enum mgw_status status = open_number(db, "SELECT latest FROM clock", &latest, fault);
    if (status == MGW_OK) {
        clock_raise(&lite->clock, latest);
        status = file_identify(lite->path, &options.identity, fault);
    }
    if (status != MGW_OK) {
        sqlite3_close_v2(db);
        return status;
    }
    return writer_new(&options, &lite->writer, fault);
}

static enum mgw_status lite_create(struct mgw_call *call, const struct mgw_config *config,
                                   const struct mgw_host *host, void **instance)
{
    struct fault fault = {0};
    const struct mgw_config_value *path = mgw_config_get(config, "path");
    const struct mgw_config_value *busy = mgw_config_get(config, "busy_timeout");
    const struct mgw_config_value *manual = mgw_config_get(config, "migrate");
    struct lite *lite = calloc(1, sizeof *lite);
    if (!path || !path->text[0]) {
        free(lite);
        return mgw_fail(call, MGW_INVALID, "sqlite needs `path`, the database's file");
    }
    if (!lite || !(lite->path = strdup(path->text)) || !(lite->name = strdup(config->instance))) {
        if (lite) {
            free(lite->path);
        }
        free(lite);
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    lite->host = host;
    lite->options =
        (struct open_options){lite->path, busy ? (int)busy->number : 10000, WRITER_CACHE_KIB};
    struct open_options readers = lite->options;
    readers.cache_kib = READER_CACHE_KIB;
    clock_init(&lite->clock, host);
    reader_pool_init(&lite->readers, &readers);
    pthread_mutex_lock(&creating);
    sqlite3 *db = NULL;
    struct migrate_options how = {
        .host = host,
        .instance = lite->name,
        .manual = manual && strcmp(manual->text, "manual") == 0,
        .flags = config->flags,
    };
    enum mgw_status status = lite_open(lite, &how, &db, &fault);
    if (status == MGW_OK) {
        status = lite_start(lite, db, &fault);
    }
    pthread_mutex_unlock(&creating);
    if (status != MGW_OK) {
        lite_destroy(lite);
        return fault_answer(call, &fault);
    }
    *instance = lite;
    return MGW_OK;
}

static enum mgw_status lite_describe(struct mgw_call *call, void *instance,
                                     struct mgw_repo_limits *limits)
{
    (void)call, (void)instance;
    limits->capabilities = MGW_REPO_INLINE_READ;
    limits->max_batch = MAX_BATCH;
    limits->max_known = MAX_KNOWN;
    return MGW_OK;
}

static enum mgw_status lite_get(struct mgw_call *call, void *instance, const char *id,
                                mgw_row_emit *emit, void *ctx)
{
    struct lite *lite = instance;
    return read_row(&lite->readers, call, id, emit, ctx);
}

static enum mgw_status lite_get_by_blob(struct mgw_call *call, void *instance, const char *bucket,
                                        const char *key, mgw_row_emit *emit, void *ctx)
{
    struct lite *lite = instance;
    return read_row_by_blob(&lite->readers, call, bucket, key, emit, ctx);
}

static enum mgw_status lite_list(struct mgw_call *call, void *instance,
                                 const struct mgw_row_query *query, mgw_row_emit *emit, void *ctx)
{
    struct lite *lite = instance;
    return read_list(&lite->readers, call, query, emit, ctx);
}

static enum mgw_status lite_scan_due(struct mgw_call *call, void *instance, uint32_t limit,
                                     mgw_row_emit *emit, void *ctx)
{
    struct lite *lite = instance;
    return read_due(&lite->readers, call, clock_now(&lite->clock), limit, emit, ctx);
}

static enum mgw_status lite_scan(struct mgw_call *call, void *instance, const char *after_id,
                                 uint32_t limit, mgw_row_emit *emit, void *ctx)
{
    struct lite *lite = instance;
    return read_scan(&lite->readers, call, after_id, limit, emit, ctx);
}

static enum mgw_status lite_which_known(struct mgw_call *call, void *instance,
                                        struct mgw_known *known, size_t count, size_t stride)
{
    struct lite *lite = instance;
    return read_known(&lite->readers, call, known, count, stride);
}

static enum mgw_status lite_apply(struct mgw_call *call, void *instance,
                                  const struct mgw_change *changes, size_t change_stride,
                                  struct mgw_change_result *results, size_t result_stride,
                                  size_t count)
{
    struct lite *lite = instance;
    if (count > MAX_BATCH) {
        return mgw_fail(call, MGW_INVALID, "a batch has at most %d changes, got %zu", MAX_BATCH,
                        count);
    }
    return count == 0 ? MGW_OK
                      : writer_apply(lite->writer, call, changes, change_stride, results,
                                     result_stride, count);
}

static enum mgw_status lite_get_record(struct mgw_call *call, void *instance, const char *kind,
                                       const char *account, const char *id, mgw_record_emit *emit,
                                       void *ctx)
{
    struct lite *lite = instance;
    return read_record(&lite->readers, call, clock_now(&lite->clock), kind, account, id, emit, ctx);
}

static enum mgw_status lite_list_records(struct mgw_call *call, void *instance, const char *kind,
                                         const char *account, const char *after_account,
                                         const char *after_id, uint32_t limit,
                                         mgw_record_emit *emit, void *ctx)
{
    struct lite *lite = instance;
    return read_records(&lite->readers, call, clock_now(&lite->clock), kind, account, after_account,
                        after_id, limit, emit, ctx);
}

static enum mgw_status lite_maintain(struct mgw_call *call, void *instance)
{
    (void)call;
    struct lite *lite = instance;
    writer_maintain(lite->writer);
    reader_pool_shrink(&lite->readers);
    return MGW_OK;
}

static enum mgw_status lite_health(struct mgw_call *call, void *instance)
{
    struct lite *lite = instance;
    struct fault fault = {0};
    if (writer_health(lite->writer, &fault) != MGW_OK) {
        return fault_answer(call, &fault);
    }
    return read_health(&lite->readers, call);
}

static enum mgw_status lite_now(struct mgw_call *call, void *instance, int64_t *now_ms)
{
    (void)call;
    struct lite *lite = instance;
    *now_ms = clock_now(&lite->clock);
    return MGW_OK;
}

static const struct mgw_repo_driver driver = {
    .size = sizeof driver,
    .create = lite_create,
    .destroy = lite_destroy,
    .describe = lite_describe,
    .get = lite_get,
    .get_by_blob = lite_get_by_blob,
    .list = lite_list,
    .scan_due = lite_scan_due,
    .which_known = lite_which_known,
    .apply = lite_apply,
    .get_record = lite_get_record,
    .list_records = lite_list_records,
    .maintain = lite_maintain,
    .health = lite_health,
    .now = lite_now,
    .scan = lite_scan,
};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "path",
     .type = MGW_CONFIG_PATH,
     .flags = MGW_CONFIG_REQUIRED,
     .help = "The database's file, on a local disk; its folder must exist."},
    {.size = sizeof keys[0],
     .key = "busy_timeout",
     .type = MGW_CONFIG_DURATION,
     .fallback = "10s",
     .min = 1,
     .max = 600000,
     .help = "How long a change waits while another process writes to the same file."},
    {.size = sizeof keys[0],
     .key = "migrate",
     .type = MGW_CONFIG_ENUM,
     .values = "auto|manual",
     .fallback = "auto",
     .help = "Whether a newer release brings the schema up to date when it starts, or only "
             "`mediagw migrate` does."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_REPOSITORY,
    .name = "sqlite",
    .version = "0.1.0",
    .description = "Rows in one SQLite file on a local disk.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &driver,
};

MGW_REGISTER(&plugin);
