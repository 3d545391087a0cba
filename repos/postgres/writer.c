/* SPDX-License-Identifier: Apache-2.0
 *
 * See writer.h. One thread: while its transaction is on its way to the disk the next one gathers
 * (measured on two cores, 16 callers: 1.5 times the changes that each alone would make; a second
 * thread only makes the transactions smaller). The changes of a transaction are made in the order
 * of their ids: those of several gateways do not wait for each other crosswise. Where the server
 * refuses one, or it must wait for a lock, every caller makes its change alone, in its own thread
 * and time: nobody fails or waits for another's sake. */
#include "writer.h"

#include "apply.h"
#include "transaction.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_MOST = 64, POLL_MS = 50, LOCK_MS = 100 };
enum { GRACE_MS = 5000 };

struct writer {
    struct pool *pool;
    const struct mgw_host *host;
    int64_t most_ms; /* that a change may take */
    pthread_t thread;
    bool runs;
    pthread_mutex_t lock; /* of what follows, and of the requests' states */
    pthread_cond_t wake;
    struct request *first, **last;
    bool direct; /* a single change is made by its caller */
    bool stop;
};

/* ---- The thread ---- */

/* What two changes could both wait for. */
static const char *name_of(const struct request *request)
{
    const struct mgw_change *change = &request->changes[0];
    const char *name = change->row ? change->row->id : change->record ? change->record->id : NULL;
    return name ? name : "";
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

static struct request *in_order(struct request *requests)
{
    struct request *sorted = NULL;
    while (requests) {
        struct request *request = requests, **at = &sorted;
        requests = request->next;
        while (*at && strcmp(name_of(*at), name_of(request)) <= 0) {
            at = &(*at)->next;
        }
        request->next = *at;
        *at = request;
    }
    return sorted;
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
    struct session *session;
    struct limit limit = limit_new(writer->host, NULL, writer->most_ms);
    enum mgw_status status = pool_borrow(writer->pool, &limit, &session, &fault);
    if (status == MGW_OK) {
        status = transaction_run(session, &limit, LOCK_MS, requests, &fault);
        pool_return(writer->pool, session);
    }
    for (struct request *at = requests; at && status != MGW_OK; at = at->next) {
        at->alone = fault.undone;
        transaction_fail(at, &fault);
    }
    answer(writer, requests);
}

static void *writer_main(void *ctx)
{
    struct writer *writer = ctx;
    for (;;) {
        pthread_mutex_lock(&writer->lock);
        while (!writer->first && !writer->stop) {
            pthread_cond_wait(&writer->wake, &writer->lock);
        }
        struct request *requests = take(writer);
        pthread_mutex_unlock(&writer->lock);
        if (!requests) {
            return NULL;
        }
        serve(writer, in_order(requests));
    }
}

/* ---- From outside ---- */

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

/* Through the thread. False: the caller is late, and the request no longer its own. */
static bool share(struct writer *writer, const struct limit *limit, struct request *request,
                  struct fault *fault)
{
    request->next = NULL;
    pthread_mutex_lock(&writer->lock);
    *writer->last = request;
    writer->last = &request->next;
    pthread_mutex_unlock(&writer->lock);
    pthread_cond_signal(&writer->wake);
    for (bool coming = false;;) {
        int64_t nap = coming ? POLL_MS : limit_nap_ms(limit, POLL_MS);
        if (request_wait(request, writer->host->monotonic_ms() + nap)) {
            return true;
        }
        if (!coming && limit_check(limit, "a change", fault) != MGW_OK) {
            if (leave(writer, request)) {
                return false;
            }
            coming = true; /* it may be freed only after it was woken */
        }
    }
}

/* The first of a crowd need not wait for it; several changes are a transaction anyway. */
static bool go_alone(struct writer *writer, const struct limit *limit, struct request *request)
{
    bool single = request->count == 1;
    pthread_mutex_lock(&writer->lock);
    bool shares = single && writer->direct;
    writer->direct = writer->direct || single;
    pthread_mutex_unlock(&writer->lock);
    if (shares) {
        return false;
    }
    apply_request(writer->pool, limit, request);
    if (single) {
        pthread_mutex_lock(&writer->lock);
        writer->direct = false;
        pthread_mutex_unlock(&writer->lock);
    }
    return true;
}

enum mgw_status writer_apply(struct writer *writer, struct mgw_call *call,
                             const struct mgw_change *changes, size_t change_stride,
                             struct mgw_change_result *results, size_t result_stride, size_t count)
{
    struct fault fault = {0};
    struct limit limit = limit_new(writer->host, call, writer->most_ms);
    if (limit_check(&limit, "a change", &fault) != MGW_OK) {
        return fault_answer(call, &fault);
    }
    struct request *request = request_new(changes, change_stride, count);
    if (!request) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    if (!go_alone(writer, &limit, request)) {
        if (!share(writer, &limit, request, &fault)) {
            return fault_answer(call, &fault);
        }
        if (request->alone) {
            request->next = NULL; /* the others it was with */
            apply_request(writer->pool, &limit, request);
        }
    }
    request_results(request, results, result_stride);
    enum mgw_status status = fault_answer(call, &request->fault);
    request_free(request);
    return status;
}

/* ---- Its life ---- */

enum mgw_status writer_new(struct pool *pool, struct writer **writer, struct fault *fault)
{
    struct writer *made = calloc(1, sizeof *made);
    if (!made) {
        return fault_set(fault, MGW_UNAVAILABLE, "out of memory");
    }
    made->pool = pool;
    made->host = pool->options->host;
    made->most_ms = pool->options->statement_ms + GRACE_MS;
    made->last = &made->first;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->wake, NULL);
    /* The host's signals are not for this thread. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&made->thread, NULL, writer_main, made);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    made->runs = error == 0;
    if (error != 0) {
        writer_free(made);
        return fault_set(fault, MGW_UNAVAILABLE, "no thread: %s", strerror(error));
    }
    *writer = made;
    return MGW_OK;
}

void writer_free(struct writer *writer)
{
    if (!writer) {
        return;
    }
    if (writer->runs) {
        pthread_mutex_lock(&writer->lock);
        writer->stop = true;
        pthread_cond_signal(&writer->wake);
        pthread_mutex_unlock(&writer->lock);
        pthread_join(writer->thread, NULL);
    }
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}
