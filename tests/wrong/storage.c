/* SPDX-License-Identifier: Apache-2.0
 *
 * Storage drivers that are wrong on purpose: memstore, but for one clause of storage.h, which
 * -DWRONG names. The kit must find each by the case for that clause, see CMakeLists.txt. The
 * functions of the other wrongs lie idle in each module. */
#include "tests/plugins/memstore/memstore.h"

#include <ctype.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define IDLE __attribute__((unused))
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

static const struct mgw_storage_driver *const good = &memstore_table;
static struct mgw_storage_driver table;

/* WRONG_DRIVER(NAME): what NAME changes in the table. */
#define WRONG_DRIVER(name) IDLE static void name##_patch(void)

/* ---- put ---- */

static enum mgw_status put_all(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                               const void *bytes, size_t length)
{
    struct mgw_put put = {.size = sizeof put};
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer;
    enum mgw_status status = good->put_begin(call, instance, blob, &put, &writer);
    if (status == MGW_OK) {
        status = good->put_write(call, writer, bytes, length);
    }
    return status == MGW_OK ? good->put_commit(call, writer, &stat) : status;
}

IDLE static enum mgw_status early_begin(struct mgw_call *call, void *instance,
                                        const struct mgw_blob *blob, const struct mgw_put *put,
                                        void **writer)
{
    enum mgw_status status = good->put_begin(call, instance, blob, put, writer);
    return status == MGW_OK && !put->flags ? put_all(call, instance, blob, "", 0) : status;
}
WRONG_DRIVER(visible_before_commit)
{
    table.put_begin = early_begin;
}

IDLE static void committing_abort(struct mgw_call *call, void *writer)
{
    struct mgw_stat stat = {.size = sizeof stat};
    if (good->put_commit(call, writer, &stat) != MGW_OK) {
        good->put_abort(call, writer);
    }
}
WRONG_DRIVER(abort_publishes)
{
    table.put_abort = committing_abort;
}

/* Begins with a put that FORGET has had its way with. */
static enum mgw_status begin_without(struct mgw_call *call, void *instance,
                                     const struct mgw_blob *blob, const struct mgw_put *put,
                                     void **writer, void (*forget)(struct mgw_put *put))
{
    struct mgw_put less = {0};
    memcpy(&less, put, put->size < sizeof less ? put->size : sizeof less);
    less.size = sizeof less;
    forget(&less);
    return good->put_begin(call, instance, blob, &less, writer);
}
#define FORGETS(name, how)                                                                         \
    static void name##_forget(struct mgw_put *put)                                                 \
    {                                                                                              \
        how;                                                                                       \
    }                                                                                              \
    IDLE static enum mgw_status name##_begin(struct mgw_call *call, void *instance,                \
                                             const struct mgw_blob *blob,                          \
                                             const struct mgw_put *put, void **writer)             \
    {                                                                                              \
        return begin_without(call, instance, blob, put, writer, name##_forget);                    \
    }                                                                                              \
    WRONG_DRIVER(name)                                                                             \
    {                                                                                              \
        table.put_begin = name##_begin;                                                            \
    }                                                                                              \
    _Static_assert(sizeof #name > 1, "")
FORGETS(replaces_what_should_be_absent, put->flags &= ~MGW_PUT_IF_ABSENT);
FORGETS(takes_any_length, put->flags &= ~MGW_PUT_LENGTH_KNOWN);
FORGETS(forgets_the_content_type, put->content_type = NULL);
FORGETS(forgets_the_metadata, put->metadata = NULL);

IDLE static enum mgw_status skipping_write(struct mgw_call *call, void *writer, const void *bytes,
                                           size_t length)
{
    return good->put_write(call, writer, bytes, length > 65536 ? 65536 : length);
}
WRONG_DRIVER(writes_short)
{
    table.put_write = skipping_write;
}

IDLE static enum mgw_status later_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    enum mgw_status status = good->put_commit(call, writer, stat);
    stat->modified_ms += 1000;
    return status;
}
WRONG_DRIVER(commit_tells_another_time)
{
    table.put_commit = later_commit;
}

/* ---- stat and open ---- */

static char same_etag[] = "same";
IDLE static enum mgw_status same_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    enum mgw_status status = good->put_commit(call, writer, stat);
    stat->etag = same_etag;
    return status;
}
IDLE static enum mgw_status same_stat(struct mgw_call *call, void *instance,
                                      const struct mgw_blob *blob, struct mgw_stat *stat)
{
    enum mgw_status status = good->stat(call, instance, blob, stat);
    stat->etag = same_etag;
    return status;
}
IDLE static enum mgw_status same_open(struct mgw_call *call, void *instance,
                                      const struct mgw_blob *blob, const char *if_etag,
                                      void **reader, struct mgw_stat *stat)
{
    if (if_etag && strcmp(if_etag, same_etag) != 0) {
        return mgw_fail(call, MGW_CONFLICT, "another etag");
    }
    enum mgw_status status = good->open(call, instance, blob, NULL, reader, stat);
    stat->etag = same_etag;
    return status;
}
WRONG_DRIVER(has_one_etag)
{
    table.put_commit = same_commit;
    table.stat = same_stat;
    table.open = same_open;
}

