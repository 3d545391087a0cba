/* SPDX-License-Identifier: Apache-2.0
 *
 * What Go cannot say by itself: calls through the function pointers of the ABI, and the fields of a struct that its maker may
 * not have known. Any thread. */
#ifndef GOMEM_BORDER_H
#define GOMEM_BORDER_H

#include <mediagw/storage.h>

static inline enum mgw_status border_fail(struct mgw_call *call, enum mgw_status status,
                                          const char *text)
{
    return mgw_fail(call, status, "%s", text);
}

static inline bool border_cancelled(const struct mgw_call *call)
{
    return call->cancelled(call);
}

static inline void *border_alloc(struct mgw_call *call, size_t bytes)
{
    return call->alloc(call, bytes);
}

static inline int64_t border_wall_ms(const struct mgw_host *host)
{
    return host->wall_ms();
}

static inline int64_t border_monotonic_ms(const struct mgw_host *host)
{
    return host->monotonic_ms();
}

static inline void border_random(const struct mgw_host *host, void *bytes, size_t length)
{
    host->random(bytes, length);
}

static inline bool border_emit(mgw_list_emit *emit, void *ctx, const struct mgw_list_entry *entry)
{
    return emit(ctx, entry);
}

static inline const char *border_content_type(const struct mgw_put *put)
{
    return MGW_HAS(put, content_type) ? put->content_type : NULL;
}

static inline const char *const *border_metadata(const struct mgw_put *put)
{
    return MGW_HAS(put, metadata) ? put->metadata : NULL;
}

static inline void border_give(struct mgw_stat *stat, const char *content_type,
                               const char *const *metadata)
{
    if (MGW_HAS(stat, content_type)) {
        stat->content_type = content_type;
    }
    if (MGW_HAS(stat, metadata)) {
        stat->metadata = metadata;
    }
}

#endif
