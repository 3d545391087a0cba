/* SPDX-License-Identifier: Apache-2.0
 *
 * See store.h: a store's life, the checks that its verbs share, and the verbs without a handle. The
 * others: store_io.c (writers, readers, copy), store_list.c, store_upload.c, store_proxy.c. */
#include "core/plugin/store_inside.h"

#include "core/base/buf.h"

#include <string.h>

#define CALLBACK(field)                                                                            \
    {                                                                                              \
#field, offsetof(struct mgw_storage_driver, field)                                         \
    }
static const struct {
    const char *name;
    size_t offset;
} required[] = {
    CALLBACK(describe),  CALLBACK(put_begin), CALLBACK(put_write), CALLBACK(put_commit),
    CALLBACK(put_abort), CALLBACK(open),      CALLBACK(read),      CALLBACK(close),
    CALLBACK(stat),      CALLBACK(remove),    CALLBACK(list),      CALLBACK(health),
    CALLBACK(destroy),   CALLBACK(create),
};

const char *store_lacks(const struct mgw_storage_driver *table, bool filter)
{
    struct mgw_storage_driver whole;
    struct_take(&whole, table, sizeof whole);
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        void (*function)(void);
        memcpy(&function, (const char *)&whole + required[i].offset, sizeof function);
        if (!function && !(filter && strcmp(required[i].name, "create") == 0)) {
            return required[i].name;
        }
    }
    bool any = whole.plan || whole.upload_create || whole.upload_part || whole.upload_complete ||
               whole.upload_abort;
    bool all = whole.plan && whole.upload_create && whole.upload_part && whole.upload_complete &&
               whole.upload_abort;
    if (any && !all) {
        return !whole.plan              ? "plan"
               : !whole.upload_create   ? "upload_create"
               : !whole.upload_part     ? "upload_part"
               : !whole.upload_complete ? "upload_complete"
                                        : "upload_abort";
    }
    return NULL;
}

/* Capabilities that the table cannot back are not there, whatever describe() says; nor are those
 * that this host does not know. */
static uint64_t backed(const struct store *store, uint64_t claimed)
{
    const struct mgw_storage_driver *driver = &store->driver;
    uint64_t known = ((uint64_t)MGW_STORAGE_VOLATILE << 1) - 1;
    if (store->guard.lock) { /* whoever reads may have to wait for whoever writes */
        known &= ~(uint64_t)MGW_STORAGE_INLINE_READ;
    }
    if (!driver->descriptor) {
        known &= ~(uint64_t)MGW_STORAGE_LOCAL_FD;
    }
    if (!driver->plan) {
        known &= ~(uint64_t)MGW_STORAGE_RESUMABLE;
    }
    if (!driver->presign) {
        known &= ~(uint64_t)(MGW_STORAGE_PRESIGN_GET | MGW_STORAGE_PRESIGN_PUT |
                             MGW_STORAGE_PRESIGN_PART);
    }
    if (!driver->copy) {
        known &= ~(uint64_t)MGW_STORAGE_COPY;
    }
    return claimed & known;
}

static enum mgw_status describe(struct store *store, struct mgw_call *call)
{
    struct mgw_storage_limits *limits = &store->limits;
    limits->size = sizeof *limits;
    enum mgw_status status = GUARDED(store, call, describe, store->instance, limits);
    if (status != MGW_OK) {
        return status;
    }
    limits->size = sizeof *limits;
    if (limits->store_id && !check_line(limits->store_id, 256)) {
        return guard_corrupt(&store->guard, call, "describe() answered a store_id that is no text");
    }
    if (limits->max_presign_ttl_sec < 0) {
        return guard_corrupt(&store->guard, call, "describe() answered a negative ttl");
    }
    limits->capabilities = backed(store, limits->capabilities);
    if (!limits->max_key_bytes || limits->max_key_bytes > MGW_KEY_MAX) {
        limits->max_key_bytes = MGW_KEY_MAX;
    }
    if (!limits->max_metadata_bytes || limits->max_metadata_bytes > MGW_METADATA_MAX) {
        limits->max_metadata_bytes = MGW_METADATA_MAX;
    }
    store->store_id = strdup(limits->store_id ? limits->store_id : "");
    limits->store_id = store->store_id;
    store->layers = strdup(store->guard.name);
    limits->layers = store->layers;
    return store->store_id && store->layers ? MGW_OK
                                            : mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
}

