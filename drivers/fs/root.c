/* SPDX-License-Identifier: Apache-2.0
 *
 * The marker is linked into the root last, whole and synced: where it is, the layout is. Several
 * processes may set one store up at once; one marker wins, and all use it. */
#include "root.h"

#include "beneath.h"

#include <mediagw/help/driver.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>

static const char *const folders[] = {"buckets", "uploads", "tmp"};
#define FOLDERS (sizeof folders / sizeof folders[0])

/* The value behind "NAME": in a flat JSON object, up to its end; NULL where it is not there. */
static const char *json_value(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = text; (at = strchr(at, '"')); at++) {
        if (strncmp(at + 1, name, length) == 0 && at[length + 1] == '"') {
            at += length + 2;
            at += strspn(at, " \t\r\n");
            return *at == ':' ? at + 1 + strspn(at + 1, " \t\r\n") : NULL;
        }
    }
    return NULL;
}

static enum mgw_status read_marker(struct mgw_call *call, struct fs *fs)
{
    size_t length;
    AUTO_FREE char *text = beneath_slurp(fs, fs->root, FS_MARKER, 4096, &length);
    if (!text && errno == ENOENT) {
        return MGW_NOT_FOUND;
    }
    if (!text) {
        fs_fail(call, fs, errno, "reading the store's marker", FS_MARKER);
        return MGW_INVALID;
    }
    const char *format = json_value(text, "format"), *id = json_value(text, "store_id");
    const char *end = text + length;
    while (end > text && strchr(" \t\r\n", end[-1])) {
        end--;
    }
    if (*text != '{' || end == text || end[-1] != '}' || !format || !id || *id != '"' ||
        strspn(id + 1, "0123456789abcdef") != FS_ID_LENGTH || id[1 + FS_ID_LENGTH] != '"') {
        return mgw_fail(call, MGW_INVALID,
                        "%s/" FS_MARKER " is damaged or no marker of this driver; put it back from "
                        "a backup, or choose another root",
                        fs->path);
    }
    if (*format != '1' || !strchr(" \t\r\n,}", format[1])) {
        return mgw_fail(call, MGW_INVALID,
                        "%s/" FS_MARKER ": format %.*s, but this driver knows format 1 only",
                        fs->path, (int)strcspn(format, ",}\r\n"), format);
    }
    snprintf(fs->id, sizeof fs->id, "%.*s", (int)FS_ID_LENGTH, id + 1);
    return MGW_OK;
}

/* What else than KNOWN (a list that ends with NULL) is in the folder: its name goes to STRAY. */
static bool holds_only(const struct fs *fs, const char *path, const char *const *known,
                       char stray[256])
{
    int fd = beneath_open(fs, fs->root, path, O_RDONLY | O_DIRECTORY);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    bool only = dir != NULL;
    for (struct dirent *entry; only && (entry = readdir(dir));) {
        only = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        for (size_t i = 0; !only && known[i]; i++) {
            only = strcmp(entry->d_name, known[i]) == 0;
        }
        snprintf(stray, 256, "%s", entry->d_name);
    }
    if (dir) {
        closedir(dir);
    } else if (fd >= 0) {
        close(fd);
    }
    return only;
}

/* Nothing but what an unfinished init leaves; lost+found is the disk's own. */
static bool is_empty(const struct fs *fs, char stray[256])
{
    static const char *const layout[] = {"buckets", "uploads", "tmp", "lost+found", NULL};
    static const char *const nothing[] = {NULL};
    bool empty = holds_only(fs, ".", layout, stray);
    for (size_t i = 0; empty && i < 2; i++) {
        empty = faccessat(fs->root, layout[i], F_OK, AT_SYMLINK_NOFOLLOW) != 0 ||
                holds_only(fs, layout[i], nothing, stray);
    }
    return empty;
}

