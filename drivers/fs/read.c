/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening a blob gives a descriptor and the properties of the very same version: where these lie in
 * a sidecar and it is not there, the blob may have been replaced in between, and is opened again.
 */
#include "read.h"

#include "beneath.h"
#include "bucket.h"
#include "meta.h"
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

struct reader {
    const struct fs *fs;
    uint64_t bytes;
    int fd;
};

static enum mgw_status open_file(struct mgw_call *call, const struct fs *fs,
                                 const struct name *name, int shard, int *fd, struct stat *file)
{
    *fd = beneath_open(fs, shard, name->file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0 && errno == ENOENT) {
        return mgw_fail(call, MGW_NOT_FOUND, "%s/%s: no such blob", name->bucket, name->key);
    }
    if (*fd < 0 || fstat(*fd, file) != 0) {
        return fs_fail(call, fs, errno, "opening", "%s/%s", name->shard, name->file);
    }
    if (!S_ISREG(file->st_mode)) {
        return mgw_fail(call, MGW_CORRUPT, "%s/%s/%s is no regular file: remove it", fs->path,
                        name->shard, name->file);
    }
    return MGW_OK;
}

/* Whether NAME still leads to FILE. */
static bool is_current(int shard, const struct name *name, const struct stat *file)
{
    struct stat now;
    return fstatat(shard, name->file, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
           now.st_ino == file->st_ino && now.st_dev == file->st_dev &&
           now.st_mtim.tv_sec == file->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == file->st_mtim.tv_nsec;
}

/* The short way, for nearly all blobs: one open, and properties that lie with the file or that
 * nobody asks for. MGW_NOT_FOUND: the long way tells. */
static enum mgw_status open_at_once(struct mgw_call *call, const struct fs *fs,
                                    const struct name *name, int *out, struct mgw_stat *stat)
{
    char path[sizeof name->shard + sizeof name->file];
    struct stat file;
    snprintf(path, sizeof path, "%s/%s", name->shard, name->file);
    AUTO_CLOSE int fd = beneath_open(fs, fs->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) {
        return MGW_NOT_FOUND;
    }
    enum mgw_status status = MGW_OK;
    if (MGW_HAS(stat, content_type) || MGW_HAS(stat, metadata)) {
        status = meta_read(call, fs, -1, name->hash, fd, &file, stat, NULL);
    }
    if (status == MGW_OK) {
        status = meta_stat(call, &file, stat);
    }
    if (status == MGW_OK) {
        *out = fs_take_fd(&fd);
    }
    return status;
}

static enum mgw_status open_version(struct mgw_call *call, const struct fs *fs,
                                    const struct name *name, int *out, struct mgw_stat *stat)
{
    if (fs->use_openat2) {
        enum mgw_status at_once = open_at_once(call, fs, name, out, stat);
        if (at_once != MGW_NOT_FOUND) {
            return at_once;
        }
    }
    AUTO_CLOSE int shard = -1;
    struct stat file;
    enum mgw_status status = bucket_shard(call, fs, name, false, &shard);
    for (int attempt = 0; status == MGW_OK; attempt++) {
        AUTO_CLOSE int fd = -1;
        status = open_file(call, fs, name, shard, &fd, &file);
        if (status != MGW_OK) {
            break;
        }
        status = meta_read(call, fs, shard, name->hash, fd, &file, stat, NULL);
        if (status == MGW_NOT_FOUND && !is_current(shard, name, &file) && attempt < 1000) {
            status = fs_over(call, fs);
            continue;
        }
        if (status == MGW_NOT_FOUND) {
            status = MGW_OK; /* it has none */
        }
        if (status == MGW_OK) {
            status = meta_stat(call, &file, stat);
        }
        if (status == MGW_OK) {
            *out = fs_take_fd(&fd);
        }
        break;
    }
    return status;
}

enum mgw_status read_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const char *if_etag, void **out, struct mgw_stat *stat)
{
    const struct fs *fs = instance;
    AUTO_CLOSE int fd = -1;
    struct name name;
    enum mgw_status status = fs_over(call, fs);
    if (status == MGW_OK) {
        status = name_make(call, blob, &name);
    }
    if (status == MGW_OK) {
        status = open_version(call, fs, &name, &fd, stat);
    }
    if (status == MGW_OK && if_etag && strcmp(if_etag, stat->etag) != 0) {
        status = mgw_fail(call, MGW_CONFLICT, "%s/%s: its etag is %s now", blob->bucket, blob->key,
                          stat->etag);
    }
    struct reader *reader = status == MGW_OK ? malloc(sizeof *reader) : NULL;
    if (!reader) {
        return status != MGW_OK ? status : fs_no_memory(call);
    }
    *reader = (struct reader){.fs = fs, .bytes = stat->bytes, .fd = fs_take_fd(&fd)};
    *out = reader;
    return MGW_OK;
}