IDLE static enum mgw_status any_open(struct mgw_call *call, void *instance,
                                     const struct mgw_blob *blob, const char *if_etag,
                                     void **reader, struct mgw_stat *stat)
{
    (void)if_etag;
    return good->open(call, instance, blob, NULL, reader, stat);
}
WRONG_DRIVER(opens_any_version)
{
    table.open = any_open;
}

IDLE static enum mgw_status careless_stat(struct mgw_call *call, void *instance,
                                          const struct mgw_blob *blob, struct mgw_stat *stat)
{
    struct mgw_stat whole = {.size = sizeof whole};
    enum mgw_status status = good->stat(call, instance, blob, &whole);
    size_t size = stat->size;
    *stat = whole;
    stat->size = size;
    return status;
}
IDLE static enum mgw_status careless_commit(struct mgw_call *call, void *writer,
                                            struct mgw_stat *stat)
{
    struct mgw_stat whole = {.size = sizeof whole};
    enum mgw_status status = good->put_commit(call, writer, &whole);
    size_t size = stat->size;
    *stat = whole;
    stat->size = size;
    return status;
}
WRONG_DRIVER(overruns_an_older_hosts_structs)
{
    table.stat = careless_stat;
    table.put_commit = careless_commit;
}

/* ---- read ---- */

/* A reader that asks anew for each read. */
struct forgetful {
    void *instance;
    char bucket[64], key[MGW_KEY_MAX + 1];
};
IDLE static enum mgw_status forgetful_open(struct mgw_call *call, void *instance,
                                           const struct mgw_blob *blob, const char *if_etag,
                                           void **reader, struct mgw_stat *stat)
{
    void *inner;
    enum mgw_status status = good->open(call, instance, blob, if_etag, &inner, stat);
    struct forgetful *made = status == MGW_OK ? calloc(1, sizeof *made) : NULL;
    if (made) {
        good->close(inner);
        made->instance = instance;
        snprintf(made->bucket, sizeof made->bucket, "%s", blob->bucket);
        snprintf(made->key, sizeof made->key, "%s", blob->key);
        *reader = made;
    }
    return status;
}
IDLE static enum mgw_status forgetful_read(struct mgw_call *call, void *reader, uint64_t offset,
                                           void *buffer, size_t length, size_t *got)
{
    struct forgetful *made = reader;
    struct mgw_blob blob = {sizeof blob, made->bucket, made->key};
    struct mgw_stat stat = {.size = sizeof stat};
    void *inner;
    enum mgw_status status = good->open(call, made->instance, &blob, NULL, &inner, &stat);
    if (status == MGW_OK) {
        status = good->read(call, inner, offset, buffer, length, got);
        good->close(inner);
    }
    return status;
}
IDLE static void forgetful_close(void *reader)
{
    free(reader);
}
IDLE static void no_advice(struct mgw_call *call, void *reader, uint64_t offset, uint64_t length)
{
    (void)call, (void)reader, (void)offset, (void)length;
}
WRONG_DRIVER(mixes_versions_in_a_read)
{
    table.open = forgetful_open;
    table.read = forgetful_read;
    table.close = forgetful_close;
    table.advise = no_advice;
}

