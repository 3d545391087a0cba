/* SPDX-License-Identifier: Apache-2.0
 *
 * libc's functions on descriptors, wrapped. The kernel is called by number, so that a sanitizer's
 * own wrappers, which stand before these, find no loop. */
#include "tests/durability/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* What was written, as far as it is kept. */
static void keep_bytes(struct take *take, const void *bytes, size_t length)
{
    take->data = bytes;
    take->data_length =
        take->record.kind == KIND_STREAM ? least(length, TAPE_SOCKET_BYTES) : length;
}

/* OFFSET -1: at the descriptor's position. */
static long write_at(int fd, const void *bytes, size_t length, off_t offset)
{
    struct take take;
    long result;
    take_fd(&take, OP_WRITE, fd);
    bool file = take.record.kind == KIND_FILE;
    take.record.op = file ? OP_WRITE : OP_SEND;
    if (take.on && file) {
        bool append = offset < 0 && (KERNEL(fcntl, fd, F_GETFL) & O_APPEND);
        take.record.offset = (uint64_t)(offset >= 0 ? offset
                                        : append    ? KERNEL(lseek, fd, 0, SEEK_END)
                                                    : KERNEL(lseek, fd, 0, SEEK_CUR));
    }
    take.record.length = length;
    if (take_ruled(&take, &result)) {
        return result;
    }
    length = file ? take_cut(&take, length) : length;
    if (!file) {
        keep_bytes(&take, bytes, length); /* what is on its way may be read before it is taped */
    }
    result = offset >= 0 ? KERNEL(pwrite64, fd, bytes, length, offset)
                         : KERNEL(write, fd, bytes, length);
    if (result >= 0) {
        keep_bytes(&take, bytes, (size_t)result);
    }
    return take_done(&take, result);
}

EXPORT ssize_t write(int fd, const void *bytes, size_t length)
{
    return write_at(fd, bytes, length, -1);
}
EXPORT ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    return write_at(fd, bytes, length, offset);
}
EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
{
    return write_at(fd, bytes, length, offset);
}

/* File by file the parts one after the other; a stream's in one piece, the first part kept. */
static ssize_t write_parts(int fd, const struct iovec *parts, int count, off_t offset)
{
    struct take take;
    long result;
    take_fd(&take, OP_SEND, fd);
    if (take.record.kind != KIND_FILE) {
        for (int i = 0; i < count; i++) {
            take.record.length += parts[i].iov_len;
        }
        if (take_ruled(&take, &result)) {
            return result;
        }
        result = KERNEL(writev, fd, parts, count);
        if (result >= 0 && count > 0) {
            keep_bytes(&take, parts[0].iov_base, least(parts[0].iov_len, (size_t)result));
        }
        return take_done(&take, result);
    }
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        result = write_at(fd, parts[i].iov_base, parts[i].iov_len, offset < 0 ? -1 : offset + all);
        if (result < 0) {
            return all ? all : result;
        }
        all += result;
        if ((size_t)result < parts[i].iov_len) {
            break;
        }
    }
    return all;
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return write_parts(fd, parts, count, -1);
}
EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return write_parts(fd, parts, count, offset);
}
EXPORT ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    return write_parts(fd, parts, count, offset);
}

static long sync_by(long number, uint32_t op, int fd)
{
    struct take take;
    long result;
    take_fd(&take, op, fd);
    return take_ruled(&take, &result) ? result : take_done(&take, kernel(number, fd));
}

EXPORT int fsync(int fd)
{
    return (int)sync_by(SYS_fsync, OP_SYNC, fd);
}
EXPORT int fdatasync(int fd)
{
    return (int)sync_by(SYS_fdatasync, OP_SYNC, fd);
}
EXPORT int syncfs(int fd)
{
    return (int)sync_by(SYS_syncfs, OP_SYNC_FS, fd);
}
EXPORT int sync_file_range(int fd, off64_t offset, off64_t length, unsigned flags)
{
    struct take take;
    long result;
    take_fd(&take, OP_SYNC_RANGE, fd);
    take.record.offset = (uint64_t)offset;
    take.record.length = (uint64_t)length;
    return take_ruled(&take, &result)
               ? (int)result
               : (int)take_done(&take, KERNEL(sync_file_range, fd, offset, length, flags));
}

static int truncate_to(int fd, off_t length)
{
    struct take take;
    long result;
    take_fd(&take, OP_TRUNCATE, fd);
    take.record.offset = (uint64_t)length;
    return take_ruled(&take, &result) ? (int)result
                                      : (int)take_done(&take, KERNEL(ftruncate, fd, length));
}

EXPORT int ftruncate(int fd, off_t length)
{
    return truncate_to(fd, length);
}
EXPORT int ftruncate64(int fd, off64_t length)
{
    return truncate_to(fd, length);
}

EXPORT int fsetxattr(int fd, const char *name, const void *value, size_t length, int flags)
{
    struct take take;
    long result;
    if (take_fd(&take, OP_XATTR, fd)) {
        __builtin_strncpy(take.from, name, sizeof take.from - 1);
        take.from[sizeof take.from - 1] = '\0';
        take.data = value;
        take.data_length = length;
    }
    return take_ruled(&take, &result)
               ? (int)result
               : (int)take_done(&take, KERNEL(fsetxattr, fd, name, value, length, flags));
}

EXPORT ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t length,
                               unsigned flags)
{
    struct take take, source;
    long result;
    take_fd(&source, OP_COPY, in);
    take_fd(&take, OP_COPY, out);
    take.record.from_inode = source.record.inode;
    take.record.from_offset = (uint64_t)(in_at ? *in_at : KERNEL(lseek, in, 0, SEEK_CUR));
    take.record.offset = (uint64_t)(out_at ? *out_at : KERNEL(lseek, out, 0, SEEK_CUR));
    if (take_ruled(&take, &result)) {
        return result;
    }
    result = KERNEL(copy_file_range, in, in_at, out, out_at, length, flags);
    take.record.length = result > 0 ? (uint64_t)result : 0;
    return take_done(&take, result);
}

/* ---- What leaves ---- */

EXPORT ssize_t sendto(int fd, const void *bytes, size_t length, int flags, __CONST_SOCKADDR_ARG to,
                      socklen_t to_length)
{
    struct take take;
    long result;
    if (take_fd(&take, OP_SEND, fd)) {
        keep_bytes(&take, bytes, length);
    }
    take.record.length = length;
    return take_ruled(&take, &result) ? result
                                      : take_done(&take, KERNEL(sendto, fd, bytes, length, flags,
                                                                to.__sockaddr__, to_length));
}

EXPORT ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    return sendto(fd, bytes, length, flags, NULL, 0);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct take take;
    long result;
    if (take_fd(&take, OP_SEND, fd) && message->msg_iovlen > 0) {
        keep_bytes(&take, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
    }
    return take_ruled(&take, &result) ? result
                                      : take_done(&take, KERNEL(sendmsg, fd, message, flags));
}

/* ---- The wall clock, so that a lease ends when the test wants it to ---- */

EXPORT int clock_gettime(clockid_t clock, struct timespec *time)
{
    long result = KERNEL(clock_gettime, clock, time);
    int64_t later = clock == CLOCK_REALTIME && result == 0 ? tape_later_ms() : 0;
    time->tv_sec += later / 1000;
    return (int)result;
}
