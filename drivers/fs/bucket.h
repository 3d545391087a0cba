/* SPDX-License-Identifier: Apache-2.0
 *
 * Buckets and their 256 shards. A bucket appears whole and synced, so that a later put has one
 * directory to sync. Any thread, any process. */
#ifndef FS_BUCKET_H
#define FS_BUCKET_H

#include "name.h"

/* Opens NAME's shard. Where the bucket is not there: made (MAKE), or MGW_NOT_FOUND. */
enum mgw_status bucket_shard(struct mgw_call *call, const struct fs *fs, const struct name *name,
                             bool make, int *shard);

#endif
