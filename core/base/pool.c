/* SPDX-License-Identifier: Apache-2.0
 *
 * See pool.h. Threads are started one by one while all others are busy, and end after IDLE_SEC
 * without work, so that an idle gateway holds no stacks. */
#include "core/base/pool.h"

#include "core/base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { IDLE_SEC = 10, STACK_BYTES = 512 * 1024 };

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* a job came, or the pool stops */
    pthread_cond_t done; /* a thread ended */
    struct pool_job *first, **last;
    size_t depth, queue_max;
    unsigned threads, threads_max, idle;
    bool stopping;
    char name[16];
};

struct pool *pool_new(const char *name, unsigned threads, size_t queue_max)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool) {
        return NULL;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, &monotonic);
    pthread_cond_init(&pool->done, NULL);
    pthread_condattr_destroy(&monotonic);
    pool->last = &pool->first;
    pool->queue_max = queue_max;
    pool->threads_max = threads ? threads : 1;
    snprintf(pool->name, sizeof pool->name, "%s", name);
    return pool;
}

/* Waits for a job; NULL where the thread shall end. The lock is held. */
static struct pool_job *pool_next(struct pool *pool)
{
    while (!pool->first) {
        if (pool->stopping) {
            return NULL;
        }
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += IDLE_SEC;
        pool->idle++;
        int error = pthread_cond_timedwait(&pool->work, &pool->lock, &until);
        pool->idle--;
        if (error == ETIMEDOUT && !pool->first) {
            return NULL;
        }
    }
    struct pool_job *job = pool->first;
    pool->first = job->next;
    if (!pool->first) {
        pool->last = &pool->first;
    }
    pool->depth--;
    return job;
}

static void *pool_thread(void *argument)
{
    struct pool *pool = argument;
    pthread_setname_np(pthread_self(), pool->name);
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct pool_job *job = pool_next(pool);
        if (!job) {
            break;
        }
        pthread_mutex_unlock(&pool->lock);
        job->run(job);
        pthread_mutex_lock(&pool->lock);
    }
    pool->threads--;
    pthread_cond_broadcast(&pool->done);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Starts one more thread. The lock is held. Signals are left to the threads that wait for them. */
static void pool_grow(struct pool *pool)
{
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, STACK_BYTES);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    if (pthread_create(&thread, &detached, pool_thread, pool) == 0) {
        pool->threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
}

static bool pool_put(struct pool *pool, struct pool_job *job, size_t queue_max)
{
    pthread_mutex_lock(&pool->lock);
    bool taken = !pool->stopping && pool->depth < queue_max;
    if (taken) {
        if (pool->depth >= pool->idle && pool->threads < pool->threads_max) {
            pool_grow(pool);
        }
        taken = pool->threads > 0;
    }
    if (taken) {
        job->next = NULL;
        *pool->last = job;
        pool->last = &job->next;
        pool->depth++;
        pthread_cond_signal(&pool->work);
    }
    pthread_mutex_unlock(&pool->lock);
    return taken;
}

bool pool_submit(struct pool *pool, struct pool_job *job)
{
    return pool_put(pool, job, pool->queue_max);
}

bool pool_continue(struct pool *pool, struct pool_job *job)
{
    return pool_put(pool, job, SIZE_MAX);
}

size_t pool_depth(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    size_t depth = pool->depth;
    pthread_mutex_unlock(&pool->lock);
    return depth;
}

void pool_free(struct pool *pool)
{
    if (!pool) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    while (pool->threads > 0) {
        pthread_cond_wait(&pool->done, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->done);
    free(pool);
}
