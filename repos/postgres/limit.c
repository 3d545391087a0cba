/* SPDX-License-Identifier: Apache-2.0
 *
 * See limit.h. */
#include "limit.h"

enum { POLL_MS = 50 };

struct limit limit_new(const struct mgw_host *host, struct mgw_call *call, int64_t most_ms)
{
    int64_t until = host->monotonic_ms() + most_ms;
    if (call && call->deadline_ms && call->deadline_ms < until) {
        until = call->deadline_ms;
    }
    return (struct limit){host, call, until};
}

enum mgw_status limit_check(const struct limit *limit, const char *what, struct fault *fault)
{
    if (limit->call && limit->call->cancelled(limit->call)) {
        return fault_set(fault, MGW_CANCELLED, "nobody waits for %s any more", what);
    }
    if (limit->host->monotonic_ms() >= limit->until_ms) {
        return fault_set(fault, MGW_TIMEOUT, "the deadline passed while waiting for %s", what);
    }
    return MGW_OK;
}

int64_t limit_left_ms(const struct limit *limit)
{
    int64_t left = limit->until_ms - limit->host->monotonic_ms();
    return left > 1 ? left : 1;
}

int limit_nap_ms(const struct limit *limit, int64_t most_ms)
{
    int64_t nap = limit_left_ms(limit);
    nap = nap < most_ms ? nap : most_ms;
    return (int)(limit->call && nap > POLL_MS ? POLL_MS : nap);
}
