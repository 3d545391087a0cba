/* SPDX-License-Identifier: Apache-2.0
 *
 * @NAME@: a filter, which stands upon a storage instance and shows the storage table itself. This
 * one passes everything on; change the callbacks that your filter is about, and let `mediagw plugin
 * test` judge each step. <mediagw/storage.h> says in full what each must do. See
 * mediagw-storage(3).
 *
 * In a filter NULL means "not available", whatever the layer below can do: nothing slips past it
 * that is not named in its table. Any thread may call, many at once, and so may it call below. */
#include <mediagw/storage.h>

#include <stdlib.h>

struct layer {
    const struct mgw_storage_driver *lower;
    void *instance; /* the lower one's */
};

/* A writer or reader of ours, around one of the layer below. */
struct handle {
    struct layer *layer;
    void *lower;
};

/* LOWER is valid until layer_destroy. A layer that must not stand upon another of some kind looks
 * at the `layers` that LOWER describes ("retry s3"), and refuses with MGW_INVALID and a text that
 * says what to do. The values of your keys: mgw_config_get(config, "key"), valid until you return.
 */
static enum mgw_status layer_create(struct mgw_call *call, const struct mgw_config *config,
                                    const struct mgw_host *host, const struct mgw_storage *lower,
                                    void **instance)
{
    struct layer *layer = calloc(1, sizeof *layer);
    (void)config, (void)host;
    if (!layer) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    *layer = (struct layer){.lower = lower->driver, .instance = lower->instance};
    *instance = layer;
    return MGW_OK;
}

/* The layer below is the host's to end. */
static void layer_destroy(void *instance)
{
    free(instance);
}

/* The layer below answers first; then take away what this one does not grant. */
static enum mgw_status layer_describe(struct mgw_call *call, void *instance,
                                      struct mgw_storage_limits *limits)
{
    struct layer *layer = instance;
    enum mgw_status status = layer->lower->describe(call, layer->instance, limits);
    limits->capabilities &=
        ~(uint64_t)(MGW_STORAGE_LOCAL_FD | MGW_STORAGE_COPY | MGW_STORAGE_RESUMABLE |
                    MGW_STORAGE_PRESIGN_GET | MGW_STORAGE_PRESIGN_PUT | MGW_STORAGE_PRESIGN_PART);
    if (MGW_HAS(limits, layers)) {
        limits->layers = NULL; /* the host's to fill in */
    }
    return status;
}

/* ---- put ---- */

static enum mgw_status layer_put_begin(struct mgw_call *call, void *instance,
                                       const struct mgw_blob *blob, const struct mgw_put *put,
                                       void **writer)
{
    struct layer *layer = instance;
    struct handle *handle = calloc(1, sizeof *handle);
    if (!handle) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    handle->layer = layer;
    enum mgw_status status =
        layer->lower->put_begin(call, layer->instance, blob, put, &handle->lower);
    if (status != MGW_OK) {
        free(handle);
        return status;
    }
    *writer = handle;
    return MGW_OK;
}

static enum mgw_status layer_put_write(struct mgw_call *call, void *writer, const void *bytes,
                                       size_t length)
{
    struct handle *handle = writer;
    return handle->layer->lower->put_write(call, handle->lower, bytes, length);
}

/* Optional below, too: nothing to prepare. */
static enum mgw_status layer_put_prepare(struct mgw_call *call, void *writer)
{
    struct handle *handle = writer;
    const struct mgw_storage_driver *lower = handle->layer->lower;
    return lower->put_prepare ? lower->put_prepare(call, handle->lower) : MGW_OK;
}

/* MGW_OK ends the writer, ours with the other; anything else leaves it to put_abort. */
static enum mgw_status layer_put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    struct handle *handle = writer;
    enum mgw_status status = handle->layer->lower->put_commit(call, handle->lower, stat);
    if (status == MGW_OK) {
        free(handle);
    }
    return status;
}

static void layer_put_abort(struct mgw_call *call, void *writer)
{
    struct handle *handle = writer;
    handle->layer->lower->put_abort(call, handle->lower);
    free(handle);
}

/* ---- reading ---- */

