/* SPDX-License-Identifier: Apache-2.0
 *
 * A lock that is waited for until a moment of the monotonic clock, and that its holder may take
 * again. (pthread_mutex_clocklock does it too, but is unknown to ThreadSanitizer, which then knows
 * of no order between the holders.) Any thread. */
#ifndef BASE_TURN_H
#define BASE_TURN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct turn {
    pthread_mutex_t lock; /* of what follows; never held for long */
    pthread_cond_t freed;
    pthread_t holder; /* where depth > 0 */
    unsigned depth;
};

void turn_init(struct turn *turn);
void turn_done(struct turn *turn);
/* False: it could not be had by UNTIL_MS (0: waits for ever). */
bool turn_take(struct turn *turn, int64_t until_ms);
void turn_give(struct turn *turn);

#endif
