/* SPDX-License-Identifier: Apache-2.0
 *
 * Where properties lie. A version's identity for sidecars is (key's hash, time in ns, bytes), which
 * a backup restores; its etag is (inode, time, bytes). The time is set to the nanosecond when the
 * file is finished, so that a reused inode never repeats an etag within a clock tick. */
#include "meta.h"

#include "beneath.h"
#include "temp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/xattr.h>
#include <time.h>

#define XATTR "user.mediagw"
#define PROPS_MAX (1u << 20)

static uint64_t mtime_ns(const struct stat *stat)
{
    return (uint64_t)stat->st_mtim.tv_sec * 1000000000u + (uint64_t)stat->st_mtim.tv_nsec;
}

void meta_etag(const struct stat *stat, char etag[64])
{
    snprintf(etag, 64, "%" PRIx64 "-%" PRIx64 "-%" PRIx64, (uint64_t)stat->st_ino, mtime_ns(stat),
             (uint64_t)stat->st_size);
}

int64_t meta_modified_ms(const struct stat *stat)
{
    return (int64_t)stat->st_mtim.tv_sec * 1000 + stat->st_mtim.tv_nsec / 1000000;
}

void meta_sidecar_name(const char *hash, const struct stat *stat, char name[META_SIDECAR_SIZE])
{
    snprintf(name, META_SIDECAR_SIZE, "%.32s-%" PRIx64 "-%" PRIx64, hash, mtime_ns(stat),
             (uint64_t)stat->st_size);
}

enum mgw_status meta_stat(struct mgw_call *call, const struct stat *file, struct mgw_stat *stat)
{
    char etag[64];
    meta_etag(file, etag);
    stat->bytes = (uint64_t)file->st_size;
    stat->modified_ms = meta_modified_ms(file);
    stat->etag = fs_strdup(call, etag);
    return stat->etag ? MGW_OK : fs_no_memory(call);
}

static bool stamp(int fd, int64_t later_ns, struct stat *stat)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {0}};
    clock_gettime(CLOCK_REALTIME, &times[1]);
    later_ns += times[1].tv_nsec;
    times[1].tv_sec += later_ns / 1000000000;
    times[1].tv_nsec = later_ns % 1000000000;
    return futimens(fd, times) == 0 && fstat(fd, stat) == 0;
}

/* Links a written, synced and locked file as SIDECAR->name. EEXIST: another version has that name.
 */
static bool sidecar_make(const struct fs *fs, const char *bytes, size_t length,
                         struct sidecar *sidecar)
{
    char temp[TEMP_NAME_SIZE];
    AUTO_CLOSE int fd = temp_file(fs, temp);
    if (fd < 0) {
        return false;
    }
    bool ok = beneath_write(fd, bytes, length, 0) && fsync(fd) == 0 &&
              linkat(fs->tmp, temp, sidecar->dir, sidecar->name, 0) == 0;
    int error = errno;
    temp_unlink(fs, temp);
    if (ok && fsync(sidecar->dir) != 0) {
        error = errno;
        unlinkat(sidecar->dir, sidecar->name, 0);
        ok = false;
    }
    if (ok) {
        sidecar->fd = fs_take_fd(&fd);
    }
    errno = error;
    return ok;
}