enum mgw_status store_new(struct mgw_call *call, const char *name,
                          const struct mgw_storage *storage, enum mgw_thread_model threads,
                          bool owned, struct store **made)
{
    call_clear(call);
    struct store *store = calloc(1, sizeof *store);
    if (!store) {
        return mgw_fail(call, MGW_UNAVAILABLE, "plugin \"%s\": out of memory", name);
    }
    enum mgw_status status = guard_init(&store->guard, call, name, threads, storage->driver);
    if (status == MGW_OK) {
        struct_take(&store->driver, storage->driver, sizeof store->driver);
        store->filter = !store->driver.create;
        store->instance = storage->instance;
        const char *lacking = store_lacks(storage->driver, store->filter);
        status = lacking ? mgw_fail(call, MGW_INVALID,
                                    "plugin \"%s\" lacks the required callback %s", name, lacking)
                         : describe(store, call);
    }
    if (status != MGW_OK) {
        store_free(store); /* not owned yet: on failure the instance stays the caller's */
        return status;
    }
    store->owned = owned;
    *made = store;
    return MGW_OK;
}

/* In a stack only the innermost layer counts a call as lost, but whoever stands upon it is inside
 * of the same call. */
static bool is_stuck(const struct store *store)
{
    bool stuck = guard_is_stuck(&store->guard);
    for (size_t i = 0; !stuck && store->below && i < store->below->count; i++) {
        stuck = is_stuck(store->below->at[i].store);
    }
    return stuck;
}

void store_free(struct store *store)
{
    if (!store) {
        return;
    }
    if (is_stuck(store)) {
        return; /* a call is inside that may still use it all */
    }
    if (store->owned) {
        GUARDED_END(store, NULL, destroy, store->instance);
    }
    guard_done(&store->guard);
    layers_free(store->below);
    free(store->store_id);
    free(store->layers);
    free(store);
}

const char *store_name(const struct store *store)
{
    return store->guard.name;
}

bool store_is_quick(const struct store *store)
{
    return (store->limits.capabilities & MGW_STORAGE_INLINE_READ) && guard_is_quick(&store->guard);
}

const struct mgw_storage_limits *store_limits(const struct store *store)
{
    return &store->limits;
}

void layers_free(struct layers *layers)
{
    for (size_t i = 0; layers && i < layers->count; i++) {
        store_free(layers->at[i].store);
    }
    free(layers);
}

/* "NAME LAYERS…": the names of all that STORE stands on. */
static char *layer_names(const struct store *store, const struct layers *layers)
{
    AUTO_BUF struct buf names = {0};
    buf_text(&names, store->guard.name);
    for (size_t i = 0; i < layers->count; i++) {
        buf_printf(&names, " %s", layers->at[i].store->layers);
    }
    return buf_take(&names);
}

