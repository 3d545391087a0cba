/* SPDX-License-Identifier: Apache-2.0
 *
 * See flight.h. A handful of flights at once, so a list does. */
#include "flight.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

enum { STEP_MS = 50 }; /* between two looks whether a waiting call is over */

struct flight {
    struct flight *next;
    struct version version;
    uint64_t block;
    unsigned holders; /* the fetcher and who waits */
    bool over, kept;
};
struct flights {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    struct flight *first;
};

struct flights *flights_new(void)
{
    struct flights *flights = calloc(1, sizeof *flights);
    pthread_condattr_t monotonic;
    if (!flights) {
        return NULL;
    }
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&flights->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&flights->lock, NULL);
    return flights;
}

void flights_free(struct flights *flights)
{
    if (flights) {
        pthread_cond_destroy(&flights->ended);
        pthread_mutex_destroy(&flights->lock);
        free(flights);
    }
}

static void let_go(struct flight *flight)
{
    if (--flight->holders == 0) {
        free(flight);
    }
}

static void wait_a_step(struct flights *flights)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += STEP_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&flights->ended, &flights->lock, &until);
}

static struct flight *find(const struct flights *flights, const struct version *version,
                           uint64_t block)
{
    struct flight *at = flights->first;
    while (at && (at->block != block || memcmp(&at->version, version, sizeof *version) != 0)) {
        at = at->next;
    }
    return at;
}

enum mgw_status flight_begin(struct cache *cache, struct mgw_call *call,
                             const struct version *version, uint64_t block, struct flight **flight,
                             bool *kept)
{
    struct flights *flights = cache->flights;
    enum mgw_status status = MGW_OK;
    *flight = NULL;
    *kept = false;
    pthread_mutex_lock(&flights->lock);
    struct flight *other = find(flights, version, block);
    if (other) {
        other->holders++;
        while (!other->over && status == MGW_OK) {
            wait_a_step(flights);
            status = other->over ? MGW_OK : cache_over(call, cache);
        }
        *kept = other->kept;
        let_go(other);
    } else if ((*flight = calloc(1, sizeof **flight))) {
        **flight = (struct flight){
            .next = flights->first, .version = *version, .block = block, .holders = 1};
        flights->first = *flight;
    } else {
        status = cache_no_memory(call);
    }
    pthread_mutex_unlock(&flights->lock);
    return status;
}

void flight_end(struct cache *cache, struct flight *flight, bool kept)
{
    struct flights *flights = cache->flights;
    if (!flight) {
        return;
    }
    pthread_mutex_lock(&flights->lock);
    struct flight **at = &flights->first;
    while (*at != flight) {
        at = &(*at)->next;
    }
    *at = flight->next;
    flight->over = true;
    flight->kept = kept;
    pthread_cond_broadcast(&flights->ended);
    let_go(flight);
    pthread_mutex_unlock(&flights->lock);
}
