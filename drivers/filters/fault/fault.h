/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter "fault": its instance, and what its files show each other. */
#ifndef FAULT_H
#define FAULT_H

#include "drivers/filters/common/pass.h"
#include "rule.h"

struct fault {
    struct pass pass; /* first */
    const struct mgw_host *host;
    uint64_t seed;
    size_t count;
    struct rule *rules;
};

enum mgw_status fault_no_memory(struct mgw_call *call);

/* put.c */
enum mgw_status fault_put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                const struct mgw_put *put, void **writer);
enum mgw_status fault_put_write(struct mgw_call *call, void *writer, const void *bytes,
                                size_t length);
enum mgw_status fault_put_prepare(struct mgw_call *call, void *writer);
enum mgw_status fault_put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat);
void fault_put_abort(struct mgw_call *call, void *writer);

/* read.c */
enum mgw_status fault_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                           const char *if_etag, void **reader, struct mgw_stat *stat);
enum mgw_status fault_read(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                           size_t length, size_t *got);
enum mgw_status fault_descriptor(struct mgw_call *call, void *reader, struct mgw_local_file *file);

/* list.c */
enum mgw_status fault_list(struct mgw_call *call, void *instance, const char *bucket,
                           const char *prefix, const char *cursor, uint32_t limit,
                           mgw_list_emit *emit, void *ctx);

/* verbs.c */
enum mgw_status fault_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                           struct mgw_stat *stat);
enum mgw_status fault_remove(struct mgw_call *call, void *instance, const struct mgw_blob *blob);
enum mgw_status fault_copy(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                           const struct mgw_blob *to, struct mgw_stat *stat);
enum mgw_status fault_presign(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                              const struct mgw_presign *presign, struct mgw_presigned *presigned);
enum mgw_status fault_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                           struct mgw_upload_plan *plan);
enum mgw_status fault_upload_create(struct mgw_call *call, void *instance,
                                    const struct mgw_blob *blob, const struct mgw_put *put,
                                    struct mgw_opaque *state);
enum mgw_status fault_upload_part(struct mgw_call *call, void *instance,
                                  const struct mgw_opaque *state, const struct mgw_part *part,
                                  const struct mgw_source *source, uint64_t fence,
                                  struct mgw_opaque *receipt);
enum mgw_status fault_upload_complete(struct mgw_call *call, void *instance,
                                      const struct mgw_opaque *state, const struct mgw_part *parts,
                                      size_t count, size_t stride, uint64_t fence,
                                      struct mgw_stat *stat);
enum mgw_status fault_upload_abort(struct mgw_call *call, void *instance,
                                   const struct mgw_opaque *state, uint64_t fence);
enum mgw_status fault_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                            struct mgw_sweep_result *result);
enum mgw_status fault_health(struct mgw_call *call, void *instance);
enum mgw_status fault_free_bytes(struct mgw_call *call, void *instance, uint64_t *bytes);

#endif
