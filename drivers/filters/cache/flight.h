/* SPDX-License-Identifier: Apache-2.0
 *
 * One fetch of a block at a time in this process: who comes while it is under way waits for it, and
 * finds the block in the copy afterwards. Any thread. */
#ifndef CACHE_FLIGHT_H
#define CACHE_FLIGHT_H

#include "name.h"

struct flight;

struct flights *flights_new(void);
void flights_free(struct flights *flights);

/* MGW_OK with *FLIGHT set: the caller fetches, and must end the flight. With *FLIGHT NULL: another
 * did, and *KEPT says whether the block is in the copy now; where it is not, the caller fetches for
 * itself. MGW_TIMEOUT, MGW_CANCELLED: the call is over. */
enum mgw_status flight_begin(struct cache *cache, struct mgw_call *call,
                             const struct version *version, uint64_t block, struct flight **flight,
                             bool *kept);
/* FLIGHT may be NULL. */
void flight_end(struct cache *cache, struct flight *flight, bool kept);

#endif
