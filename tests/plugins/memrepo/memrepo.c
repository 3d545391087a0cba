/* SPDX-License-Identifier: Apache-2.0
 *
 * See memrepo.h: the table of callbacks, each behind the count and the fault of its own. No lock is
 * held while an emit runs. */
#include "memrepo.h"

#include "data.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct memrepo {
    struct data *data;
    pthread_mutex_t lock; /* of what follows */
    int64_t clock_offset;
    uint64_t running;
    uint64_t calls[MEMREPO_CALLBACKS];
    struct memrepo_fault faults[MEMREPO_CALLBACKS];
    uint64_t seen[MEMREPO_CALLBACKS]; /* towards the fault's `at` */
};

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static struct data *names;

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Under data->lock. */
static int64_t repo_now(struct memrepo *repo)
{
    pthread_mutex_lock(&repo->lock);
    int64_t now = read_clock(CLOCK_REALTIME) + repo->clock_offset;
    pthread_mutex_unlock(&repo->lock);
    if (now > repo->data->clock) {
        repo->data->clock = now;
    }
    return repo->data->clock;
}

/* ---- Faults ---- */

static enum mgw_status wait_ms(struct mgw_call *call, const struct memrepo_fault *fault)
{
    int64_t end = read_clock(CLOCK_MONOTONIC) + fault->delay_ms;
    for (int64_t now; (now = read_clock(CLOCK_MONOTONIC)) < end;) {
        if (!fault->deaf && call->cancelled(call)) {
            return mgw_fail(call, MGW_CANCELLED, "cancelled while waiting");
        }
        if (!fault->deaf && call->deadline_ms && now >= call->deadline_ms) {
            return mgw_fail(call, MGW_TIMEOUT, "the deadline passed while waiting");
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return MGW_OK;
}

/* Counts the call; anything but MGW_OK is the answer, unless *LATE: then it is the answer once the
 * work is done. */
static enum mgw_status enter(struct memrepo *repo, struct mgw_call *call,
                             enum memrepo_callback callback, bool counts, bool *late)
{
    pthread_mutex_lock(&repo->lock);
    struct memrepo_fault fault = repo->faults[callback];
    repo->calls[callback]++;
    repo->running++;
    uint64_t at = fault.at ? fault.at : 1, seen = counts ? ++repo->seen[callback] : 0;
    bool hit = counts && seen >= at && (fault.times == 0 || seen - at < fault.times);
    pthread_mutex_unlock(&repo->lock);
    *late = hit && fault.after;
    if (!hit) {
        return MGW_OK;
    }
    enum mgw_status status = wait_ms(call, &fault);
    if (status == MGW_OK && fault.status != MGW_OK) {
        call->error->retry_after_ms = fault.retry_after_ms;
        return mgw_fail(call, fault.status, "injected fault");
    }
    *late = *late && status == MGW_OK;
    return status;
}

static enum mgw_status leave(struct memrepo *repo, enum mgw_status status)
{
    pthread_mutex_lock(&repo->lock);
    repo->running--;
    pthread_mutex_unlock(&repo->lock);
    return status;
}

/* Opens a callback's body: `repo`, and the fault's answer unless it comes afterwards. */
#define ENTER(callback, counts)                                                                    \
    struct memrepo *repo = instance;                                                               \
    bool late;                                                                                     \
    enum mgw_status fault = enter(repo, call, callback, counts, &late);                            \
    if (fault != MGW_OK && !late) {                                                                \
        return leave(repo, fault);                                                                 \
    }
#define LEAVE(status) return leave(repo, fault != MGW_OK ? fault : (status))

/* ---- Instances ---- */

static struct memrepo *repo_new(struct data *data)
{
    struct memrepo *repo = data ? calloc(1, sizeof *repo) : NULL;
    if (repo) {
        repo->data = data;
        pthread_mutex_init(&repo->lock, NULL);
    }
    return repo;
}

struct memrepo *memrepo_new(void)
{
    return repo_new(data_new(NULL));
}

static enum mgw_status memrepo_create(struct mgw_call *call, const struct mgw_config *config,
                                      const struct mgw_host *host, void **instance)
{
    (void)host;
    const struct mgw_config_value *name = mgw_config_get(config, "name");
    struct data *data = NULL;
    if (!name) {
        data = data_new(NULL);
    } else {
        pthread_mutex_lock(&names_lock);
        for (data = names; data && strcmp(data->name, name->text) != 0; data = data->next) {
        }
        if (!data && config->flags & MGW_CREATE_INIT && (data = data_new(name->text))) {
            data->next = names;
            names = data;
        }
        pthread_mutex_unlock(&names_lock);
        if (!data) {
            return mgw_fail(call, MGW_NOT_FOUND, "no repository in memory is named %s", name->text);
        }
    }
    *instance = repo_new(data);
    return *instance ? MGW_OK : mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
}

static void memrepo_destroy(void *instance)
{
    struct memrepo *repo = instance;
    if (!repo->data->name) {
        data_free(repo->data);
    }
    pthread_mutex_destroy(&repo->lock);
    free(repo);
}

void memrepo_free(struct memrepo *repo)
{
    if (repo) {
        memrepo_destroy(repo);
    }
}

static enum mgw_status memrepo_describe(struct mgw_call *call, void *instance,
                                        struct mgw_repo_limits *limits)
{
    (void)call, (void)instance;
    limits->capabilities = MGW_REPO_INLINE_READ | MGW_REPO_VOLATILE;
    limits->max_batch = 64;
    limits->max_known = 1000;
    return MGW_OK;
}

/* ---- Reads ---- */

static enum mgw_status emit_row(struct memrepo *repo, struct item *item, mgw_row_emit *emit,
                                void *ctx)
{
    struct item *held = item ? data_ref(item) : NULL;
    pthread_mutex_unlock(&repo->data->lock);
    if (!held) {
        return MGW_NOT_FOUND;
    }
    emit(ctx, &held->row);
    data_unref(held);
    return MGW_OK;
}

static enum mgw_status memrepo_get(struct mgw_call *call, void *instance, const char *id,
                                   mgw_row_emit *emit, void *ctx)
{
    ENTER(MEMREPO_GET, true)
    pthread_mutex_lock(&repo->data->lock);
    LEAVE(emit_row(repo, data_row(repo->data, id), emit, ctx));
}

static enum mgw_status memrepo_get_by_blob(struct mgw_call *call, void *instance,
                                           const char *bucket, const char *key, mgw_row_emit *emit,
                                           void *ctx)
{
    ENTER(MEMREPO_GET_BY_BLOB, true)
    pthread_mutex_lock(&repo->data->lock);
    LEAVE(emit_row(repo, data_row_by_blob(repo->data, bucket, key), emit, ctx));
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool matches(const struct mgw_row *row, const struct mgw_row_query *query)
{
    if (!same(row->account_id, query->account_id) ||
        (query->status && !(row->status & query->status)) ||
        (query->kind && !same(row->kind, query->kind)) ||
        (query->session_id && !same(row->session_id, query->session_id))) {
        return false;
    }
    return query->after_created_at == MGW_ABSENT || row->created_at < query->after_created_at ||
           (row->created_at == query->after_created_at && strcmp(row->id, query->after_id) < 0);
}

static int newest_first(const void *a, const void *b)
{
    const struct mgw_row *left = &(*(struct item *const *)a)->row;
    const struct mgw_row *right = &(*(struct item *const *)b)->row;
    if (left->created_at != right->created_at) {
        return left->created_at < right->created_at ? 1 : -1;
    }
    return -strcmp(left->id, right->id);
}

static int oldest_lease_first(const void *a, const void *b)
{
    const struct mgw_row *left = &(*(struct item *const *)a)->row;
    const struct mgw_row *right = &(*(struct item *const *)b)->row;
    if (left->lease_until != right->lease_until) {
        return left->lease_until < right->lease_until ? -1 : 1;
    }
    return strcmp(left->id, right->id);
}

static int by_id(const void *a, const void *b)
{
    return strcmp((*(struct item *const *)a)->row.id, (*(struct item *const *)b)->row.id);
}

static bool is_due(const struct mgw_row *row, int64_t now)
{
    return row->lease_until != MGW_ABSENT && row->lease_until <= now;
}

/* Rows that QUERY matches, or those behind AFTER_ID, or (both NULL) those due, in ORDER. */
static enum mgw_status emit_rows(struct memrepo *repo, struct mgw_call *call,
                                 const struct mgw_row_query *query, const char *after_id,
                                 uint32_t limit, int (*order)(const void *, const void *),
                                 mgw_row_emit *emit, void *ctx)
{
    struct data *data = repo->data;
    pthread_mutex_lock(&data->lock);
    int64_t now = repo_now(repo);
    struct item **found = calloc(data->rows.count + 1, sizeof(struct item *));
    size_t count = 0;
    for (size_t i = 0; found && i < data->rows.count; i++) {
        const struct mgw_row *row = &data->rows.at[i]->row;
        if (query      ? matches(row, query)
            : after_id ? strcmp(row->id, after_id) > 0
                       : is_due(row, now)) {
            found[count++] = data_ref(data->rows.at[i]);
        }
    }
    pthread_mutex_unlock(&data->lock);
    if (!found) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    qsort(found, count, sizeof(struct item *), order);
    bool more = true;
    for (size_t i = 0; i < count; i++) {
        more = more && i < limit && emit(ctx, &found[i]->row);
        data_unref(found[i]);
    }
    free(found);
    return MGW_OK;
}

static enum mgw_status memrepo_list(struct mgw_call *call, void *instance,
                                    const struct mgw_row_query *query, mgw_row_emit *emit,
                                    void *ctx)
{
    ENTER(MEMREPO_LIST, true)
    if (!query->account_id || query->limit < 1 || query->limit > 1000 ||
        (query->after_created_at != MGW_ABSENT && !query->after_id)) {
        LEAVE(mgw_fail(call, MGW_INVALID, "a list takes an account and a limit of 1 to 1000"));
    }
    LEAVE(emit_rows(repo, call, query, NULL, query->limit, newest_first, emit, ctx));
}

static enum mgw_status memrepo_scan_due(struct mgw_call *call, void *instance, uint32_t limit,
                                        mgw_row_emit *emit, void *ctx)
{
    ENTER(MEMREPO_SCAN_DUE, true)
    LEAVE(emit_rows(repo, call, NULL, NULL, limit, oldest_lease_first, emit, ctx));
}

static enum mgw_status memrepo_scan(struct mgw_call *call, void *instance, const char *after_id,
                                    uint32_t limit, mgw_row_emit *emit, void *ctx)
{
    ENTER(MEMREPO_SCAN, true)
    if (limit < 1 || limit > 1000) {
        LEAVE(mgw_fail(call, MGW_INVALID, "a scan takes a limit of 1 to 1000"));
    }
    LEAVE(emit_rows(repo, call, NULL, after_id ? after_id : "", limit, by_id, emit, ctx));
}

static enum mgw_status memrepo_which_known(struct mgw_call *call, void *instance,
                                           struct mgw_known *known, size_t count, size_t stride)
{
    ENTER(MEMREPO_WHICH_KNOWN, true)
    pthread_mutex_lock(&repo->data->lock);
    for (size_t i = 0; i < count; i++) {
        struct mgw_known *at = (void *)((char *)known + i * stride);
        const struct item *item = data_row_by_blob(repo->data, at->bucket, at->key);
        at->status = item ? item->row.status : 0;
    }
    pthread_mutex_unlock(&repo->data->lock);
    LEAVE(MGW_OK);
}

/* ---- Changes, records, care ---- */

static bool brings_into(const struct mgw_change *changes, size_t stride, size_t count,
                        uint32_t statuses)
{
    for (size_t i = 0; i < count; i++) {
        const struct mgw_change *change = (const void *)((const char *)changes + i * stride);
        bool sets = change->type == MGW_CHANGE_INSERT_ROW ||
                    change->type == MGW_CHANGE_IMPORT_ROW ||
                    (change->type == MGW_CHANGE_UPDATE_ROW && change->set & MGW_FIELD_STATUS);
        if (sets && change->row && change->row->status & statuses) {
            return true;
        }
    }
    return false;
}

static enum mgw_status memrepo_apply(struct mgw_call *call, void *instance,
                                     const struct mgw_change *changes, size_t change_stride,
                                     struct mgw_change_result *results, size_t result_stride,
                                     size_t count)
{
    struct memrepo *asked = instance;
    pthread_mutex_lock(&asked->lock);
    uint32_t statuses = asked->faults[MEMREPO_APPLY].row_status;
    pthread_mutex_unlock(&asked->lock);
    ENTER(MEMREPO_APPLY, !statuses || brings_into(changes, change_stride, count, statuses))
    if (count > 64) {
        LEAVE(mgw_fail(call, MGW_INVALID, "a batch has at most 64 changes, got %zu", count));
    }
    pthread_mutex_lock(&repo->data->lock);
    enum mgw_status status = data_apply(repo->data, call, repo_now(repo), changes, change_stride,
                                        results, result_stride, count);
    pthread_mutex_unlock(&repo->data->lock);
    LEAVE(status);
}

static enum mgw_status memrepo_get_record(struct mgw_call *call, void *instance, const char *kind,
                                          const char *account, const char *id,
                                          mgw_record_emit *emit, void *ctx)
{
    ENTER(MEMREPO_GET_RECORD, true)
    pthread_mutex_lock(&repo->data->lock);
    struct item *item = data_record(repo->data, kind, account, id, repo_now(repo));
    struct item *held = item ? data_ref(item) : NULL;
    pthread_mutex_unlock(&repo->data->lock);
    if (held) {
        emit(ctx, &held->record);
        data_unref(held);
    }
    LEAVE(held ? MGW_OK : MGW_NOT_FOUND);
}

static int by_account_and_id(const void *a, const void *b)
{
    const struct mgw_record *left = &(*(struct item *const *)a)->record;
    const struct mgw_record *right = &(*(struct item *const *)b)->record;
    int order = strcmp(left->account, right->account);
    return order ? order : strcmp(left->id, right->id);
}

static enum mgw_status memrepo_list_records(struct mgw_call *call, void *instance, const char *kind,
                                            const char *account, const char *after_account,
                                            const char *after_id, uint32_t limit,
                                            mgw_record_emit *emit, void *ctx)
{
    ENTER(MEMREPO_LIST_RECORDS, true)
    struct data *data = repo->data;
    pthread_mutex_lock(&data->lock);
    int64_t now = repo_now(repo);
    struct item **found = calloc(data->records.count + 1, sizeof(struct item *));
    size_t count = 0;
    for (size_t i = 0; found && i < data->records.count; i++) {
        const struct mgw_record *record = &data->records.at[i]->record;
        int order = after_account ? strcmp(record->account, after_account) : 1;
        bool behind = order > 0 || (order == 0 && strcmp(record->id, after_id ? after_id : "") > 0);
        if (behind && same(record->kind, kind) && (!account || same(record->account, account)) &&
            (record->expires_at == MGW_ABSENT || record->expires_at > now)) {
            found[count++] = data_ref(data->records.at[i]);
        }
    }
    pthread_mutex_unlock(&data->lock);
    if (!found) {
        LEAVE(mgw_fail(call, MGW_UNAVAILABLE, "out of memory"));
    }
    qsort(found, count, sizeof(struct item *), by_account_and_id);
    bool more = true;
    for (size_t i = 0; i < count; i++) {
        more = more && i < limit && emit(ctx, &found[i]->record);
        data_unref(found[i]);
    }
    free(found);
    LEAVE(MGW_OK);
}

static enum mgw_status memrepo_maintain(struct mgw_call *call, void *instance)
{
    ENTER(MEMREPO_MAINTAIN, true)
    pthread_mutex_lock(&repo->data->lock);
    data_expire(repo->data, repo_now(repo));
    pthread_mutex_unlock(&repo->data->lock);
    LEAVE(MGW_OK);
}

static enum mgw_status memrepo_health(struct mgw_call *call, void *instance)
{
    ENTER(MEMREPO_HEALTH, true)
    LEAVE(MGW_OK);
}

static enum mgw_status memrepo_now(struct mgw_call *call, void *instance, int64_t *now_ms)
{
    ENTER(MEMREPO_NOW, true)
    pthread_mutex_lock(&repo->data->lock);
    *now_ms = repo_now(repo);
    pthread_mutex_unlock(&repo->data->lock);
    LEAVE(MGW_OK);
}

static const struct mgw_repo_driver driver = {
    .size = sizeof driver,
    .create = memrepo_create,
    .destroy = memrepo_destroy,
    .describe = memrepo_describe,
    .get = memrepo_get,
    .get_by_blob = memrepo_get_by_blob,
    .list = memrepo_list,
    .scan_due = memrepo_scan_due,
    .which_known = memrepo_which_known,
    .apply = memrepo_apply,
    .get_record = memrepo_get_record,
    .list_records = memrepo_list_records,
    .maintain = memrepo_maintain,
    .health = memrepo_health,
    .now = memrepo_now,
    .scan = memrepo_scan,
};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "name",
     .type = MGW_CONFIG_STRING,
     .help = "Instances of one name share their rows for the life of the process."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_REPOSITORY,
    .name = "memrepo",
    .version = "1",
    .description = "Rows in memory, for tests.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &driver,
};

const struct mgw_repo_driver *memrepo_driver(void)
{
    return &driver;
}

const struct mgw_plugin *memrepo_plugin(void)
{
    return &plugin;
}

struct mgw_repo memrepo_repo(struct memrepo *repo)
{
    return (struct mgw_repo){.size = sizeof(struct mgw_repo), .driver = &driver, .instance = repo};
}

/* ---- For the tests ---- */

void memrepo_inject(struct memrepo *repo, enum memrepo_callback callback,
                    const struct memrepo_fault *fault)
{
    pthread_mutex_lock(&repo->lock);
    repo->faults[callback] = fault ? *fault : (struct memrepo_fault){0};
    repo->seen[callback] = 0;
    pthread_mutex_unlock(&repo->lock);
}

uint64_t memrepo_calls(struct memrepo *repo, enum memrepo_callback callback)
{
    pthread_mutex_lock(&repo->lock);
    uint64_t calls = repo->calls[callback];
    pthread_mutex_unlock(&repo->lock);
    return calls;
}

uint64_t memrepo_running(struct memrepo *repo)
{
    pthread_mutex_lock(&repo->lock);
    uint64_t running = repo->running;
    pthread_mutex_unlock(&repo->lock);
    return running;
}

void memrepo_set_clock_offset(struct memrepo *repo, int64_t ms)
{
    pthread_mutex_lock(&repo->lock);
    repo->clock_offset = ms;
    pthread_mutex_unlock(&repo->lock);
}

size_t memrepo_row_count(struct memrepo *repo, uint32_t status)
{
    size_t count = 0;
    pthread_mutex_lock(&repo->data->lock);
    for (size_t i = 0; i < repo->data->rows.count; i++) {
        count += !status || repo->data->rows.at[i]->row.status & status;
    }
    pthread_mutex_unlock(&repo->data->lock);
    return count;
}

size_t memrepo_record_count(struct memrepo *repo, const char *kind)
{
    size_t count = 0;
    pthread_mutex_lock(&repo->data->lock);
    for (size_t i = 0; i < repo->data->records.count; i++) {
        count += !kind || same(repo->data->records.at[i]->record.kind, kind);
    }
    pthread_mutex_unlock(&repo->data->lock);
    return count;
}
