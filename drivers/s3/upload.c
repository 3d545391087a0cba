/* SPDX-License-Identifier: Apache-2.0 */
#include "upload.h"

#include "blob.h"
#include "loose.h"
#include "multipart.h"
#include "spool.h"

#include <string.h>

#define STATE "mediagw-s3-1"
enum { BLOCK = 256 << 10, TAKEOVERS = 8, WORDS = 7 };

uint32_t upload_number(uint32_t number, uint64_t generation)
{
    /* generation 0 is for parts that go in by presigned URLs */
    uint64_t slot = generation == 0 ? 0 : 1 + (generation - 1) % (UPLOAD_SLOTS - 1);
    return (number - 1) * UPLOAD_SLOTS + (uint32_t)slot + 1;
}

enum mgw_status upload_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                            struct mgw_upload_plan *plan)
{
    (void)call;
    (void)instance;
    plan->part_min = multipart_part_bytes(S3_PART_MIN, put->length, UPLOAD_PARTS_MAX);
    plan->part_max = S3_PART_MAX;
    plan->part_align = 1;
    plan->max_parts = UPLOAD_PARTS_MAX;
    plan->uniform = 1;
    return MGW_OK;
}

/* ---- The state: words of ASCII, and the object's name at the end ---- */

static enum mgw_status write_state(struct mgw_call *call, const struct note *note,
                                   struct mgw_opaque *state)
{
    AUTO_TEXT struct text text = {0};
    text_printf(&text, STATE " %s %s %s %d %u %" PRIu64 " %s", note->bucket, note->id,
                note->upload_id, note->loose, note->flags, note->length, note->key);
    if (text.failed || text.length > state->capacity) {
        return mgw_fail(call, MGW_INVALID, "S3's upload id is too long");
    }
    memcpy(state->bytes, text_of(&text), text.length);
    state->length = text.length;
    return MGW_OK;
}

enum mgw_status upload_read_state(struct mgw_call *call, const struct mgw_opaque *state,
                                  struct upload_state *out)
{
    char *text = call->alloc(call, state->length + 1);
    if (!text) {
        return s3_no_memory(call);
    }
    memcpy(text, state->bytes, state->length);
    char *words[WORDS], *rest = text;
    size_t count = 0;
    while (count < WORDS && rest && (words[count] = strsep(&rest, " "))) {
        count++;
    }
    bool good = count == WORDS && rest && *rest && strcmp(words[0], STATE) == 0 &&
                strlen(text) <= state->length && strlen(words[2]) == 32 && *words[3];
    for (size_t i = 4; good && i < WORDS; i++) {
        good = *words[i] && !words[i][strspn(words[i], "0123456789")];
    }
    if (!good) {
        return mgw_fail(call, MGW_INVALID, "the upload's state is not one of this driver");
    }
    *out = (struct upload_state){.bucket = words[1],
                                 .id = words[2],
                                 .upload_id = words[3],
                                 .object = {words[1], rest},
                                 .loose = strcmp(words[4], "0") != 0,
                                 .flags = (uint32_t)strtoul(words[5], NULL, 10),
                                 .length = strtoull(words[6], NULL, 10)};
    return MGW_OK;
}

enum mgw_status upload_create(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                              const struct mgw_put *put, struct mgw_opaque *state)
{
    struct s3 *s3 = instance;
    struct object object;
    AUTO_NOTE struct note note = {0};
    enum mgw_status status = s3_over(call, s3);
    status = status == MGW_OK ? place_object(call, s3, blob, &object) : status;
    status = status == MGW_OK ? note_new(call, s3, &object, &note) : status;
    if (status != MGW_OK) {
        return status;
    }
    note.resumable = true;
    note.flags = put->flags;
    note.length = put->length;
    status = loose_wanted(call, s3, object.bucket, &note.loose);
    if (status == MGW_OK) {
        status = note_begin(call, s3, &note, MGW_HAS(put, content_type) ? put->content_type : NULL,
                            MGW_HAS(put, metadata) ? put->metadata : NULL);
    }
    return status == MGW_OK ? write_state(call, &note, state) : status;
}

/* ---- The fence ---- */

enum mgw_status upload_take(struct mgw_call *call, struct s3 *s3, const struct upload_state *state,
                            uint64_t fence, struct note *note)
{
    for (unsigned i = 0; i < TAKEOVERS; i++) {
        note_free(note);
        enum mgw_status status = note_read(call, s3, state->bucket, state->id, note);
        if (status != MGW_OK) {
            return status == MGW_NOT_FOUND ? mgw_fail(call, status, "the upload is gone") : status;
        }
        if (fence < note->fence) {
            return mgw_fail(call, MGW_STALE, "the upload has a newer owner");
        }
        if (fence == note->fence) {
            return MGW_OK;
        }
        note->fence = fence;
        note->generation++;
        status = note_write(call, s3, note);
        if (status != MGW_CONFLICT) {
            return status;
        }
    }
    return mgw_fail(call, MGW_BUSY, "the upload changes hands");
}

