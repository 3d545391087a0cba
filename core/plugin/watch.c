/* SPDX-License-Identifier: Apache-2.0
 *
 * See watch.h. Each thread has a record of its own, whose lock nobody but the watching thread ever
 * contends for; it holds one record's lock at a time. A call from inside another (a filter's into
 * the layer below) stands above it: only the innermost can be to blame. */
#include "core/plugin/watch.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/pool.h"
#include "core/base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 500, SLOW_MS = 500, SLOW_FOR_MS = 60000 };

struct watched {
    pthread_mutex_t lock;
    struct watch_frame *top;    /* the innermost */
    struct pool_worker *worker; /* NULL: the thread is no pool's */
    struct watched *next, **prev;
    bool known; /* it is in the list */
};
static _Thread_local struct watched mine = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct {
    pthread_mutex_t lock; /* of the list and of what follows */
    struct watched *first;
    pthread_t thread;
    pthread_cond_t wake;
    unsigned starts;
    bool ending;
    int64_t end_at; /* 0: never */
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER; /* one start or stop at a time */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_exit; /* of a thread */
static _Atomic unsigned most = WATCH_MOST;

/* ---- A thread's own record ---- */

static void watched_end(void *record)
{
    struct watched *watched = record;
    pthread_mutex_lock(&watch.lock);
    *watched->prev = watched->next;
    if (watched->next) {
        watched->next->prev = watched->prev;
    }
    pthread_mutex_unlock(&watch.lock);
    watched->known = false;
}

static void watch_once(void)
{
    pthread_key_create(&at_exit, watched_end);
}

static void watched_begin(struct watched *watched)
{
    pthread_once(&once, watch_once);
    pthread_setspecific(at_exit, watched);
    watched->worker = pool_worker_here();
    watched->known = true;
    pthread_mutex_lock(&watch.lock);
    watched->next = watch.first;
    watched->prev = &watch.first;
    if (watched->next) {
        watched->next->prev = &watched->next;
    }
    watch.first = watched;
    pthread_mutex_unlock(&watch.lock);
}

bool watch_admits(const struct watch_gate *gate)
{
    unsigned lost = atomic_load_explicit(&gate->lost, memory_order_relaxed);
    return lost == 0 || (!gate->single && lost < most);
}

void watch_set_most(unsigned given)
{
    most = given < 1 ? 1 : given > WATCH_MOST ? WATCH_MOST : given;
}

void watch_enter(struct watch_frame *frame)
{
    if (!mine.known) {
        watched_begin(&mine);
    }
    frame->since = clock_rough_ms(); /* each layer of a stack asks */
    frame->lost = false;
    if (frame->overdue != 0) {
        frame->overdue =
            (frame->overdue > frame->since ? frame->overdue : frame->since) + WATCH_GRACE_MS;
    }
    pthread_mutex_lock(&mine.lock);
    frame->outer = mine.top;
    mine.top = frame;
    pthread_mutex_unlock(&mine.lock);
}

static void watch_slow(struct watch_frame *frame, int64_t now)
{
    bool known = frame->gate->slow_until > now;
    /* Whoever waits for it in this thread was as slow. */
    for (struct watch_frame *at = frame; at; at = at->outer) {
        at->gate->slow_until = now + SLOW_FOR_MS;
    }
    if (!known) {
        log_event(LOG_LEVEL_WARN, "a read that should not wait did: workers do it for a while",
                  LOG_TEXT("plugin", frame->gate->plugin), LOG_TEXT("callback", frame->verb),
                  LOG_NUMBER("ms", now - frame->since));
    }
}

void watch_leave(struct watch_frame *frame)
{
    pthread_mutex_lock(&mine.lock);
    mine.top = frame->outer;
    bool lost = frame->lost;
    pthread_mutex_unlock(&mine.lock);
    int64_t now = frame->quick || lost ? clock_rough_ms() : 0;
    if (frame->quick && now - frame->since >= SLOW_MS) {
        watch_slow(frame, now);
    }
    if (lost) {
        frame->gate->lost--;
        log_event(LOG_LEVEL_WARN, "a plugin's call came back",
                  LOG_TEXT("plugin", frame->gate->plugin), LOG_TEXT("callback", frame->verb),
                  LOG_TEXT("request", frame->request_id), LOG_NUMBER("ms", now - frame->since));
    }
}

/* ---- The thread that looks ---- */

/* The record's lock is held. */
static void look(struct watched *watched, int64_t now)
{
    struct watch_frame *frame = watched->top;
    if (!frame) {
        return;
    }
    if (frame->quick && now - frame->since >= SLOW_MS) {
        watch_slow(frame, now);
    }
    if (frame->lost || frame->overdue == 0 || now < frame->overdue) {
        return;
    }
    frame->lost = true;
    frame->gate->lost++;
    pool_worker_lost(watched->worker);
    log_event(LOG_LEVEL_ERROR, "a plugin's call does not come back",
              LOG_TEXT("plugin", frame->gate->plugin), LOG_TEXT("callback", frame->verb),
              LOG_TEXT("request", frame->request_id), LOG_NUMBER("ms", now - frame->since),
              LOG_NUMBER("lost", frame->gate->lost));
}

/* The list's lock is held. */
static void look_at_all(int64_t now)
{
    for (struct watched *watched = watch.first; watched; watched = watched->next) {
        pthread_mutex_lock(&watched->lock);
        look(watched, now);
        pthread_mutex_unlock(&watched->lock);
    }
}

static void say_call(void *ctx, const struct watch_call *call)
{
    (void)ctx;
    log_event(LOG_LEVEL_ERROR, "ending without a plugin's call", LOG_TEXT("plugin", call->plugin),
              LOG_TEXT("callback", call->verb), LOG_TEXT("request", call->request_id),
              LOG_NUMBER("ms", call->for_ms));
}

/* The list's lock is held. */
static void each_call(int64_t least_ms, void (*emit)(void *ctx, const struct watch_call *call),
                      void *ctx)
{
    int64_t now = clock_mono_ms();
    for (struct watched *watched = watch.first; watched; watched = watched->next) {
        pthread_mutex_lock(&watched->lock);
        const struct watch_frame *frame = watched->top;
        if (frame && now - frame->since >= least_ms) {
            emit(ctx, &(struct watch_call){.plugin = frame->gate->plugin,
                                           .verb = frame->verb,
                                           .request_id = frame->request_id,
                                           .for_ms = now - frame->since,
                                           .lost = frame->lost});
        }
        pthread_mutex_unlock(&watched->lock);
    }
}

void watch_each(int64_t least_ms, void (*emit)(void *ctx, const struct watch_call *call), void *ctx)
{
    pthread_mutex_lock(&watch.lock);
    each_call(least_ms, emit, ctx);
    pthread_mutex_unlock(&watch.lock);
}

static void *watch_thread(void *unused)
{
    pthread_mutex_lock(&watch.lock);
    while (!watch.ending) {
        int64_t now = clock_mono_ms();
        look_at_all(now);
        if (watch.end_at != 0 && now >= watch.end_at) {
            each_call(0, say_call, NULL);
            _exit(1);
        }
        int64_t until = now + TICK_MS;
        struct timespec at = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
        pthread_cond_timedwait(&watch.wake, &watch.lock, &at);
    }
    pthread_mutex_unlock(&watch.lock);
    return unused;
}

bool watch_start(void)
{
    bool good = true;
    pthread_mutex_lock(&starting);
    if (watch.starts == 0) {
        pthread_condattr_t monotonic;
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&watch.wake, &monotonic);
        pthread_condattr_destroy(&monotonic);
        watch.ending = false;
        good = thread_start(&watch.thread, "mgw-watch", watch_thread, NULL);
    }
    watch.starts += good;
    pthread_mutex_unlock(&starting);
    return good;
}

void watch_stop(void)
{
    pthread_mutex_lock(&starting);
    if (--watch.starts == 0) {
        pthread_mutex_lock(&watch.lock);
        watch.ending = true;
        pthread_cond_signal(&watch.wake);
        pthread_mutex_unlock(&watch.lock);
        pthread_join(watch.thread, NULL);
        pthread_cond_destroy(&watch.wake);
    }
    pthread_mutex_unlock(&starting);
}

void watch_end_after(int64_t patience_ms)
{
    pthread_mutex_lock(&watch.lock);
    watch.end_at = clock_mono_ms() + patience_ms;
    pthread_mutex_unlock(&watch.lock);
}
