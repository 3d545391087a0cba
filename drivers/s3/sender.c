/* SPDX-License-Identifier: Apache-2.0 */
#include "sender.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct senders {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job *first, **last;
    unsigned most, count, idle, queued;
    bool stopping;
    pthread_t threads[];
};

/* ---- A call of the driver's own ---- */

struct piece {
    struct piece *next;
    max_align_t bytes[];
};

static bool own_cancelled(const struct mgw_call *call)
{
    const struct own_call *own = (const struct own_call *)(const void *)call;
    return atomic_load_explicit(&own->cancelled, memory_order_relaxed);
}

static void *own_alloc(struct mgw_call *call, size_t bytes)
{
    struct own_call *own = (struct own_call *)(void *)call;
    struct piece *piece = calloc(1, sizeof *piece + bytes);
    if (piece) {
        piece->next = own->memory;
        own->memory = piece;
    }
    return piece ? piece->bytes : NULL;
}

void own_call_init(struct own_call *own, const struct mgw_host *host, const char *request_id,
                   int64_t timeout_ms)
{
    memset(own, 0, sizeof *own);
    own->error.size = sizeof own->error;
    own->call = (struct mgw_call){
        .size = sizeof own->call,
        .deadline_ms = timeout_ms ? host->monotonic_ms() + timeout_ms : 0,
        .request_id = request_id,
        .account = "",
        .error = &own->error,
        .cancelled = own_cancelled,
        .alloc = own_alloc,
    };
}

void own_call_done(struct own_call *own)
{
    for (struct piece *piece = own->memory, *next; piece; piece = next) {
        next = piece->next;
        free(piece);
    }
    own->memory = NULL;
}

void own_call_tell(const struct own_call *own, struct mgw_call *call)
{
    if (call->error) {
        size_t size = call->error->size;
        memcpy(call->error, &own->error, size < sizeof own->error ? size : sizeof own->error);
        call->error->size = size;
    }
}

/* ---- The threads ---- */

static void *sender_thread(void *argument)
{
    struct senders *senders = argument;
    pthread_mutex_lock(&senders->lock);
    for (;;) {
        while (!senders->first && !senders->stopping) {
            senders->idle++;
            pthread_cond_wait(&senders->wake, &senders->lock);
            senders->idle--;
        }
        struct job *job = senders->first;
        if (!job) {
            break;
        }
        senders->first = job->next;
        senders->queued--;
        if (!senders->first) {
            senders->last = &senders->first;
        }
        pthread_mutex_unlock(&senders->lock);
        job->run(job);
        pthread_mutex_lock(&senders->lock);
    }
    pthread_mutex_unlock(&senders->lock);
    return NULL;
}

struct senders *senders_new(unsigned threads)
{
    struct senders *senders = calloc(1, sizeof *senders + threads * sizeof senders->threads[0]);
    if (senders) {
        senders->most = threads;
        senders->last = &senders->first;
        pthread_mutex_init(&senders->lock, NULL);
        pthread_cond_init(&senders->wake, NULL);
    }
    return senders;
}

void senders_free(struct senders *senders)
{
    if (!senders) {
        return;
    }
    pthread_mutex_lock(&senders->lock);
    senders->stopping = true;
    pthread_cond_broadcast(&senders->wake);
    pthread_mutex_unlock(&senders->lock);
    for (unsigned i = 0; i < senders->count; i++) {
        pthread_join(senders->threads[i], NULL);
    }
    pthread_cond_destroy(&senders->wake);
    pthread_mutex_destroy(&senders->lock);
    free(senders);
}

/* With every signal blocked: they are the host's. */
static bool start(struct senders *senders)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t *thread = &senders->threads[senders->count];
    bool started = pthread_create(thread, NULL, sender_thread, senders) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        pthread_setname_np(*thread, "mgw-s3-sender");
        senders->count++;
    }
    return started;
}

bool senders_submit(struct senders *senders, struct job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&senders->lock);
    /* a thread that was woken is idle until it runs: each may be counted on once */
    bool runs = senders->idle > senders->queued || senders->count == senders->most ||
                start(senders) || senders->count > 0;
    if (runs) {
        *senders->last = job;
        senders->last = &job->next;
        senders->queued++;
        pthread_cond_signal(&senders->wake);
    }
    pthread_mutex_unlock(&senders->lock);
    return runs;
}
