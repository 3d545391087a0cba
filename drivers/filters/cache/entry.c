/* SPDX-License-Identifier: Apache-2.0
 *
 * See entry.h. */
#include "entry.h"

#include "ledger.h"
#include "tag.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

enum { PAGE = 4096, SLACK = 4 * PAGE, TAGS_AT_ONCE = 256, TOUCH_NS = 1000000000 };

struct seal {
    unsigned char boot[16];
    int64_t modified_sec; /* what the file says where it is sealed */
    unsigned char reserved[40];
};
#define SEAL_AT ENTRY_HEAD
_Static_assert(sizeof(struct seal) == 64 && sizeof(struct tag) == 16, "a file's layout");
#define TAGS_AT (SEAL_AT + sizeof(struct seal))

/* ---- Its shape ---- */

static bool shape(const struct cache *cache, struct entry *entry, const struct name *name,
                  const struct head *head)
{
    uint64_t bytes = head_bytes(head);
    if (bytes > INT64_MAX / 2) {
        return false;
    }
    entry->bytes = bytes;
    entry->blocks = (bytes + CACHE_BLOCK - 1) / CACHE_BLOCK;
    uint64_t tags = TAGS_AT + entry->blocks * sizeof(struct tag);
    entry->data = (tags + PAGE - 1) / PAGE * PAGE;
    return name_version(cache, name, head_etag(head), &entry->version);
}

size_t entry_block_bytes(const struct entry *entry, uint64_t block)
{
    uint64_t left = entry->bytes - block * CACHE_BLOCK;
    return left < CACHE_BLOCK ? (size_t)left : CACHE_BLOCK;
}

void entry_close(struct entry *entry)
{
    if (entry->fd >= 0) {
        close(entry->fd);
    }
    if (entry->writable >= 0) {
        close(entry->writable);
    }
    entry->fd = entry->writable = -1;
    entry->sealed = false;
}

/* ---- Whole reads and writes ---- */

static bool read_whole(int fd, void *buffer, size_t length, uint64_t offset)
{
    char *to = buffer;
    while (length) {
        ssize_t got = pread(fd, to, length, (off_t)offset);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
        if (got > 0) {
            to += got;
            offset += (uint64_t)got;
            length -= (size_t)got;
        }
    }
    return true;
}

static bool write_whole(int fd, const void *bytes, size_t length, uint64_t offset)
{
    const char *from = bytes;
    while (length) {
        ssize_t wrote = pwrite(fd, from, length, (off_t)offset);
        if (wrote == 0 || (wrote < 0 && errno != EINTR)) {
            errno = wrote == 0 ? ENOSPC : errno;
            return false;
        }
        if (wrote > 0) {
            from += wrote;
            offset += (uint64_t)wrote;
            length -= (size_t)wrote;
        }
    }
    return true;
}

/* ---- Opening and making ---- */

/* Whether nobody wrote to it since it was sealed. */
static bool is_as_sealed(const struct entry *entry, const struct stat *stat)
{
    return stat->st_mtim.tv_sec == entry->modified_sec && stat->st_mtim.tv_nsec == 0 &&
           (uint64_t)stat->st_size >= entry->data + entry->bytes;
}

static bool is_sealed(const struct cache *cache, struct entry *entry, const struct seal *seal,
                      const struct stat *stat)
{
    entry->modified_sec = seal->modified_sec;
    return memcmp(seal->boot, cache->boot, sizeof seal->boot) == 0 && seal->modified_sec > 0 &&
           is_as_sealed(entry, stat);
}

