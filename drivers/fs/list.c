/* SPDX-License-Identifier: Apache-2.0
 *
 * A page reads a shard's names and keeps the LIMIT smallest behind the cursor in a heap, so that
 * memory does not depend on how many there are. The cursor is the entry's place: two digits of the
 * shard, then the file name; the order is that of the names' bytes, fixed for ever. */
#include "list.h"

#include "beneath.h"
#include "meta.h"
#include "name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct heap {
    char (*names)[NAME_SIZE]; /* the greatest first, then sorted */
    uint32_t count, limit;
};

struct walk {
    struct mgw_call *call;
    const struct fs *fs;
    const char *bucket, *prefix;
    uint32_t left;
    mgw_list_emit *emit;
    void *ctx;
    bool stopped;
    struct heap heap;
    char behind[NAME_SIZE]; /* in the present shard */
};

static void sift_down(struct heap *heap)
{
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < heap->count && strcmp(heap->names[child + 1], heap->names[child]) > 0) {
            child++;
        }
        if (child >= heap->count || strcmp(heap->names[at], heap->names[child]) >= 0) {
            return;
        }
        char swap[NAME_SIZE];
        memcpy(swap, heap->names[at], NAME_SIZE);
        memcpy(heap->names[at], heap->names[child], NAME_SIZE);
        memcpy(heap->names[child], swap, NAME_SIZE);
        at = child;
    }
}

