/* SPDX-License-Identifier: Apache-2.0
 *
 * See cache.h. One row a slot, the newest wins; a lock for each group of slots. */
#include "core/media/cache.h"

#include "core/base/clock.h"
#include "core/media/row.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS = 16, SLOTS = 64 };

struct slot {
    struct mgw_row *row;
    int64_t until;
};

struct group {
    pthread_mutex_t lock;
    uint64_t drops;
    struct slot slots[SLOTS];
};

struct cache {
    struct group groups[GROUPS];
};

/* FNV-1a: the keys are made by the gateway itself, nobody can aim at a slot. */
static uint64_t hash(const char *bucket, const char *key)
{
    uint64_t h = 14695981039346656037u;
    for (const char *part = bucket; part; part = part == bucket ? key : NULL) {
        for (const char *at = part; *at; at++) {
            h = (h ^ (unsigned char)*at) * 1099511628211u;
        }
        h = (h ^ 0xff) * 1099511628211u;
    }
    return h ^ h >> 32;
}

struct cache *cache_new(void)
{
    struct cache *cache = calloc(1, sizeof *cache);
    for (size_t i = 0; cache && i < GROUPS; i++) {
        pthread_mutex_init(&cache->groups[i].lock, NULL);
    }
    return cache;
}

void cache_free(struct cache *cache)
{
    for (size_t i = 0; cache && i < GROUPS; i++) {
        for (size_t j = 0; j < SLOTS; j++) {
            free(cache->groups[i].slots[j].row);
        }
        pthread_mutex_destroy(&cache->groups[i].lock);
    }
    free(cache);
}

static struct slot *find(struct cache *cache, const char *bucket, const char *key,
                         struct group **group)
{
    uint64_t h = hash(bucket, key);
    *group = &cache->groups[h % GROUPS];
    return &(*group)->slots[h / GROUPS % SLOTS];
}

static bool holds(const struct slot *slot, const char *bucket, const char *key)
{
    return slot->row && strcmp(slot->row->key, key) == 0 && strcmp(slot->row->bucket, bucket) == 0;
}

struct mgw_row *cache_get(struct cache *cache, const char *bucket, const char *key,
                          uint64_t *ticket)
{
    struct group *group;
    struct slot *slot = find(cache, bucket, key, &group);
    struct mgw_row *copy = NULL;
    pthread_mutex_lock(&group->lock);
    if (holds(slot, bucket, key) && slot->until > clock_mono_ms()) {
        copy = row_copy(slot->row);
    }
    *ticket = group->drops;
    pthread_mutex_unlock(&group->lock);
    return copy;
}

void cache_put(struct cache *cache, const struct mgw_row *row, uint64_t ticket)
{
    struct group *group;
    struct slot *slot = find(cache, row->bucket, row->key, &group);
    struct mgw_row *copy = row_copy(row);
    pthread_mutex_lock(&group->lock);
    if (copy && group->drops == ticket) {
        struct mgw_row *old = slot->row;
        *slot = (struct slot){.row = copy, .until = clock_mono_ms() + CACHE_TTL_MS};
        copy = old;
    }
    pthread_mutex_unlock(&group->lock);
    free(copy);
}

void cache_drop(struct cache *cache, const char *bucket, const char *key)
{
    struct group *group;
    struct slot *slot = find(cache, bucket, key, &group);
    struct mgw_row *old = NULL;
    pthread_mutex_lock(&group->lock);
    group->drops++;
    if (holds(slot, bucket, key)) {
        old = slot->row;
        slot->row = NULL;
    }
    pthread_mutex_unlock(&group->lock);
    free(old);
}