bool entry_open(const struct cache *cache, const struct name *name, struct head *head,
                struct entry *entry)
{
    struct stat stat;
    struct {
        struct head head;
        struct seal seal;
    } front;
    *entry = (struct entry){.fd = -1, .writable = -1};
    entry->fd = openat(cache->dir, name->file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (entry->fd < 0) {
        return false;
    }
    if (fstat(entry->fd, &stat) != 0 || !S_ISREG(stat.st_mode) ||
        !read_whole(entry->fd, &front, sizeof front, 0) || !head_check(cache, name, &front.head) ||
        !shape(cache, entry, name, &front.head)) {
        entry_close(entry);
        entry_remove(cache, name);
        return false;
    }
    *head = front.head;
    entry->used_sec = stat.st_atim.tv_sec;
    entry->sealed = is_sealed(cache, entry, &front.seal, &stat);
    return true;
}

static bool make_shard(const struct cache *cache, const struct name *name)
{
    char shard[3] = {name->file[0], name->file[1], '\0'};
    return mkdirat(cache->dir, shard, 0700) == 0 || errno == EEXIST;
}

/* The file as FILE, with its head, open for reading and for writing. */
static bool make_file(struct cache *cache, const char *file, const struct head *head,
                      struct entry *entry)
{
    static const struct seal none;
    entry->writable =
        openat(cache->dir, file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (entry->writable < 0) {
        return false;
    }
    entry->fd = openat(cache->dir, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return entry->fd >= 0 && write_whole(entry->writable, head, sizeof *head, 0) &&
           write_whole(entry->writable, &none, sizeof none, SEAL_AT) &&
           ftruncate(entry->writable, (off_t)(entry->data + entry->bytes)) == 0;
}

static uint64_t disk_bytes(int fd)
{
    struct stat stat;
    return fd >= 0 && fstat(fd, &stat) == 0 ? (uint64_t)stat.st_blocks * 512 : 0;
}

enum entry_end entry_create(struct cache *cache, const struct name *name, const struct head *head,
                            struct entry *entry)
{
    struct reservation reservation;
    char file[32];
    uint64_t random;
    *entry = (struct entry){.fd = -1, .writable = -1};
    if (!shape(cache, entry, name, head)) {
        return ENTRY_BROKEN;
    }
    if (!ledger_reserve(cache, ENTRY_HEAD + SLACK, &reservation)) {
        return ENTRY_SKIPPED;
    }
    cache->host->random(&random, sizeof random);
    snprintf(file, sizeof file, "tmp-%016" PRIx64, random);
    bool made = make_file(cache, file, head, entry) &&
                (renameat(cache->dir, file, cache->dir, name->file) == 0 ||
                 (errno == ENOENT && make_shard(cache, name) &&
                  renameat(cache->dir, file, cache->dir, name->file) == 0));
    int error = errno;
    uint64_t used = disk_bytes(entry->writable);
    if (!made && entry->writable >= 0) {
        unlinkat(cache->dir, file, 0);
    }
    ledger_settle(cache, &reservation, made ? used : 0);
    if (!made) {
        entry_close(entry);
        cache_warn(cache, "making a copy", error);
    }
    return made ? ENTRY_KEPT : ENTRY_BROKEN;
}

void entry_remove(const struct cache *cache, const struct name *name)
{
    unlinkat(cache->dir, name->file, 0);
}

void entry_touch(const struct cache *cache, const struct entry *entry)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
    if (entry->used_sec != cache->host->wall_ms() / 1000) {
        (void)!futimens(entry->fd, times);
    }
}

/* ---- Blocks ---- */

static uint64_t tag_at(uint64_t block)
{
    return TAGS_AT + block * sizeof(struct tag);
}

static bool is_there(const struct tag *tag)
{
    static const struct tag none;
    return memcmp(tag, &none, sizeof none) != 0;
}

bool entry_has(const struct entry *entry, uint64_t block)
{
    struct tag tag;
    return read_whole(entry->fd, &tag, sizeof tag, tag_at(block)) && is_there(&tag);
}

uint64_t entry_next(const struct entry *entry, uint64_t from, uint64_t until, bool missing)
{
    struct tag tags[TAGS_AT_ONCE];
    while (from < until) {
        uint64_t count = until - from < TAGS_AT_ONCE ? until - from : TAGS_AT_ONCE;
        if (!read_whole(entry->fd, tags, (size_t)count * sizeof tags[0], tag_at(from))) {
            return missing ? from : until;
        }
        for (uint64_t i = 0; i < count; i++) {
            if (is_there(&tags[i]) != missing) {
                return from + i;
            }
        }
        from += count;
    }
    return until;
}

bool entry_read_block(const struct cache *cache, const struct entry *entry, uint64_t block,
                      void *buffer)
{
    struct tag tag, real;
    size_t length = entry_block_bytes(entry, block);
    return read_whole(entry->fd, &tag, sizeof tag, tag_at(block)) && is_there(&tag) &&
           read_whole(entry->fd, buffer, length, entry->data + block * CACHE_BLOCK) &&
           tag_make(cache, &entry->version, block, buffer, length, &real) &&
           memcmp(&tag, &real, sizeof tag) == 0;
}

bool entry_read(const struct entry *entry, uint64_t offset, void *buffer, size_t length,
                size_t *got)
{
    ssize_t count;
    do {
        count = pread(entry->fd, buffer, length, (off_t)(entry->data + offset));
    } while (count < 0 && errno == EINTR);
    *got = count > 0 ? (size_t)count : 0;
    return count > 0;
}

/* Its file, for writing: by its name, if that is still the same file's. */
static bool open_writable(const struct cache *cache, const struct name *name, struct entry *entry)
{
    struct stat here, there;
    if (entry->writable >= 0) {
        return true;
    }
    AUTO_CLOSE int fd =
        openat(cache->dir, name->file, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &here) != 0 || fstat(entry->fd, &there) != 0 ||
        here.st_ino != there.st_ino || here.st_dev != there.st_dev) {
        return false;
    }
    entry->writable = cache_take_fd(&fd);
    return true;
}

/* With the ledger's lock, so that the file is either in the folder and counted, or gone for good.
 */
static bool write_counted(const struct entry *entry, uint64_t block, const void *bytes,
                          size_t length, const struct tag *tag, uint64_t *used)
{
    struct stat before;
    *used = 0;
    if (fstat(entry->writable, &before) != 0 || before.st_nlink == 0) {
        errno = 0;
        return false;
    }
    bool wrote = write_whole(entry->writable, bytes, length, entry->data + block * CACHE_BLOCK) &&
                 write_whole(entry->writable, tag, sizeof *tag, tag_at(block));
    int error = errno;
    uint64_t now = disk_bytes(entry->writable), then = (uint64_t)before.st_blocks * 512;
    *used = now > then ? now - then : 0;
    errno = error;
    return wrote;
}

enum entry_end entry_write_block(struct cache *cache, const struct name *name, struct entry *entry,
                                 uint64_t block, const void *bytes)
{
    struct reservation reservation;
    struct tag tag;
    uint64_t used;
    size_t length = entry_block_bytes(entry, block);
    if (!tag_make(cache, &entry->version, block, bytes, length, &tag) ||
        !open_writable(cache, name, entry)) {
        return ENTRY_BROKEN;
    }
    if (!ledger_reserve(cache, length + SLACK, &reservation)) {
        return ENTRY_SKIPPED;
    }
    bool wrote = write_counted(entry, block, bytes, length, &tag, &used);
    int error = errno;
    ledger_settle(cache, &reservation, used);
    if (!wrote && error) {
        cache_warn(cache, "writing to a copy", error);
    }
    return wrote ? ENTRY_KEPT : ENTRY_BROKEN;
}

/* ---- The seal ---- */

void entry_seal(struct cache *cache, const struct name *name, struct entry *entry)
{
    struct seal seal = {.reserved = {0}};
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = 0}};
    struct stat stat;
    uint32_t random;
    if (entry->sealed || !open_writable(cache, name, entry)) {
        return;
    }
    cache->host->random(&random, sizeof random);
    seal.modified_sec = 1 + (random & 0x1fffffff); /* some second before 1987 */
    memcpy(seal.boot, cache->boot, sizeof seal.boot);
    times[1].tv_sec = seal.modified_sec;
    entry->sealed = write_whole(entry->writable, &seal, sizeof seal, SEAL_AT) &&
                    futimens(entry->writable, times) == 0 && fstat(entry->fd, &stat) == 0 &&
                    is_sealed(cache, entry, &seal, &stat);
}

bool entry_intact(struct entry *entry)
{
    struct stat stat;
    entry->sealed = entry->sealed && fstat(entry->fd, &stat) == 0 && is_as_sealed(entry, &stat);
    return entry->sealed;
}