static enum mgw_status layer_open(struct mgw_call *call, void *instance,
                                  const struct mgw_blob *blob, const char *if_etag, void **reader,
                                  struct mgw_stat *stat)
{
    struct layer *layer = instance;
    struct handle *handle = calloc(1, sizeof *handle);
    if (!handle) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    handle->layer = layer;
    enum mgw_status status =
        layer->lower->open(call, layer->instance, blob, if_etag, &handle->lower, stat);
    if (status != MGW_OK) {
        free(handle);
        return status;
    }
    *reader = handle;
    return MGW_OK;
}

static enum mgw_status layer_read(struct mgw_call *call, void *reader, uint64_t offset,
                                  void *buffer, size_t length, size_t *got)
{
    struct handle *handle = reader;
    return handle->layer->lower->read(call, handle->lower, offset, buffer, length, got);
}

static void layer_close(void *reader)
{
    struct handle *handle = reader;
    handle->layer->lower->close(handle->lower);
    free(handle);
}

static enum mgw_status layer_stat(struct mgw_call *call, void *instance,
                                  const struct mgw_blob *blob, struct mgw_stat *stat)
{
    struct layer *layer = instance;
    return layer->lower->stat(call, layer->instance, blob, stat);
}

/* ---- removing and listing ---- */

static enum mgw_status layer_remove(struct mgw_call *call, void *instance,
                                    const struct mgw_blob *blob)
{
    struct layer *layer = instance;
    return layer->lower->remove(call, layer->instance, blob);
}

static enum mgw_status layer_list(struct mgw_call *call, void *instance, const char *bucket,
                                  const char *prefix, const char *cursor, uint32_t limit,
                                  mgw_list_emit *emit, void *ctx)
{
    struct layer *layer = instance;
    return layer->lower->list(call, layer->instance, bucket, prefix, cursor, limit, emit, ctx);
}

/* ---- care ---- */

/* Optional below, too: nothing to sweep. */
static enum mgw_status layer_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                                   struct mgw_sweep_result *result)
{
    struct layer *layer = instance;
    return layer->lower->sweep ? layer->lower->sweep(call, layer->instance, older_than_ms, result)
                               : MGW_OK;
}

static enum mgw_status layer_health(struct mgw_call *call, void *instance)
{
    struct layer *layer = instance;
    return layer->lower->health(call, layer->instance);
}

/* Optional below, too. */
static enum mgw_status layer_free_bytes(struct mgw_call *call, void *instance, uint64_t *bytes)
{
    struct layer *layer = instance;
    return layer->lower->free_bytes ? layer->lower->free_bytes(call, layer->instance, bytes)
                                    : MGW_UNSUPPORTED;
}

/* Not passed on, and so not available through it: descriptor (the bytes would go past the filter),
 * copy, presign, plan and upload_*, advise. */
static const struct mgw_storage_driver storage = {
    .size = sizeof storage,
    .destroy = layer_destroy,
    .describe = layer_describe,
    .put_begin = layer_put_begin,
    .put_write = layer_put_write,
    .put_prepare = layer_put_prepare,
    .put_commit = layer_put_commit,
    .put_abort = layer_put_abort,
    .open = layer_open,
    .read = layer_read,
    .close = layer_close,
    .stat = layer_stat,
    .remove = layer_remove,
    .list = layer_list,
    .sweep = layer_sweep,
    .health = layer_health,
    .free_bytes = layer_free_bytes,
};

static const struct mgw_filter_driver driver = {
    .size = sizeof driver, .create = layer_create, .storage = &storage};

/* Keys of the filter in the gateway's config. The host parses, checks and documents them by a table
 * such as this one, which .config, .config_stride and .config_count below would name:
 *     static const struct mgw_config_key keys[] = {
 *         {.size = sizeof keys[0], .key = "most", .type = MGW_CONFIG_SIZE, .fallback = "64KiB",
 *          .help = "The most bytes that it looks at."},
 *     }; */
static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_FILTER,
    .name = "@NAME@",
    .version = "0.1.0",
    .description = "Passes everything on.",
    .thread_model = MGW_THREADS_PARALLEL,
    .table = &driver,
};

MGW_REGISTER(&plugin);
