/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows by (bucket, key), for a few seconds: what the content route asks again and again. A removal
 * is seen at once on this node and after CACHE_TTL_MS elsewhere. Fixed size; any thread. */
#ifndef MEDIA_CACHE_H
#define MEDIA_CACHE_H

#include <mediagw/repo.h>

enum { CACHE_TTL_MS = 5000 };

struct cache;
struct cache *cache_new(void);
void cache_free(struct cache *cache);

/* A copy of the row, to be freed, or NULL; then *TICKET is what cache_put wants back. */
struct mgw_row *cache_get(struct cache *cache, const char *bucket, const char *key,
                          uint64_t *ticket);
/* Keeps a copy, unless something was dropped since TICKET was given: the row may have been read
 * before that. */
void cache_put(struct cache *cache, const struct mgw_row *row, uint64_t ticket);
void cache_drop(struct cache *cache, const char *bucket, const char *key);

#endif
