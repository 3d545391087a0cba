/* SPDX-License-Identifier: Apache-2.0
 *
 * The repository's clock: the wall clock, but for never going backwards. When the wall clock is set
 * back, this one goes on at half speed until the wall has caught up: leases still end, and the
 * error does not live for ever. Any thread. */
#ifndef SQLITE_CLOCK_H
#define SQLITE_CLOCK_H

#include <mediagw/plugin.h>

#include <pthread.h>

struct clock {
    const struct mgw_host *host;
    pthread_mutex_t lock;
    int64_t base_ms;      /* the latest time known from the wall or the database */
    int64_t base_mono_ms; /* when that was */
};

void clock_init(struct clock *clock, const struct mgw_host *host);
int64_t clock_now(struct clock *clock);
/* Another writer of the database has been at TIME already: from now on no earlier one is answered.
 */
void clock_raise(struct clock *clock, int64_t time);
void clock_end(struct clock *clock);

#endif
