/* SPDX-License-Identifier: Apache-2.0 */
#include "cache.h"

#include <string.h>

enum { WARN_MS = 60000 };

enum mgw_status cache_no_memory(struct mgw_call *call)
{
    return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
}

enum mgw_status cache_over(struct mgw_call *call, const struct cache *cache)
{
    if (call->cancelled && call->cancelled(call)) {
        return mgw_fail(call, MGW_CANCELLED, "cancelled");
    }
    if (call->deadline_ms && cache->host->monotonic_ms() >= call->deadline_ms) {
        return mgw_fail(call, MGW_TIMEOUT, "the deadline passed");
    }
    return MGW_OK;
}

void cache_warn(struct cache *cache, const char *what, int error)
{
    long long now = cache->host->monotonic_ms(), last = atomic_load(&cache->warned_ms);
    if ((last == 0 || now - last >= WARN_MS) &&
        atomic_compare_exchange_strong(&cache->warned_ms, &last, now)) {
        cache->host->log("cache", MGW_LOG_WARN, "%s in %s: %s; reads go through", what, cache->path,
                         strerror(error));
    }
}
