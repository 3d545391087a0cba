/* SPDX-License-Identifier: Apache-2.0
 *
 * What filters share: a layer below, and for each callback one that does nothing but pass it on. A
 * filter names in its table those that it takes; the rest is not available through it. Its instance
 * begins with a struct pass, and a handle of its own that it lets these read with a struct
 * pass_handle. Compiled into each filter; uses public headers only. Any thread. */
#ifndef FILTERS_COMMON_PASS_H
#define FILTERS_COMMON_PASS_H

#include <mediagw/storage.h>

struct pass {
    struct mgw_storage_driver lower; /* zero where the host's table ends earlier */
    void *instance;
};
/* A writer or reader of the layer below. */
struct pass_handle {
    struct pass *pass;
    void *lower;
};

/* LOWER is what the filter's create() was given. */
void pass_init(struct pass *pass, const struct mgw_storage *lower);
enum mgw_status pass_describe(struct mgw_call *call, void *instance,
                              struct mgw_storage_limits *limits);
enum mgw_status pass_put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                               const struct mgw_put *put, void **writer);
enum mgw_status pass_put_write(struct mgw_call *call, void *writer, const void *bytes,
                               size_t length);
enum mgw_status pass_put_prepare(struct mgw_call *call, void *writer);
enum mgw_status pass_put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat);
void pass_put_abort(struct mgw_call *call, void *writer);
enum mgw_status pass_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const char *if_etag, void **reader, struct mgw_stat *stat);
enum mgw_status pass_read(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                          size_t length, size_t *got);
enum mgw_status pass_descriptor(struct mgw_call *call, void *reader, struct mgw_local_file *file);
void pass_close(void *reader);
enum mgw_status pass_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          struct mgw_stat *stat);
enum mgw_status pass_remove(struct mgw_call *call, void *instance, const struct mgw_blob *blob);
enum mgw_status pass_list(struct mgw_call *call, void *instance, const char *bucket,
                          const char *prefix, const char *cursor, uint32_t limit,
                          mgw_list_emit *emit, void *ctx);
enum mgw_status pass_copy(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                          const struct mgw_blob *to, struct mgw_stat *stat);
enum mgw_status pass_presign(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                             const struct mgw_presign *presign, struct mgw_presigned *presigned);
enum mgw_status pass_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                          struct mgw_upload_plan *plan);
enum mgw_status pass_upload_create(struct mgw_call *call, void *instance,
                                   const struct mgw_blob *blob, const struct mgw_put *put,
                                   struct mgw_opaque *state);
enum mgw_status pass_upload_part(struct mgw_call *call, void *instance,
                                 const struct mgw_opaque *state, const struct mgw_part *part,
                                 const struct mgw_source *source, uint64_t fence,
                                 struct mgw_opaque *receipt);
enum mgw_status pass_upload_complete(struct mgw_call *call, void *instance,
                                     const struct mgw_opaque *state, const struct mgw_part *parts,
                                     size_t count, size_t stride, uint64_t fence,
                                     struct mgw_stat *stat);
enum mgw_status pass_upload_abort(struct mgw_call *call, void *instance,
                                  const struct mgw_opaque *state, uint64_t fence);
enum mgw_status pass_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                           struct mgw_sweep_result *result);
enum mgw_status pass_health(struct mgw_call *call, void *instance);
enum mgw_status pass_free_bytes(struct mgw_call *call, void *instance, uint64_t *bytes);
void pass_advise(struct mgw_call *call, void *reader, uint64_t offset, uint64_t length);

#endif