static void heap_offer(struct heap *heap, const char *name)
{
    if (heap->count == heap->limit) {
        if (strcmp(name, heap->names[0]) < 0) {
            memset(heap->names[0], 0, NAME_SIZE);
            memcpy(heap->names[0], name, strlen(name));
            sift_down(heap);
        }
        return;
    }
    uint32_t at = heap->count++;
    while (at && strcmp(heap->names[(at - 1) / 2], name) < 0) {
        memcpy(heap->names[at], heap->names[(at - 1) / 2], NAME_SIZE);
        at = (at - 1) / 2;
    }
    memset(heap->names[at], 0, NAME_SIZE);
    memcpy(heap->names[at], name, strlen(name));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* False where the name already tells that the key has not the prefix. */
static bool may_match(const char *file, const char *prefix)
{
    char key[NAME_SIZE];
    if (name_is_hashed(file)) {
        return true;
    }
    name_decode(file, key);
    return strncmp(key, prefix, strlen(prefix)) == 0;
}

static enum mgw_status collect(struct walk *walk, int shard)
{
    int fd = beneath_open(walk->fs, shard, ".", O_RDONLY | O_DIRECTORY);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    enum mgw_status status = MGW_OK;
    unsigned seen = 0;
    if (!dir) {
        int error = errno;
        if (fd >= 0) {
            close(fd);
        }
        return fs_fail(walk->call, walk->fs, error, "listing", "buckets/%s", walk->bucket);
    }
    walk->heap.count = 0;
    errno = 0;
    for (struct dirent *entry; status == MGW_OK && (entry = readdir(dir)); errno = 0) {
        const char *name = entry->d_name;
        if (name_is_blob(name) && strcmp(name, walk->behind) > 0 && may_match(name, walk->prefix)) {
            heap_offer(&walk->heap, name);
        }
        status = ++seen % 1024 ? MGW_OK : fs_over(walk->call, walk->fs);
    }
    int error = status == MGW_OK ? errno : 0;
    closedir(dir);
    if (error) {
        return fs_fail(walk->call, walk->fs, error, "listing", "buckets/%s", walk->bucket);
    }
    qsort(walk->heap.names, walk->heap.count, NAME_SIZE, by_name);
    return status;
}

/* The key of a name that does not tell it; "" where the blob went. */
static enum mgw_status key_of_hashed(const struct walk *walk, int shard, const char *file,
                                     struct stat *stat, char key[MGW_KEY_MAX + 1])
{
    *key = '\0';
    for (int attempt = 0; attempt < 100; attempt++) {
        AUTO_CLOSE int fd = beneath_open(walk->fs, shard, file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (fd < 0) {
            return errno == ENOENT || errno == ELOOP
                       ? MGW_OK
                       : fs_fail(walk->call, walk->fs, errno, "opening", "buckets/%s/%.2s/%s",
                                 walk->bucket, file + 2, file);
        }
        if (fstat(fd, stat) != 0 || !S_ISREG(stat->st_mode)) {
            return MGW_OK;
        }
        enum mgw_status status =
            meta_read(walk->call, walk->fs, shard, file + 2, fd, stat, NULL, key);
        if (status != MGW_NOT_FOUND) {
            return status;
        }
    }
    return mgw_fail(walk->call, MGW_CORRUPT, "%s/buckets/%s/%.2s/%s has lost its properties",
                    walk->fs->path, walk->bucket, file + 2, file);
}

static enum mgw_status emit_one(struct walk *walk, int shard, unsigned number, const char *file)
{
    struct stat stat;
    char key[MGW_KEY_MAX + 1], cursor[NAME_SIZE + 2], etag[64];
    if (name_is_hashed(file)) {
        enum mgw_status status = key_of_hashed(walk, shard, file, &stat, key);
        if (status != MGW_OK || !*key || strncmp(key, walk->prefix, strlen(walk->prefix)) != 0) {
            return status;
        }
    } else {
        if (fstatat(shard, file, &stat, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(stat.st_mode)) {
            return MGW_OK; /* removed meanwhile, or no blob */
        }
        name_decode(file, key);
    }
    snprintf(cursor, sizeof cursor, "%02x%s", number, file);
    meta_etag(&stat, etag);
    struct mgw_list_entry entry = {.size = sizeof entry,
                                   .key = key,
                                   .bytes = (uint64_t)stat.st_size,
                                   .modified_ms = meta_modified_ms(&stat),
                                   .etag = etag,
                                   .cursor = cursor};
    walk->left--;
    walk->stopped = !walk->emit(walk->ctx, &entry);
    return MGW_OK;
}

static enum mgw_status walk_shard(struct walk *walk, unsigned number)
{
    char path[sizeof "buckets//xx" + 63];
    snprintf(path, sizeof path, "buckets/%s/%02x", walk->bucket, number);
    AUTO_CLOSE int shard = beneath_open(walk->fs, walk->fs->root, path, O_RDONLY | O_DIRECTORY);
    enum mgw_status status = MGW_OK;
    bool more = shard >= 0;
    if (!more) {
        return errno == ENOENT
                   ? fs_check(walk->call, walk->fs)
                   : fs_fail(walk->call, walk->fs, errno, "opening the folder", "%s", path);
    }
    while (more && status == MGW_OK && walk->left && !walk->stopped) {
        walk->heap.limit = walk->left;
        status = collect(walk, shard);
        more = walk->heap.count == walk->heap.limit;
        for (uint32_t i = 0; status == MGW_OK && !walk->stopped && i < walk->heap.count; i++) {
            status = emit_one(walk, shard, number, walk->heap.names[i]);
            memcpy(walk->behind, walk->heap.names[i], NAME_SIZE);
        }
        if (status == MGW_OK) {
            status = fs_over(walk->call, walk->fs);
        }
    }
    return status;
}

static bool parse_cursor(const char *cursor, unsigned *shard, char behind[NAME_SIZE])
{
    if (strlen(cursor) < 3 || strlen(cursor + 2) >= NAME_SIZE ||
        strspn(cursor, "0123456789abcdef") < 2 || !name_is_blob(cursor + 2)) {
        return false;
    }
    char digits[3] = {cursor[0], cursor[1], '\0'};
    *shard = (unsigned)strtoul(digits, NULL, 16);
    snprintf(behind, NAME_SIZE, "%s", cursor + 2);
    return true;
}

enum mgw_status list_page(struct mgw_call *call, void *instance, const char *bucket,
                          const char *prefix, const char *cursor, uint32_t limit,
                          mgw_list_emit *emit, void *ctx)
{
    struct walk walk = {.call = call,
                        .fs = instance,
                        .bucket = bucket,
                        .prefix = prefix,
                        .left = limit < 1000 ? limit : 1000,
                        .emit = emit,
                        .ctx = ctx};
    unsigned shard = 0;
    if (!name_bucket_is_valid(bucket)) {
        return mgw_fail(call, MGW_INVALID, "bucket: not [a-z0-9][a-z0-9.-]{1,62}");
    }
    if (*cursor && !parse_cursor(cursor, &shard, walk.behind)) {
        return mgw_fail(call, MGW_INVALID, "cursor: not one of this store's");
    }
    AUTO_FREE void *names = calloc(walk.left ? walk.left : 1, NAME_SIZE);
    if (!names) {
        return fs_no_memory(call);
    }
    walk.heap.names = names;
    enum mgw_status status = fs_over(call, walk.fs);
    for (; shard < 256 && status == MGW_OK && walk.left && !walk.stopped; shard++) {
        status = walk_shard(&walk, shard);
        walk.behind[0] = '\0';
    }
    return status;
}