enum mgw_status read_bytes(struct mgw_call *call, void *handle, uint64_t offset, void *buffer,
                           size_t length, size_t *got)
{
    const struct reader *reader = handle;
    enum mgw_status status = fs_over(call, reader->fs);
    *got = 0;
    if (status != MGW_OK) {
        return status;
    }
    if (offset > reader->bytes) {
        return mgw_fail(call, MGW_RANGE, "offset %" PRIu64 " of %" PRIu64 " bytes", offset,
                        reader->bytes);
    }
    uint64_t left = reader->bytes - offset;
    size_t want = length < left ? length : (size_t)left;
    while (*got == 0 && want) {
        ssize_t count = pread(reader->fd, buffer, want, (off_t)offset);
        if (count > 0) {
            *got = (size_t)count;
        } else if (count == 0) {
            return mgw_fail(call, MGW_CORRUPT, "%s: a blob has been cut short by others",
                            reader->fs->path);
        } else if (errno != EINTR) {
            return fs_fail(call, reader->fs, errno, "reading a blob of", "%s", "");
        }
    }
    return MGW_OK;
}

enum mgw_status read_descriptor(struct mgw_call *call, void *handle, struct mgw_local_file *file)
{
    const struct reader *reader = handle;
    int fd = fcntl(reader->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        return fs_fail(call, reader->fs, errno, "handing out a blob of", "%s", "");
    }
    file->fd = fd;
    file->offset = 0;
    return MGW_OK;
}

void read_close(void *handle)
{
    struct reader *reader = handle;
    close(reader->fd);
    free(reader);
}

enum mgw_status read_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          struct mgw_stat *stat)
{
    const struct fs *fs = instance;
    AUTO_CLOSE int fd = -1;
    struct name name;
    enum mgw_status status = fs_over(call, fs);
    if (status == MGW_OK) {
        status = name_make(call, blob, &name);
    }
    return status == MGW_OK ? open_version(call, fs, &name, &fd, stat) : status;
}

enum mgw_status read_remove(struct mgw_call *call, void *instance, const struct mgw_blob *blob)
{
    const struct fs *fs = instance;
    AUTO_CLOSE int shard = -1;
    struct name name;
    struct stat old;
    enum mgw_status status = fs_over(call, fs);
    if (status == MGW_OK) {
        status = name_make(call, blob, &name);
    }
    if (status == MGW_OK) {
        status = bucket_shard(call, fs, &name, false, &shard);
        if (status == MGW_NOT_FOUND) {
            return MGW_OK;
        }
    }
    if (status != MGW_OK) {
        return status;
    }
    bool there = fstatat(shard, name.file, &old, AT_SYMLINK_NOFOLLOW) == 0;
    if (unlinkat(shard, name.file, 0) != 0 && errno != ENOENT) {
        return fs_fail(call, fs, errno, "removing", "%s/%s", name.shard, name.file);
    }
    /* also where it was not there: who removed it may not have synced yet */
    if (fsync(shard) != 0) {
        return fs_fail(call, fs, errno, "syncing", "%s", name.shard);
    }
    if (there) {
        meta_remove(fs, shard, name.hash, &old);
    }
    return MGW_OK;
}