/* ---- Parts ---- */

static enum mgw_status gather(struct mgw_call *call, const struct s3 *s3,
                              const struct mgw_source *source, struct spool *spool)
{
    enum mgw_status status = spool_open(call, s3, spool);
    AUTO_FREE unsigned char *block = malloc(BLOCK);
    if (!block) {
        return s3_no_memory(call);
    }
    for (uint64_t at = 0; at < source->length && status == MGW_OK;) {
        uint64_t left = source->length - at;
        size_t step = left < BLOCK ? (size_t)left : BLOCK;
        status = s3_over(call, s3);
        status = status == MGW_OK ? source->read(source->ctx, at, block, step) : status;
        status = status == MGW_OK ? spool_write(call, spool, block, step) : status;
        at += step;
    }
    return status == MGW_OK ? spool_seal(call, spool) : status;
}

static enum mgw_status check_part(struct mgw_call *call, const struct upload_state *state,
                                  const struct mgw_part *part)
{
    if (part->number < 1 || part->number > UPLOAD_PARTS_MAX) {
        return mgw_fail(call, MGW_INVALID, "the part's number is not 1 to %u", UPLOAD_PARTS_MAX);
    }
    bool known = state->flags & MGW_PUT_LENGTH_KNOWN;
    if ((known || state->length) &&
        (part->offset > state->length || part->length > state->length - part->offset)) {
        return mgw_fail(call, known ? MGW_INVALID : MGW_TOO_LARGE,
                        "the part ends beyond the upload's %" PRIu64 " bytes", state->length);
    }
    return MGW_OK;
}

enum mgw_status upload_part(struct mgw_call *call, void *instance, const struct mgw_opaque *opaque,
                            const struct mgw_part *part, const struct mgw_source *source,
                            uint64_t fence, struct mgw_opaque *receipt)
{
    struct s3 *s3 = instance;
    struct upload_state state;
    AUTO_NOTE struct note note = {0}, after = {0};
    struct spool spool = {.fd = -1};
    enum mgw_status status = upload_read_state(call, opaque, &state);
    if (status == MGW_OK && source->length != part->length) {
        return mgw_fail(call, MGW_INVALID, "the part's bytes are not as many as it says");
    }
    status = status == MGW_OK ? check_part(call, &state, part) : status;
    status = status == MGW_OK ? upload_take(call, s3, &state, fence, &note) : status;
    if (status == MGW_OK && note.done) {
        status = mgw_fail(call, MGW_NOT_FOUND, "the upload is complete");
    }
    if (status != MGW_OK) {
        return status;
    }
    struct multipart_part sent = {.number = upload_number(part->number, note.generation),
                                  .length = part->length,
                                  .etag = "-"};
    if (part->length > 0) { /* an empty part is no part for S3 */
        status = gather(call, s3, source, &spool);
        status = status == MGW_OK ? note_refresh(call, s3, &note) : status;
        if (status == MGW_OK) {
            status = state.loose
                         ? loose_send(call, s3, state.bucket, state.id, &spool, &sent)
                         : multipart_send(call, s3, &state.object, state.upload_id, &spool, &sent);
        }
        spool_close(&spool);
    }
    if (status == MGW_OK || status == MGW_CONFLICT) { /* a new owner since? */
        enum mgw_status now = upload_take(call, s3, &state, fence, &after);
        status = status == MGW_CONFLICT && now == MGW_OK ? MGW_BUSY : now;
    }
    if (status != MGW_OK) {
        return status;
    }
    int length = snprintf(receipt->bytes, receipt->capacity, "%u %" PRIu64 " %s", sent.number,
                          sent.length, sent.etag);
    receipt->length = (size_t)length;
    return MGW_OK;
}

/* ---- The end ---- */

enum mgw_status upload_abort(struct mgw_call *call, void *instance, const struct mgw_opaque *opaque,
                             uint64_t fence)
{
    struct s3 *s3 = instance;
    struct upload_state state;
    AUTO_NOTE struct note note = {0};
    enum mgw_status status = upload_read_state(call, opaque, &state);
    status = status == MGW_OK ? upload_take(call, s3, &state, fence, &note) : status;
    if (status == MGW_NOT_FOUND || (status == MGW_OK && note.done)) {
        return MGW_OK;
    }
    status = status == MGW_OK ? multipart_abort(call, s3, &state.object, state.upload_id) : status;
    if (status == MGW_OK && state.loose) {
        status = loose_remove(call, s3, state.bucket, state.id);
    }
    return status == MGW_OK ? note_end(call, s3, &note) : status;
}
