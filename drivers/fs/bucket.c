/* SPDX-License-Identifier: Apache-2.0
 *
 * A bucket is made under a temporary name, synced, and renamed into place; who comes second finds
 * the first one's there and drops its own. */
#include "bucket.h"

#include "beneath.h"
#include "temp.h"

#include <errno.h>
#include <fcntl.h>

static bool fill(int stage)
{
    for (unsigned i = 0; i < 256; i++) {
        char shard[3];
        snprintf(shard, sizeof shard, "%02x", i);
        if (mkdirat(stage, shard, 0700) != 0) {
            return false;
        }
    }
    return syncfs(stage) == 0; /* once a bucket: cheaper than 257 fsyncs */
}

static enum mgw_status make_bucket(struct mgw_call *call, const struct fs *fs, const char *bucket)
{
    char stage_name[TEMP_NAME_SIZE];
    uint64_t bytes = 0;
    AUTO_CLOSE int buckets = beneath_open(fs, fs->root, "buckets", O_RDONLY | O_DIRECTORY);
    AUTO_CLOSE int stage = buckets < 0 ? -1 : temp_dir(fs, stage_name);
    if (stage < 0) {
        return fs_fail(call, fs, errno, "making the bucket", "buckets/%s", bucket);
    }
    bool ok = fill(stage) && (renameat(fs->tmp, stage_name, buckets, bucket) == 0 ||
                              errno == EEXIST || errno == ENOTEMPTY);
    int error = errno;
    temp_remove_tree(fs, fs->tmp, stage_name, 2, &bytes);
    if (ok && fsync(buckets) != 0) {
        error = errno;
        ok = false;
    }
    return ok ? MGW_OK : fs_fail(call, fs, error, "making the bucket", "buckets/%s", bucket);
}

enum mgw_status bucket_shard(struct mgw_call *call, const struct fs *fs, const struct name *name,
                             bool make, int *shard)
{
    *shard = beneath_open(fs, fs->root, name->shard, O_RDONLY | O_DIRECTORY);
    if (*shard < 0 && errno == ENOENT) {
        enum mgw_status status = fs_check(call, fs);
        if (status != MGW_OK) {
            return status;
        }
        if (!make) {
            return mgw_fail(call, MGW_NOT_FOUND, "%s/%s: no such blob", name->bucket, name->key);
        }
        status = make_bucket(call, fs, name->bucket);
        if (status != MGW_OK) {
            return status;
        }
        *shard = beneath_open(fs, fs->root, name->shard, O_RDONLY | O_DIRECTORY);
    }
    return *shard >= 0 ? MGW_OK : fs_fail(call, fs, errno, "opening the folder", "%s", name->shard);
}