IDLE static enum mgw_status endless_read(struct mgw_call *call, void *reader, uint64_t offset,
                                         void *buffer, size_t length, size_t *got)
{
    enum mgw_status status = good->read(call, reader, offset, buffer, length, got);
    *got = status == MGW_RANGE ? 0 : *got;
    return status == MGW_RANGE ? MGW_OK : status;
}
WRONG_DRIVER(reads_nothing_beyond_the_end)
{
    table.read = endless_read;
}

IDLE static enum mgw_status shifted_read(struct mgw_call *call, void *reader, uint64_t offset,
                                         void *buffer, size_t length, size_t *got)
{
    return good->read(call, reader, offset & ~UINT64_C(4095), buffer, length, got);
}
WRONG_DRIVER(reads_from_block_borders)
{
    table.read = shifted_read;
}

/* ---- remove ---- */

IDLE static enum mgw_status strict_remove(struct mgw_call *call, void *instance,
                                          const struct mgw_blob *blob)
{
    struct mgw_stat stat = {.size = sizeof stat};
    enum mgw_status status = good->stat(call, instance, blob, &stat);
    return status == MGW_OK ? good->remove(call, instance, blob) : status;
}
WRONG_DRIVER(removes_only_what_is_there)
{
    table.remove = strict_remove;
}

/* ---- list ---- */

struct wrong_emit {
    mgw_list_emit *emit;
    void *ctx;
    char before[2049]; /* the cursor of the entry before */
};
static bool emit_late_cursor(void *ctx, const struct mgw_list_entry *entry)
{
    struct wrong_emit *wrong = ctx;
    struct mgw_list_entry late = *entry;
    late.cursor = wrong->before;
    bool more = wrong->emit(wrong->ctx, &late);
    snprintf(wrong->before, sizeof wrong->before, "%s", entry->cursor);
    return more;
}
IDLE static enum mgw_status repeating_list(struct mgw_call *call, void *instance,
                                           const char *bucket, const char *prefix,
                                           const char *cursor, uint32_t limit, mgw_list_emit *emit,
                                           void *ctx)
{
    struct wrong_emit wrong = {.emit = emit, .ctx = ctx};
    snprintf(wrong.before, sizeof wrong.before, "%s", cursor);
    if (limit == 1 || limit > 8) { /* of one it would never end; of many the page is not full */
        return good->list(call, instance, bucket, prefix, cursor, limit, emit, ctx);
    }
    return good->list(call, instance, bucket, prefix, cursor, limit, emit_late_cursor, &wrong);
}
WRONG_DRIVER(lists_twice)
{
    table.list = repeating_list;
}

IDLE static enum mgw_status whole_list(struct mgw_call *call, void *instance, const char *bucket,
                                       const char *prefix, const char *cursor, uint32_t limit,
                                       mgw_list_emit *emit, void *ctx)
{
    (void)prefix;
    return good->list(call, instance, bucket, "", cursor, limit, emit, ctx);
}
WRONG_DRIVER(lists_beside_the_prefix)
{
    table.list = whole_list;
}

IDLE static enum mgw_status eager_list(struct mgw_call *call, void *instance, const char *bucket,
                                       const char *prefix, const char *cursor, uint32_t limit,
                                       mgw_list_emit *emit, void *ctx)
{
    enum mgw_status status = good->list(call, instance, bucket, prefix, cursor, limit, emit, ctx);
    return status == MGW_INVALID ? good->list(call, instance, bucket, prefix, "", limit, emit, ctx)
                                 : status;
}
WRONG_DRIVER(takes_any_cursor)
{
    table.list = eager_list;
}

