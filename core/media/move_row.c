/* SPDX-License-Identifier: Apache-2.0
 *
 * See move.h: one row. The target's row always is the source's, times and all: what has changed is
 * taken out and brought in again in one change. */
#include "core/base/cleanup.h"
#include "core/media/move_inside.h"
#include "core/media/row.h"
#include "core/plugin/call.h"

#include <string.h>

/* The target's row of that id; NULL with MGW_OK: none. */
static enum mgw_status find_there(struct move *move, struct mgw_call *call, const char *id,
                                  struct mgw_row **there)
{
    enum mgw_status status = rows_get(move->to.rows, call, id, row_keep, there);
    if (status == MGW_NOT_FOUND) {
        call_clear(call);
        return MGW_OK;
    }
    status = status == MGW_OK && !*there ? mgw_fail(call, MGW_IO, "out of memory") : status;
    return move_side(call, "target", status);
}

static bool is_same_blob(const struct mgw_row *one, const struct mgw_row *other)
{
    return strcmp(one->bucket, other->bucket) == 0 && strcmp(one->key, other->key) == 0 &&
           strcmp(one->account_id, other->account_id) == 0;
}

/* THERE (NULL: nothing) gives way to ROW, if it is still as it was seen. LEASE_UNTIL is ROW's new
 * one. */
static enum mgw_status put_row(struct move *move, struct mgw_call *call, const struct mgw_row *row,
                               const struct mgw_row *there, int64_t lease_until)
{
    struct mgw_row brought = *row;
    brought.lease_until = lease_until;
    struct mgw_change changes[2] = {
        {.size = sizeof changes[0],
         .type = MGW_CHANGE_DELETE_ROW,
         .row = there,
         .expect_status = there ? there->status : 0,
         .expect_fence = there ? there->fence : MGW_ABSENT},
        {.size = sizeof changes[0], .type = MGW_CHANGE_IMPORT_ROW, .row = &brought},
    };
    struct mgw_change_result results[2] = {0};
    size_t skip = there ? 0 : 1;
    enum mgw_status status = rows_apply(move->to.rows, call, changes + skip, results, 2 - skip);
    if (status == MGW_EXISTS || status == MGW_CONFLICT || status == MGW_NOT_FOUND) {
        /* A first try whose answer was lost, most likely: only a look can tell. */
        AUTO_FREE struct mgw_row *now = NULL;
        struct mgw_error kept = *call->error;
        if (find_there(move, call, row->id, &now) == MGW_OK && now && is_same_blob(now, row) &&
            now->status == row->status) {
            return MGW_OK;
        }
        *call->error = kept;
    }
    return move_side(call, "target", status);
}

/* The blob is to go; the lease brings the target's reaper to it in any case. */
static enum mgw_status take_back(struct move *move, struct mgw_call *call,
                                 const struct mgw_row *row, const struct mgw_row *there)
{
    int64_t now = 0;
    enum mgw_status status = rows_now(move->to.rows, call, &now);
    if (status == MGW_OK) {
        status = put_row(move, call, row, there, now);
    }
    if (status == MGW_OK) {
        struct mgw_blob blob = {sizeof blob, row->bucket, row->key};
        status = move_side(call, "target", store_remove(move->to.store, call, &blob));
    }
    return status;
}

static bool same_checksum(const struct mgw_row *one, const struct mgw_row *other)
{
    const char *a = one->checksum ? one->checksum : "", *b = other->checksum ? other->checksum : "";
    return strcmp(a, b) == 0;
}

static bool blob_has_size(struct move *move, struct mgw_call *call, const struct mgw_row *row,
                          enum mgw_status *status)
{
    struct mgw_blob blob = {sizeof blob, row->bucket, row->key};
    struct mgw_stat stat = {.size = offsetof(struct mgw_stat, content_type)};
    *status = store_stat(move->to.store, call, &blob, &stat);
    bool has = *status == MGW_OK && stat.bytes == (uint64_t)row->size_bytes;
    *status = *status == MGW_NOT_FOUND ? MGW_OK : move_side(call, "target", *status);
    return has;
}

static enum mgw_status move_ready(struct move *move, struct mgw_call *call,
                                  const struct mgw_row *row, const struct mgw_row *there, bool same,
                                  enum move_outcome *outcome)
{
    enum mgw_status status = MGW_OK;
    if (row->size_bytes < 0) {
        return mgw_fail(call, MGW_CORRUPT, "the source: the row does not know its size");
    }
    if (there && there->status == MGW_ROW_READY && same_checksum(row, there) &&
        blob_has_size(move, call, row, &status)) {
        move->passed += (uint64_t)row->size_bytes;
        *outcome = same ? MOVE_UNCHANGED : MOVE_CHANGED;
        return same || move->options->dry_run ? MGW_OK
                                              : put_row(move, call, row, there, row->lease_until);
    }
    *outcome = MOVE_COPIED;
    if (status != MGW_OK || move->options->dry_run) {
        return status;
    }
    status = move_blob(move, call, row);
    if (status == MGW_OK && !same) {
        status = put_row(move, call, row, there, row->lease_until);
    }
    return status;
}

enum mgw_status move_row(struct move *move, struct mgw_call *call, const struct mgw_row *row,
                         enum move_outcome *outcome)
{
    AUTO_FREE struct mgw_row *there = NULL;
    if (row->status == MGW_ROW_UPLOADING) {
        *outcome = MOVE_UPLOADING;
        return MGW_OK;
    }
    enum mgw_status status = find_there(move, call, row->id, &there);
    if (status != MGW_OK) {
        return status;
    }
    if (there && !is_same_blob(there, row)) {
        return mgw_fail(call, MGW_EXISTS, "the target: another recording has this id");
    }
    /* Absent is less than any time. */
    bool same = there && there->status == row->status && there->updated_at >= row->updated_at;
    if (there && there->status != row->status &&
        (there->status == MGW_ROW_DELETED || there->updated_at > row->updated_at)) {
        *outcome = MOVE_KEPT;
        return MGW_OK;
    }
    if (row->status == MGW_ROW_READY) {
        return move_ready(move, call, row, there, same, outcome);
    }
    *outcome = same ? MOVE_UNCHANGED : there ? MOVE_CHANGED : MOVE_ROW_ONLY;
    if (same || move->options->dry_run) {
        return MGW_OK;
    }
    return there && there->status == MGW_ROW_READY
               ? take_back(move, call, row, there)
               : put_row(move, call, row, there, row->lease_until);
}
