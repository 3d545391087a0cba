/* SPDX-License-Identifier: Apache-2.0
 *
 * Direct uploads, their end: what the client says is there is looked at, and the row becomes
 * `ready` by compare-and-set. Any number of them may run for one row: each does what is left to do.
 */
#include "core/base/log.h"
#include "core/media/direct_record.h"
#include "core/media/readback.h"
#include "core/media/row.h"

#include <string.h>

/* A store's status about a blob that only we work on; the client's own mistakes have been told
 * apart before. */
static enum mgw_status outside(enum mgw_status status)
{
    switch (status) {
    case MGW_CONFLICT:
    case MGW_STALE:
    case MGW_EXISTS:
        return MGW_UNAVAILABLE;
    default:
        return media_outside(status);
    }
}

static enum mgw_status blob_stat(struct mgw_media *media, struct mgw_call *call,
                                 const struct mgw_row *row, struct mgw_stat *stat)
{
    struct mgw_blob blob = {sizeof blob, row->bucket, row->key};
    *stat = (struct mgw_stat){.size = sizeof *stat};
    return store_stat(media->store, call, &blob, stat);
}

/* Puts the presigned parts together. Nobody has a receipt for them: the store knows what came. */
static enum mgw_status assemble(struct mgw_media *media, struct mgw_call *call,
                                const struct mgw_row *row, struct direct *direct)
{
    uint64_t length = (uint64_t)row->size_bytes, bytes = direct->part_bytes;
    size_t count = (size_t)(length / bytes + (length % bytes != 0));
    AUTO_FREE struct mgw_part *parts = calloc(count, sizeof *parts);
    if (!parts) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t left = length - i * bytes;
        parts[i] = (struct mgw_part){.size = sizeof parts[i],
                                     .number = (uint32_t)i + 1,
                                     .offset = i * bytes,
                                     .length = left < bytes ? left : bytes};
    }
    struct mgw_opaque state = direct_state(direct);
    struct mgw_stat stat = {.size = sizeof stat};
    enum mgw_status status = store_upload_complete(media->store, call, &state, parts, count,
                                                   sizeof parts[0], (uint64_t)row->fence, &stat);
    if (status == MGW_INVALID) {
        return mgw_fail(call, MGW_CONFLICT,
                        "parts are missing or have another length than was announced: send all %zu",
                        count);
    }
    if (status == MGW_NOT_FOUND) {
        return mgw_fail(call, MGW_CONFLICT, "the parts are not there any more; begin a new upload");
    }
    return status == MGW_EXISTS ? MGW_OK : outside(status);
}

/* Whether the blob is what was announced. */
static enum mgw_status check_blob(struct mgw_media *media, struct mgw_call *call,
                                  const struct mgw_row *row, struct direct *direct)
{
    struct mgw_stat stat;
    enum mgw_status status = blob_stat(media, call, row, &stat);
    if (status == MGW_NOT_FOUND && direct->mode == DIRECT_PARTS) {
        status = assemble(media, call, row, direct);
        if (status != MGW_OK) {
            return status;
        }
        status = blob_stat(media, call, row, &stat);
    }
    if (status == MGW_NOT_FOUND) {
        return mgw_fail(call, MGW_CONFLICT,
                        "the bytes are not there: send them to the upload's URL first");
    }
    if (status != MGW_OK) {
        return outside(status);
    }
    if (stat.bytes != (uint64_t)row->size_bytes) {
        return mgw_fail(call, MGW_CONFLICT, "%llu bytes are there, sizeBytes announced %lld",
                        (unsigned long long)stat.bytes, (long long)row->size_bytes);
    }
    if (!stat.content_type || strcmp(stat.content_type, row->mime_type) != 0) {
        return mgw_fail(call, MGW_CONFLICT,
                        "the bytes were not sent with the announced Content-Type");
    }
    return MGW_OK;
}

/* The change of ROW and, in the same batch, of its record, which lives for EXPIRE_MS more
 * (MGW_ABSENT: until the reaper). */
static enum mgw_status change(struct mgw_media *media, struct mgw_call *call, struct mgw_row *row,
                              uint32_t set, int64_t lease_ms, const struct direct *direct,
                              int64_t expire_ms)
{
    AUTO_FREE char *text = direct_text(direct);
    if (!text) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    struct mgw_record record = direct_record(row, text);
    struct mgw_change changes[2] = {
        {.size = sizeof changes[0],
         .type = MGW_CHANGE_UPDATE_ROW,
         .set = set | MGW_FIELD_STATUS | MGW_FIELD_LEASE,
         .row = row,
         .expect_status = MGW_ROW_UPLOADING,
         .expect_fence = row->fence,
         .lease_ms = lease_ms},
        {.size = sizeof changes[0],
         .type = MGW_CHANGE_PUT_RECORD,
         .record = &record,
         .expect_version = MGW_VERSION_ANY,
         .expire_ms = expire_ms},
    };
    struct mgw_change_result results[2] = {{.size = sizeof results[0]},
                                           {.size = sizeof results[0]}};
    enum mgw_status status = media_apply(media, call, changes, results, 2);
    row->updated_at = results[0].updated_at;
    return status;
}