static enum mgw_status attach_sidecar(struct mgw_call *call, const struct fs *fs,
                                      const struct name *name, int shard, int fd, const char *bytes,
                                      size_t length, struct stat *stat, struct sidecar *sidecar)
{
    size_t with;
    AUTO_FREE char *all = meta_with_key(name->key, bytes, length, &with);
    if (!all) {
        return fs_no_memory(call);
    }
    bool made = mkdirat(shard, ".meta", 0700) == 0;
    bool there = made || errno == EEXIST;
    sidecar->dir = there ? beneath_open(fs, shard, ".meta", O_RDONLY | O_DIRECTORY) : -1;
    if (sidecar->dir < 0 || (made && fsync(shard) != 0)) {
        return fs_fail(call, fs, errno, "making", "%s/.meta", name->shard);
    }
    /* a coarse clock may give two versions one time: go ahead of it, up to seconds */
    for (int shift = 0; shift <= 32; shift += 4) {
        if (!stamp(fd, shift ? INT64_C(1) << shift : 0, stat)) {
            break;
        }
        meta_sidecar_name(name->hash, stat, sidecar->name);
        if (sidecar_make(fs, all, with, sidecar)) {
            return MGW_OK;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return fs_fail(call, fs, errno, "writing the properties of", "%s/%s", name->shard, name->file);
}

enum mgw_status meta_attach(struct mgw_call *call, const struct fs *fs, const struct name *name,
                            int shard, int fd, const char *bytes, size_t length, struct stat *stat,
                            struct sidecar *sidecar)
{
    bool done = fs->use_xattr && fsetxattr(fd, XATTR, bytes, length, 0) == 0;
    /* ENOSPC is also what ext4 says of an attribute too large for it */
    if (fs->use_xattr && !done && errno != ENOTSUP && errno != E2BIG && errno != ENOSPC &&
        errno != ERANGE && errno != EDQUOT && errno != EPERM) {
        return fs_fail(call, fs, errno, "writing the properties of", "%s/%s", name->shard,
                       name->file);
    }
    if (!done && length > 5) {
        return attach_sidecar(call, fs, name, shard, fd, bytes, length, stat, sidecar);
    }
    return stamp(fd, 0, stat)
               ? MGW_OK
               : fs_fail(call, fs, errno, "stamping", "%s/%s", name->shard, name->file);
}

void meta_settle(struct sidecar *sidecar)
{
    if (sidecar->fd >= 0) {
        close(sidecar->fd);
    }
    if (sidecar->dir >= 0) {
        close(sidecar->dir);
    }
    *sidecar = SIDECAR_NONE;
}

void meta_drop(struct sidecar *sidecar)
{
    if (sidecar->fd >= 0) {
        unlinkat(sidecar->dir, sidecar->name, 0);
    }
    meta_settle(sidecar);
}

void meta_remove(const struct fs *fs, int shard, const char *hash, const struct stat *stat)
{
    char name[META_SIDECAR_SIZE];
    AUTO_CLOSE int dir = beneath_open(fs, shard, ".meta", O_RDONLY | O_DIRECTORY);
    if (dir >= 0) {
        meta_sidecar_name(hash, stat, name);
        unlinkat(dir, name, 0);
    }
}

/* The encoded properties, to be freed; NULL and errno, ENOENT where there are none. */
static char *load(const struct fs *fs, int shard, const char *hash, int fd, const struct stat *file,
                  size_t *length)
{
    char name[META_SIDECAR_SIZE], path[sizeof ".meta/" + META_SIDECAR_SIZE];
    for (size_t room = 4096; room <= PROPS_MAX; room *= 16) {
        AUTO_FREE char *bytes = malloc(room);
        ssize_t got = bytes ? fgetxattr(fd, XATTR, bytes, room) : -1;
        if (got >= 0) {
            char *taken = bytes;
            bytes = NULL;
            *length = (size_t)got;
            return taken;
        }
        if (!bytes || errno != ERANGE) {
            break;
        }
    }
    if (errno != ENODATA && errno != ENOTSUP) {
        return NULL;
    }
    if (shard < 0) {
        errno = ENOENT;
        return NULL;
    }
    meta_sidecar_name(hash, file, name);
    snprintf(path, sizeof path, ".meta/%s", name);
    return beneath_slurp(fs, shard, path, PROPS_MAX, length);
}

enum mgw_status meta_read(struct mgw_call *call, const struct fs *fs, int shard, const char *hash,
                          int fd, const struct stat *file, struct mgw_stat *stat, char *key)
{
    size_t length = 0;
    AUTO_FREE char *bytes = load(fs, shard, hash, fd, file, &length);
    if (!bytes && errno == ENOENT) {
        return MGW_NOT_FOUND;
    }
    if (!bytes) {
        return fs_fail(call, fs, errno, "reading the properties of a blob in", "%.2s", hash);
    }
    enum mgw_status status = meta_decode(call, bytes, length, stat, key);
    return status != MGW_CORRUPT
               ? status
               : mgw_fail(call, status, "%s: the properties of the blob %s are damaged", fs->path,
                          hash);
}
