/* SPDX-License-Identifier: Apache-2.0
 *
 * See mender.h: what the mender is told by those who read and write. Its thread is started with the
 * first of it. */
#include "mender_inside.h"

#include <stdlib.h>
#include <string.h>

enum { QUEUE_MAX = 1024 };

/* With the lock held: there is something to do. */
static void rouse(struct mender *mender)
{
    if (!mender->runs && !mender->stopping) {
        mender->runs = pthread_create(&mender->thread, NULL, mender->run, mender) == 0;
    }
    pthread_cond_signal(&mender->wake);
}

/* Where NAME is, or belongs. */
static size_t place_of(const struct mender *mender, const char *name, bool *there)
{
    size_t low = 0, high = mender->bucket_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(mender->buckets[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *there = low < mender->bucket_count && strcmp(mender->buckets[low].name, name) == 0;
    return low;
}

void mender_learn(struct mender *mender, const char *name)
{
    bool there;
    pthread_mutex_lock(&mender->lock);
    size_t at = place_of(mender, name, &there);
    if (!there) {
        char *copy = strdup(name);
        struct bucket *more =
            realloc(mender->buckets, (mender->bucket_count + 1) * sizeof *mender->buckets);
        mender->buckets = more ? more : mender->buckets;
        if (copy && more) {
            memmove(more + at + 1, more + at, (mender->bucket_count - at) * sizeof *more);
            more[at] = (struct bucket){.name = copy};
            mender->bucket_count++;
            mender->unnoted = true;
            rouse(mender);
        } else {
            free(copy); /* the next call learns it */
        }
    }
    pthread_mutex_unlock(&mender->lock);
}

static void walk_by(struct mender *mender, int64_t at)
{
    if (!mender->walk_at || at < mender->walk_at) {
        mender->walk_at = at;
        rouse(mender);
    }
}

void mender_key(struct mender *mender, const struct mgw_blob *blob)
{
    struct mirror *mirror = mender->mirror;
    size_t key = strlen(blob->key) + 1, bucket = strlen(blob->bucket) + 1;
    pthread_mutex_lock(&mender->lock);
    struct job *job =
        mender->queued < QUEUE_MAX ? calloc(1, sizeof(struct job) + key + bucket) : NULL;
    if (job) {
        memcpy(job->key, blob->key, key);
        job->bucket = memcpy(job->key + key, blob->bucket, bucket);
        *mender->last = job;
        mender->last = &job->next;
        mender->queued++;
        rouse(mender);
    } else {
        walk_by(mender, mirror->host->monotonic_ms() + mirror->retry_ms);
    }
    pthread_mutex_unlock(&mender->lock);
}

void mender_walk_later(struct mender *mender)
{
    struct mirror *mirror = mender->mirror;
    pthread_mutex_lock(&mender->lock);
    if (!mender->walk_at && !mender->stopping) {
        walk_by(mender, mirror->host->monotonic_ms() + mirror->retry_ms);
    }
    pthread_mutex_unlock(&mender->lock);
}

void mender_walk_soon(struct mender *mender)
{
    struct mirror *mirror = mender->mirror;
    pthread_mutex_lock(&mender->lock);
    mender->backoff_ms = mirror->retry_ms;
    walk_by(mender, mirror->host->monotonic_ms() + mirror->retry_ms);
    pthread_mutex_unlock(&mender->lock);
}

void mender_walk_now(struct mender *mender)
{
    struct mirror *mirror = mender->mirror;
    int64_t now = mirror->host->monotonic_ms();
    pthread_mutex_lock(&mender->lock);
    if (!mender->walked_at || now - mender->walked_at >= mirror->walk_every_ms) {
        walk_by(mender, now);
    }
    pthread_mutex_unlock(&mender->lock);
}
