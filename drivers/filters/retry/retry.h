/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter "retry": its instance, which never changes once it is made, and what its files show
 * each other. */
#ifndef RETRY_H
#define RETRY_H

#include "drivers/filters/common/pass.h"

struct retry {
    struct pass pass; /* first */
    const struct mgw_host *host;
    int64_t deadline_ms; /* no attempt begins later than this after the first */
    int64_t attempt_ms;  /* of one attempt; 0: as long as the call */
    int64_t first_delay_ms, max_delay_ms;
    int64_t attempts;      /* 0: any number */
    uint64_t replay_bytes; /* of one put, kept for another attempt */
    char *spool_dir;
};

enum mgw_status retry_no_memory(struct mgw_call *call);

/* put.c */
enum mgw_status retry_put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                const struct mgw_put *put, void **writer);
enum mgw_status retry_put_write(struct mgw_call *call, void *writer, const void *bytes,
                                size_t length);
enum mgw_status retry_put_prepare(struct mgw_call *call, void *writer);
enum mgw_status retry_put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat);
void retry_put_abort(struct mgw_call *call, void *writer);

/* read.c */
enum mgw_status retry_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                           const char *if_etag, void **reader, struct mgw_stat *stat);
enum mgw_status retry_read(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                           size_t length, size_t *got);
enum mgw_status retry_descriptor(struct mgw_call *call, void *reader, struct mgw_local_file *file);
void retry_advise(struct mgw_call *call, void *reader, uint64_t offset, uint64_t length);
void retry_close(void *reader);

/* verbs.c */
enum mgw_status retry_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                           struct mgw_stat *stat);
enum mgw_status retry_remove(struct mgw_call *call, void *instance, const struct mgw_blob *blob);
enum mgw_status retry_list(struct mgw_call *call, void *instance, const char *bucket,
                           const char *prefix, const char *cursor, uint32_t limit,
                           mgw_list_emit *emit, void *ctx);
enum mgw_status retry_copy(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                           const struct mgw_blob *to, struct mgw_stat *stat);
enum mgw_status retry_presign(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                              const struct mgw_presign *presign, struct mgw_presigned *presigned);
enum mgw_status retry_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                           struct mgw_upload_plan *plan);
enum mgw_status retry_upload_create(struct mgw_call *call, void *instance,
                                    const struct mgw_blob *blob, const struct mgw_put *put,
                                    struct mgw_opaque *state);
enum mgw_status retry_upload_part(struct mgw_call *call, void *instance,
                                  const struct mgw_opaque *state, const struct mgw_part *part,
                                  const struct mgw_source *source, uint64_t fence,
                                  struct mgw_opaque *receipt);
enum mgw_status retry_upload_complete(struct mgw_call *call, void *instance,
                                      const struct mgw_opaque *state, const struct mgw_part *parts,
                                      size_t count, size_t stride, uint64_t fence,
                                      struct mgw_stat *stat);
enum mgw_status retry_upload_abort(struct mgw_call *call, void *instance,
                                   const struct mgw_opaque *state, uint64_t fence);

#endif
