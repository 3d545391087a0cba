/* SPDX-License-Identifier: Apache-2.0
 *
 * The requests of a multipart upload (S3 API: CreateMultipartUpload, UploadPart, UploadPartCopy,
 * ListParts, ListMultipartUploads, CompleteMultipartUpload, AbortMultipartUpload). Any thread. */
#ifndef S3_MULTIPART_H
#define S3_MULTIPART_H

#include "request.h"
#include "spool.h"

struct multipart_part {
    uint32_t number; /* S3's own */
    uint64_t length;
    char etag[65];
};

/* UPLOAD_ID in the call's memory. NONCE says later whose upload made the object. *RETRIED: there
 * may be a second upload, made by an attempt whose answer was lost. */
enum mgw_status multipart_create(struct mgw_call *call, struct s3 *s3, const struct object *object,
                                 const char *content_type, const char *const *metadata,
                                 const char *nonce, const char **upload_id, bool *retried);
/* PART->number and length are given; its etag is answered. */
enum mgw_status multipart_send(struct mgw_call *call, struct s3 *s3, const struct object *object,
                               const char *upload_id, const struct spool *spool,
                               struct multipart_part *part);
/* The part is bytes FIRST.. of another object, of the version ETAG. */
enum mgw_status multipart_copy(struct mgw_call *call, struct s3 *s3, const struct object *object,
                               const char *upload_id, const struct object *from, const char *etag,
                               uint64_t first, struct multipart_part *part);
/* Publishes. Answered: what HEAD says afterwards. Repeated: the same. MGW_EXISTS with IF_ABSENT;
 * MGW_INVALID for parts that are not there; MGW_NOT_FOUND where neither the upload nor its object
 * is. */
enum mgw_status multipart_complete(struct mgw_call *call, struct s3 *s3,
                                   const struct object *object, const char *upload_id,
                                   const struct multipart_part *parts, size_t count, bool if_absent,
                                   const char *nonce, struct mgw_stat *stat);
/* MGW_OK also where it is gone. */
enum mgw_status multipart_abort(struct mgw_call *call, struct s3 *s3, const struct object *object,
                                const char *upload_id);
/* Each part that the upload has, in S3's order; false ends the walk. */
typedef bool multipart_emit(void *ctx, const struct multipart_part *part);
enum mgw_status multipart_list(struct mgw_call *call, struct s3 *s3, const struct object *object,
                               const char *upload_id, multipart_emit *emit, void *ctx);
/* Aborts the uploads of exactly this object that began before BEFORE_MS, but those that SPARED
 * answers true for; how many. A failure of SPARED ends the walk. */
typedef enum mgw_status multipart_spared(void *ctx, const char *upload_id, bool *spared);
enum mgw_status multipart_abort_all(struct mgw_call *call, struct s3 *s3,
                                    const struct object *object, int64_t before_ms,
                                    multipart_spared *spared, void *ctx, uint64_t *aborted);
/* Bytes of a part, at LEAST, so that PARTS of them hold LENGTH (0: unknown) bytes. */
uint64_t multipart_part_bytes(uint64_t least, uint64_t length, uint32_t parts);

#endif
