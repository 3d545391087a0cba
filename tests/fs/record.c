/* SPDX-License-Identifier: Apache-2.0
 *
 * One thread at a time. */
#include "record.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

static _Thread_local bool recording;
static char text[65536], failing[32];
static int countdown, failure;

void record_start(void)
{
    text[0] = failing[0] = '\0';
    recording = true;
}

void record_stop(void)
{
    recording = false;
}

void record_fail(const char *function, int nth, int error)
{
    snprintf(failing, sizeof failing, "%s", function);
    countdown = nth;
    failure = error;
}

const char *record_text(void)
{
    return text;
}

/* True where this call is to fail; errno is set. */
static bool note(const char *function, const char *on)
{
    size_t length = strlen(text);
    if (!recording) {
        return false;
    }
    snprintf(text + length, sizeof text - length, "%s%s%s\n", function, *on ? " " : "", on);
    if (strcmp(failing, function) == 0 && --countdown == 0) {
        errno = failure;
        return true;
    }
    return false;
}

static const char *kind_of(int fd)
{
    struct stat stat;
    return fstat(fd, &stat) == 0 && S_ISDIR(stat.st_mode) ? "folder" : "file";
}

/* The C library's own, as a pointer of FUNCTION's type. */
#define REAL(function)                                                                             \
    __typeof__(&(function)) real;                                                                  \
    void *symbol_ = dlsym(RTLD_NEXT, #function);                                                   \
    memcpy(&real, &symbol_, sizeof real)

SHOWN int fsync(int fd)
{
    REAL(fsync);
    return note("fsync", kind_of(fd)) ? -1 : real(fd);
}

SHOWN int syncfs(int fd)
{
    REAL(syncfs);
    return note("syncfs", "") ? -1 : real(fd);
}

SHOWN ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    REAL(pwrite);
    return note("pwrite", "") ? -1 : real(fd, bytes, length, offset);
}

SHOWN int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
    REAL(fsetxattr);
    return note("fsetxattr", "") ? -1 : real(fd, name, value, size, flags);
}

SHOWN int linkat(int from, const char *path, int to, const char *name, int flags)
{
    REAL(linkat);
    return note("linkat", "") ? -1 : real(from, path, to, name, flags);
}

SHOWN int renameat(int from, const char *path, int to, const char *name)
{
    REAL(renameat);
    return note("renameat", "") ? -1 : real(from, path, to, name);
}

SHOWN int renameat2(int from, const char *path, int to, const char *name, unsigned flags)
{
    REAL(renameat2);
    return note("renameat2", "") ? -1 : real(from, path, to, name, flags);
}

SHOWN int unlinkat(int dir, const char *path, int flags)
{
    REAL(unlinkat);
    return note("unlinkat", "") ? -1 : real(dir, path, flags);
}