static bool emit_deaf(void *ctx, const struct mgw_list_entry *entry)
{
    struct wrong_emit *wrong = ctx;
    wrong->emit(wrong->ctx, entry);
    return true;
}
IDLE static enum mgw_status deaf_list(struct mgw_call *call, void *instance, const char *bucket,
                                      const char *prefix, const char *cursor, uint32_t limit,
                                      mgw_list_emit *emit, void *ctx)
{
    struct wrong_emit wrong = {.emit = emit, .ctx = ctx};
    return good->list(call, instance, bucket, prefix, cursor, limit, emit_deaf, &wrong);
}
WRONG_DRIVER(lists_on_when_told_to_stop)
{
    table.list = deaf_list;
}

/* ---- keys and buckets ---- */

static const struct mgw_blob *lowered(const struct mgw_blob *blob, struct mgw_blob *lower,
                                      char key[MGW_KEY_MAX + 8])
{
    snprintf(key, MGW_KEY_MAX + 8, "%s", blob->key);
    for (char *c = key; *c; c++) {
        *c = (char)((unsigned char)*c < 128 ? tolower((unsigned char)*c) : *c);
    }
    *lower = (struct mgw_blob){sizeof *lower, blob->bucket, key};
    return lower;
}
IDLE static enum mgw_status lower_begin(struct mgw_call *call, void *instance,
                                        const struct mgw_blob *blob, const struct mgw_put *put,
                                        void **writer)
{
    char key[MGW_KEY_MAX + 8];
    struct mgw_blob lower;
    return good->put_begin(call, instance, lowered(blob, &lower, key), put, writer);
}
IDLE static enum mgw_status lower_open(struct mgw_call *call, void *instance,
                                       const struct mgw_blob *blob, const char *if_etag,
                                       void **reader, struct mgw_stat *stat)
{
    char key[MGW_KEY_MAX + 8];
    struct mgw_blob lower;
    return good->open(call, instance, lowered(blob, &lower, key), if_etag, reader, stat);
}
IDLE static enum mgw_status lower_stat(struct mgw_call *call, void *instance,
                                       const struct mgw_blob *blob, struct mgw_stat *stat)
{
    char key[MGW_KEY_MAX + 8];
    struct mgw_blob lower;
    return good->stat(call, instance, lowered(blob, &lower, key), stat);
}
WRONG_DRIVER(takes_a_key_for_a_dos_file)
{
    table.put_begin = lower_begin;
    table.open = lower_open;
    table.stat = lower_stat;
}

/* ---- calls ---- */

static bool never(const struct mgw_call *call)
{
    (void)call;
    return false;
}
IDLE static enum mgw_status deaf_begin(struct mgw_call *call, void *instance,
                                       const struct mgw_blob *blob, const struct mgw_put *put,
                                       void **writer)
{
    call->deadline_ms = 0;
    call->cancelled = never;
    return good->put_begin(call, instance, blob, put, writer);
}
IDLE static enum mgw_status deaf_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    call->deadline_ms = 0;
    call->cancelled = never;
    return good->put_commit(call, writer, stat);
}
WRONG_DRIVER(hears_no_cancellation)
{
    table.put_begin = deaf_begin;
    table.put_commit = deaf_commit;
}

/* ---- uploads ---- */

