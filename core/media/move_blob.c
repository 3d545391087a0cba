/* SPDX-License-Identifier: Apache-2.0
 *
 * See move.h: one blob's way from store to store. The digest is compared before the commit: what
 * differs is never published. */
#include "core/media/blob.h"
#include "core/media/move_inside.h"
#include "core/plugin/call.h"

#include <string.h>

enum mgw_status move_side(struct mgw_call *call, const char *side, enum mgw_status status)
{
    if (status != MGW_OK) {
        char text[sizeof call->error->text];
        memcpy(text, call->error->text, sizeof text);
        mgw_fail(call, status, "the %s: %.*s", side, (int)sizeof text - 16,
                 text[0] ? text : status_name(status));
    }
    return status;
}

/* Whether the bytes that READER gives are those of ROW. */
static enum mgw_status check_sum(struct mgw_call *call, const struct mgw_row *row,
                                 const char *checksum)
{
    if (blob_checksum_is_ours(row->checksum) && strcmp(row->checksum, checksum) != 0) {
        return mgw_fail(call, MGW_CORRUPT, "the blob's digest is %s, its row says %s", checksum,
                        row->checksum);
    }
    return MGW_OK;
}

/* MGW_OK: it is there with the right size and digest. MGW_NOT_FOUND: it is not, or (*OTHER) not so.
 */
static enum mgw_status look_for_it(struct move *move, struct mgw_call *call,
                                   const struct mgw_row *row, const struct mgw_blob *blob,
                                   bool *other)
{
    char checksum[BLOB_CHECKSUM];
    uint64_t length = 0;
    struct mgw_stat stat = {.size = offsetof(struct mgw_stat, content_type)};
    enum mgw_status status = store_stat(move->to.store, call, blob, &stat);
    *other = status == MGW_OK;
    if (status == MGW_OK && stat.bytes != (uint64_t)row->size_bytes) {
        return MGW_NOT_FOUND;
    }
    if (status == MGW_OK) {
        status = blob_sum(move->to.store, call, blob, NULL, checksum, &length);
    }
    if (status == MGW_OK && check_sum(call, row, checksum) != MGW_OK) {
        return MGW_NOT_FOUND;
    }
    return status;
}

static enum mgw_status write_blob(struct move *move, struct mgw_call *call,
                                  const struct mgw_row *row, const struct mgw_blob *blob,
                                  struct store_reader *reader, const struct mgw_put *put)
{
    struct store_writer *writer = NULL;
    char checksum[BLOB_CHECKSUM];
    bool wrote = false;
    enum mgw_status status = store_put_begin(move->to.store, call, blob, put, &writer);
    if (status != MGW_OK) {
        return move_side(call, "target", status);
    }
    status = blob_pass(reader, put->length, call, writer, &move->passed, checksum, &wrote);
    status = status == MGW_OK ? check_sum(call, row, checksum) : status;
    if (status != MGW_OK) {
        status = move_side(call, wrote ? "target" : "source", status);
        struct mgw_error kept = *call->error;
        store_put_abort(writer, call);
        *call->error = kept;
        return status;
    }
    struct mgw_stat stat = {.size = offsetof(struct mgw_stat, content_type)};
    status = store_put_commit(writer, call, &stat);
    if (status == MGW_UNAVAILABLE || status == MGW_UNKNOWN_OUTCOME) {
        status = store_put_commit(writer, call, &stat);
    }
    if (status != MGW_OK) {
        status = move_side(call, "target", status);
        struct mgw_error kept = *call->error;
        store_put_abort(writer, call);
        *call->error = kept;
        return status;
    }
    return stat.bytes == put->length
               ? MGW_OK
               : mgw_fail(call, MGW_CORRUPT, "the target: it holds %llu bytes instead of %llu",
                          (unsigned long long)stat.bytes, (unsigned long long)put->length);
}

/* INSTEAD: of what lies there with another size or digest, and stays until the right one is whole.
 */
static enum mgw_status carry_blob(struct move *move, struct mgw_call *call,
                                  const struct mgw_row *row, const struct mgw_blob *blob,
                                  bool instead)
{
    struct store_reader *reader = NULL;
    struct mgw_stat stat = {.size = sizeof stat};
    enum mgw_status status = store_open(move->from.store, call, blob, NULL, &reader, &stat);
    if (status != MGW_OK) {
        return move_side(call, "source", status);
    }
    /* As the upload left it; a store that keeps no properties is helped out by the row. */
    const char *made[] = {"id",        row->id,
                          "account",   row->account_id,
                          "mime-type", row->mime_type ? row->mime_type : "application/octet-stream",
                          NULL};
    bool conditional =
        !instead && store_limits(move->to.store)->capabilities & MGW_STORAGE_IF_ABSENT;
    struct mgw_put put = {
        .size = sizeof put,
        .flags = MGW_PUT_LENGTH_KNOWN | (conditional ? MGW_PUT_IF_ABSENT : 0),
        .length = stat.bytes,
        .content_type = stat.content_type ? stat.content_type : row->mime_type,
        .metadata = stat.metadata && stat.metadata[0] ? stat.metadata : made,
    };
    if (stat.bytes != (uint64_t)row->size_bytes) {
        status = mgw_fail(call, MGW_CORRUPT,
                          "the source: the blob has %llu bytes, its row says "
                          "%lld",
                          (unsigned long long)stat.bytes, (long long)row->size_bytes);
    } else {
        status = write_blob(move, call, row, blob, reader, &put);
    }
    store_close(reader);
    return status;
}

enum mgw_status move_blob(struct move *move, struct mgw_call *call, const struct mgw_row *row)
{
    struct mgw_blob blob = {sizeof blob, row->bucket, row->key};
    bool other = false;
    enum mgw_status status = look_for_it(move, call, row, &blob, &other);
    if (status == MGW_OK) {
        move->passed += (uint64_t)row->size_bytes;
    }
    return status == MGW_NOT_FOUND ? carry_blob(move, call, row, &blob, other)
                                   : move_side(call, "target", status);
}
