/* SPDX-License-Identifier: Apache-2.0
 *
 * API keys that were checked a moment ago, by the SHA-256 of their whole token, so that not every
 * request reads and parses a record. A revocation is seen at once on this node (all is dropped),
 * within KEYCACHE_TTL_MS elsewhere. Any thread. */
#ifndef MEDIA_KEYCACHE_H
#define MEDIA_KEYCACHE_H

#include <mediagw/media.h>

enum { KEYCACHE_TTL_MS = 5000, KEYCACHE_HASH = 32 };

/* A key's properties; the texts are its own. */
struct keycache_key {
    struct mgw_api_key key;
    char id[17];
    char account[129];
};

struct keycache;
struct keycache *keycache_new(void);
void keycache_free(struct keycache *cache);

/* False where it is not known; then *TICKET is what keycache_put wants back. */
bool keycache_get(struct keycache *cache, const unsigned char hash[KEYCACHE_HASH],
                  struct keycache_key *key, uint64_t *ticket);
/* Keeps a copy, unless something was dropped since TICKET was given. */
void keycache_put(struct keycache *cache, const unsigned char hash[KEYCACHE_HASH],
                  const struct mgw_api_key *key, uint64_t ticket);
void keycache_drop_all(struct keycache *cache);

#endif
