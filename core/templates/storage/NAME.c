/* SPDX-License-Identifier: Apache-2.0
 *
 * @NAME@: a storage driver that keeps blobs in memory. It holds the whole contract of
 * <mediagw/storage.h>, which says in full what each callback must do. Put a real store behind one
 * callback after the other, and let `mediagw plugin test` judge each step; what is in memory.h goes
 * when the last has one. See mediagw-storage(3).
 *
 * Any thread may call, many at once (MGW_THREADS_PARALLEL); one writer or reader is used by one
 * thread at a time. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

struct store {
    const struct mgw_host *host;
    struct memory memory;
};

struct writer {
    struct store *store;
    struct blob *blob; /* nobody else sees it before commit */
    uint32_t flags;
    uint64_t length;
};

struct reader {
    struct store *store;
    struct blob *blob;
};

/* A callback that blocks (on a network, a slow disk) asks this now and then. */
static enum mgw_status store_over(struct mgw_call *call, const struct store *store)
{
    if (call->cancelled(call)) {
        return mgw_fail(call, MGW_CANCELLED, "nobody waits for it any more");
    }
    if (call->deadline_ms && store->host->monotonic_ms() >= call->deadline_ms) {
        return mgw_fail(call, MGW_TIMEOUT, "the deadline passed");
    }
    return MGW_OK;
}

/* ---- the instance ---- */

/* Opens the store. One that lasts has a marker with an id of its own: where the place is empty,
 * write it if config->flags has MGW_CREATE_INIT, else answer MGW_NOT_FOUND and say how to
 * initialise. This one is new each time. The values of your keys: mgw_config_get(config, "root"),
 * valid until you return. */
static enum mgw_status store_create(struct mgw_call *call, const struct mgw_config *config,
                                    const struct mgw_host *host, void **instance)
{
    struct store *store = calloc(1, sizeof *store);
    if (!store) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    store->host = host;
    memory_open(&store->memory);
    host->log(config->instance, MGW_LOG_WARN, "blobs in memory end with the gateway");
    *instance = store;
    return MGW_OK;
}

/* Every writer and reader has ended, no call is under way. */
static void store_destroy(void *instance)
{
    struct store *store = instance;
    memory_close(&store->memory);
    free(store);
}

/* What the instance can do: data, and it selects which cases `mediagw plugin test` runs. Say only
 * what is true of this instance, and the same as long as it lives. */
static enum mgw_status store_describe(struct mgw_call *call, void *instance,
                                      struct mgw_storage_limits *limits)
{
    (void)call, (void)instance;
    limits->capabilities = MGW_STORAGE_IF_ABSENT | MGW_STORAGE_ORDERED_LIST | MGW_STORAGE_VOLATILE;
    limits->store_id = ""; /* a store that lasts: the id in its marker */
    return MGW_OK;
}

/* ---- what can be wrong about a put ---- */

static bool is_made_of(const char *text, const char *allowed)
{
    return *text && text[strspn(text, allowed)] == '\0';
}

