/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk through the folder: counts the disk space that copies take, removes what a killed
 * process left and the copies that were used least lately. Only files with names of ours are ever
 * touched. The caller holds the ledger's lock alone. */
#ifndef CACHE_EVICT_H
#define CACHE_EVICT_H

#include "cache.h"

/* Removes copies until they take MOST bytes at most; what they take then. */
uint64_t evict_to(const struct cache *cache, uint64_t most);
/* Whether there is nothing in the folder but BUT. */
bool evict_is_empty(const struct cache *cache, const char *but);

#endif
