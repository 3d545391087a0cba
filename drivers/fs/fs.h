/* SPDX-License-Identifier: Apache-2.0
 *
 * The filesystem storage driver: what its rooms share.
 *
 *   ROOT/.mediagw-store             the marker: format and store id
 *   ROOT/buckets/BUCKET/XX/NAME     a blob; XX: the first byte of the key's SHA-256, NAME: name.h
 *   ROOT/buckets/BUCKET/XX/.meta/   properties of blobs that extended attributes cannot hold
 *   ROOT/uploads/ID/                a resumable upload: upload.h
 *   ROOT/tmp/                       files and folders in the making, each locked by its maker
 *
 * An instance never changes after create(): every function may be called from any thread. */
#ifndef FS_H
#define FS_H

#include <mediagw/storage.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fs {
    const struct mgw_host *host;
    char *path;    /* of the root, for texts and for seeing whether it is still there */
    int root, tmp; /* folders, open for good */
    dev_t dev;
    ino_t ino;
    bool shared, use_tmpfile, use_xattr, use_openat2;
    char id[33];
};

#define FS_MARKER ".mediagw-store"
#define FS_ID_LENGTH 32u

/* Maps an errno to its status, with a text that says what to do about it; "%s/" of the root stands
 * before the formatted path. */
enum mgw_status fs_fail(struct mgw_call *call, const struct fs *fs, int error, const char *did,
                        const char *path_format, ...) MGW_PRINTF(5, 6);
enum mgw_status fs_no_memory(struct mgw_call *call);
/* MGW_UNAVAILABLE where the path no longer leads to the folder that was opened. */
enum mgw_status fs_check(struct mgw_call *call, const struct fs *fs);
/* MGW_OK, or MGW_TIMEOUT, MGW_CANCELLED where nobody waits any more. */
enum mgw_status fs_over(struct mgw_call *call, const struct fs *fs);
/* Text in the call's memory; NULL when memory is short. */
char *fs_strdup(struct mgw_call *call, const char *text);

static inline void fs_cleanup_free(void *pointer)
{
    free(*(void **)pointer);
}
static inline void fs_cleanup_close(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}
#define AUTO_FREE __attribute__((cleanup(fs_cleanup_free)))
#define AUTO_CLOSE __attribute__((cleanup(fs_cleanup_close)))

/* The descriptor out of an AUTO_CLOSE variable: the receiver closes it. */
static inline int fs_take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

#endif