static enum mgw_status check_name(struct mgw_call *call, const struct mgw_blob *name)
{
    size_t bucket = strlen(name->bucket), key = strlen(name->key);
    if (bucket < 2 || bucket > 63 || strchr(".-", name->bucket[0]) ||
        !is_made_of(name->bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-")) {
        return mgw_fail(call, MGW_INVALID, "the bucket is not [a-z0-9][a-z0-9.-]{1,62}");
    }
    if (key < 1 || key > MGW_KEY_MAX) {
        return mgw_fail(call, MGW_INVALID, "the key has %zu bytes, 1 to %u are allowed", key,
                        MGW_KEY_MAX);
    }
    return MGW_OK;
}

static enum mgw_status check_metadata(struct mgw_call *call, const char *const *metadata)
{
    size_t bytes = 0;
    for (size_t i = 0; metadata && metadata[i]; i += 2) {
        if (!is_made_of(metadata[i], "abcdefghijklmnopqrstuvwxyz0123456789-")) {
            return mgw_fail(call, MGW_INVALID, "a name of the metadata is not [a-z0-9-]+");
        }
        bytes += strlen(metadata[i]) + strlen(metadata[i + 1]);
    }
    return bytes <= MGW_METADATA_MAX
               ? MGW_OK
               : mgw_fail(call, MGW_INVALID, "the metadata has %zu bytes, at most %u are allowed",
                          bytes, MGW_METADATA_MAX);
}

/* ---- put ---- */

/* Begins a blob that nobody sees yet. A field behind what the host's `size` covers is not there
 * (MGW_HAS). What PUT asks for is decided here (names, types, metadata)
 * or at commit (the length, MGW_PUT_IF_ABSENT). */
static enum mgw_status store_put_begin(struct mgw_call *call, void *instance,
                                       const struct mgw_blob *name, const struct mgw_put *put,
                                       void **writer)
{
    struct store *store = instance;
    const char *type = MGW_HAS(put, content_type) ? put->content_type : NULL;
    const char *const *metadata = MGW_HAS(put, metadata) ? put->metadata : NULL;
    enum mgw_status status = store_over(call, store);
    if (status != MGW_OK || (status = check_name(call, name)) != MGW_OK ||
        (status = check_metadata(call, metadata)) != MGW_OK) {
        return status;
    }
    struct writer *made = calloc(1, sizeof *made);
    struct blob *blob = made ? memory_new(name, type, metadata) : NULL;
    if (!blob) {
        free(made);
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    *made =
        (struct writer){.store = store, .blob = blob, .flags = put->flags, .length = put->length};
    *writer = made;
    return MGW_OK;
}

/* All LENGTH bytes or a failure. */
static enum mgw_status store_put_write(struct mgw_call *call, void *writer, const void *bytes,
                                       size_t length)
{
    struct writer *put = writer;
    enum mgw_status status = store_over(call, put->store);
    if (status != MGW_OK) {
        return status;
    }
    bool known = put->flags & MGW_PUT_LENGTH_KNOWN;
    if ((known || put->length) && put->blob->length + length > put->length) {
        return mgw_fail(call, known ? MGW_INVALID : MGW_TOO_LARGE,
                        "more than the %llu bytes that were announced",
                        (unsigned long long)put->length);
    }
    return memory_append(put->blob, bytes, length)
               ? MGW_OK
               : mgw_fail(call, MGW_NO_SPACE, "memory is short");
}

/* Publishes the blob in one step, and durably: on MGW_OK it has to survive a power cut. MGW_OK
 * ends the writer; after any other answer the host calls put_abort, or (MGW_UNAVAILABLE,
 * MGW_UNKNOWN_OUTCOME) this again. */
static enum mgw_status store_put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    struct writer *put = writer;
    struct store *store = put->store;
    enum mgw_status status = store_over(call, store);
    if (status == MGW_OK && put->flags & MGW_PUT_LENGTH_KNOWN && put->blob->length != put->length) {
        status = mgw_fail(call, MGW_INVALID, "%zu bytes came, %llu were announced",
                          put->blob->length, (unsigned long long)put->length);
    }
    if (status == MGW_OK) {
        status = memory_publish(call, &store->memory, put->blob, put->flags & MGW_PUT_IF_ABSENT,
                                store->host->wall_ms(), stat);
    }
    if (status == MGW_OK) {
        memory_release(&store->memory, put->blob);
        free(put);
    }
    return status;
}

/* Ends the writer and leaves nothing of it; the old blob stays. Never fails. */
static void store_put_abort(struct mgw_call *call, void *writer)
{
    struct writer *put = writer;
    (void)call;
    memory_release(&put->store->memory, put->blob);
    free(put);
}

/* ---- reading ---- */

/* Opens one version: what is read later belongs to the stat answered here, even when the blob is
 * replaced or removed meanwhile (or read answers MGW_CONFLICT). */
static enum mgw_status store_open(struct mgw_call *call, void *instance,
                                  const struct mgw_blob *name, const char *if_etag, void **reader,
                                  struct mgw_stat *stat)
{
    struct store *store = instance;
    struct blob *blob;
    enum mgw_status status = memory_find(call, &store->memory, name, &blob, stat);
    if (status != MGW_OK) {
        return status;
    }
    struct reader *made = calloc(1, sizeof *made);
    if (!made) {
        status = mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    } else if (if_etag && strcmp(if_etag, stat->etag) != 0) {
        status = mgw_fail(call, MGW_CONFLICT, "%s/%s: its etag is %s", name->bucket, name->key,
                          stat->etag);
    }
    if (status != MGW_OK) {
        memory_release(&store->memory, blob);
        free(made);
        return status;
    }
    *made = (struct reader){.store = store, .blob = blob};
    *reader = made;
    return MGW_OK;
}

/* Up to LENGTH bytes; *got is 0 at the end only. */
static enum mgw_status store_read(struct mgw_call *call, void *reader, uint64_t offset,
                                  void *buffer, size_t length, size_t *got)
{
    const struct blob *blob = ((struct reader *)reader)->blob;
    if (offset > blob->length) {
        return mgw_fail(call, MGW_RANGE, "the blob ends at %zu", blob->length);
    }
    size_t left = blob->length - (size_t)offset;
    *got = length < left ? length : left;
    if (*got) {
        memcpy(buffer, blob->bytes + offset, *got);
    }
    return MGW_OK;
}

static void store_close(void *reader)
{
    struct reader *open = reader;
    memory_release(&open->store->memory, open->blob);
    free(open);
}

static enum mgw_status store_stat(struct mgw_call *call, void *instance,
                                  const struct mgw_blob *name, struct mgw_stat *stat)
{
    struct store *store = instance;
    struct blob *blob;
    enum mgw_status status = memory_find(call, &store->memory, name, &blob, stat);
    if (status == MGW_OK) {
        memory_release(&store->memory, blob);
    }
    return status;
}

/* ---- removing and listing ---- */

/* MGW_OK also where there is none. Durable, like commit. */
static enum mgw_status store_remove(struct mgw_call *call, void *instance,
                                    const struct mgw_blob *name)
{
    struct store *store = instance;
    (void)call;
    memory_remove(&store->memory, name);
    return MGW_OK;
}

/* At most LIMIT blobs of BUCKET whose key begins with PREFIX, from behind CURSOR, in a fixed order:
 * what is there during the whole walk is found exactly once. Here the order is that of the keys,
 * and a cursor is "at:" with the last key. EMIT is lent each entry, and no lock is held over it. */
static enum mgw_status store_list(struct mgw_call *call, void *instance, const char *bucket,
                                  const char *prefix, const char *cursor, uint32_t limit,
                                  mgw_list_emit *emit, void *ctx)
{
    struct store *store = instance;
    char mark[3 + MGW_KEY_MAX + 1] = "at:", etag[32];
    size_t length = strlen(cursor);
    if (length && (length >= sizeof mark || strncmp(cursor, mark, 3) != 0)) {
        return mgw_fail(call, MGW_INVALID, "the cursor is none of this store's");
    }
    if (length) {
        memcpy(mark, cursor, length + 1);
    }
    for (bool more = true; more && limit > 0; limit--) {
        struct blob *blob = memory_next(&store->memory, bucket, prefix, mark + 3);
        if (!blob) {
            break;
        }
        memcpy(mark + 3, blob->key, strlen(blob->key) + 1);
        snprintf(etag, sizeof etag, "%llx", (unsigned long long)blob->serial);
        struct mgw_list_entry entry = {.size = sizeof entry,
                                       .key = blob->key,
                                       .bytes = blob->length,
                                       .modified_ms = blob->modified_ms,
                                       .etag = etag,
                                       .cursor = mark};
        more = emit(ctx, &entry);
        memory_release(&store->memory, blob);
    }
    return MGW_OK;
}

/* MGW_OK where puts and reads would work now, as far as a cheap look tells; never writes. */
static enum mgw_status store_health(struct mgw_call *call, void *instance)
{
    (void)call, (void)instance;
    return MGW_OK;
}

/* Not here, and not required: put_prepare, descriptor, copy, presign, plan and upload_*, sweep,
 * free_bytes, advise. The header says what the host does without each. */
static const struct mgw_storage_driver driver = {
    .size = sizeof driver,
    .create = store_create,
    .destroy = store_destroy,
    .describe = store_describe,
    .put_begin = store_put_begin,
    .put_write = store_put_write,
    .put_commit = store_put_commit,
    .put_abort = store_put_abort,
    .open = store_open,
    .read = store_read,
    .close = store_close,
    .stat = store_stat,
    .remove = store_remove,
    .list = store_list,
    .health = store_health,
};

/* Keys of "storage" in the gateway's config. The host parses, checks and documents them by a table
 * such as this one, which .config, .config_stride and .config_count below would name:
 *     static const struct mgw_config_key keys[] = {
 *         {.size = sizeof keys[0], .key = "root", .type = MGW_CONFIG_PATH,
 *          .flags = MGW_CONFIG_REQUIRED, .help = "The folder that holds the blobs."},
 *     }; */
static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_STORAGE,
    .name = "@NAME@",
    .version = "0.1.0",
    .description = "Blobs in memory.",
    .thread_model = MGW_THREADS_PARALLEL,
    .table = &driver,
};

MGW_REGISTER(&plugin);
