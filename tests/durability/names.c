/* SPDX-License-Identifier: Apache-2.0
 *
 * libc's functions on names, wrapped; and syscall(), for openat2, which has no function of its own.
 */
#include "tests/durability/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Before the file was opened: what the name stood for. */
static bool open_begin(struct take *take, int dir, const char *path, uint64_t flags, long *result)
{
    take_name(take, OP_OPEN, dir, path);
    if ((flags & O_TMPFILE) == O_TMPFILE) {
        take->record.inode = 0; /* the name is the folder's */
    }
    take->record.flags = (uint32_t)flags;
    return take_ruled(take, result);
}

static long open_end(struct take *take, uint64_t flags, long fd)
{
    uint64_t before = take->record.inode;
    struct take opened;
    int error = errno;
    if (take->on && fd >= 0) {
        take_fd(&opened, OP_OPEN, (int)fd);
        take->on = opened.on;
        take->record.inode = opened.record.inode;
        take->record.kind = opened.record.kind;
        take->record.fd = (int)fd;
        bool unnamed = (flags & O_TMPFILE) == O_TMPFILE;
        take->record.created = (flags & O_CREAT || unnamed) && before != take->record.inode;
        take->record.folder = unnamed ? 0 : take->record.folder;
        memcpy(take->path, opened.path, sizeof take->path);
    }
    errno = error;
    return take_done(take, fd);
}

static int open_at(int dir, const char *path, int flags, mode_t mode)
{
    struct take take;
    long result;
    if (open_begin(&take, dir, path, (uint64_t)flags, &result)) {
        return (int)result;
    }
    return (int)open_end(&take, (uint64_t)flags, KERNEL(openat, dir, path, flags, mode));
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
}

#define OPEN_BODY(dir)                                                                             \
    va_list args;                                                                                  \
    va_start(args, flags);                                                                         \
    mode_t mode = mode_of(flags, args);                                                            \
    va_end(args);                                                                                  \
    return open_at(dir, path, flags, mode)

EXPORT int open(const char *path, int flags, ...)
{
    OPEN_BODY(AT_FDCWD);
}
EXPORT int open64(const char *path, int flags, ...)
{
    OPEN_BODY(AT_FDCWD);
}
EXPORT int openat(int dir, const char *path, int flags, ...)
{
    OPEN_BODY(dir);
}
EXPORT int openat64(int dir, const char *path, int flags, ...)
{
    OPEN_BODY(dir);
}

/* What _FORTIFY_SOURCE makes of them. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
EXPORT int __open_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}
EXPORT int __open64_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}
EXPORT int __openat_2(int dir, const char *path, int flags)
{
    return open_at(dir, path, flags, 0);
}
EXPORT int __openat64_2(int dir, const char *path, int flags)
{
    return open_at(dir, path, flags, 0);
}

EXPORT long syscall(long number, ...)
{
    long a[6];
    va_list args;
    va_start(args, number);
    for (size_t i = 0; i < 6; i++) {
        a[i] = va_arg(args, long);
    }
    va_end(args);
    if (number != SYS_openat2) {
        return kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
    const struct open_how *how = (const struct open_how *)(uintptr_t)a[2];
    const char *path = (const char *)(uintptr_t)a[1];
    struct take take;
    long result;
    if (open_begin(&take, (int)a[0], path, how->flags, &result)) {
        return result;
    }
    return open_end(&take, how->flags, kernel(number, a[0], a[1], a[2], a[3]));
}

/* ---- Names made, moved and removed ---- */

EXPORT int linkat(int from_dir, const char *from, int dir, const char *path, int flags)
{
    struct take take;
    long result;
    take_name(&take, OP_LINK, dir, path);
    take_from(&take, from_dir, from);
    return take_ruled(&take, &result)
               ? (int)result
               : (int)take_done(&take, KERNEL(linkat, from_dir, from, dir, path, flags));
}
EXPORT int link(const char *from, const char *path)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, path, 0);
}

EXPORT int renameat2(int from_dir, const char *from, int dir, const char *path, unsigned flags)
{
    struct take take;
    long result;
    take_name(&take, OP_RENAME, dir, path);
    take_from(&take, from_dir, from);
    take.record.flags = flags;
    return take_ruled(&take, &result)
               ? (int)result
               : (int)take_done(&take, KERNEL(renameat2, from_dir, from, dir, path, flags));
}
EXPORT int renameat(int from_dir, const char *from, int dir, const char *path)
{
    return renameat2(from_dir, from, dir, path, 0);
}
EXPORT int rename(const char *from, const char *path)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, path, 0);
}

EXPORT int unlinkat(int dir, const char *path, int flags)
{
    struct take take;
    long result;
    take_name(&take, OP_UNLINK, dir, path);
    return take_ruled(&take, &result) ? (int)result
                                      : (int)take_done(&take, KERNEL(unlinkat, dir, path, flags));
}
EXPORT int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}
EXPORT int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

EXPORT int mkdirat(int dir, const char *path, mode_t mode)
{
    struct take take;
    long result;
    take_name(&take, OP_MKDIR, dir, path);
    if (take_ruled(&take, &result)) {
        return (int)result;
    }
    result = KERNEL(mkdirat, dir, path, mode);
    if (take.on && result == 0) {
        take.record.inode = inode_at(dir, path, AT_SYMLINK_NOFOLLOW);
        take.record.kind = KIND_FOLDER;
    }
    return (int)take_done(&take, result);
}
EXPORT int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}
