/* SPDX-License-Identifier: Apache-2.0
 *
 * See keycache.h. */
#include "core/media/keycache.h"

#include "core/base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 256 };

struct slot {
    unsigned char hash[KEYCACHE_HASH];
    int64_t until; /* monotonic ms; 0: empty */
    struct keycache_key key;
};

struct keycache {
    pthread_mutex_t lock;
    uint64_t drops;
    struct slot slots[SLOTS];
};

/* The texts of a copied key are the copy's. */
static void settle(struct keycache_key *key)
{
    key->key.id = key->id;
    key->key.account = key->account;
}

struct keycache *keycache_new(void)
{
    struct keycache *cache = calloc(1, sizeof *cache);
    if (cache) {
        pthread_mutex_init(&cache->lock, NULL);
    }
    return cache;
}

void keycache_free(struct keycache *cache)
{
    if (cache) {
        pthread_mutex_destroy(&cache->lock);
    }
    free(cache);
}

bool keycache_get(struct keycache *cache, const unsigned char hash[KEYCACHE_HASH],
                  struct keycache_key *key, uint64_t *ticket)
{
    struct slot *slot = &cache->slots[hash[0] % SLOTS];
    pthread_mutex_lock(&cache->lock);
    *ticket = cache->drops;
    bool known = slot->until > clock_mono_ms() && memcmp(slot->hash, hash, KEYCACHE_HASH) == 0;
    if (known) {
        *key = slot->key;
    }
    pthread_mutex_unlock(&cache->lock);
    if (known) {
        settle(key);
    }
    return known;
}

void keycache_put(struct keycache *cache, const unsigned char hash[KEYCACHE_HASH],
                  const struct mgw_api_key *key, uint64_t ticket)
{
    struct slot *slot = &cache->slots[hash[0] % SLOTS];
    if (strlen(key->id) >= sizeof slot->key.id ||
        strlen(key->account) >= sizeof slot->key.account) {
        return;
    }
    pthread_mutex_lock(&cache->lock);
    if (cache->drops == ticket) {
        memcpy(slot->hash, hash, KEYCACHE_HASH);
        slot->until = clock_mono_ms() + KEYCACHE_TTL_MS;
        slot->key.key = *key;
        snprintf(slot->key.id, sizeof slot->key.id, "%s", key->id);
        snprintf(slot->key.account, sizeof slot->key.account, "%s", key->account);
    }
    pthread_mutex_unlock(&cache->lock);
}

void keycache_drop_all(struct keycache *cache)
{
    pthread_mutex_lock(&cache->lock);
    cache->drops++;
    for (size_t i = 0; i < SLOTS; i++) {
        cache->slots[i].until = 0;
    }
    pthread_mutex_unlock(&cache->lock);
}
