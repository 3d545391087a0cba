/* SPDX-License-Identifier: Apache-2.0
 *
 * See writer.h. The thread checkpoints by itself, between batches and after their answers. A
 * checkpoint whose sync failed is never tried again: the kernel may call the lost pages clean, the
 * next try would succeed, and the WAL, their only good copy, would be overwritten. */
#include "writer.h"

#include "batch.h"
#include "cleanup.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

enum { BATCH_MOST = 256, CHECKPOINT_PAGES = 1000, POLL_MS = 50, EXPIRE_ROWS = 500 };

struct writer {
    struct writer_options options;
    struct batch_tools tools;
    sqlite3_stmt *expire;
    int wal_pages; /* the thread's */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows, and of the requests' states */
    pthread_cond_t wake;
    struct request *first, **last;
    bool maintain, stop;
    struct fault poison; /* MGW_OK: none */
};

/* ---- The thread ---- */

static int count_wal_pages(void *ctx, sqlite3 *db, const char *name, int pages)
{
    (void)db, (void)name;
    ((struct writer *)ctx)->wal_pages = pages;
    return SQLITE_OK;
}

static void poison(struct writer *writer, const struct fault *fault)
{
    writer->options.host->log(writer->options.instance, MGW_LOG_ERROR,
                              "%s: no further changes: %s; restart once the disk is sound",
                              writer->options.path, fault->text);
    /* Closing would checkpoint too. */
    sqlite3_db_config(writer->options.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    pthread_mutex_lock(&writer->lock);
    writer->poison = *fault;
    pthread_mutex_unlock(&writer->lock);
}

static void checkpoint(struct writer *writer)
{
    int rc =
        sqlite3_wal_checkpoint_v2(writer->options.db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    writer->wal_pages = 0;
    struct fault fault;
    if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED) {
        return;
    }
    fault_sqlite(&fault, writer->options.db, rc, "a checkpoint");
    if (rc == SQLITE_IOERR_FSYNC || (rc & 0xff) == SQLITE_CORRUPT) {
        poison(writer, &fault);
    } else {
        writer->options.host->log(writer->options.instance, MGW_LOG_WARN, "%s: %s",
                                  writer->options.path, fault.text);
    }
}

/* Some of the expired records; true where there may be more. */
static bool expire(struct writer *writer)
{
    sqlite3_bind_int64(writer->expire, 1, clock_now(writer->options.clock));
    int rc = sqlite3_step(writer->expire);
    sqlite3_reset(writer->expire);
    struct fault fault;
    if (rc != SQLITE_DONE) {
        fault_sqlite(&fault, writer->options.db, rc, "deleting expired records");
        writer->options.host->log(writer->options.instance, MGW_LOG_WARN, "%s: %s",
                                  writer->options.path, fault.text);
        return false;
    }
    return sqlite3_changes(writer->options.db) == EXPIRE_ROWS;
}

/* Under the lock: the requests that wait become the thread's. */
static struct request *take(struct writer *writer)
{
    struct request *taken = writer->first, **end = &taken;
    for (int i = 0; *end && i < BATCH_MOST; i++) {
        (*end)->state = REQUEST_RUNNING;
        end = &(*end)->next;
    }
    writer->first = *end;
    *end = NULL;
    if (!writer->first) {
        writer->last = &writer->first;
    }
    return taken;
}

/* Nobody is woken under the lock: all would run into it. */
static void answer(struct writer *writer, struct request *requests)
{
    struct request *done = NULL, **last = &done;
    pthread_mutex_lock(&writer->lock);
    for (struct request *at = requests, *next; at; at = next) {
        next = at->next;
        if (at->state == REQUEST_ABANDONED) {
            request_free(at);
        } else {
            at->state = REQUEST_DONE;
            *last = at;
            last = &at->next;
        }
    }
    *last = NULL;
    pthread_mutex_unlock(&writer->lock);
    for (struct request *at = done, *next; at; at = next) {
        next = at->next;
        request_wake(at);
    }
}

static void serve(struct writer *writer, struct request *requests)
{
    struct fault fault = {0};
    if (writer_health(writer, &fault) != MGW_OK) {
        batch_fail(requests, &fault);
    } else {
        batch_run(&writer->tools, requests);
    }
    answer(writer, requests);
}

static void *writer_main(void *ctx)
{
    struct writer *writer = ctx;
    for (;;) {
        pthread_mutex_lock(&writer->lock);
        while (!writer->first && !writer->maintain && !writer->stop) {
            pthread_cond_wait(&writer->wake, &writer->lock);
        }
        struct request *requests = take(writer);
        bool maintain = writer->maintain, poisoned = writer->poison.status != MGW_OK;
        bool stop = writer->stop && !requests;
        writer->maintain = false;
        pthread_mutex_unlock(&writer->lock);
        if (stop) {
            return NULL;
        }
        if (requests) {
            serve(writer, requests);
        }
        if (poisoned) {
            continue;
        }
        if (maintain && expire(writer)) {
            writer_maintain(writer);
        }
        if (maintain || writer->wal_pages >= CHECKPOINT_PAGES) {
            checkpoint(writer);
        }
    }
}

/* ---- From outside ---- */

enum mgw_status writer_health(struct writer *writer, struct fault *fault)
{
    pthread_mutex_lock(&writer->lock);
    *fault = writer->poison;
    pthread_mutex_unlock(&writer->lock);
    return fault->status != MGW_OK
               ? fault->status
               : file_same(writer->options.path, &writer->options.identity, fault);
}

void writer_maintain(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->maintain = true;
    pthread_mutex_unlock(&writer->lock);
    pthread_cond_signal(&writer->wake);
}

static enum mgw_status over(const struct writer *writer, struct mgw_call *call)
{
    if (call->cancelled(call)) {
        return MGW_CANCELLED;
    }
    bool late = call->deadline_ms && writer->options.host->monotonic_ms() >= call->deadline_ms;
    return late ? MGW_TIMEOUT : MGW_OK;
}

static enum mgw_status fail_over(struct mgw_call *call, enum mgw_status status)
{
    return mgw_fail(call, status,
                    status == MGW_CANCELLED ? "nobody waits for this change any more"
                                            : "the deadline passed before the change was made");
}

/* Whether the answer has come. */
static bool wait_a_little(struct writer *writer, struct mgw_call *call, struct request *request)
{
    int64_t until = writer->options.host->monotonic_ms() + POLL_MS;
    if (call->deadline_ms && call->deadline_ms < until) {
        until = call->deadline_ms;
    }
    return request_wait(request, until);
}

/* The caller goes before the answer has come. False: the answer is coming at this moment. */
static bool leave(struct writer *writer, struct request *request)
{
    pthread_mutex_lock(&writer->lock);
    enum request_state state = request->state;
    if (state == REQUEST_RUNNING) {
        request->state = REQUEST_ABANDONED;
    } else if (state == REQUEST_QUEUED) {
        struct request **at = &writer->first;
        while (*at != request) {
            at = &(*at)->next;
        }
        *at = request->next;
        if (!*at) {
            writer->last = at;
        }
    }
    pthread_mutex_unlock(&writer->lock);
    if (state == REQUEST_QUEUED) {
        request_free(request);
    }
    return state != REQUEST_DONE;
}

enum mgw_status writer_apply(struct writer *writer, struct mgw_call *call,
                             const struct mgw_change *changes, size_t change_stride,
                             struct mgw_change_result *results, size_t result_stride, size_t count)
{
    enum mgw_status status = over(writer, call);
    if (status != MGW_OK) {
        return fail_over(call, status);
    }
    struct request *request = request_new(changes, change_stride, count);
    if (!request) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    pthread_mutex_lock(&writer->lock);
    *writer->last = request;
    writer->last = &request->next;
    pthread_mutex_unlock(&writer->lock);
    pthread_cond_signal(&writer->wake);
    for (bool coming = false; !wait_a_little(writer, call, request);) {
        status = coming ? MGW_OK : over(writer, call);
        if (status != MGW_OK && leave(writer, request)) {
            return fail_over(call, status);
        }
        coming = coming || status != MGW_OK; /* it may be freed only after it was woken */
    }
    request_results(request, results, result_stride);
    status = fault_answer(call, &request->fault);
    request_free(request);
    return status;
}

/* ---- Its life ---- */

static void writer_close(struct writer *writer)
{
    sqlite3_finalize(writer->expire);
    batch_release(&writer->tools);
    sqlite3_close_v2(writer->options.db);
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

static enum mgw_status writer_prepare(struct writer *writer, struct fault *fault)
{
    sqlite3 *db = writer->options.db;
    enum mgw_status status = batch_prepare(&writer->tools, db, writer->options.clock, fault);
    if (status != MGW_OK) {
        return status;
    }
    AUTO_SQLITE_FREE char *sql = sqlite3_mprintf(
        "DELETE FROM records WHERE (kind,account,id) IN"
        " (SELECT kind,account,id FROM records WHERE expires_at<=?1 ORDER BY expires_at LIMIT %d)",
        EXPIRE_ROWS);
    int rc = sql ? sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &writer->expire, NULL)
                 : SQLITE_NOMEM;
    sqlite3_wal_hook(db, count_wal_pages, writer);
    return rc == SQLITE_OK ? MGW_OK : fault_sqlite(fault, db, rc, "preparing a statement");
}

enum mgw_status writer_new(const struct writer_options *options, struct writer **writer,
                           struct fault *fault)
{
    struct writer *made = calloc(1, sizeof *made);
    if (!made) {
        sqlite3_close_v2(options->db);
        return fault_set(fault, MGW_UNAVAILABLE, "out of memory");
    }
    made->options = *options;
    made->last = &made->first;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->wake, NULL);
    enum mgw_status status = writer_prepare(made, fault);
    if (status == MGW_OK) {
        /* The host's signals are not for this thread. */
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int error = pthread_create(&made->thread, NULL, writer_main, made);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (error != 0) {
            status = fault_set(fault, MGW_UNAVAILABLE, "no thread: %s", strerror(error));
        }
    }
    if (status != MGW_OK) {
        writer_close(made);
        return status;
    }
    *writer = made;
    return MGW_OK;
}

void writer_free(struct writer *writer)
{
    if (writer) {
        pthread_mutex_lock(&writer->lock);
        writer->stop = true;
        pthread_cond_signal(&writer->wake);
        pthread_mutex_unlock(&writer->lock);
        pthread_join(writer->thread, NULL);
        writer_close(writer);
    }
}
