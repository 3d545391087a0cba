/* SPDX-License-Identifier: Apache-2.0
 *
 * The disk space that the folder's copies take, and its bound, for all processes together. What is
 * to be written is reserved first, so that a process killed in between leaves the count too high,
 * never too low; counting the files anew sets it right. Any thread. */
#ifndef CACHE_LEDGER_H
#define CACHE_LEDGER_H

#include "cache.h"

/* Opens the folder's ledger, makes it in an empty folder, and counts what is there. */
enum mgw_status ledger_open(struct mgw_call *call, struct cache *cache);
void ledger_close(struct ledger *ledger);

/* A reservation: the lock that keeps copies from being removed and counted meanwhile. For local
 * writes only: nobody waits for a network with it. */
struct reservation {
    int lock;
    uint64_t bytes;
};
/* False: there is no room now, or another makes some. Removes the copies that were used least
 * lately where that makes room. */
bool ledger_reserve(struct cache *cache, uint64_t bytes, struct reservation *reservation);
/* USED of the reserved bytes lie on the disk now. */
void ledger_settle(struct cache *cache, struct reservation *reservation, uint64_t used);

/* As counted last and added to since. */
uint64_t ledger_used(const struct ledger *ledger);

#endif
