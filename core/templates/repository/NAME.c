/* SPDX-License-Identifier: Apache-2.0
 *
 * @NAME@: a repository driver that keeps rows and records in memory. It holds the whole contract
 * of <mediagw/repo.h>, which says in full what each callback must do. Put a real database behind
 * one callback after the other, and let `mediagw plugin test` judge each step; what is in memory.h
 * goes when the last has one. See mediagw-repository(3).
 *
 * Any thread may call, many at once (MGW_THREADS_PARALLEL). No lock is held while an emit runs. */
#include "memory.h"

#include <stdlib.h>

/* ---- the instance ---- */

/* Opens the repository and brings its schema up to date. Where there is none yet: make it if
 * config->flags has MGW_CREATE_INIT, else answer MGW_NOT_FOUND; a schema that is too new:
 * MGW_INVALID. This one is always there, and empty when the process starts. The values of your
 * keys: mgw_config_get(config, "url"), valid until you return. */
static enum mgw_status repo_create(struct mgw_call *call, const struct mgw_config *config,
                                   const struct mgw_host *host, void **instance)
{
    struct repo *repo = calloc(1, sizeof *repo);
    if (!repo) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    repo->host = host;
    host->log(config->instance, MGW_LOG_WARN, "rows in memory end with the gateway");
    *instance = repo;
    return MGW_OK;
}

/* No call is under way. */
static void repo_destroy(void *instance)
{
    free(instance);
}

/* What the instance can do: data, and it selects which cases `mediagw plugin test` runs. */
static enum mgw_status repo_describe(struct mgw_call *call, void *instance,
                                     struct mgw_repo_limits *limits)
{
    (void)call, (void)instance;
    limits->capabilities = MGW_REPO_INLINE_READ | MGW_REPO_VOLATILE;
    limits->max_batch = 64;
    limits->max_known = 1000;
    return MGW_OK;
}

/* ---- reading ---- */

/* Ends the lock. */
static enum mgw_status emit_row(struct item *found, mgw_row_emit *emit, void *ctx)
{
    struct item *item = item_ref(found);
    pthread_mutex_unlock(&memory.lock);
    if (!item) {
        return MGW_NOT_FOUND;
    }
    emit(ctx, &item->row);
    item_unref(item);
    return MGW_OK;
}

/* The row of any account: the caller judges. */
static enum mgw_status repo_get(struct mgw_call *call, void *instance, const char *id,
                                mgw_row_emit *emit, void *ctx)
{
    (void)call, (void)instance;
    pthread_mutex_lock(&memory.lock);
    return emit_row(find_row(&memory.content, id), emit, ctx);
}

static enum mgw_status repo_get_by_blob(struct mgw_call *call, void *instance, const char *bucket,
                                        const char *key, mgw_row_emit *emit, void *ctx)
{
    (void)call, (void)instance;
    pthread_mutex_lock(&memory.lock);
    return emit_row(find_blob(&memory.content, bucket, key), emit, ctx);
}

typedef int item_order(const void *a, const void *b);
typedef bool item_filter(const struct item *item, const void *query);

/* References to those that FILTER lets through, in ORDER. A database has indexes for that: a page
 * has to cost the same at any depth. */
static enum mgw_status collect(struct mgw_call *call, const struct items *from, item_filter *filter,
                               const void *query, item_order *order, struct items *found)
{
    pthread_mutex_lock(&memory.lock);
    *found = (struct items){.at = calloc(from->count + 1, sizeof(struct item *))};
    for (size_t i = 0; found->at && i < from->count; i++) {
        if (filter(from->at[i], query)) {
            found->at[found->count++] = item_ref(from->at[i]);
        }
    }
    pthread_mutex_unlock(&memory.lock);
    if (!found->at) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    qsort(found->at, found->count, sizeof(struct item *), order);
    return MGW_OK;
}

static enum mgw_status emit_rows(struct mgw_call *call, item_filter *filter, const void *query,
                                 item_order *order, uint32_t limit, mgw_row_emit *emit, void *ctx)
{
    struct items found;
    if (limit < 1 || limit > 1000) {
        return mgw_fail(call, MGW_INVALID, "the limit is %u, expected 1 to 1000", limit);
    }
    enum mgw_status status = collect(call, &memory.content.rows, filter, query, order, &found);
    bool more = status == MGW_OK;
    for (size_t i = 0; more && i < found.count && i < limit; i++) {
        more = emit(ctx, &found.at[i]->row);
    }
    items_free(&found);
    return status;
}

