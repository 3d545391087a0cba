/* SPDX-License-Identifier: Apache-2.0
 *
 * What is old and whose lock can be had has no living maker: the kernel drops a lock with its
 * process. Where the file system has no locks, a day must have passed as well. */
#include "sweep.h"

#include "beneath.h"
#include "meta.h"
#include "name.h"
#include "temp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#define DAY_MS 86400000

struct sweeping {
    struct mgw_call *call;
    const struct fs *fs;
    int64_t older_than_ms;
    struct mgw_sweep_result *result;
};

typedef void sweep_entry(struct sweeping *sweeping, int dir, const char *name);

static enum mgw_status each(struct sweeping *sweeping, int parent, const char *path,
                            sweep_entry *visit)
{
    int fd = beneath_open(sweeping->fs, parent, path, O_RDONLY | O_DIRECTORY);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    enum mgw_status status = MGW_OK;
    if (!dir) {
        int error = errno;
        if (fd >= 0) {
            close(fd);
        }
        return error == ENOENT
                   ? MGW_OK
                   : fs_fail(sweeping->call, sweeping->fs, error, "sweeping", "%s", path);
    }
    for (struct dirent *entry; status == MGW_OK && (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            visit(sweeping, fd, entry->d_name);
        }
        status = fs_over(sweeping->call, sweeping->fs);
    }
    closedir(dir);
    return status;
}

/* Whether a file or folder that was changed at MODIFIED_MS has nobody: takes the lock of FD. */
static bool is_abandoned(const struct sweeping *sweeping, int fd, int64_t modified_ms)
{
    if (modified_ms >= sweeping->older_than_ms) {
        return false;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        return true;
    }
    return errno != EWOULDBLOCK && errno != EINTR &&
           modified_ms < sweeping->fs->host->wall_ms() - DAY_MS;
}

static void remove_entry(struct sweeping *sweeping, int dir, const char *name)
{
    uint64_t bytes = 0;
    if (temp_remove_tree(sweeping->fs, dir, name, 3, &bytes)) {
        sweeping->result->removed++;
        sweeping->result->removed_bytes += bytes;
    }
}

static void visit_temp(struct sweeping *sweeping, int dir, const char *name)
{
    struct stat stat;
    AUTO_CLOSE int fd = beneath_open(sweeping->fs, dir, name, O_RDONLY | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &stat) == 0 && is_abandoned(sweeping, fd, meta_modified_ms(&stat))) {
        remove_entry(sweeping, dir, name);
    }
}

struct data_look {
    bool busy;
    int64_t newest_ms;
};

/* The newest change in an upload's folder, and whether somebody is writing a part. */
static struct data_look look_at_upload(const struct fs *fs, int upload)
{
    struct data_look look = {0};
    int fd = beneath_open(fs, upload, ".", O_RDONLY | O_DIRECTORY);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct stat stat;
    if (!dir) {
        if (fd >= 0) {
            close(fd);
        }
        look.busy = true;
        return look;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        bool up = strcmp(entry->d_name, "..") == 0;
        if (!up && fstatat(fd, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
            meta_modified_ms(&stat) > look.newest_ms) {
            look.newest_ms = meta_modified_ms(&stat);
        }
        if (strncmp(entry->d_name, "data.", 5) == 0) {
            AUTO_CLOSE int data = beneath_open(fs, fd, entry->d_name, O_RDONLY);
            look.busy = look.busy || (data >= 0 && flock(data, LOCK_EX | LOCK_NB) != 0);
        }
    }
    closedir(dir);
    return look;
}

static void visit_upload(struct sweeping *sweeping, int dir, const char *name)
{
    AUTO_CLOSE int upload = beneath_open(sweeping->fs, dir, name, O_RDONLY | O_DIRECTORY);
    AUTO_CLOSE int lock = upload < 0 ? -1 : beneath_open(sweeping->fs, upload, "lock", O_RDWR);
    /* a folder without a lock file is a removal cut short */
    int held = lock < 0 && upload >= 0 && errno == ENOENT ? upload : lock;
    if (held < 0) {
        return;
    }
    struct data_look look = look_at_upload(sweeping->fs, upload);
    if (!look.busy && is_abandoned(sweeping, held, look.newest_ms)) {
        remove_entry(sweeping, dir, name);
    }
}

/* Whether the version that the sidecar NAME of the folder DIR speaks of is there. */
static bool sidecar_is_used(struct sweeping *sweeping, int dir, const char *name)
{
    char key[MGW_KEY_MAX + 1] = "", expected[META_SIDECAR_SIZE];
    size_t length;
    struct stat blob_stat;
    struct name blob_name;
    AUTO_FREE char *bytes = beneath_slurp(sweeping->fs, dir, name, 1u << 20, &length);
    struct mgw_blob blob = {sizeof blob, "any", key};
    if (!bytes) {
        return true;
    }
    if (meta_decode(sweeping->call, bytes, length, NULL, key) != MGW_OK || !*key ||
        name_make(sweeping->call, &blob, &blob_name) != MGW_OK) {
        return false;
    }
    AUTO_CLOSE int shard = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (shard < 0 || fstatat(shard, blob_name.file, &blob_stat, AT_SYMLINK_NOFOLLOW) != 0) {
        return shard < 0 || errno != ENOENT;
    }
    meta_sidecar_name(blob_name.hash, &blob_stat, expected);
    return strcmp(expected, name) == 0;
}

/* A sidecar whose blob is another version by now, or gone. The blob is looked for under the lock:
 * the writer has let go, so it is published or will never be. */
static void visit_sidecar(struct sweeping *sweeping, int dir, const char *name)
{
    struct stat stat;
    AUTO_CLOSE int fd = beneath_open(sweeping->fs, dir, name, O_RDONLY | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &stat) == 0 && is_abandoned(sweeping, fd, meta_modified_ms(&stat)) &&
        !sidecar_is_used(sweeping, dir, name)) {
        remove_entry(sweeping, dir, name);
    }
}

static void visit_bucket(struct sweeping *sweeping, int dir, const char *name)
{
    if (!name_bucket_is_valid(name)) {
        return;
    }
    for (unsigned i = 0; i < 256; i++) {
        char path[sizeof "/xx/.meta" + 63];
        snprintf(path, sizeof path, "%s/%02x/.meta", name, i);
        each(sweeping, dir, path, visit_sidecar);
    }
}

enum mgw_status sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                      struct mgw_sweep_result *result)
{
    const struct fs *fs = instance;
    struct sweeping sweeping = {call, fs, older_than_ms, result};
    enum mgw_status status = fs_check(call, fs);
    if (status == MGW_OK) {
        status = each(&sweeping, fs->root, "tmp", visit_temp);
    }
    if (status == MGW_OK) {
        status = each(&sweeping, fs->root, "uploads", visit_upload);
    }
    if (status == MGW_OK) {
        status = each(&sweeping, fs->root, "buckets", visit_bucket);
    }
    return status;
}
