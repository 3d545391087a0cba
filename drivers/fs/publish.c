/* SPDX-License-Identifier: Apache-2.0
 *
 * A file without a name is linked; where that name is taken and may be replaced, it is linked under
 * a temporary one and renamed. A failed sync is never tried again: a second one could say that all
 * is well when nothing is. */
#include "publish.h"

#include "meta.h"
#include "temp.h"

#include <errno.h>
#include <fcntl.h>

static int link_unnamed(int fd, int dir, const char *name)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW);
}

static int rename_absent(const struct publication *p)
{
    int done = renameat2(p->from, p->file, p->shard, p->name->file, RENAME_NOREPLACE);
    if (done != 0 && (errno == EINVAL || errno == ENOSYS)) { /* NFS, old kernels */
        done = linkat(p->from, p->file, p->shard, p->name->file, 0);
        if (done == 0) {
            unlinkat(p->from, p->file, 0);
        }
    }
    return done;
}

static int move(const struct fs *fs, const struct publication *p)
{
    char temp[TEMP_NAME_SIZE];
    if (p->file) {
        return p->if_absent ? rename_absent(p)
                            : renameat(p->from, p->file, p->shard, p->name->file);
    }
    int done = link_unnamed(p->fd, p->shard, p->name->file);
    if (done == 0 || errno != EEXIST || p->if_absent) {
        return done;
    }
    temp_name(fs, temp);
    done = link_unnamed(p->fd, fs->tmp, temp);
    if (done == 0 && renameat(fs->tmp, temp, p->shard, p->name->file) != 0) {
        int error = errno;
        temp_unlink(fs, temp);
        errno = error;
        done = -1;
    }
    return done;
}

enum mgw_status publish(struct mgw_call *call, const struct fs *fs, struct publication *p)
{
    struct stat old;
    bool replaces = fstatat(p->shard, p->name->file, &old, AT_SYMLINK_NOFOLLOW) == 0;
    if (move(fs, p) != 0) {
        if (errno == EEXIST && p->if_absent) {
            return mgw_fail(call, MGW_EXISTS, "%s/%s is there already", p->name->bucket,
                            p->name->key);
        }
        return fs_fail(call, fs, errno, "publishing", "%s/%s", p->name->shard, p->name->file);
    }
    p->published = true;
    if (fsync(p->shard) != 0) {
        fs_fail(call, fs, errno, "the blob may be lost at a power cut: syncing", "%s",
                p->name->shard);
        return MGW_UNKNOWN_OUTCOME;
    }
    if (replaces) {
        meta_remove(fs, p->shard, p->name->hash, &old);
    }
    return MGW_OK;
}
