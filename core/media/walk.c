/* SPDX-License-Identifier: Apache-2.0
 *
 * See walk.h. There is no queue: whoever needs a row takes the next of the page, and reads the next
 * page where there is none. */
#include "core/media/walk.h"

#include "core/base/clock.h"
#include "core/base/thread.h"
#include "core/media/row.h"

#include <string.h>
#include <time.h>

enum { PAGE = 100, TICK_MS = 100, SCAN_MS = 60000, SCAN_TRIES = 5 };

struct stroll {
    const struct walk *walk;
    pthread_mutex_t lock; /* of what follows; held while a page is read */
    struct mgw_row *page[PAGE];
    size_t count, next;
    char *last; /* id; NULL: at the start */
    bool ended; /* no page behind this one */
    bool short_of_memory;
    enum mgw_status status;
    char text[sizeof((struct mgw_error *)0)->text];

    pthread_mutex_t threads_lock; /* of what follows */
    pthread_cond_t done;
    unsigned running;
    bool stop;
    struct mgw_call *calls[WALK_JOBS_MAX]; /* under way, by thread */
};

struct walker {
    struct stroll *stroll;
    unsigned number;
    pthread_t thread;
};

static void stroll_stop(struct stroll *stroll)
{
    pthread_mutex_lock(&stroll->threads_lock);
    stroll->stop = true;
    for (size_t i = 0; i < WALK_JOBS_MAX; i++) {
        if (stroll->calls[i]) {
            call_cancel(stroll->calls[i]);
        }
    }
    pthread_mutex_unlock(&stroll->threads_lock);
}

static bool stroll_stopped(struct stroll *stroll)
{
    pthread_mutex_lock(&stroll->threads_lock);
    bool stopped = stroll->stop;
    pthread_mutex_unlock(&stroll->threads_lock);
    return stopped;
}

/* ---- Pages. The lock is held. ---- */

static bool page_add(void *ctx, const struct mgw_row *row)
{
    struct stroll *stroll = ctx;
    struct mgw_row *copy = row_copy(row);
    if (copy) {
        stroll->page[stroll->count++] = copy;
    }
    stroll->short_of_memory = stroll->short_of_memory || !copy;
    return copy && stroll->count < PAGE;
}

static void page_drop(struct stroll *stroll)
{
    while (stroll->count > stroll->next) {
        free(stroll->page[--stroll->count]);
    }
    stroll->count = stroll->next = 0;
}

static bool is_passing(enum mgw_status status)
{
    return status == MGW_UNAVAILABLE || status == MGW_BUSY || status == MGW_TIMEOUT;
}

static enum mgw_status page_read(struct stroll *stroll, struct mgw_call *call)
{
    enum mgw_status status = MGW_OK;
    for (int i = 0; i < SCAN_TRIES; i++) {
        page_drop(stroll);
        status = rows_scan(stroll->walk->rows, call, stroll->last, PAGE, page_add, stroll);
        if (!is_passing(status) || stroll_stopped(stroll)) {
            break;
        }
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    if (status == MGW_OK && stroll->short_of_memory) {
        status = mgw_fail(call, MGW_IO, "out of memory");
    }
    if (status != MGW_OK) {
        return status;
    }
    stroll->ended = stroll->count < PAGE;
    if (stroll->count > 0) {
        char *last = strdup(stroll->page[stroll->count - 1]->id);
        free(stroll->last);
        stroll->last = last;
        return last ? MGW_OK : mgw_fail(call, MGW_IO, "out of memory");
    }
    return MGW_OK;
}

/* The next row, to be freed; NULL: there is none. */
static struct mgw_row *stroll_next(struct stroll *stroll)
{
    struct mgw_row *row = NULL;
    pthread_mutex_lock(&stroll->lock);
    if (stroll->next == stroll->count && !stroll->ended && !stroll_stopped(stroll)) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, SCAN_MS * SCAN_TRIES);
        enum mgw_status status = call ? page_read(stroll, call) : MGW_IO;
        if (status != MGW_OK) {
            page_drop(stroll);
            stroll->ended = true;
            stroll->status = status;
            snprintf(stroll->text, sizeof stroll->text, "%s",
                     call ? call_text(call) : "out of memory");
        }
    }
    if (stroll->next < stroll->count && !stroll_stopped(stroll)) {
        row = stroll->page[stroll->next++];
    }
    pthread_mutex_unlock(&stroll->lock);
    return row;
}

