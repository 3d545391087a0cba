/* SPDX-License-Identifier: Apache-2.0
 *
 * A filter that only passes on: it proves the kind, and shows what a filter is. Every callback is
 * passed on by name; what storage.h will get later is not, and so is not available through it.
 * Any thread. */
#include <mediagw/storage.h>

#include <stdlib.h>
#include <string.h>

struct pass {
    const struct mgw_storage_driver *lower;
    void *instance;
};
/* A writer or reader of the layer below. */
struct handle {
    const struct pass *pass;
    void *lower;
};

static enum mgw_status pass_create(struct mgw_call *call, const struct mgw_config *config,
                                   const struct mgw_host *host, const struct mgw_storage *lower,
                                   void **instance)
{
    const struct mgw_config_value *refuse = mgw_config_get(config, "refuse");
    (void)host;
    if (refuse) {
        return mgw_fail(call, MGW_INVALID, "refused, as its config asks: %s", refuse->text);
    }
    struct pass *pass = calloc(1, sizeof *pass);
    if (!pass) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    pass->lower = lower->driver;
    pass->instance = lower->instance;
    *instance = pass;
    return MGW_OK;
}

static void pass_destroy(void *instance)
{
    free(instance);
}

static enum mgw_status pass_describe(struct mgw_call *call, void *instance,
                                     struct mgw_storage_limits *limits)
{
    struct pass *pass = instance;
    return pass->lower->describe(call, pass->instance, limits);
}

static enum mgw_status handle_new(struct mgw_call *call, struct pass *pass, struct handle **handle)
{
    *handle = calloc(1, sizeof **handle);
    if (!*handle) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    (*handle)->pass = pass;
    return MGW_OK;
}

static enum mgw_status pass_put_begin(struct mgw_call *call, void *instance,
                                      const struct mgw_blob *blob, const struct mgw_put *put,
                                      void **writer)
{
    struct pass *pass = instance;
    struct handle *handle;
    enum mgw_status status = handle_new(call, pass, &handle);
    if (status == MGW_OK) {
        status = pass->lower->put_begin(call, pass->instance, blob, put, &handle->lower);
    }
    if (status != MGW_OK) {
        free(handle);
        return status;
    }
    *writer = handle;
    return MGW_OK;
}

static enum mgw_status pass_put_write(struct mgw_call *call, void *writer, const void *bytes,
                                      size_t length)
{
    struct handle *handle = writer;
    return handle->pass->lower->put_write(call, handle->lower, bytes, length);
}

static enum mgw_status pass_put_prepare(struct mgw_call *call, void *writer)
{
    struct handle *handle = writer;
    return handle->pass->lower->put_prepare(call, handle->lower);
}

static enum mgw_status pass_put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    struct handle *handle = writer;
    enum mgw_status status = handle->pass->lower->put_commit(call, handle->lower, stat);
    if (status == MGW_OK) {
        free(handle);
    }
    return status;
}

static void pass_put_abort(struct mgw_call *call, void *writer)
{
    struct handle *handle = writer;
    handle->pass->lower->put_abort(call, handle->lower);
    free(handle);
}

static enum mgw_status pass_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                 const char *if_etag, void **reader, struct mgw_stat *stat)
{
    struct pass *pass = instance;
    struct handle *handle;
    enum mgw_status status = handle_new(call, pass, &handle);
    if (status == MGW_OK) {
        status = pass->lower->open(call, pass->instance, blob, if_etag, &handle->lower, stat);
    }
    if (status != MGW_OK) {
        free(handle);
        return status;
    }
    *reader = handle;
    return MGW_OK;
}

static enum mgw_status pass_read(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                                 size_t length, size_t *got)
{
    struct handle *handle = reader;
    return handle->pass->lower->read(call, handle->lower, offset, buffer, length, got);
}

static enum mgw_status pass_descriptor(struct mgw_call *call, void *reader,
                                       struct mgw_local_file *file)
{
    struct handle *handle = reader;
    return handle->pass->lower->descriptor(call, handle->lower, file);
}

static void pass_close(void *reader)
{
    struct handle *handle = reader;
    handle->pass->lower->close(handle->lower);
    free(handle);
}

static enum mgw_status pass_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                 struct mgw_stat *stat)
{
    struct pass *pass = instance;
    return pass->lower->stat(call, pass->instance, blob, stat);
}

static enum mgw_status pass_remove(struct mgw_call *call, void *instance,
                                   const struct mgw_blob *blob)
{
    struct pass *pass = instance;
    return pass->lower->remove(call, pass->instance, blob);
}

