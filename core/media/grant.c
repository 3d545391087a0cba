/* SPDX-License-Identifier: Apache-2.0
 *
 * Grants: a row and the signed URL of its content. */
#include "core/base/clock.h"
#include "core/media/internal.h"
#include "core/media/row.h"
#include "core/media/url.h"

enum mgw_status grant_new(struct mgw_media *media, struct mgw_call *call, const struct mgw_row *row,
                          int64_t ttl_sec, const char *file_name, bool replayed,
                          struct mgw_grant **out)
{
    if (ttl_sec == 0) {
        ttl_sec = media->ttl_sec;
    }
    if (ttl_sec < 1 || ttl_sec > media->max_ttl_sec) {
        return mgw_fail(call, MGW_INVALID, "ttlSec: must be 1 to %lld",
                        (long long)media->max_ttl_sec);
    }
    struct mgw_grant *grant = calloc(1, sizeof *grant);
    if (!grant) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    grant->size = sizeof *grant;
    grant->replayed = replayed;
    grant->row = row_copy(row);
    bool ready = row->status == MGW_ROW_READY;
    int64_t expires = clock_wall_ms() / 1000 + ttl_sec;
    if (ready) {
        grant->signed_url_expires_at = expires * 1000;
        grant->signed_url = url_sign(media, row->bucket, row->key, expires, file_name);
    }
    if (!grant->row || (ready && !grant->signed_url)) {
        mgw_grant_free(grant);
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    *out = grant;
    return MGW_OK;
}

void mgw_grant_free(struct mgw_grant *grant)
{
    if (grant) {
        free((void *)(uintptr_t)grant->row);
        free((void *)(uintptr_t)grant->signed_url);
        free(grant);
    }
}