static int newest_first(const void *a, const void *b)
{
    const struct mgw_row *left = &(*(struct item *const *)a)->row;
    const struct mgw_row *right = &(*(struct item *const *)b)->row;
    return left->created_at != right->created_at ? left->created_at < right->created_at ? 1 : -1
                                                 : strcmp(right->id, left->id);
}

static bool is_listed(const struct item *item, const void *query)
{
    const struct mgw_row *row = &item->row;
    const struct mgw_row_query *of = query;
    if (!same(row->account_id, of->account_id) || (of->status && !(row->status & of->status)) ||
        (of->kind && !same(row->kind, of->kind)) ||
        (of->session_id && !same(row->session_id, of->session_id))) {
        return false;
    }
    return of->after_created_at == MGW_ABSENT || row->created_at < of->after_created_at ||
           (row->created_at == of->after_created_at && strcmp(row->id, of->after_id) < 0);
}

/* Newest first, by created_at and id, behind the row that the query names. */
static enum mgw_status repo_list(struct mgw_call *call, void *instance,
                                 const struct mgw_row_query *query, mgw_row_emit *emit, void *ctx)
{
    (void)instance;
    if (!query->account_id || (query->after_created_at != MGW_ABSENT && !query->after_id)) {
        return mgw_fail(call, MGW_INVALID, "a list takes an account, and a cursor its id");
    }
    return emit_rows(call, is_listed, query, newest_first, query->limit, emit, ctx);
}

static int oldest_lease_first(const void *a, const void *b)
{
    const struct mgw_row *left = &(*(struct item *const *)a)->row;
    const struct mgw_row *right = &(*(struct item *const *)b)->row;
    return left->lease_until != right->lease_until ? left->lease_until < right->lease_until ? -1 : 1
                                                   : strcmp(left->id, right->id);
}

static bool is_due(const struct item *item, const void *now)
{
    return item->row.lease_until != MGW_ABSENT && item->row.lease_until <= *(const int64_t *)now;
}

/* Rows whose lease is over, oldest lease first: the reaper's work. */
static enum mgw_status repo_scan_due(struct mgw_call *call, void *instance, uint32_t limit,
                                     mgw_row_emit *emit, void *ctx)
{
    pthread_mutex_lock(&memory.lock);
    int64_t now = memory_now(instance);
    pthread_mutex_unlock(&memory.lock);
    return emit_rows(call, is_due, &now, oldest_lease_first, limit, emit, ctx);
}

static int by_id(const void *a, const void *b)
{
    return strcmp((*(struct item *const *)a)->row.id, (*(struct item *const *)b)->row.id);
}

static bool is_behind(const struct item *item, const void *after_id)
{
    return strcmp(item->row.id, after_id) > 0;
}

/* Optional, for `mediagw copy` and `verify`: all rows by id. */
static enum mgw_status repo_scan(struct mgw_call *call, void *instance, const char *after_id,
                                 uint32_t limit, mgw_row_emit *emit, void *ctx)
{
    (void)instance;
    return emit_rows(call, is_behind, after_id ? after_id : "", by_id, limit, emit, ctx);
}

/* Which blobs have rows; each entry's `status` is set. */
static enum mgw_status repo_which_known(struct mgw_call *call, void *instance,
                                        struct mgw_known *known, size_t count, size_t stride)
{
    (void)call, (void)instance;
    pthread_mutex_lock(&memory.lock);
    for (size_t i = 0; i < count; i++) {
        struct mgw_known *one = (void *)((char *)known + i * stride);
        const struct item *item = find_blob(&memory.content, one->bucket, one->key);
        one->status = item ? item->row.status : 0;
    }
    pthread_mutex_unlock(&memory.lock);
    return MGW_OK;
}

/* ---- records ---- */

/* MGW_NOT_FOUND also where it has expired. */
static enum mgw_status repo_get_record(struct mgw_call *call, void *instance, const char *kind,
                                       const char *account, const char *id, mgw_record_emit *emit,
                                       void *ctx)
{
    (void)call;
    pthread_mutex_lock(&memory.lock);
    struct item *item = find_record(&memory.content, kind, account, id);
    item = item && !is_expired(item, memory_now(instance)) ? item_ref(item) : NULL;
    pthread_mutex_unlock(&memory.lock);
    if (!item) {
        return MGW_NOT_FOUND;
    }
    emit(ctx, &item->record);
    item_unref(item);
    return MGW_OK;
}

