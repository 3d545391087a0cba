/* SPDX-License-Identifier: Apache-2.0
 *
 * A call for a thread of the filter's own, which no outer call stands behind. One thread at a time;
 * its memory lives until own_call_fresh or own_call_end. */
#ifndef MIRROR_OWN_CALL_H
#define MIRROR_OWN_CALL_H

#include "mirror.h"

struct own_chunk;
struct own_call {
    struct mgw_call call; /* first */
    struct mgw_error error;
    const _Atomic bool *over; /* cancels it */
    struct own_chunk *chunks;
};
/* OWN, zeroed but for `over`, or used before, is good for one thing more. DEADLINE_MS as in struct
 * mgw_call. */
struct mgw_call *own_call_fresh(struct own_call *own, int64_t deadline_ms);
void own_call_end(struct own_call *own);

#endif