/* The bytes are others than were declared: nobody shall ever see them. */
static enum mgw_status refuse(struct mgw_media *media, struct mgw_call *call, struct mgw_row *row,
                              struct direct *direct, const char *checksum)
{
    struct mgw_row failed = *row;
    failed.status = MGW_ROW_FAILED;
    direct->mismatch = true;
    int64_t purge_ms = direct_purge_after_ms(media, call, row);
    enum mgw_status status = change(media, call, &failed, 0, purge_ms, direct, MGW_ABSENT);
    if (status != MGW_OK) {
        return status; /* MGW_CONFLICT: somebody was there before, and the caller looks again */
    }
    media_purge(media, call, row);
    return mgw_fail(call, MGW_CORRUPT, "the bytes that came have the digest %s, announced was %s",
                    checksum, direct->checksum);
}

/* The row's checksum, where there is to be one, in CHECKSUM; else "". */
static enum mgw_status settle_digest(struct mgw_media *media, struct mgw_call *call,
                                     struct mgw_row *row, struct direct *direct,
                                     char checksum[READBACK_CHECKSUM_SIZE])
{
    checksum[0] = '\0';
    if (row->checksum && strlen(row->checksum) < READBACK_CHECKSUM_SIZE) {
        strcpy(checksum, row->checksum); /* hashed on its way in, or read back before */
    } else if (direct->checksum || direct->mode == DIRECT_GATEWAY) {
        enum mgw_status status = readback(media, call, row, checksum);
        if (status != MGW_OK) {
            return status;
        }
    }
    if (direct->checksum && strcmp(direct->checksum, checksum) != 0) {
        return refuse(media, call, row, direct, checksum);
    }
    return MGW_OK;
}

static enum mgw_status make_ready(struct mgw_media *media, struct mgw_call *call,
                                  struct mgw_row *row, struct direct *direct,
                                  struct mgw_grant **grant)
{
    char checksum[READBACK_CHECKSUM_SIZE];
    enum mgw_status status = check_blob(media, call, row, direct);
    if (status != MGW_OK) {
        return status;
    }
    status = settle_digest(media, call, row, direct, checksum);
    if (status == MGW_CONFLICT || status == MGW_STALE) {
        return MGW_STALE;
    }
    if (status != MGW_OK) {
        return status;
    }
    struct mgw_row ready = *row;
    ready.status = MGW_ROW_READY;
    ready.checksum = *checksum ? checksum : NULL;
    int64_t expire_ms = direct_purge_after_ms(media, call, row); /* for a delete until then */
    status = change(media, call, &ready, MGW_FIELD_CHECKSUM, MGW_ABSENT, direct, expire_ms);
    if (status == MGW_CONFLICT || status == MGW_STALE) {
        return MGW_STALE;
    }
    return status == MGW_OK ? grant_new(media, call, &ready, 0, NULL, false, grant)
                            : media_outside(status);
}

/* What a row that is not `uploading` any more answers. */
static enum mgw_status answer_done(struct mgw_media *media, struct mgw_call *call,
                                   const struct mgw_row *row, struct mgw_grant **grant)
{
    if (row->status == MGW_ROW_READY) {
        return grant_new(media, call, row, 0, NULL, false, grant);
    }
    struct direct direct = {0};
    enum mgw_status status = MGW_NOT_FOUND;
    if (row->status == MGW_ROW_FAILED) {
        status = direct_read(media, call, row->account_id, row->id, &direct);
    }
    bool mismatch = status == MGW_OK && direct.mismatch;
    direct_release(&direct);
    if (mismatch) {
        return mgw_fail(call, MGW_CORRUPT, "the bytes had another digest than was announced");
    }
    return mgw_fail(call, MGW_NOT_FOUND, "the upload is not there any more");
}

/* MGW_STALE: the row has changed meanwhile. */
static enum mgw_status complete_once(struct mgw_media *media, struct mgw_call *call, const char *id,
                                     struct mgw_grant **grant)
{
    AUTO_FREE struct mgw_row *row = NULL;
    enum mgw_status status = media_find_own(media, call, id, &row);
    if (status != MGW_OK) {
        return status;
    }
    if (row->status != MGW_ROW_UPLOADING) {
        return answer_done(media, call, row, grant);
    }
    struct direct direct;
    status = direct_read(media, call, row->account_id, row->id, &direct);
    if (status == MGW_NOT_FOUND) {
        status = mgw_fail(call, MGW_CONFLICT, "it is no direct upload; its own request ends it");
    } else if (status == MGW_OK) {
        status = make_ready(media, call, row, &direct, grant);
    }
    direct_release(&direct);
    return status;
}

enum mgw_status mgw_direct_complete(struct mgw_media *media, struct mgw_call *call, const char *id,
                                    struct mgw_grant **grant)
{
    call_clear(call);
    enum mgw_status status = complete_once(media, call, id, grant);
    if (status == MGW_STALE) { /* once is enough: from there on it never is `uploading` again */
        call_clear(call);
        status = complete_once(media, call, id, grant);
    }
    return status;
}
