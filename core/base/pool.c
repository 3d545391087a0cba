/* SPDX-License-Identifier: Apache-2.0
 *
 * See pool.h. A job is handed to one idle thread, the one that became idle last, which alone is
 * woken: nobody contends for the job, and under a light load the same few warm threads work while
 * the others reach the end of IDLE_SEC and go, so that an idle gateway holds no stacks.
 * A thread that ends joins the one that ended before it. */
#include "core/base/pool.h"

#include "core/base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { IDLE_SEC = 10, STACK_BYTES = 1024 * 1024, LOST_FACTOR = 4 };

/* A thread's own, on its stack. */
struct pool_worker {
    struct pool *pool;
    sem_t wake;
    struct pool_job *job; /* handed over; with it the thread is off the list of the idle */
    struct pool_worker *next;
    bool lost;
};
static _Thread_local struct pool_worker *here;

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t done;      /* a thread ended */
    struct pool_worker *idle; /* the last one first */
    struct pool_job *first, **last;
    size_t depth, queue_max;
    unsigned threads, threads_max;
    unsigned lost;   /* of them: they count no more against the most */
    pthread_t ended; /* the thread that ended last, which joins the one before it */
    bool any_ended;
    bool stopping;
    char name[16];
};

struct pool *pool_new(const char *name, unsigned threads, size_t queue_max)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool) {
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->last = &pool->first;
    pool->queue_max = queue_max;
    pool->threads_max = threads ? threads : 1;
    snprintf(pool->name, sizeof pool->name, "%s", name);
    return pool;
}

/* The lock is held. */
static struct pool_job *pool_dequeue(struct pool *pool)
{
    struct pool_job *job = pool->first;
    if (job) {
        pool->first = job->next;
        if (!pool->first) {
            pool->last = &pool->first;
        }
        pool->depth--;
    }
    return job;
}

/* Whether it was woken before UNTIL (NULL: never too late). */
static bool worker_sleep(struct pool_worker *worker, const struct timespec *until)
{
    int failed;
    do {
        failed =
            until ? sem_clockwait(&worker->wake, CLOCK_MONOTONIC, until) : sem_wait(&worker->wake);
    } while (failed && errno == EINTR);
    return !failed;
}

/* False where it is no longer on the list. The lock is held. */
static bool pool_leave_idle(struct pool *pool, const struct pool_worker *worker)
{
    struct pool_worker **at = &pool->idle;
    while (*at && *at != worker) {
        at = &(*at)->next;
    }
    if (!*at) {
        return false;
    }
    *at = worker->next;
    return true;
}

/* Waits to be handed a job; NULL where the thread shall end. The lock is held, but not meanwhile.
 */
static struct pool_job *pool_wait(struct pool *pool, struct pool_worker *worker)
{
    if (pool->stopping) {
        return NULL;
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SEC;
    worker->job = NULL;
    worker->next = pool->idle;
    pool->idle = worker;
    pthread_mutex_unlock(&pool->lock);
    bool woken = worker_sleep(worker, &until);
    pthread_mutex_lock(&pool->lock);
    if (!woken && pool_leave_idle(pool, worker)) {
        return NULL;
    }
    if (!woken) {
        /* Taken off the list at the last moment: its waker must be done with the semaphore. */
        pthread_mutex_unlock(&pool->lock);
        worker_sleep(worker, NULL);
        pthread_mutex_lock(&pool->lock);
    }
    return worker->job; /* NULL: the pool stops */
}

/* The calling thread takes no more jobs. Whoever joins it has joined all that ended before, and
 * what they left to libraries' destructors of thread-specific data has been run. The lock is held,
 * and given back. */
static void pool_end_thread(struct pool *pool)
{
    bool any = pool->any_ended;
    pthread_t before = pool->ended;
    pool->ended = pthread_self();
    pool->any_ended = true;
    pool->threads--;
    pthread_cond_broadcast(&pool->done);
    pthread_mutex_unlock(&pool->lock);
    if (any) {
        pthread_join(before, NULL);
    }
}

static void *pool_thread(void *argument)
{
    struct pool *pool = argument;
    struct pool_worker worker = {.pool = pool};
    sem_init(&worker.wake, 0, 0);
    here = &worker;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct pool_job *job = pool_dequeue(pool);
        if (!job) {
            job = pool_wait(pool, &worker);
        }
        if (!job) {
            break;
        }
        pthread_mutex_unlock(&pool->lock);
        job->run(job);
        pthread_mutex_lock(&pool->lock);
        if (worker.lost) {
            worker.lost = false;
            pool->lost--;
        }
        if (pool->threads > pool->threads_max + pool->lost && !pool->stopping) {
            break; /* others took its place */
        }
    }
    sem_destroy(&worker.wake);
    pool_end_thread(pool);
    return NULL;
}

/* Starts one more thread. The lock is held, so that it lives until it has its name. */
static void pool_grow(struct pool *pool)
{
    pthread_t thread;
    if (thread_start_sized(&thread, pool->name, STACK_BYTES, pool_thread, pool)) {
        pool->threads++;
    }
}

/* Whether one more thread may run. The lock is held. */
static bool pool_has_room(const struct pool *pool)
{
    return pool->threads - pool->lost < pool->threads_max;
}

static bool pool_put(struct pool *pool, struct pool_job *job, size_t queue_max)
{
    pthread_mutex_lock(&pool->lock);
    struct pool_worker *worker = pool->stopping ? NULL : pool->idle;
    if (worker) {
        pool->idle = worker->next;
        worker->job = job;
        pthread_mutex_unlock(&pool->lock);
        sem_post(&worker->wake);
        return true;
    }
    bool taken = !pool->stopping && pool->depth < queue_max;
    if (taken) {
        if (pool_has_room(pool)) {
            pool_grow(pool);
        }
        taken = pool->threads > pool->lost || (pool->threads > 0 && queue_max == SIZE_MAX);
    }
    if (taken) {
        job->next = NULL;
        *pool->last = job;
        pool->last = &job->next;
        pool->depth++;
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

struct pool_worker *pool_worker_here(void)
{
    return here;
}

void pool_worker_lost(struct pool_worker *worker)
{
    if (!worker) {
        return;
    }
    struct pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    if (!worker->lost && pool->lost < LOST_FACTOR * pool->threads_max) {
        worker->lost = true;
        pool->lost++;
        if (pool->depth > 0 && pool_has_room(pool)) {
            pool_grow(pool);
        }
    }
    pthread_mutex_unlock(&pool->lock);
}

unsigned pool_lost(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    unsigned lost = pool->lost;
    pthread_mutex_unlock(&pool->lock);
    return lost;
}

void pool_free(struct pool *pool)
{
    if (!pool) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    for (struct pool_worker *worker; (worker = pool->idle);) {
        pool->idle = worker->next; /* its job stays NULL: it ends */
        sem_post(&worker->wake);
    }
    while (pool->threads > 0) {
        pthread_cond_wait(&pool->done, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    if (pool->any_ended) {
        pthread_join(pool->ended, NULL);
    }
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->done);
    free(pool);
}
