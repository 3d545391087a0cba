/* SPDX-License-Identifier: Apache-2.0
 *
 * See mender.h. The thread sleeps until a key waits or a walk is due. A walk that did not get
 * through, or met a failure, is done again after the time of retries, doubled up to an hour. */
#include "mender_inside.h"

#include "mend.h"
#include "own_call.h"
#include "pair.h"
#include "walk.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HOUR_MS = 3600 * 1000, CALL_MS = 60000 };

/* The thread's call: its deadline is far. */
struct mender_call {
    struct own_call own; /* first */
    struct mender *mender;
};

static struct mgw_call *fresh(void *ctx)
{
    struct mender_call *call = ctx;
    return own_call_fresh(&call->own, call->mender->mirror->host->monotonic_ms() + CALL_MS);
}

/* ---- The thread ---- */

static void job_run(struct mender *mender, struct mender_call *own, struct job *job)
{
    struct mirror *mirror = mender->mirror;
    struct mgw_blob blob = {sizeof blob, job->bucket, job->key};
    bool copied = false;
    struct mgw_call *call = fresh(own);
    enum mgw_status status = mend_key(call, mirror, &blob, true, &copied);
    if (copied) {
        mirror->host->log(mirror->log_name, MGW_LOG_INFO, "%s/%s is mended", blob.bucket, blob.key);
    }
    if (status != MGW_OK && !mender->stopping) {
        bool down = side_is_down(mirror, FIRST) || side_is_down(mirror, SECOND); /* said once */
        mirror->host->log(mirror->log_name, down ? MGW_LOG_DEBUG : MGW_LOG_WARN,
                          "%s/%s is not mended: %s", blob.bucket, blob.key, call->error->text);
        mender_walk_later(mender);
    }
    free(job);
}

/* The name of the bucket behind NAME ("": the first), to be freed; NULL: none. */
static char *next_bucket(struct mender *mender, const char *name, bool unnoted)
{
    char *next = NULL;
    pthread_mutex_lock(&mender->lock);
    for (size_t i = 0; !next && i < mender->bucket_count; i++) {
        struct bucket *bucket = &mender->buckets[i];
        if (strcmp(bucket->name, name) > 0 && (!unnoted || !bucket->noted)) {
            next = strdup(bucket->name);
        }
    }
    pthread_mutex_unlock(&mender->lock);
    return next;
}

static void bucket_set_noted(struct mender *mender, const char *name)
{
    pthread_mutex_lock(&mender->lock);
    for (size_t i = 0; i < mender->bucket_count; i++) {
        if (strcmp(mender->buckets[i].name, name) == 0) {
            mender->buckets[i].noted = true;
        }
    }
    pthread_mutex_unlock(&mender->lock);
}

static void note_buckets(struct mender *mender, struct mender_call *own)
{
    char *name = strdup(""), *next;
    for (; name && (next = next_bucket(mender, name, true)); name = next) {
        free(name);
        if (pair_note_bucket(fresh(own), mender->mirror, next) == MGW_OK) {
            bucket_set_noted(mender, next);
        } else {
            mender_walk_later(mender);
        }
    }
    free(name);
}

static bool learn_noted(void *ctx, const char *key)
{
    struct mender *mender = ctx;
    const char *name = key + strlen(MENDER_BUCKET_NOTE);
    mender_learn(mender, name);
    bucket_set_noted(mender, name);
    return true;
}

/* Both stores' notes, so that what other nodes wrote is known. */
static enum mgw_status learn_buckets(struct mender *mender, struct walk *walk)
{
    enum mgw_status status = MGW_OK;
    for (int i = 0; status == MGW_OK && i < STORES; i++) {
        status = walk_side(walk, i, mender->mirror->notes, MENDER_BUCKET_NOTE, learn_noted, mender);
    }
    return status;
}

