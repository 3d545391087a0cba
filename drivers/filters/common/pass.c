/* SPDX-License-Identifier: Apache-2.0
 *
 * See pass.h. */
#include "drivers/filters/common/pass.h"

#include <stdlib.h>
#include <string.h>

void pass_init(struct pass *pass, const struct mgw_storage *lower)
{
    size_t size =
        lower->driver->size < sizeof pass->lower ? lower->driver->size : sizeof pass->lower;
    memset(pass, 0, sizeof *pass);
    memcpy(&pass->lower, lower->driver, size);
    pass->lower.size = size;
    pass->instance = lower->instance;
}

enum mgw_status pass_describe(struct mgw_call *call, void *instance,
                              struct mgw_storage_limits *limits)
{
    struct pass *pass = instance;
    enum mgw_status status = pass->lower.describe(call, pass->instance, limits);
    if (MGW_HAS(limits, layers)) {
        limits->layers = NULL;
    }
    return status;
}

static enum mgw_status handle_new(struct mgw_call *call, struct pass *pass,
                                  struct pass_handle **handle)
{
    *handle = malloc(sizeof **handle); /* calloc would pass by the allocator's own cache */
    if (!*handle) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    **handle = (struct pass_handle){.pass = pass};
    return MGW_OK;
}

enum mgw_status pass_put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                               const struct mgw_put *put, void **writer)
{
    struct pass *pass = instance;
    struct pass_handle *handle;
    enum mgw_status status = handle_new(call, pass, &handle);
    if (status == MGW_OK) {
        status = pass->lower.put_begin(call, pass->instance, blob, put, &handle->lower);
    }
    if (status != MGW_OK) {
        free(handle);
        return status;
    }
    *writer = handle;
    return MGW_OK;
}

enum mgw_status pass_put_write(struct mgw_call *call, void *writer, const void *bytes,
                               size_t length)
{
    struct pass_handle *handle = writer;
    return handle->pass->lower.put_write(call, handle->lower, bytes, length);
}

enum mgw_status pass_put_prepare(struct mgw_call *call, void *writer)
{
    struct pass_handle *handle = writer;
    return handle->pass->lower.put_prepare(call, handle->lower);
}

enum mgw_status pass_put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    struct pass_handle *handle = writer;
    enum mgw_status status = handle->pass->lower.put_commit(call, handle->lower, stat);
    if (status == MGW_OK) {
        free(handle);
    }
    return status;
}

void pass_put_abort(struct mgw_call *call, void *writer)
{
    struct pass_handle *handle = writer;
    handle->pass->lower.put_abort(call, handle->lower);
    free(handle);
}

enum mgw_status pass_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const char *if_etag, void **reader, struct mgw_stat *stat)
{
    struct pass *pass = instance;
    struct pass_handle *handle;
    enum mgw_status status = handle_new(call, pass, &handle);
    if (status == MGW_OK) {
        status = pass->lower.open(call, pass->instance, blob, if_etag, &handle->lower, stat);
    }
    if (status != MGW_OK) {
        free(handle);
        return status;
    }
    *reader = handle;
    return MGW_OK;
}

enum mgw_status pass_read(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                          size_t length, size_t *got)
{
    struct pass_handle *handle = reader;
    return handle->pass->lower.read(call, handle->lower, offset, buffer, length, got);
}

enum mgw_status pass_descriptor(struct mgw_call *call, void *reader, struct mgw_local_file *file)
{
    struct pass_handle *handle = reader;
    return handle->pass->lower.descriptor(call, handle->lower, file);
}

void pass_close(void *reader)
{
    struct pass_handle *handle = reader;
    handle->pass->lower.close(handle->lower);
    free(handle);
}

enum mgw_status pass_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          struct mgw_stat *stat)
{
    struct pass *pass = instance;
    return pass->lower.stat(call, pass->instance, blob, stat);
}

enum mgw_status pass_remove(struct mgw_call *call, void *instance, const struct mgw_blob *blob)
{
    struct pass *pass = instance;
    return pass->lower.remove(call, pass->instance, blob);
}

enum mgw_status pass_list(struct mgw_call *call, void *instance, const char *bucket,
                          const char *prefix, const char *cursor, uint32_t limit,
                          mgw_list_emit *emit, void *ctx)
{
    struct pass *pass = instance;
    return pass->lower.list(call, pass->instance, bucket, prefix, cursor, limit, emit, ctx);
}

enum mgw_status pass_copy(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                          const struct mgw_blob *to, struct mgw_stat *stat)
{
    struct pass *pass = instance;
    return pass->lower.copy(call, pass->instance, from, to, stat);
}

enum mgw_status pass_presign(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                             const struct mgw_presign *presign, struct mgw_presigned *presigned)
{
    struct pass *pass = instance;
    return pass->lower.presign(call, pass->instance, blob, presign, presigned);
}

enum mgw_status pass_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                          struct mgw_upload_plan *plan)
{
    struct pass *pass = instance;
    return pass->lower.plan(call, pass->instance, put, plan);
}

enum mgw_status pass_upload_create(struct mgw_call *call, void *instance,
                                   const struct mgw_blob *blob, const struct mgw_put *put,
                                   struct mgw_opaque *state)
{
    struct pass *pass = instance;
    return pass->lower.upload_create(call, pass->instance, blob, put, state);
}

enum mgw_status pass_upload_part(struct mgw_call *call, void *instance,
                                 const struct mgw_opaque *state, const struct mgw_part *part,
                                 const struct mgw_source *source, uint64_t fence,
                                 struct mgw_opaque *receipt)
{
    struct pass *pass = instance;
    return pass->lower.upload_part(call, pass->instance, state, part, source, fence, receipt);
}

enum mgw_status pass_upload_complete(struct mgw_call *call, void *instance,
                                     const struct mgw_opaque *state, const struct mgw_part *parts,
                                     size_t count, size_t stride, uint64_t fence,
                                     struct mgw_stat *stat)
{
    struct pass *pass = instance;
    return pass->lower.upload_complete(call, pass->instance, state, parts, count, stride, fence,
                                       stat);
}

enum mgw_status pass_upload_abort(struct mgw_call *call, void *instance,
                                  const struct mgw_opaque *state, uint64_t fence)
{
    struct pass *pass = instance;
    return pass->lower.upload_abort(call, pass->instance, state, fence);
}

enum mgw_status pass_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                           struct mgw_sweep_result *result)
{
    struct pass *pass = instance;
    return pass->lower.sweep(call, pass->instance, older_than_ms, result);
}

enum mgw_status pass_health(struct mgw_call *call, void *instance)
{
    struct pass *pass = instance;
    return pass->lower.health(call, pass->instance);
}

enum mgw_status pass_free_bytes(struct mgw_call *call, void *instance, uint64_t *bytes)
{
    struct pass *pass = instance;
    return pass->lower.free_bytes(call, pass->instance, bytes);
}

void pass_advise(struct mgw_call *call, void *reader, uint64_t offset, uint64_t length)
{
    struct pass_handle *handle = reader;
    if (handle->pass->lower.advise) {
        handle->pass->lower.advise(call, handle->lower, offset, length);
    }
}
