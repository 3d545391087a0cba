/* SPDX-License-Identifier: Apache-2.0
 *
 * See effort.h. Delays grow by doubling with full jitter: each is anything between nothing and the
 * bound, so that clients that failed together do not come back together. */
#include "effort.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { STEP_MS = 10 }; /* a cancelled call wakes within this */

void effort_begin(struct effort *effort, const struct retry *retry, struct mgw_call *call,
                  enum effort_kind kind)
{
    *effort = (struct effort){
        .retry = retry, .call = call, .kind = kind, .began_ms = retry->host->monotonic_ms()};
}

static bool attempt_cancelled(const struct mgw_call *call)
{
    const struct mgw_call *outer = ((const struct attempt *)(const void *)call)->outer;
    return outer->cancelled(outer);
}

static void *attempt_alloc(struct mgw_call *call, size_t bytes)
{
    struct mgw_call *outer = ((struct attempt *)(void *)call)->outer;
    return outer->alloc(outer, bytes);
}

struct mgw_call *effort_renewed(struct effort *effort)
{
    struct mgw_call *outer = effort->call;
    if (!effort->retry->attempt_ms || effort->unlimited) {
        return outer;
    }
    int64_t deadline = effort->retry->host->monotonic_ms() + effort->retry->attempt_ms;
    if (outer->deadline_ms && outer->deadline_ms < deadline) {
        return outer;
    }
    effort->attempt = (struct attempt){.call = {.size = sizeof effort->attempt.call,
                                                .deadline_ms = deadline,
                                                .request_id = outer->request_id,
                                                .account = outer->account,
                                                .error = outer->error,
                                                .cancelled = attempt_cancelled,
                                                .alloc = attempt_alloc},
                                       .outer = outer};
    return &effort->attempt.call;
}

struct mgw_call *effort_attempt(struct effort *effort)
{
    effort->attempts++;
    return effort_renewed(effort);
}

bool effort_mends(enum mgw_status status)
{
    return status == MGW_UNAVAILABLE || status == MGW_BUSY || status == MGW_UNKNOWN_OUTCOME ||
           status == MGW_TIMEOUT;
}

/* What the delay before the next attempt may be at most. */
static int64_t bound_ms(const struct effort *effort)
{
    int64_t bound = effort->retry->first_delay_ms;
    for (unsigned i = 1; i < effort->attempts && bound < effort->retry->max_delay_ms; i++) {
        bound *= 2;
    }
    return bound < effort->retry->max_delay_ms ? bound : effort->retry->max_delay_ms;
}

static int64_t delay_ms(const struct effort *effort)
{
    uint64_t random;
    effort->retry->host->random(&random, sizeof random);
    int64_t delay = (int64_t)(random % (uint64_t)(bound_ms(effort) + 1));
    int64_t advised = effort->call->error->retry_after_ms;
    return advised > delay ? advised : delay;
}

/* False: the call was cancelled meanwhile. */
static bool wait_until(const struct effort *effort, int64_t until_ms)
{
    for (;;) {
        if (effort->call->cancelled(effort->call)) {
            return false;
        }
        int64_t left = until_ms - effort->retry->host->monotonic_ms();
        if (left <= 0) {
            return true;
        }
        long step = (long)(left < STEP_MS ? left : STEP_MS);
        nanosleep(&(struct timespec){.tv_nsec = step * 1000000}, NULL);
    }
}

/* The last failure's words, and how long it was tried. */
static void give_up(const struct effort *effort, enum mgw_status *status)
{
    struct mgw_error *error = effort->call->error;
    char text[sizeof error->text];
    int64_t took = effort->retry->host->monotonic_ms() - effort->began_ms;
    bool certain = *status == MGW_UNAVAILABLE || *status == MGW_BUSY;
    if (effort->kind == EFFORT_WRITES && effort->ambiguous && certain) {
        *status = MGW_UNKNOWN_OUTCOME;
    }
    if (effort->attempts > 1) {
        memcpy(text, error->text, sizeof text);
        text[sizeof text - 1] = '\0';
        snprintf(error->text, sizeof error->text,
                 "%.400s (given up after %u attempts in %" PRId64 " ms)", text, effort->attempts,
                 took);
    }
}

bool effort_again(struct effort *effort, enum mgw_status *status)
{
    const struct retry *retry = effort->retry;
    const struct mgw_call *call = effort->call;
    if (!effort_mends(*status)) {
        return false;
    }
    effort->ambiguous =
        effort->ambiguous || *status == MGW_UNKNOWN_OUTCOME || *status == MGW_TIMEOUT;
    int64_t now = retry->host->monotonic_ms(), next = now + delay_ms(effort);
    bool late = next > effort->began_ms + retry->deadline_ms ||
                (call->deadline_ms && next >= call->deadline_ms);
    if (late || (retry->attempts && effort->attempts >= retry->attempts)) {
        give_up(effort, status);
        return false;
    }
    if (!wait_until(effort, next)) {
        *status =
            mgw_fail(effort->call, MGW_CANCELLED,
                     "cancelled while waiting to try again after %u attempts", effort->attempts);
        return false;
    }
    return true;
}
