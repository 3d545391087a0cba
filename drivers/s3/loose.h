/* SPDX-License-Identifier: Apache-2.0
 *
 * Resumable uploads on a store that completes a multipart upload only out of all the parts that it
 * was ever sent (Ceph RGW): what a paused owner sent late, or a part whose answer was lost, would
 * spoil it. There each part is an object of its own, PREFIX .mediagw/parts/ID/NUMBER, and
 * completing copies them, inside the store, into the upload. Any thread. */
#ifndef S3_LOOSE_H
#define S3_LOOSE_H

#include "multipart.h"
#include "note.h"

/* Asks the store, once an instance, whether it is of that kind. */
enum mgw_status loose_wanted(struct mgw_call *call, struct s3 *s3, const char *bucket,
                             bool *wanted);
/* The object of part NUMBER (S3's own, with its slot) of upload ID. */
enum mgw_status loose_object(struct mgw_call *call, const struct s3 *s3, const char *bucket,
                             const char *id, uint32_t number, struct object *object);
/* Sends a sealed spool as that part; its etag is answered. */
enum mgw_status loose_send(struct mgw_call *call, struct s3 *s3, const char *bucket, const char *id,
                           const struct spool *spool, struct multipart_part *part);
/* What lies there as the part: length and etag; MGW_NOT_FOUND. */
enum mgw_status loose_look(struct mgw_call *call, struct s3 *s3, const char *bucket, const char *id,
                           struct multipart_part *part);
/* Copies COUNT parts into the upload, numbered from 1; PARTS become the upload's own. */
enum mgw_status loose_gather(struct mgw_call *call, struct s3 *s3, const struct object *object,
                             const char *upload_id, const char *id, struct multipart_part *parts,
                             size_t count);
/* Removes all parts of ID. */
enum mgw_status loose_remove(struct mgw_call *call, struct s3 *s3, const char *bucket,
                             const char *id);

#endif
