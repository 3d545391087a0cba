/* SPDX-License-Identifier: Apache-2.0
 *
 * A sweep may come between a file's making and its locking. So the maker looks, once it has the
 * lock, whether the name is still there, and begins anew where it is not. */
#include "temp.h"

#include "beneath.h"

#include <mediagw/help/driver.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

void temp_name(const struct fs *fs, char name[TEMP_NAME_SIZE])
{
    name[0] = 't';
    mgw_new_id(fs->host, name + 1);
}

static int make(const struct fs *fs, char name[TEMP_NAME_SIZE], bool folder)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        AUTO_CLOSE int fd = -1;
        struct stat stat;
        temp_name(fs, name);
        if (!folder) {
            fd = beneath_open(fs, fs->tmp, name, O_RDWR | O_CREAT | O_EXCL);
        } else if (mkdirat(fs->tmp, name, 0700) == 0) {
            fd = beneath_open(fs, fs->tmp, name, O_RDONLY | O_DIRECTORY);
        }
        if (fd < 0 && errno != EEXIST && !(folder && errno == ENOENT)) {
            return -1;
        }
        /* a file system without locks (ENOLCK, EBADF, ENOTSUP): the sweep will not get one either,
         * and spares what is young */
        if (fd >= 0 && (flock(fd, LOCK_EX) == 0 || errno != EINTR) && fstat(fd, &stat) == 0 &&
            stat.st_nlink > 0) {
            return fs_take_fd(&fd);
        }
    }
    errno = EIO;
    return -1;
}

int temp_file(const struct fs *fs, char name[TEMP_NAME_SIZE])
{
    return make(fs, name, false);
}

int temp_dir(const struct fs *fs, char name[TEMP_NAME_SIZE])
{
    return make(fs, name, true);
}

void temp_unlink(const struct fs *fs, const char *name)
{
    unlinkat(fs->tmp, name, 0);
}

bool temp_remove_tree(const struct fs *fs, int dir, const char *name, int depth, uint64_t *bytes)
{
    struct stat stat;
    if (fstatat(dir, name, &stat, AT_SYMLINK_NOFOLLOW) != 0) {
        return false;
    }
    if (!S_ISDIR(stat.st_mode)) {
        bool gone = unlinkat(dir, name, 0) == 0;
        *bytes += gone && stat.st_nlink == 1 ? (uint64_t)stat.st_size : 0;
        return gone;
    }
    int fd = depth ? beneath_open(fs, dir, name, O_RDONLY | O_DIRECTORY) : -1;
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    if (!entries) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            temp_remove_tree(fs, fd, entry->d_name, depth - 1, bytes);
        }
    }
    closedir(entries);
    return unlinkat(dir, name, AT_REMOVEDIR) == 0;
}