struct record_query {
    const char *kind, *account, *after_account, *after_id;
    int64_t now;
};

static int by_account_and_id(const void *a, const void *b)
{
    const struct mgw_record *left = &(*(struct item *const *)a)->record;
    const struct mgw_record *right = &(*(struct item *const *)b)->record;
    int order = strcmp(left->account, right->account);
    return order ? order : strcmp(left->id, right->id);
}

static bool is_asked_for(const struct item *item, const void *query)
{
    const struct mgw_record *record = &item->record;
    const struct record_query *of = query;
    int order = of->after_account ? strcmp(record->account, of->after_account) : 1;
    bool behind = order > 0 || (order == 0 && strcmp(record->id, of->after_id) > 0);
    return behind && same(record->kind, of->kind) && !is_expired(item, of->now) &&
           (!of->account || same(record->account, of->account));
}

/* Records of KIND by account and id, of all accounts where ACCOUNT is NULL. */
static enum mgw_status repo_list_records(struct mgw_call *call, void *instance, const char *kind,
                                         const char *account, const char *after_account,
                                         const char *after_id, uint32_t limit,
                                         mgw_record_emit *emit, void *ctx)
{
    struct items found;
    struct record_query query = {kind, account, after_account, after_id ? after_id : "", 0};
    pthread_mutex_lock(&memory.lock);
    query.now = memory_now(instance);
    pthread_mutex_unlock(&memory.lock);
    enum mgw_status status =
        collect(call, &memory.content.records, is_asked_for, &query, by_account_and_id, &found);
    bool more = status == MGW_OK;
    for (size_t i = 0; more && i < found.count && i < limit; i++) {
        more = emit(ctx, &found.at[i]->record);
    }
    items_free(&found);
    return status;
}

/* ---- care ---- */

/* Optional, once a minute or so: expired records go. */
static enum mgw_status repo_maintain(struct mgw_call *call, void *instance)
{
    (void)call;
    pthread_mutex_lock(&memory.lock);
    struct items *records = &memory.content.records;
    int64_t now = memory_now(instance);
    for (size_t i = records->count; i-- > 0;) {
        if (is_expired(records->at[i], now)) {
            items_put(records, records->at[i], NULL);
        }
    }
    pthread_mutex_unlock(&memory.lock);
    return MGW_OK;
}

/* MGW_OK where reads and changes would work now; a cheap look, which never writes. */
static enum mgw_status repo_health(struct mgw_call *call, void *instance)
{
    (void)call, (void)instance;
    return MGW_OK;
}

static enum mgw_status repo_now(struct mgw_call *call, void *instance, int64_t *now_ms)
{
    (void)call;
    pthread_mutex_lock(&memory.lock);
    *now_ms = memory_now(instance);
    pthread_mutex_unlock(&memory.lock);
    return MGW_OK;
}

static const struct mgw_repo_driver driver = {
    .size = sizeof driver,
    .create = repo_create,
    .destroy = repo_destroy,
    .describe = repo_describe,
    .get = repo_get,
    .get_by_blob = repo_get_by_blob,
    .list = repo_list,
    .scan_due = repo_scan_due,
    .which_known = repo_which_known,
    .apply = repo_apply,
    .get_record = repo_get_record,
    .list_records = repo_list_records,
    .maintain = repo_maintain,
    .health = repo_health,
    .now = repo_now,
    .scan = repo_scan,
};

/* Keys of "repository" in the gateway's config. The host parses, checks and documents them by a
 * table such as this one, which .config, .config_stride and .config_count below would name:
 *     static const struct mgw_config_key keys[] = {
 *         {.size = sizeof keys[0], .key = "url", .type = MGW_CONFIG_SECRET,
 *          .flags = MGW_CONFIG_REQUIRED, .help = "Where the database is."},
 *     }; */
static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_REPOSITORY,
    .name = "@NAME@",
    .version = "0.1.0",
    .description = "Rows in memory.",
    .thread_model = MGW_THREADS_PARALLEL,
    .table = &driver,
};

MGW_REGISTER(&plugin);
