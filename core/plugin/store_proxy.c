/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_as_storage in store.h: the table that a filter gets as its lower layer. It leads back
 * through the store's own functions, so that a filter's calls are checked like the host's, and what
 * the layer below cannot do shows as MGW_UNSUPPORTED and as a capability that is not there. */
#include "core/plugin/store_inside.h"

static void proxy_destroy(void *instance)
{
    (void)instance; /* the host ends the layers itself, from the top */
}

static enum mgw_status proxy_describe(struct mgw_call *call, void *instance,
                                      struct mgw_storage_limits *limits)
{
    struct store *store = instance;
    call_clear(call);
    struct_give(limits, &store->limits, sizeof store->limits);
    return MGW_OK;
}

static enum mgw_status proxy_put_begin(struct mgw_call *call, void *instance,
                                       const struct mgw_blob *blob, const struct mgw_put *put,
                                       void **writer)
{
    struct store_writer *made = NULL;
    enum mgw_status status = store_put_begin(instance, call, blob, put, &made);
    *writer = made;
    return status;
}

static enum mgw_status proxy_put_write(struct mgw_call *call, void *writer, const void *bytes,
                                       size_t length)
{
    return store_put_write(writer, call, bytes, length);
}

static enum mgw_status proxy_put_prepare(struct mgw_call *call, void *writer)
{
    return store_put_prepare(writer, call);
}

static enum mgw_status proxy_put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    return store_put_commit(writer, call, stat);
}

static void proxy_put_abort(struct mgw_call *call, void *writer)
{
    store_put_abort(writer, call);
}

static enum mgw_status proxy_open(struct mgw_call *call, void *instance,
                                  const struct mgw_blob *blob, const char *if_etag, void **reader,
                                  struct mgw_stat *stat)
{
    struct store_reader *made = NULL;
    enum mgw_status status = store_open(instance, call, blob, if_etag, &made, stat);
    *reader = made;
    return status;
}

static enum mgw_status proxy_read(struct mgw_call *call, void *reader, uint64_t offset,
                                  void *buffer, size_t length, size_t *got)
{
    return store_read(reader, call, offset, buffer, length, got);
}

static enum mgw_status proxy_descriptor(struct mgw_call *call, void *reader,
                                        struct mgw_local_file *file)
{
    return store_descriptor(reader, call, file);
}

static void proxy_advise(struct mgw_call *call, void *reader, uint64_t offset, uint64_t length)
{
    store_advise(reader, call, offset, length);
}

static void proxy_close(void *reader)
{
    store_close(reader);
}

static enum mgw_status proxy_stat(struct mgw_call *call, void *instance,
                                  const struct mgw_blob *blob, struct mgw_stat *stat)
{
    return store_stat(instance, call, blob, stat);
}

static enum mgw_status proxy_remove(struct mgw_call *call, void *instance,
                                    const struct mgw_blob *blob)
{
    return store_remove(instance, call, blob);
}

static enum mgw_status proxy_list(struct mgw_call *call, void *instance, const char *bucket,
                                  const char *prefix, const char *cursor, uint32_t limit,
                                  mgw_list_emit *emit, void *ctx)
{
    return store_list(instance, call, bucket, prefix, cursor, limit, emit, ctx);
}

static enum mgw_status proxy_copy(struct mgw_call *call, void *instance,
                                  const struct mgw_blob *from, const struct mgw_blob *to,
                                  struct mgw_stat *stat)
{
    return store_copy(instance, call, from, to, stat);
}

static enum mgw_status proxy_presign(struct mgw_call *call, void *instance,
                                     const struct mgw_blob *blob, const struct mgw_presign *presign,
                                     struct mgw_presigned *presigned)
{
    return store_presign(instance, call, blob, presign, presigned);
}

static enum mgw_status proxy_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                                  struct mgw_upload_plan *plan)
{
    return store_plan(instance, call, put, plan);
}

static enum mgw_status proxy_upload_create(struct mgw_call *call, void *instance,
                                           const struct mgw_blob *blob, const struct mgw_put *put,
                                           struct mgw_opaque *state)
{
    return store_upload_create(instance, call, blob, put, state);
}

static enum mgw_status proxy_upload_part(struct mgw_call *call, void *instance,
                                         const struct mgw_opaque *state,
                                         const struct mgw_part *part,
                                         const struct mgw_source *source, uint64_t fence,
                                         struct mgw_opaque *receipt)
{
    return store_upload_part(instance, call, state, part, source, fence, receipt);
}

static enum mgw_status proxy_upload_complete(struct mgw_call *call, void *instance,
                                             const struct mgw_opaque *state,
                                             const struct mgw_part *parts, size_t count,
                                             size_t stride, uint64_t fence, struct mgw_stat *stat)
{
    return store_upload_complete(instance, call, state, parts, count, stride, fence, stat);
}

static enum mgw_status proxy_upload_abort(struct mgw_call *call, void *instance,
                                          const struct mgw_opaque *state, uint64_t fence)
{
    return store_upload_abort(instance, call, state, fence);
}

static enum mgw_status proxy_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                                   struct mgw_sweep_result *result)
{
    return store_sweep(instance, call, older_than_ms, result);
}

static enum mgw_status proxy_health(struct mgw_call *call, void *instance)
{
    return store_health(instance, call);
}

static enum mgw_status proxy_free_bytes(struct mgw_call *call, void *instance, uint64_t *bytes)
{
    return store_free_bytes(instance, call, bytes);
}

static const struct mgw_storage_driver proxy = {
    .size = sizeof proxy,
    .destroy = proxy_destroy,
    .describe = proxy_describe,
    .put_begin = proxy_put_begin,
    .put_write = proxy_put_write,
    .put_prepare = proxy_put_prepare,
    .put_commit = proxy_put_commit,
    .put_abort = proxy_put_abort,
    .open = proxy_open,
    .read = proxy_read,
    .descriptor = proxy_descriptor,
    .close = proxy_close,
    .stat = proxy_stat,
    .remove = proxy_remove,
    .list = proxy_list,
    .copy = proxy_copy,
    .presign = proxy_presign,
    .plan = proxy_plan,
    .upload_create = proxy_upload_create,
    .upload_part = proxy_upload_part,
    .upload_complete = proxy_upload_complete,
    .upload_abort = proxy_upload_abort,
    .sweep = proxy_sweep,
    .health = proxy_health,
    .free_bytes = proxy_free_bytes,
    .advise = proxy_advise,
};

struct mgw_storage store_as_storage(struct store *store)
{
    return (struct mgw_storage){
        .size = sizeof(struct mgw_storage), .driver = &proxy, .instance = store};
}