static enum mgw_status write_marker(struct mgw_call *call, struct fs *fs, int tmp)
{
    char name[40], text[128], id[FS_ID_LENGTH + 1];
    mgw_new_id(fs->host, id);
    snprintf(name, sizeof name, "m%s", id);
    int length = snprintf(text, sizeof text, "{\"format\": 1, \"store_id\": \"%s\"}\n", id);
    AUTO_CLOSE int fd = openat(tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && beneath_write(fd, text, (size_t)length, 0) && fsync(fd) == 0 &&
              (linkat(tmp, name, fs->root, FS_MARKER, 0) == 0 || errno == EEXIST) &&
              fsync(fs->root) == 0;
    int error = errno;
    unlinkat(tmp, name, 0);
    return ok ? MGW_OK : fs_fail(call, fs, error, "writing the store's marker", FS_MARKER);
}

static enum mgw_status init(struct mgw_call *call, struct fs *fs)
{
    /* One at a time: a half-made store of another process is no stranger's folder. */
    AUTO_CLOSE int lock = open(fs->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock >= 0) {
        flock(lock,
              LOCK_EX); /* where a file system has no locks, the marker's link still decides */
    }
    if (faccessat(fs->root, FS_MARKER, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return MGW_OK;
    }
    char stray[256] = "";
    if (!is_empty(fs, stray)) {
        return mgw_fail(call, MGW_INVALID,
                        "%s has no " FS_MARKER " and is not empty (%s): choose an empty folder as "
                        "root",
                        fs->path, stray);
    }
    AUTO_CLOSE int tmp = -1;
    for (size_t i = 0; i < FOLDERS; i++) {
        AUTO_CLOSE int fd = beneath_make_dir(fs, fs->root, folders[i]);
        if (fd < 0 || fsync(fd) != 0) {
            return fs_fail(call, fs, errno, "making", "%s", folders[i]);
        }
        if (i + 1 == FOLDERS) {
            tmp = fs_take_fd(&fd);
        }
    }
    return write_marker(call, fs, tmp);
}

/* mkdir -p, each new folder's entry synced. */
static int make_path(char *path)
{
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash) {
            *slash = '\0';
        }
        int made = mkdir(path, 0700);
        int error = errno;
        if (made == 0) {
            const char *last = strrchr(path, '/');
            AUTO_FREE char *parent =
                !last ? strdup(".") : strndup(path, last == path ? 1 : (size_t)(last - path));
            AUTO_CLOSE int fd = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
            if (fd < 0 || fsync(fd) != 0) {
                return -1;
            }
        }
        if (slash) {
            *slash = '/';
        }
        if (made != 0 && error != EEXIST) {
            errno = error;
            return -1;
        }
        if (!slash) {
            return 0;
        }
    }
}

static enum mgw_status no_store(struct mgw_call *call, const struct fs *fs)
{
    return mgw_fail(call, MGW_NOT_FOUND,
                    "no store at %s; create it with: mediagw init --config FILE", fs->path);
}

enum mgw_status root_open(struct mgw_call *call, struct fs *fs, bool create)
{
    fs->root = open(fs->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fs->root < 0 && errno == ENOENT && create) {
        if (make_path(fs->path) != 0) {
            return fs_fail(call, fs, errno, "making the root", "%s", "");
        }
        fs->root = open(fs->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fs->root < 0) {
        return errno == ENOENT ? no_store(call, fs)
                               : fs_fail(call, fs, errno, "opening the root", "%s", "");
    }
    struct stat stat;
    if (fstat(fs->root, &stat) != 0) {
        return fs_fail(call, fs, errno, "opening the root", "%s", "");
    }
    fs->dev = stat.st_dev;
    fs->ino = stat.st_ino;
    fs->use_openat2 = fs->use_openat2 && beneath_has_openat2(fs->root);
    enum mgw_status status = read_marker(call, fs);
    if (status == MGW_NOT_FOUND && create) {
        status = init(call, fs);
        status = status == MGW_OK ? read_marker(call, fs) : status;
    }
    if (status != MGW_OK) {
        return status == MGW_NOT_FOUND ? no_store(call, fs) : status;
    }
    for (size_t i = 0; i < FOLDERS; i++) {
        AUTO_CLOSE int fd = beneath_open(fs, fs->root, folders[i], O_RDONLY | O_DIRECTORY);
        if (fd >= 0 && i + 1 == FOLDERS) {
            fs->tmp = fs_take_fd(&fd);
        } else if (fd < 0) {
            int error = errno;
            fs_fail(call, fs, error, "the store is damaged: opening", "%s", folders[i]);
            return error == EACCES ? MGW_DENIED : MGW_INVALID;
        }
    }
    return MGW_OK;
}

enum mgw_status root_health(struct mgw_call *call, const struct fs *fs)
{
    struct statvfs disk;
    enum mgw_status status = fs_check(call, fs);
    if (status != MGW_OK) {
        return status;
    }
    for (size_t i = 0; i < FOLDERS; i++) {
        if (faccessat(fs->root, folders[i], R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
            return fs_fail(call, fs, errno, "looking at", "%s", folders[i]);
        }
    }
    if (fstatvfs(fs->root, &disk) != 0) {
        return fs_fail(call, fs, errno, "looking at", "%s", "");
    }
    if (disk.f_flag & ST_RDONLY) {
        return fs_fail(call, fs, EROFS, "looking at", "%s", "");
    }
    if (disk.f_bavail == 0 || (disk.f_files && disk.f_favail == 0)) {
        return fs_fail(call, fs, ENOSPC, "looking at", "%s", "");
    }
    return MGW_OK;
}

enum mgw_status root_free_bytes(struct mgw_call *call, const struct fs *fs, uint64_t *bytes)
{
    struct statvfs disk;
    if (fstatvfs(fs->root, &disk) != 0) {
        return fs_fail(call, fs, errno, "looking at", "%s", "");
    }
    *bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    return MGW_OK;
}