enum mgw_status store_stack(struct store *store, struct mgw_call *call, struct layers *layers)
{
    static const uint64_t lacks = MGW_STORAGE_READ_ONLY | MGW_STORAGE_VOLATILE;
    static const uint64_t adds = MGW_STORAGE_LOCAL_FD;
    const struct store *lower = layers->at[0].store;
    uint64_t own = store->limits.capabilities, below = lower->limits.capabilities;
    store->limits.capabilities = (own & (below | adds) & ~lacks) | ((own | below) & lacks);
    char *names = layer_names(store, layers);
    char *id = strdup(store->store_id[0] ? store->store_id : lower->store_id);
    if (!names || !id) {
        free(names);
        free(id);
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    free(store->layers);
    store->limits.layers = store->layers = names;
    free(store->store_id);
    store->limits.store_id = store->store_id = id;
    store->below = layers;
    return MGW_OK;
}

enum mgw_status store_unsupported(struct store *store, struct mgw_call *call, const char *what)
{
    call_clear(call);
    return mgw_fail(call, MGW_UNSUPPORTED, "%s is not available from \"%s\"", what,
                    store->guard.name);
}

static bool bucket_name(const char *bucket)
{
    size_t length = bucket ? strnlen(bucket, 64) : 0;
    for (size_t i = 0; i < length; i++) {
        bool word =
            (bucket[i] >= 'a' && bucket[i] <= 'z') || (bucket[i] >= '0' && bucket[i] <= '9');
        if (!word && (i == 0 || (bucket[i] != '.' && bucket[i] != '-'))) {
            return false;
        }
    }
    return length >= 2 && length <= 63;
}

enum mgw_status store_check_blob(struct store *store, struct mgw_call *call,
                                 const struct mgw_blob *given, struct mgw_blob *blob)
{
    call_clear(call);
    struct_take(blob, given, sizeof *blob);
    if (!bucket_name(blob->bucket)) {
        return mgw_fail(call, MGW_INVALID, "the bucket's name is not [a-z0-9][a-z0-9.-]{1,62}");
    }
    if (!blob->key || !blob->key[0] || !check_utf8(blob->key, store->limits.max_key_bytes)) {
        return mgw_fail(call, MGW_INVALID, "the key is not 1 to %u bytes of UTF-8",
                        store->limits.max_key_bytes);
    }
    return MGW_OK;
}

enum mgw_status store_check_put(struct store *store, struct mgw_call *call,
                                const struct mgw_put *given, struct mgw_put *put)
{
    call_clear(call);
    struct_take(put, given, sizeof *put);
    if (put->content_type && !check_line(put->content_type, 1024)) {
        return mgw_fail(call, MGW_INVALID, "the content type is no text of at most 1,024 bytes");
    }
    if (!check_metadata(put->metadata, store->limits.max_metadata_bytes)) {
        return mgw_fail(
            call, MGW_INVALID,
            "the metadata are not [a-z0-9-]+ names and UTF-8 values of at most %u bytes",
            store->limits.max_metadata_bytes);
    }
    uint64_t most = store->limits.max_blob_bytes;
    if (most && (put->flags & MGW_PUT_LENGTH_KNOWN) && put->length > most) {
        return mgw_fail(call, MGW_TOO_LARGE, "%llu bytes are more than the store's %llu",
                        (unsigned long long)put->length, (unsigned long long)most);
    }
    return MGW_OK;
}

enum mgw_status store_give_stat(struct store *store, struct mgw_call *call,
                                const struct mgw_stat *answered, struct mgw_stat *to)
{
    if (!check_etag(answered->etag)) {
        return guard_corrupt(&store->guard, call,
                             "a stat whose etag is not 1 to 256 visible ASCII characters");
    }
    if (answered->bytes > INT64_MAX) {
        return guard_corrupt(&store->guard, call, "a stat of %llu bytes",
                             (unsigned long long)answered->bytes);
    }
    if (!check_time(answered->modified_ms)) {
        return guard_corrupt(&store->guard, call, "a stat of a time that is none: %lld",
                             (long long)answered->modified_ms);
    }
    if (answered->content_type && !check_line(answered->content_type, 1024)) {
        return guard_corrupt(&store->guard, call, "a stat whose content type is no text");
    }
    if (!check_metadata(answered->metadata, MGW_METADATA_MAX)) {
        return guard_corrupt(&store->guard, call, "a stat whose metadata break the rules");
    }
    if (to) {
        struct_give(to, answered, sizeof *answered);
    }
    return MGW_OK;
}

enum mgw_status store_stat(struct store *store, struct mgw_call *call, const struct mgw_blob *given,
                           struct mgw_stat *stat)
{
    struct mgw_blob blob;
    struct mgw_stat answered = {.size = sizeof answered};
    enum mgw_status status = store_check_blob(store, call, given, &blob);
    if (status == MGW_OK) {
        status = GUARDED_QUICK(store, call, stat, store->instance, &blob, &answered);
    }
    return status == MGW_OK ? store_give_stat(store, call, &answered, stat) : status;
}

enum mgw_status store_remove(struct store *store, struct mgw_call *call,
                             const struct mgw_blob *given)
{
    struct mgw_blob blob;
    enum mgw_status status = store_check_blob(store, call, given, &blob);
    if (status == MGW_OK) {
        status = GUARDED(store, call, remove, store->instance, &blob);
    }
    return status;
}

enum mgw_status store_sweep(struct store *store, struct mgw_call *call, int64_t older_than_ms,
                            struct mgw_sweep_result *result)
{
    struct mgw_sweep_result answered = {.size = sizeof answered};
    enum mgw_status status = MGW_OK;
    call_clear(call);
    if (store->driver.sweep) {
        status = GUARDED(store, call, sweep, store->instance, older_than_ms, &answered);
    }
    if (status == MGW_OK && (answered.removed > INT64_MAX || answered.removed_bytes > INT64_MAX)) {
        return guard_corrupt(&store->guard, call, "sweep() answered wild numbers");
    }
    if (status == MGW_OK && result) {
        struct_give(result, &answered, sizeof answered);
    }
    return status;
}

enum mgw_status store_health(struct store *store, struct mgw_call *call)
{
    return GUARDED(store, call, health, store->instance);
}

enum mgw_status store_free_bytes(struct store *store, struct mgw_call *call, uint64_t *bytes)
{
    if (!store->driver.free_bytes) {
        return store_unsupported(store, call, "free space");
    }
    return GUARDED(store, call, free_bytes, store->instance, bytes);
}
