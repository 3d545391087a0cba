/* SPDX-License-Identifier: Apache-2.0
 *
 * See file.h. */
#include "file.h"

#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* The folder of PATH; NULL when memory is short. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        return strdup(".");
    }
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* WAL's shared memory and POSIX locks do not hold between the machines of a network file system,
 * and FUSE promises neither (sqlite.org/wal.html, "all processes on the same host"). NULL: good. */
static const char *network_name(long type)
{
    static const struct {
        unsigned long type;
        const char *name;
    } refused[] = {
        {0x6969, "NFS"},      {0xff534d42, "CIFS"}, {0xfe534d42, "SMB"}, {0x517b, "SMB"},
        {0x65735546, "FUSE"}, {0x00c36400, "Ceph"}, {0x5346414f, "AFS"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (((unsigned long)type & 0xffffffff) == refused[i].type) {
            return refused[i].name;
        }
    }
    return NULL;
}

enum mgw_status file_check(const char *path, bool *exists, struct fault *fault)
{
    AUTO_FREE char *folder = folder_of(path);
    struct statfs fs;
    struct stat st;
    if (!folder) {
        return fault_set(fault, MGW_UNAVAILABLE, "out of memory");
    }
    if (statfs(folder, &fs) != 0) {
        return fault_errno(fault, errno, "use the folder", folder);
    }
    const char *network = network_name((long)fs.f_type);
    if (network) {
        return fault_set(fault, MGW_INVALID,
                         "%s lies on %s, where SQLite's locks cannot be trusted; put `path` on a "
                         "local disk, or use a database server",
                         path, network);
    }
    *exists = stat(path, &st) == 0;
    if (!*exists && errno != ENOENT) {
        return fault_errno(fault, errno, "look at", path);
    }
    if (*exists && !S_ISREG(st.st_mode)) {
        return fault_set(fault, MGW_INVALID, "%s is no regular file; give another `path`", path);
    }
    return MGW_OK;
}

static enum mgw_status sync_folder(const char *path, struct fault *fault)
{
    AUTO_FREE char *folder = folder_of(path);
    if (!folder) {
        return fault_set(fault, MGW_UNAVAILABLE, "out of memory");
    }
    AUTO_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        return fault_errno(fault, errno, "sync the folder", folder);
    }
    return MGW_OK;
}

enum mgw_status file_make(const char *path, struct fault *fault)
{
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno == EEXIST ? MGW_OK : fault_errno(fault, errno, "create", path);
    }
    if (fchmod(fd, 0600) != 0 || fsync(fd) != 0) {
        return fault_errno(fault, errno, "create", path);
    }
    return sync_folder(path, fault);
}

enum mgw_status file_publish(const char *from, const char *to, struct fault *fault)
{
    AUTO_CLOSE int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        return fault_errno(fault, errno, "sync", from);
    }
    if (rename(from, to) != 0) {
        return fault_errno(fault, errno, "rename to", to);
    }
    return sync_folder(to, fault);
}

enum mgw_status file_identify(const char *path, struct file_identity *identity, struct fault *fault)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return fault_errno(fault, errno, "look at", path);
    }
    *identity = (struct file_identity){st.st_dev, st.st_ino};
    return MGW_OK;
}

enum mgw_status file_same(const char *path, const struct file_identity *identity,
                          struct fault *fault)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        int error = errno;
        fault_errno(fault, error, "find the database", path);
        return fault->status = error == EACCES ? MGW_DENIED : MGW_UNAVAILABLE;
    }
    if (st.st_dev != identity->device || st.st_ino != identity->inode) {
        return fault_set(fault, MGW_UNAVAILABLE,
                         "%s has been replaced by another file while it was open; restart", path);
    }
    return MGW_OK;
}
