/* SPDX-License-Identifier: Apache-2.0
 *
 * See mirror.h: calls to one of the two stores, what their failures mean, and the locks. */
#include "mirror.h"

#include "mender.h"

#include <string.h>
#include <time.h>

enum { DOWN_MS = 5000 };

static bool side_cancelled(const struct mgw_call *call)
{
    const struct side_call *side = (const void *)call;
    return side->outer->cancelled(side->outer);
}

static void *side_alloc(struct mgw_call *call, size_t bytes)
{
    struct side_call *side = (void *)call;
    return side->outer->alloc(side->outer, bytes);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct mgw_call *side_call(struct side_call *side, struct mgw_call *outer, bool half)
{
    side->call = (struct mgw_call){.size = sizeof side->call,
                                   .deadline_ms = outer->deadline_ms,
                                   .request_id = outer->request_id,
                                   .account = outer->account,
                                   .error = &side->error,
                                   .cancelled = side_cancelled,
                                   .alloc = side_alloc};
    side->outer = outer;
    side->error.size = sizeof side->error;
    side->error.retry_after_ms = 0;
    side->error.text[0] = side->error.foreign_code[0] = side->error.foreign_request_id[0] = '\0';
    if (half && outer->deadline_ms) {
        int64_t now = now_ms();
        side->call.deadline_ms -= outer->deadline_ms > now ? (outer->deadline_ms - now) / 2 : 0;
    }
    return &side->call;
}

void side_tell(const struct side_call *side)
{
    struct mgw_error *to = side->outer->error;
    if (to) {
        to->retry_after_ms = side->error.retry_after_ms;
        memcpy(to->text, side->error.text, sizeof to->text);
        memcpy(to->foreign_code, side->error.foreign_code, sizeof to->foreign_code);
        memcpy(to->foreign_request_id, side->error.foreign_request_id,
               sizeof to->foreign_request_id);
    }
}

bool side_failed(enum mgw_status status)
{
    switch (status) {
    case MGW_UNAVAILABLE:
    case MGW_UNKNOWN_OUTCOME:
    case MGW_TIMEOUT:
    case MGW_DENIED:
    case MGW_BUSY:
    case MGW_NO_SPACE:
    case MGW_QUOTA:
    case MGW_CORRUPT:
    case MGW_IO:
        return true;
    default:
        return false;
    }
}

void side_saw(struct mirror *mirror, int which, enum mgw_status status, const struct mgw_call *call)
{
    struct side *side = &mirror->side[which];
    if (!side_failed(status)) {
        if (atomic_load(&side->down_until) && atomic_exchange(&side->down_until, 0)) {
            mirror->host->log(mirror->log_name, MGW_LOG_INFO, "%s answers again", side->name);
            mender_walk_soon(mirror->mender);
        }
        return;
    }
    if (status == MGW_UNAVAILABLE || status == MGW_TIMEOUT) {
        int64_t before = atomic_exchange(&side->down_until, now_ms() + DOWN_MS);
        if (before < now_ms()) {
            mirror->host->log(mirror->log_name, MGW_LOG_WARN, "%s fails: %s", side->name,
                              call && call->error ? call->error->text : "no reason given");
        }
    }
    mender_walk_later(mirror->mender);
}

bool side_is_down(const struct mirror *mirror, int which)
{
    return atomic_load(&mirror->side[which].down_until) > now_ms();
}

int side_preferred(const struct mirror *mirror)
{
    return side_is_down(mirror, FIRST) && !side_is_down(mirror, SECOND) ? SECOND : FIRST;
}

/* ---- Locks ---- */

static size_t stripe_of(const struct mgw_blob *blob)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = blob->bucket; *c; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    }
    hash = (hash ^ '/') * 16777619u;
    for (const char *c = blob->key; *c; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    }
    return hash % MIRROR_STRIPES;
}

/* The wall clock's time at the call's deadline: the timed lock that ThreadSanitizer knows takes it.
 */
static struct timespec wall_deadline(const struct mgw_call *call)
{
    struct timespec at;
    int64_t left = call->deadline_ms - now_ms();
    clock_gettime(CLOCK_REALTIME, &at);
    int64_t until = (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000 + (left > 0 ? left : 0);
    return (struct timespec){.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
}

enum mgw_status mirror_lock(struct mgw_call *call, struct mirror *mirror,
                            const struct mgw_blob *blob, pthread_mutex_t **lock)
{
    pthread_mutex_t *stripe = &mirror->stripes[stripe_of(blob)];
    struct timespec until = wall_deadline(call);
    if (!call->deadline_ms) {
        pthread_mutex_lock(stripe);
    } else if (pthread_mutex_timedlock(stripe, &until) != 0) {
        return mgw_fail(call, MGW_UNAVAILABLE,
                        "the deadline passed while the same key was written or mended");
    }
    *lock = stripe;
    return MGW_OK;
}

void mirror_unlock(pthread_mutex_t *lock)
{
    pthread_mutex_unlock(lock);
}

enum mgw_status mirror_check_bucket(struct mgw_call *call, const struct mirror *mirror,
                                    const char *bucket)
{
    return strcmp(bucket, mirror->notes) == 0
               ? mgw_fail(call, MGW_INVALID, "the bucket %s holds the mirror's own notes", bucket)
               : MGW_OK;
}

char *mirror_keep(struct mgw_call *call, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = call->alloc(call, size);
    return copy ? memcpy(copy, text, size) : NULL;
}

enum mgw_status mirror_no_memory(struct mgw_call *call)
{
    return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
}
