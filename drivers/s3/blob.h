/* SPDX-License-Identifier: Apache-2.0
 *
 * The verbs on a whole blob: stat, remove, copy, and what others need of them. Any thread. */
#ifndef S3_BLOB_H
#define S3_BLOB_H

#include "request.h"

/* HEAD. IF_ETAG, unless NULL: MGW_CONFLICT where the etag differs. NONCE, unless NULL: the
 * object's, or "", in 33 bytes. */
enum mgw_status blob_head(struct mgw_call *call, struct s3 *s3, const struct object *object,
                          const char *if_etag, struct mgw_stat *stat, char *nonce);
/* Whether the object is the one that NONCE's put made; then STAT is its. MGW_CONFLICT: another. */
enum mgw_status blob_is_ours(struct mgw_call *call, struct s3 *s3, const struct object *object,
                             const char *nonce, struct mgw_stat *stat);
/* The stat of a put that was published, where blob_is_ours answered SEEN: replaced by a later one
 * already, or nobody can say. ETAG is the header of its answer, "" where there was none. */
enum mgw_status blob_was_ours(struct mgw_call *call, const struct s3 *s3, enum mgw_status seen,
                              const char *etag, const char *nonce, uint64_t bytes,
                              struct mgw_stat *stat);
/* SEEN as the outcome of a put that may be published. */
enum mgw_status blob_unknown(enum mgw_status seen);
/* Any object, also the store's own. MGW_OK where there is none. */
enum mgw_status blob_delete(struct mgw_call *call, struct s3 *s3, const struct object *object);
/* After a failed request: where its bucket is missing and may be made, makes it and answers true:
 * the request is worth another try. Else the failure's text stays. */
bool blob_made_bucket(struct mgw_call *call, struct s3 *s3, const struct request *request);
/* CreateBucket; MGW_OK where it is ours already. */
enum mgw_status blob_create_bucket(struct mgw_call *call, struct s3 *s3, const char *bucket);

enum mgw_status blob_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          struct mgw_stat *stat);
enum mgw_status blob_remove(struct mgw_call *call, void *instance, const struct mgw_blob *blob);
enum mgw_status blob_copy(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                          const struct mgw_blob *to, struct mgw_stat *stat);

#endif
