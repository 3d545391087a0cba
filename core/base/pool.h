/* SPDX-License-Identifier: Apache-2.0
 *
 * A bounded worker pool: at most `threads` threads, started when needed and ended when idle for
 * some seconds, and a bounded queue. A full queue refuses, so that the caller can shed. Jobs are
 * embedded in what they work on. A thread whose job does not come back can be given up for lost:
 * another one takes its place until it does. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pool;
struct pool_job {
    void (*run)(struct pool_job
                    *job); /* on a worker thread; the job may be freed or submitted again inside */
    struct pool_job *next;
};

struct pool *pool_new(const char *name, unsigned threads, size_t queue_max);
/* False, and nothing done, where the queue is full or the pool is stopping. */
bool pool_submit(struct pool *pool, struct pool_job *job);
/* As pool_submit, past the queue's bound: for the next step of work that was let in already. */
bool pool_continue(struct pool *pool, struct pool_job *job);
size_t pool_depth(struct pool *pool);

/* The calling thread's place in its pool, valid until its job returns; NULL: it is no pool's. */
struct pool_worker;
struct pool_worker *pool_worker_here(void);
/* WORKER's job does not come back: until it does, one more thread may run; for at most four times
 * as many as the pool has. Any thread, once or more often. */
void pool_worker_lost(struct pool_worker *worker);
/* How many are lost now. */
unsigned pool_lost(struct pool *pool);

/* Takes nothing new, runs what is queued, ends the threads, frees. NULL is nothing. */
void pool_free(struct pool *pool);

#endif
