/* SPDX-License-Identifier: Apache-2.0
 *
 * See clock.h. */
#include "clock.h"

void clock_init(struct clock *clock, const struct mgw_host *host)
{
    *clock = (struct clock){.host = host};
    pthread_mutex_init(&clock->lock, NULL);
    clock->base_ms = host->wall_ms();
    clock->base_mono_ms = host->monotonic_ms();
}

void clock_end(struct clock *clock)
{
    pthread_mutex_destroy(&clock->lock);
}

/* Under the lock. */
static int64_t clock_read(struct clock *clock)
{
    int64_t mono = clock->host->monotonic_ms(), wall = clock->host->wall_ms();
    int64_t least = clock->base_ms + (mono - clock->base_mono_ms) / 2;
    if (wall >= least) {
        clock->base_ms = wall;
        clock->base_mono_ms = mono;
        return wall;
    }
    return least;
}

int64_t clock_now(struct clock *clock)
{
    pthread_mutex_lock(&clock->lock);
    int64_t now = clock_read(clock);
    pthread_mutex_unlock(&clock->lock);
    return now;
}

void clock_raise(struct clock *clock, int64_t time)
{
    pthread_mutex_lock(&clock->lock);
    if (time > clock_read(clock)) {
        clock->base_ms = time;
        clock->base_mono_ms = clock->host->monotonic_ms();
    }
    pthread_mutex_unlock(&clock->lock);
}