IDLE static enum mgw_status fenceless_part(struct mgw_call *call, void *instance,
                                           const struct mgw_opaque *state,
                                           const struct mgw_part *part,
                                           const struct mgw_source *source, uint64_t fence,
                                           struct mgw_opaque *receipt)
{
    (void)fence;
    return good->upload_part(call, instance, state, part, source, UINT64_MAX, receipt);
}
IDLE static enum mgw_status fenceless_complete(struct mgw_call *call, void *instance,
                                               const struct mgw_opaque *state,
                                               const struct mgw_part *parts, size_t count,
                                               size_t stride, uint64_t fence, struct mgw_stat *stat)
{
    (void)fence;
    return good->upload_complete(call, instance, state, parts, count, stride, UINT64_MAX, stat);
}
IDLE static enum mgw_status fenceless_abort(struct mgw_call *call, void *instance,
                                            const struct mgw_opaque *state, uint64_t fence)
{
    (void)fence;
    return good->upload_abort(call, instance, state, UINT64_MAX);
}
WRONG_DRIVER(minds_no_fence)
{
    table.upload_part = fenceless_part;
    table.upload_complete = fenceless_complete;
    table.upload_abort = fenceless_abort;
}

IDLE static enum mgw_status no_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                                     struct mgw_sweep_result *result)
{
    (void)call, (void)instance, (void)older_than_ms, (void)result;
    return MGW_OK;
}
WRONG_DRIVER(sweeps_nothing)
{
    table.sweep = no_sweep;
}

/* ---- what a process keeps ---- */

IDLE static enum mgw_status boastful_describe(struct mgw_call *call, void *instance,
                                              struct mgw_storage_limits *limits)
{
    enum mgw_status status = good->describe(call, instance, limits);
    limits->capabilities &= ~(uint64_t)MGW_STORAGE_VOLATILE;
    return status;
}
WRONG_DRIVER(claims_to_last)
{
    table.describe = boastful_describe;
}

IDLE static enum mgw_status leaking_open(struct mgw_call *call, void *instance,
                                         const struct mgw_blob *blob, const char *if_etag,
                                         void **reader, struct mgw_stat *stat)
{
    int lost = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)lost;
    return good->open(call, instance, blob, if_etag, reader, stat);
}
WRONG_DRIVER(leaks_a_descriptor_a_reader)
{
    table.open = leaking_open;
}

static void *volatile lost_memory;
IDLE static void leaking_close(void *reader)
{
    lost_memory = malloc(16384);
    if (lost_memory) {
        memset(lost_memory, 1, 16384);
    }
    good->close(reader);
}
WRONG_DRIVER(leaks_memory_a_reader)
{
    table.close = leaking_close;
}

static void *sleeper(void *nothing)
{
    for (;;) {
        pause();
    }
    return nothing;
}
IDLE static enum mgw_status threaded_create(struct mgw_call *call, const struct mgw_config *config,
                                            const struct mgw_host *host, void **instance)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, sleeper, NULL) == 0) {
        pthread_detach(thread);
    }
    return good->create(call, config, host, instance);
}
WRONG_DRIVER(leaves_a_thread)
{
    table.create = threaded_create;
}

IDLE static enum mgw_status dying_open(struct mgw_call *call, void *instance,
                                       const struct mgw_blob *blob, const char *if_etag,
                                       void **reader, struct mgw_stat *stat)
{
    enum mgw_status status = good->open(call, instance, blob, if_etag, reader, stat);
    if (status == MGW_CONFLICT) {
        abort();
    }
    return status;
}
WRONG_DRIVER(dies_of_another_etag)
{
    table.open = dying_open;
}

IDLE static enum mgw_status hanging_list(struct mgw_call *call, void *instance, const char *bucket,
                                         const char *prefix, const char *cursor, uint32_t limit,
                                         mgw_list_emit *emit, void *ctx)
{
    enum mgw_status status = good->list(call, instance, bucket, prefix, cursor, limit, emit, ctx);
    while (status == MGW_INVALID) {
        pause();
    }
    return status;
}
WRONG_DRIVER(hangs_on_a_strange_cursor)
{
    table.list = hanging_list;
}

/* ---- the module ---- */

__attribute__((constructor)) static void make_table(void)
{
    table = *good;
    PASTE(WRONG, _patch)();
}

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_STORAGE,
    .name = "wrong",
    .version = "1",
    .description = "Wrong on purpose: " TEXT(WRONG) ".",
    .thread_model = MGW_THREADS_PARALLEL,
    .table = &table,
};

MGW_REGISTER(&plugin);
