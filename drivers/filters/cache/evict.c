/* SPDX-License-Identifier: Apache-2.0
 *
 * See evict.h. Memory is bounded whatever the number of copies: the oldest BATCH of them are
 * remembered, and the walk is repeated where these were not enough. */
#include "evict.h"

#include "name.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { BATCH = 4096, SHARDS = 256, NS = 1000000000 };

struct victim {
    int64_t used_ns;
    uint64_t bytes;
    struct name name;
};
struct walk {
    const struct cache *cache;
    uint64_t used;
    size_t count;
    struct victim victims[2 * BATCH];
};

static int by_age(const void *a, const void *b)
{
    int64_t one = ((const struct victim *)a)->used_ns, two = ((const struct victim *)b)->used_ns;
    return one < two ? -1 : one > two;
}

static void keep_oldest(struct walk *walk)
{
    qsort(walk->victims, walk->count, sizeof walk->victims[0], by_age);
    walk->count = walk->count < BATCH ? walk->count : BATCH;
}

static DIR *folder_open(int dir, const char *name)
{
    AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (folder) {
        cache_take_fd(&fd);
    }
    return folder;
}

static void walk_shard(struct walk *walk, const char *shard)
{
    DIR *folder = folder_open(walk->cache->dir, shard);
    if (!folder) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct victim victim;
        struct stat stat;
        if (!name_parse(entry->d_name, &victim.name) ||
            fstatat(dirfd(folder), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        victim.bytes = (uint64_t)stat.st_blocks * 512;
        victim.used_ns = (int64_t)stat.st_atim.tv_sec * NS + stat.st_atim.tv_nsec;
        walk->used += victim.bytes;
        walk->victims[walk->count++] = victim;
        if (walk->count == 2 * (size_t)BATCH) {
            keep_oldest(walk);
        }
    }
    closedir(folder);
}

static void walk_all(struct walk *walk)
{
    walk->used = walk->count = 0;
    for (unsigned i = 0; i < SHARDS; i++) {
        char shard[3];
        snprintf(shard, sizeof shard, "%02x", i);
        walk_shard(walk, shard);
    }
    keep_oldest(walk);
}

static void remove_leftovers(const struct cache *cache)
{
    DIR *folder = folder_open(cache->dir, ".");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strncmp(entry->d_name, "tmp-", 4) == 0) {
            unlinkat(cache->dir, entry->d_name, 0);
        }
    }
    if (folder) {
        closedir(folder);
    }
}

uint64_t evict_to(const struct cache *cache, uint64_t most)
{
    remove_leftovers(cache);
    AUTO_FREE struct walk *walk = calloc(1, sizeof *walk);
    if (!walk) {
        return UINT64_MAX; /* full, until there is memory for another look */
    }
    walk->cache = cache;
    for (bool went = true; went;) {
        went = false;
        walk_all(walk);
        for (size_t i = 0; i < walk->count && walk->used > most; i++) {
            if (unlinkat(cache->dir, walk->victims[i].name.file, 0) == 0) {
                walk->used -= walk->victims[i].bytes;
                went = true;
            }
        }
        went = went && walk->used > most;
    }
    return walk->used;
}

bool evict_is_empty(const struct cache *cache, const char *but)
{
    DIR *folder = folder_open(cache->dir, ".");
    bool empty = folder != NULL;
    for (struct dirent *entry; empty && (entry = readdir(folder));) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                strcmp(entry->d_name, "lost+found") == 0 || strcmp(entry->d_name, but) == 0;
    }
    if (folder) {
        closedir(folder);
    }
    return empty;
}
