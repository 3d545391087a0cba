/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors of the system in the words of the ABI, and other small things that every room needs. */
#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

struct meaning {
    int error;
    enum mgw_status status;
    const char *advice;
};

static const struct meaning meanings[] = {
    {ENOSPC, MGW_NO_SPACE, "the disk is full: make room"},
    {EDQUOT, MGW_QUOTA, "the disk quota is used up: make room or raise it"},
    {EROFS, MGW_DENIED, "the file system is read-only: mount it read-write"},
    {EACCES, MGW_DENIED, "see that the gateway's user may read and write it"},
    {EPERM, MGW_DENIED, "see that the gateway's user may read and write it"},
    {EFBIG, MGW_TOO_LARGE, "over the file size limit of the process or file system"},
    {EIO, MGW_IO, "the disk failed: see the kernel's log"},
    {EMFILE, MGW_UNAVAILABLE, "too many open files: raise the limit (ulimit -n)"},
    {ENFILE, MGW_UNAVAILABLE, "too many open files on this machine"},
    {ENOMEM, MGW_UNAVAILABLE, "memory is short"},
    {ESTALE, MGW_UNAVAILABLE, "the file server forgot it: see that it is mounted"},
    {ENODEV, MGW_UNAVAILABLE, "the disk is gone: see that it is mounted"},
    {ENOTCONN, MGW_UNAVAILABLE, "the file system is not connected: see that it is mounted"},
    {ETIMEDOUT, MGW_UNAVAILABLE, "the file server does not answer"},
    {ELOOP, MGW_CORRUPT, "a symbolic link stands in the store: remove it"},
    {EXDEV, MGW_CORRUPT, "another file system or a way out stands in the store: remove it"},
    {ENOTDIR, MGW_CORRUPT, "a stray file stands in the store: remove it"},
    {ENOENT, MGW_IO, "somebody removed a part of the store"},
    {EISDIR, MGW_CORRUPT, "a stray folder stands in the store: remove it"},
};

enum mgw_status fs_check(struct mgw_call *call, const struct fs *fs)
{
    struct stat now;
    if (stat(fs->path, &now) == 0 && now.st_dev == fs->dev && now.st_ino == fs->ino &&
        faccessat(fs->root, FS_MARKER, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return MGW_OK;
    }
    if (call->error && MGW_HAS(call->error, foreign_code)) {
        snprintf(call->error->foreign_code, sizeof call->error->foreign_code, "ENOENT");
    }
    return mgw_fail(call, MGW_UNAVAILABLE,
                    "the store at %s has vanished: mount or put it back, then restart", fs->path);
}

enum mgw_status fs_fail(struct mgw_call *call, const struct fs *fs, int error, const char *did,
                        const char *path_format, ...)
{
    enum mgw_status status = MGW_IO;
    const char *advice = "see the system's log", *name = strerrorname_np(error);
    char path[256];
    va_list args;
    if (error == ENOENT && fs_check(call, fs) != MGW_OK) {
        return MGW_UNAVAILABLE;
    }
    va_start(args, path_format);
    vsnprintf(path, sizeof path, path_format, args); /* for people: may be cut */
    va_end(args);
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].error == error) {
            status = meanings[i].status;
            advice = meanings[i].advice;
        }
    }
    if (call->error && MGW_HAS(call->error, foreign_code)) {
        snprintf(call->error->foreign_code, sizeof call->error->foreign_code, "%s",
                 name ? name : "");
    }
    return mgw_fail(call, status, "%s %s%s%s: %s (%s)", did, fs->path, *path ? "/" : "", path,
                    name ? name : "unknown error", advice);
}

enum mgw_status fs_no_memory(struct mgw_call *call)
{
    return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
}

enum mgw_status fs_over(struct mgw_call *call, const struct fs *fs)
{
    if (call->deadline_ms && fs->host->monotonic_ms() >= call->deadline_ms) {
        return mgw_fail(call, MGW_TIMEOUT, "%s: the deadline passed", fs->path);
    }
    if (call->cancelled && call->cancelled(call)) {
        return mgw_fail(call, MGW_CANCELLED, "%s: cancelled", fs->path);
    }
    return MGW_OK;
}

char *fs_strdup(struct mgw_call *call, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = call->alloc(call, bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}
