/* SPDX-License-Identifier: Apache-2.0 */
#include "upload.h"

#include "blob.h"
#include "loose.h"
#include "multipart.h"
#include "spool.h"

#include <string.h>

struct found {
    struct multipart_part *parts; /* one for each of the host's */
    const struct mgw_part *const *asked;
    size_t count;
};

/* Fills in a part without a receipt: it came through a presigned URL, to the slot of those. What an
 * owner sent whose receipt was never recorded does not count. */
static bool look(void *ctx, const struct multipart_part *part)
{
    struct found *found = ctx;
    size_t index = (part->number - 1) / UPLOAD_SLOTS;
    if (part->number == upload_number((uint32_t)index + 1, 0) && index < found->count &&
        !found->asked[index]->receipt_length && found->asked[index]->length == part->length) {
        found->parts[index] = *part;
    }
    return true;
}

/* The same for a part that is an object; none, or one of another length, is no part. */
static enum mgw_status look_loose(struct mgw_call *call, struct s3 *s3,
                                  const struct upload_state *state, const struct mgw_part *asked,
                                  struct multipart_part *found)
{
    struct multipart_part part = {.number = upload_number(asked->number, 0)};
    enum mgw_status status = loose_look(call, s3, state->bucket, state->id, &part);
    if (status == MGW_OK && part.length == asked->length) {
        *found = part;
    }
    return status == MGW_NOT_FOUND ? MGW_OK : status;
}

static bool read_receipt(const struct mgw_part *part, struct multipart_part *out)
{
    char text[MGW_UPLOAD_RECEIPT_MAX + 1];
    if (part->receipt_length > MGW_UPLOAD_RECEIPT_MAX) {
        return false;
    }
    memcpy(text, part->receipt, part->receipt_length);
    text[part->receipt_length] = '\0';
    return sscanf(text, "%" SCNu32 " %" SCNu64 " %64s", &out->number, &out->length, out->etag) ==
               3 &&
           out->number > 0 && (out->number - 1) / UPLOAD_SLOTS == part->number - 1 &&
           out->length == part->length;
}

/* The host's parts as S3's. */
static enum mgw_status match(struct mgw_call *call, struct s3 *s3, const struct upload_state *state,
                             struct found *found)
{
    uint64_t offset = 0;
    bool look_up = false;
    enum mgw_status status = MGW_OK;
    for (size_t i = 0; i < found->count; i++) {
        const struct mgw_part *part = found->asked[i];
        bool receipt = part->receipt_length > 0;
        if (part->number != i + 1 || part->offset != offset ||
            (receipt && !read_receipt(part, &found->parts[i]))) {
            return mgw_fail(call, MGW_INVALID, "part %zu is missing or does not fit", i + 1);
        }
        look_up = look_up || !receipt;
        offset += part->length;
    }
    if ((state->flags & MGW_PUT_LENGTH_KNOWN) && offset != state->length) {
        return mgw_fail(call, MGW_INVALID,
                        "the parts have %" PRIu64 " bytes, %" PRIu64 " were announced", offset,
                        state->length);
    }
    if (look_up && !state->loose) {
        status = multipart_list(call, s3, &state->object, state->upload_id, look, found);
    }
    for (size_t i = 0; i < found->count && status == MGW_OK; i++) {
        if (look_up && state->loose && !found->parts[i].number) {
            status = look_loose(call, s3, state, found->asked[i], &found->parts[i]);
        }
        if (status == MGW_OK && !found->parts[i].number) {
            status = mgw_fail(call, MGW_INVALID, "part %zu of %" PRIu64 " bytes has not come",
                              i + 1, found->asked[i]->length);
        }
    }
    return status;
}

/* Without a byte: one empty part is what S3 makes an empty object of. */
static enum mgw_status empty_part(struct mgw_call *call, struct s3 *s3,
                                  const struct upload_state *state, struct multipart_part *part)
{
    struct spool spool;
    enum mgw_status status = spool_open(call, s3, &spool);
    status = status == MGW_OK ? spool_seal(call, &spool) : status;
    *part = (struct multipart_part){.number = 1};
    if (status == MGW_OK) {
        status = multipart_send(call, s3, &state->object, state->upload_id, &spool, part);
    }
    spool_close(&spool);
    return status;
}

/* STATUS, the error's text with it, unless the object is the upload's already: then parts, and the
 * upload itself, are gone. */
static enum mgw_status was_complete(struct mgw_call *call, struct s3 *s3,
                                    const struct upload_state *state, enum mgw_status status,
                                    struct mgw_stat *stat)
{
    char why[512] = "";
    if (call->error) {
        snprintf(why, sizeof why, "%s", call->error->text);
    }
    return blob_is_ours(call, s3, &state->object, state->id, stat) == MGW_OK
               ? MGW_OK
               : mgw_fail(call, status, "%s", why);
}

static enum mgw_status complete(struct mgw_call *call, struct s3 *s3,
                                const struct upload_state *state, const struct mgw_part *parts,
                                size_t count, size_t stride, struct note *note,
                                struct mgw_stat *stat)
{
    AUTO_FREE struct multipart_part *matched = calloc(count + 1, sizeof *matched);
    AUTO_FREE const struct mgw_part **asked = calloc(count + 1, sizeof *asked);
    if (!matched || !asked) {
        return s3_no_memory(call);
    }
    for (size_t i = 0; i < count; i++) {
        asked[i] = (const struct mgw_part *)(const void *)((const char *)parts + i * stride);
    }
    struct found found = {matched, asked, count};
    enum mgw_status status = match(call, s3, state, &found);
    size_t sent = 0;
    for (size_t i = 0; i < count; i++) {
        if (matched[i].length > 0) {
            matched[sent++] = matched[i];
        }
    }
    if (status == MGW_OK && sent == 0) {
        status = empty_part(call, s3, state, &matched[sent++]);
    } else if (status == MGW_OK && state->loose) {
        status = loose_gather(call, s3, &state->object, state->upload_id, state->id, matched, sent);
    }
    if (status == MGW_NOT_FOUND || status == MGW_INVALID) {
        return was_complete(call, s3, state, status, stat);
    }
    return status == MGW_OK
               ? multipart_complete(call, s3, &state->object, state->upload_id, matched, sent,
                                    state->flags & MGW_PUT_IF_ABSENT, note->id, stat)
               : status;
}

enum mgw_status upload_complete(struct mgw_call *call, void *instance,
                                const struct mgw_opaque *opaque, const struct mgw_part *parts,
                                size_t count, size_t stride, uint64_t fence, struct mgw_stat *stat)
{
    struct s3 *s3 = instance;
    struct upload_state state;
    AUTO_NOTE struct note note = {0};
    enum mgw_status status = upload_read_state(call, opaque, &state);
    status = status == MGW_OK ? upload_take(call, s3, &state, fence, &note) : status;
    if (status != MGW_OK) {
        return status;
    }
    if (note.done) {
        return blob_head(call, s3, &state.object, NULL, stat, NULL);
    }
    status = complete(call, s3, &state, parts, count, stride, &note, stat);
    if (status == MGW_OK) {
        note.done = true; /* where that cannot be written, the next look finds no parts */
        if (note_write(call, s3, &note) == MGW_OK && state.loose) {
            loose_remove(call, s3, state.bucket, state.id); /* or the sweep does */
        }
    }
    return status;
}
