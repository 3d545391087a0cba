/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists: storage.h's list over ListObjectsV2, by start-after, so that each entry's key is a cursor
 * of its own. Any thread. */
#ifndef S3_LIST_H
#define S3_LIST_H

#include "s3.h"

enum mgw_status list_page(struct mgw_call *call, void *instance, const char *bucket,
                          const char *prefix, const char *cursor, uint32_t limit,
                          mgw_list_emit *emit, void *ctx);

/* One object of S3's bucket BUCKET; NAME is whole. False ends the walk. */
struct list_object {
    const char *name, *etag;
    uint64_t bytes;
    int64_t modified_ms;
};
typedef bool list_emit(void *ctx, const struct list_object *object);
/* All whose name begins with PREFIX, behind AFTER (""), at most LIMIT; a missing bucket is empty.
 */
enum mgw_status list_objects(struct mgw_call *call, struct s3 *s3, const char *bucket,
                             const char *prefix, const char *after, uint32_t limit, list_emit *emit,
                             void *ctx);
/* The service's buckets. */
typedef bool list_bucket_emit(void *ctx, const char *bucket);
enum mgw_status list_buckets(struct mgw_call *call, struct s3 *s3, list_bucket_emit *emit,
                             void *ctx);

#endif
