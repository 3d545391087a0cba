/* SPDX-License-Identifier: Apache-2.0
 *
 * openat2 where the kernel has it; else component by component with O_NOFOLLOW, which is slower but
 * no weaker. */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

static int openat2_beneath(int dir, const char *path, int flags)
{
    struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC),
        .mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? 0600u : 0u,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}

bool beneath_has_openat2(int dir)
{
    AUTO_CLOSE int fd = openat2_beneath(dir, ".", O_PATH | O_DIRECTORY);
    return fd >= 0;
}

static int walk_beneath(int dir, const char *path, int flags)
{
    AUTO_CLOSE int here = -1;
    int from = dir;
    const char *slash;
    while ((slash = strchr(path, '/'))) {
        AUTO_FREE char *component = strndup(path, (size_t)(slash - path));
        if (!component) {
            errno = ENOMEM;
            return -1;
        }
        int next = openat(from, component, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0) {
            return -1;
        }
        if (here >= 0) {
            close(here);
        }
        here = from = next;
        path = slash + 1;
    }
    return openat(from, path, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
}

int beneath_open(const struct fs *fs, int dir, const char *path, int flags)
{
    int fd;
    do {
        fd = fs->use_openat2 ? openat2_beneath(dir, path, flags) : walk_beneath(dir, path, flags);
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    return fd;
}

int beneath_make_dir(const struct fs *fs, int dir, const char *name)
{
    if (mkdirat(dir, name, 0700) != 0 && errno != EEXIST) {
        return -1;
    }
    return beneath_open(fs, dir, name, O_RDONLY | O_DIRECTORY);
}

char *beneath_slurp(const struct fs *fs, int dir, const char *path, size_t limit, size_t *length)
{
    AUTO_CLOSE int fd = beneath_open(fs, dir, path, O_RDONLY | O_NONBLOCK);
    AUTO_FREE char *bytes = fd < 0 ? NULL : malloc(limit + 1);
    if (!bytes) {
        return NULL;
    }
    *length = 0;
    while (*length < limit) {
        ssize_t got = read(fd, bytes + *length, limit - *length);
        if (got == 0) {
            break;
        }
        if (got > 0) {
            *length += (size_t)got;
        } else if (errno != EINTR) {
            return NULL;
        }
    }
    bytes[*length] = '\0';
    char *taken = bytes;
    bytes = NULL;
    return taken;
}

bool beneath_write(int fd, const void *bytes, size_t length, off_t offset)
{
    const char *from = bytes;
    while (length) {
        ssize_t wrote = pwrite(fd, from, length, offset);
        if (wrote > 0) {
            from += wrote;
            offset += wrote;
            length -= (size_t)wrote;
        } else if (wrote == 0 || errno != EINTR) {
            errno = wrote == 0 ? ENOSPC : errno;
            return false;
        }
    }
    return true;
}
