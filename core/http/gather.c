/* SPDX-License-Identifier: Apache-2.0
 *
 * See gather.h. The buffer that came back last, whose pages are there, is lent first. */
#include "core/http/gather.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { BUFFERS = 32 };

struct gather {
    pthread_mutex_t lock;
    unsigned made;   /* lent or idle */
    unsigned idle;   /* in `buffers` */
    unsigned unused; /* the fewest that were idle since the last gather_tidy */
    char *buffers[BUFFERS];
};

struct gather *gather_new(void)
{
    struct gather *gather = calloc(1, sizeof *gather);
    if (gather) {
        pthread_mutex_init(&gather->lock, NULL);
    }
    return gather;
}

void gather_free(struct gather *gather)
{
    if (!gather) {
        return;
    }
    while (gather->idle > 0) {
        munmap(gather->buffers[--gather->idle], GATHER_BYTES);
    }
    pthread_mutex_destroy(&gather->lock);
    free(gather);
}

char *gather_borrow(struct gather *gather)
{
    char *buffer = NULL;
    pthread_mutex_lock(&gather->lock);
    bool make = gather->idle == 0 && gather->made < BUFFERS;
    if (make) {
        gather->made++;
    } else if (gather->idle > 0) {
        buffer = gather->buffers[--gather->idle];
    }
    gather->unused = gather->idle < gather->unused ? gather->idle : gather->unused;
    pthread_mutex_unlock(&gather->lock);
    if (!make) {
        return buffer;
    }
    buffer = mmap(NULL, GATHER_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer == MAP_FAILED) {
        pthread_mutex_lock(&gather->lock);
        gather->made--;
        pthread_mutex_unlock(&gather->lock);
        return NULL;
    }
    return buffer;
}

void gather_return(struct gather *gather, char *buffer)
{
    pthread_mutex_lock(&gather->lock);
    gather->buffers[gather->idle++] = buffer;
    pthread_mutex_unlock(&gather->lock);
}

void gather_tidy(struct gather *gather)
{
    char *old[BUFFERS];
    pthread_mutex_lock(&gather->lock);
    unsigned count = gather->unused;
    for (unsigned i = 0; i < count; i++) {
        old[i] = gather->buffers[i]; /* those lent the longest ago */
    }
    gather->idle -= count;
    gather->made -= count;
    for (unsigned i = 0; i < gather->idle; i++) {
        gather->buffers[i] = gather->buffers[i + count];
    }
    gather->unused = gather->idle;
    pthread_mutex_unlock(&gather->lock);
    for (unsigned i = 0; i < count; i++) {
        munmap(old[i], GATHER_BYTES);
    }
}
