/* SPDX-License-Identifier: Apache-2.0
 *
 * See turn.h. */
#include "core/base/turn.h"

#include <errno.h>
#include <time.h>

void turn_init(struct turn *turn)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&turn->lock, NULL);
    pthread_cond_init(&turn->freed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    turn->depth = 0;
}

void turn_done(struct turn *turn)
{
    pthread_mutex_destroy(&turn->lock);
    pthread_cond_destroy(&turn->freed);
}

bool turn_take(struct turn *turn, int64_t until_ms)
{
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    int failed = 0;
    pthread_mutex_lock(&turn->lock);
    bool mine = turn->depth > 0 && pthread_equal(turn->holder, pthread_self());
    while (!mine && turn->depth > 0 && failed != ETIMEDOUT) {
        failed = until_ms ? pthread_cond_timedwait(&turn->freed, &turn->lock, &until)
                          : pthread_cond_wait(&turn->freed, &turn->lock);
    }
    bool taken = mine || turn->depth == 0;
    if (taken) {
        turn->holder = pthread_self();
        turn->depth++;
    }
    pthread_mutex_unlock(&turn->lock);
    return taken;
}

void turn_give(struct turn *turn)
{
    pthread_mutex_lock(&turn->lock);
    if (--turn->depth == 0) {
        pthread_cond_signal(&turn->freed);
    }
    pthread_mutex_unlock(&turn->lock);
}