static enum mgw_status pass_list(struct mgw_call *call, void *instance, const char *bucket,
                                 const char *prefix, const char *cursor, uint32_t limit,
                                 mgw_list_emit *emit, void *ctx)
{
    struct pass *pass = instance;
    return pass->lower->list(call, pass->instance, bucket, prefix, cursor, limit, emit, ctx);
}

static enum mgw_status pass_copy(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                                 const struct mgw_blob *to, struct mgw_stat *stat)
{
    struct pass *pass = instance;
    return pass->lower->copy(call, pass->instance, from, to, stat);
}

static enum mgw_status pass_presign(struct mgw_call *call, void *instance,
                                    const struct mgw_blob *blob, const struct mgw_presign *presign,
                                    struct mgw_presigned *presigned)
{
    struct pass *pass = instance;
    return pass->lower->presign(call, pass->instance, blob, presign, presigned);
}

static enum mgw_status pass_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                                 struct mgw_upload_plan *plan)
{
    struct pass *pass = instance;
    return pass->lower->plan(call, pass->instance, put, plan);
}

static enum mgw_status pass_upload_create(struct mgw_call *call, void *instance,
                                          const struct mgw_blob *blob, const struct mgw_put *put,
                                          struct mgw_opaque *state)
{
    struct pass *pass = instance;
    return pass->lower->upload_create(call, pass->instance, blob, put, state);
}

static enum mgw_status pass_upload_part(struct mgw_call *call, void *instance,
                                        const struct mgw_opaque *state, const struct mgw_part *part,
                                        const struct mgw_source *source, uint64_t fence,
                                        struct mgw_opaque *receipt)
{
    struct pass *pass = instance;
    return pass->lower->upload_part(call, pass->instance, state, part, source, fence, receipt);
}

static enum mgw_status pass_upload_complete(struct mgw_call *call, void *instance,
                                            const struct mgw_opaque *state,
                                            const struct mgw_part *parts, size_t count,
                                            size_t stride, uint64_t fence, struct mgw_stat *stat)
{
    struct pass *pass = instance;
    return pass->lower->upload_complete(call, pass->instance, state, parts, count, stride, fence,
                                        stat);
}

static enum mgw_status pass_upload_abort(struct mgw_call *call, void *instance,
                                         const struct mgw_opaque *state, uint64_t fence)
{
    struct pass *pass = instance;
    return pass->lower->upload_abort(call, pass->instance, state, fence);
}

static enum mgw_status pass_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                                  struct mgw_sweep_result *result)
{
    struct pass *pass = instance;
    return pass->lower->sweep(call, pass->instance, older_than_ms, result);
}

static enum mgw_status pass_health(struct mgw_call *call, void *instance)
{
    struct pass *pass = instance;
    return pass->lower->health(call, pass->instance);
}

static enum mgw_status pass_free_bytes(struct mgw_call *call, void *instance, uint64_t *bytes)
{
    struct pass *pass = instance;
    return pass->lower->free_bytes(call, pass->instance, bytes);
}

static const struct mgw_storage_driver storage = {
    .size = sizeof storage,
    .destroy = pass_destroy,
    .describe = pass_describe,
    .put_begin = pass_put_begin,
    .put_write = pass_put_write,
    .put_prepare = pass_put_prepare,
    .put_commit = pass_put_commit,
    .put_abort = pass_put_abort,
    .open = pass_open,
    .read = pass_read,
    .descriptor = pass_descriptor,
    .close = pass_close,
    .stat = pass_stat,
    .remove = pass_remove,
    .list = pass_list,
    .copy = pass_copy,
    .presign = pass_presign,
    .plan = pass_plan,
    .upload_create = pass_upload_create,
    .upload_part = pass_upload_part,
    .upload_complete = pass_upload_complete,
    .upload_abort = pass_upload_abort,
    .sweep = pass_sweep,
    .health = pass_health,
    .free_bytes = pass_free_bytes,
};

static const struct mgw_filter_driver table = {
    .size = sizeof table, .create = pass_create, .storage = &storage};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "refuse",
     .type = MGW_CONFIG_STRING,
     .help = "The filter refuses to be made, with this text."},
    {.size = sizeof keys[0],
     .key = "second",
     .type = MGW_CONFIG_STORAGE,
     .help = "Another storage, which it leaves alone."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_FILTER,
    .name = "passfilter",
    .version = "1",
    .description = "Passes everything on, for tests.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
