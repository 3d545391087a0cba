/* SPDX-License-Identifier: Apache-2.0
 *
 * What mender.c (the thread) and mender_queue.c (what it is told) share. */
#ifndef MIRROR_MENDER_INSIDE_H
#define MIRROR_MENDER_INSIDE_H

#include "mender.h"

struct job {
    struct job *next;
    char *bucket;
    char key[];
};

struct bucket {
    char *name;
    bool noted; /* both stores have its note */
};

struct mender {
    struct mirror *mirror;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    void *(*run)(void *mender); /* the thread */
    pthread_t thread;
    bool runs;
    _Atomic bool stopping;
    struct job *first, **last;
    size_t queued;
    struct bucket *buckets; /* by name */
    size_t bucket_count;
    bool unnoted;
    int64_t walk_at;   /* monotonic; 0: none is due */
    int64_t walked_at; /* when the last that found nothing wanting ended; 0: never */
    int64_t backoff_ms;
};

#endif