/* ---- Threads ---- */

/* Makes CALL the thread's own, or (NULL) none: what it was is nobody's any more. */
static void walker_call(struct walker *walker, struct mgw_call *call)
{
    struct stroll *stroll = walker->stroll;
    pthread_mutex_lock(&stroll->threads_lock);
    stroll->calls[walker->number] = call;
    if (call && stroll->stop) {
        call_cancel(call);
    }
    pthread_mutex_unlock(&stroll->threads_lock);
}

static void *walker_run(void *argument)
{
    struct walker *walker = argument;
    struct stroll *stroll = walker->stroll;
    const struct walk *walk = stroll->walk;
    for (struct mgw_row *row; (row = stroll_next(stroll)) != NULL; free(row)) {
        struct mgw_call *call = call_new(row->account_id, NULL, 0);
        walker_call(walker, call);
        bool more = call && walk->row(walk->ctx, call, row);
        walker_call(walker, NULL);
        call_free(call);
        if (!more) {
            stroll_stop(stroll);
        }
    }
    pthread_mutex_lock(&stroll->threads_lock);
    stroll->running--;
    pthread_cond_signal(&stroll->done);
    pthread_mutex_unlock(&stroll->threads_lock);
    return NULL;
}

static void stroll_wait(struct stroll *stroll)
{
    const struct walk *walk = stroll->walk;
    pthread_mutex_lock(&stroll->threads_lock);
    while (stroll->running > 0) {
        int64_t at = clock_mono_ms() + TICK_MS;
        struct timespec until = {.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};
        pthread_cond_timedwait(&stroll->done, &stroll->threads_lock, &until);
        pthread_mutex_unlock(&stroll->threads_lock);
        if (walk->tick && !walk->tick(walk->ctx)) {
            stroll_stop(stroll);
        }
        pthread_mutex_lock(&stroll->threads_lock);
    }
    pthread_mutex_unlock(&stroll->threads_lock);
}

static void stroll_init(struct stroll *stroll, const struct walk *walk)
{
    *stroll = (struct stroll){.walk = walk};
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&stroll->lock, NULL);
    pthread_mutex_init(&stroll->threads_lock, NULL);
    pthread_cond_init(&stroll->done, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

enum mgw_status walk_run(const struct walk *walk, struct mgw_call *call)
{
    struct stroll stroll;
    struct walker walkers[WALK_JOBS_MAX] = {0};
    unsigned started = 0;
    call_clear(call);
    stroll_init(&stroll, walk);
    for (unsigned i = 0; i < walk->jobs && i < WALK_JOBS_MAX; i++) {
        walkers[i] = (struct walker){.stroll = &stroll, .number = i};
        pthread_mutex_lock(&stroll.threads_lock);
        stroll.running++;
        pthread_mutex_unlock(&stroll.threads_lock);
        if (!thread_start(&walkers[i].thread, "mgw-walk", walker_run, &walkers[i])) {
            pthread_mutex_lock(&stroll.threads_lock);
            stroll.running--;
            pthread_mutex_unlock(&stroll.threads_lock);
            break; /* fewer do it too */
        }
        started++;
    }
    stroll_wait(&stroll);
    for (unsigned i = 0; i < started; i++) {
        pthread_join(walkers[i].thread, NULL);
    }
    enum mgw_status status = started == 0 ? MGW_UNAVAILABLE : stroll.status;
    if (status != MGW_OK) {
        mgw_fail(call, status, "%s", started ? stroll.text : "no thread could be had");
    } else if (stroll.stop) {
        status = mgw_fail(call, MGW_CANCELLED, "stopped");
    }
    page_drop(&stroll);
    free(stroll.last);
    pthread_mutex_destroy(&stroll.lock);
    pthread_mutex_destroy(&stroll.threads_lock);
    pthread_cond_destroy(&stroll.done);
    return status;
}