static bool walk_all(struct mender *mender, struct mender_call *own)
{
    struct mirror *mirror = mender->mirror;
    struct walk walk = {.mirror = mirror, .fresh = fresh, .ctx = own};
    enum mgw_status status = MGW_OK;
    for (int i = 0; status == MGW_OK && i < STORES; i++) {
        struct pass *pass = &mirror->side[i].pass;
        status = pass->lower.health(fresh(own), pass->instance);
    }
    if (status == MGW_OK) {
        note_buckets(mender, own);
        status = walk_bucket(&walk, mirror->notes);
    }
    if (status == MGW_OK) {
        status = learn_buckets(mender, &walk);
    }
    char *name = status == MGW_OK ? strdup("") : NULL, *next;
    for (; name && (next = next_bucket(mender, name, false)); name = next) {
        free(name);
        enum mgw_status walked = walk_bucket(&walk, next);
        status = status == MGW_OK ? walked : status;
    }
    free(name);
    if (walk.mended || walk.failed) {
        mirror->host->log(mirror->log_name, walk.failed ? MGW_LOG_WARN : MGW_LOG_INFO,
                          "%llu of %llu blobs were mended, %llu could not be",
                          (unsigned long long)walk.mended, (unsigned long long)walk.seen,
                          (unsigned long long)walk.failed);
    }
    return status == MGW_OK && walk.failed == 0;
}

/* With the lock held before and after. */
static void walk_due(struct mender *mender, struct mender_call *own)
{
    mender->walk_at = 0;
    pthread_mutex_unlock(&mender->lock);
    bool whole = walk_all(mender, own);
    pthread_mutex_lock(&mender->lock);
    int64_t now = mender->mirror->host->monotonic_ms();
    if (whole) {
        mender->walked_at = now;
        mender->backoff_ms = mender->mirror->retry_ms;
        return;
    }
    mender->walk_at = now + mender->backoff_ms;
    mender->backoff_ms = 2 * mender->backoff_ms < HOUR_MS ? 2 * mender->backoff_ms : HOUR_MS;
}

static void sleep_on(struct mender *mender)
{
    struct timespec until = {.tv_sec = mender->walk_at / 1000,
                             .tv_nsec = mender->walk_at % 1000 * 1000000};
    if (mender->walk_at) {
        pthread_cond_timedwait(&mender->wake, &mender->lock, &until);
    } else {
        pthread_cond_wait(&mender->wake, &mender->lock);
    }
}

static void *mender_run(void *argument)
{
    struct mender *mender = argument;
    struct mender_call own = {.own.over = &mender->stopping, .mender = mender};
    pthread_mutex_lock(&mender->lock);
    while (!mender->stopping) {
        struct job *job = mender->first;
        if (job) {
            mender->first = job->next;
            mender->last = mender->first ? mender->last : &mender->first;
            mender->queued--;
            pthread_mutex_unlock(&mender->lock);
            job_run(mender, &own, job);
            pthread_mutex_lock(&mender->lock);
        } else if (mender->unnoted) {
            mender->unnoted = false;
            pthread_mutex_unlock(&mender->lock);
            note_buckets(mender, &own);
            pthread_mutex_lock(&mender->lock);
        } else if (mender->walk_at && mender->walk_at <= mender->mirror->host->monotonic_ms()) {
            walk_due(mender, &own);
        } else {
            sleep_on(mender);
        }
    }
    pthread_mutex_unlock(&mender->lock);
    own_call_end(&own.own);
    return NULL;
}

/* ---- The door ---- */

struct mender *mender_new(struct mirror *mirror)
{
    pthread_condattr_t attributes;
    struct mender *mender = calloc(1, sizeof *mender);
    if (mender) {
        mender->mirror = mirror;
        mender->run = mender_run;
        mender->last = &mender->first;
        mender->backoff_ms = mirror->retry_ms;
        pthread_mutex_init(&mender->lock, NULL);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&mender->wake, &attributes);
        pthread_condattr_destroy(&attributes);
    }
    return mender;
}

void mender_free(struct mender *mender)
{
    if (!mender) {
        return;
    }
    pthread_mutex_lock(&mender->lock);
    mender->stopping = true;
    pthread_cond_signal(&mender->wake);
    pthread_mutex_unlock(&mender->lock);
    if (mender->runs) {
        pthread_join(mender->thread, NULL);
    }
    for (struct job *job = mender->first, *next; job; job = next) {
        next = job->next;
        free(job);
    }
    for (size_t i = 0; i < mender->bucket_count; i++) {
        free(mender->buckets[i].name);
    }
    free(mender->buckets);
    pthread_cond_destroy(&mender->wake);
    pthread_mutex_destroy(&mender->lock);
    free(mender);
}

enum mgw_status mender_now(struct mgw_call *call, struct mirror *mirror,
                           const struct mgw_blob *blob)
{
    return mend_key(call, mirror, blob, false, NULL);
}
