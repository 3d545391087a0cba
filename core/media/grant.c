/* SPDX-License-Identifier: Apache-2.0
 *
 * Grants: a row and the signed URL of its content, the store's own where it makes them. */
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/disposition.h"
#include "core/base/log.h"
#include "core/media/internal.h"
#include "core/media/mime.h"
#include "core/media/row.h"
#include "core/media/url.h"

#include <string.h>

/* The store says no more of the bytes than the row does, and shows them in place only where the
 * gateway would. False: the gateway's own URL serves instead. */
static bool presign_url(struct mgw_media *media, struct mgw_call *call, const struct mgw_row *row,
                        int64_t ttl_sec, const char *file_name, struct mgw_grant *grant)
{
    int64_t most = store_limits(media->store)->max_presign_ttl_sec;
    const char *type = row->mime_type ? row->mime_type : "application/octet-stream";
    AUTO_BUF struct buf disposition = {0};
    if (!disposition_value(&disposition, file_name || !mime_is_inline(type), file_name)) {
        return false;
    }
    struct mgw_blob blob = {sizeof blob, row->bucket, row->key};
    struct mgw_presign presign = {
        .size = sizeof presign,
        .op = MGW_PRESIGN_GET,
        .ttl_sec = ttl_sec < most ? ttl_sec : most,
        .response_content_type = type,
        .response_disposition = disposition.data,
    };
    struct mgw_presigned presigned = {.size = sizeof presigned};
    enum mgw_status status = store_presign(media->store, call, &blob, &presign, &presigned);
    bool good = status == MGW_OK && strcmp(presigned.method, "GET") == 0 &&
                !(presigned.headers && presigned.headers[0]); /* a player sends none of its own */
    if (!good) {
        log_event(LOG_LEVEL_WARN, "the store gave no URL; the gateway serves the bytes itself",
                  LOG_TEXT("id", row->id), LOG_TEXT("status", status_name(status)),
                  LOG_TEXT("error", status == MGW_OK ? "it is no plain GET" : call_text(call)));
        call_clear(call);
        return false;
    }
    grant->signed_url = strdup(presigned.url);
    grant->signed_url_expires_at = presigned.expires_at_ms;
    return grant->signed_url != NULL;
}

static void own_url(struct mgw_media *media, const struct mgw_row *row, int64_t ttl_sec,
                    const char *file_name, struct mgw_grant *grant)
{
    int64_t expires = clock_wall_ms() / 1000 + ttl_sec;
    grant->signed_url_expires_at = expires * 1000;
    grant->signed_url = url_sign(media, row->bucket, row->key, expires, file_name);
}

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
    if (ready &&
        !(media_presigns(media) && presign_url(media, call, row, ttl_sec, file_name, grant))) {
        own_url(media, row, ttl_sec, file_name, grant);
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
