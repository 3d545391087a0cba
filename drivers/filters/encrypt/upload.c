/* SPDX-License-Identifier: Apache-2.0
 *
 * Resumable uploads. The state holds salt, key id and name, and the state of the layer below; no
 * key. A part that can only be the last (shorter than the plan's least, or no multiple of its
 * alignment) carries the trailer; where the last one turns out to be none of these, complete()
 * sends the trailer as a part of its own. Each time that a part is sent it has a nonce prefix of
 * its own (format.h). */
#include "encrypt.h"
#include "source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    AT_FLAGS = 16, /* then 56 bits of zero */
    AT_LENGTH = 24,
    AT_LEAST = 32,
    AT_ALIGN = 40,
    AT_SALT = 48,
    AT_NAME = 80,
    AT_ID = 112,
    AT_BELOW = 144,
    BELOW_MAX = MGW_UPLOAD_STATE_MAX - AT_BELOW
};
static const char magic[16] = "mgwcrypt upload1"; /* without its NUL */

struct state {
    uint32_t flags;
    uint64_t length, least, align;
    struct trailer trailer; /* salt and id */
    unsigned char name[FORMAT_NAME];
    struct mgw_opaque below;
};

/* A receipt is this byte and the receipt of the layer below. */
enum { RECEIPT_BARE = 1, RECEIPT_LAST = 2 };

static void write_state(const struct state *state, unsigned char *bytes)
{
    memset(bytes, 0, AT_BELOW);
    memcpy(bytes, magic, sizeof magic);
    bytes[AT_FLAGS] = (unsigned char)state->flags;
    format_put64(bytes + AT_LENGTH, state->length);
    format_put64(bytes + AT_LEAST, state->least);
    format_put64(bytes + AT_ALIGN, state->align);
    memcpy(bytes + AT_SALT, state->trailer.salt, FORMAT_SALT);
    memcpy(bytes + AT_NAME, state->name, FORMAT_NAME);
    memcpy(bytes + AT_ID, state->trailer.id, strlen(state->trailer.id));
    memcpy(bytes + AT_BELOW, state->below.bytes, state->below.length);
}

static enum mgw_status read_state(struct mgw_call *call, const struct mgw_opaque *opaque,
                                  struct state *state)
{
    unsigned char *bytes = opaque->bytes;
    memset(state, 0, sizeof *state);
    bool good = opaque->length > AT_BELOW && memcmp(bytes, magic, sizeof magic) == 0;
    if (good) {
        state->flags = bytes[AT_FLAGS];
        state->length = format_get64(bytes + AT_LENGTH);
        state->least = format_get64(bytes + AT_LEAST);
        state->align = format_get64(bytes + AT_ALIGN);
        memcpy(state->trailer.salt, bytes + AT_SALT, FORMAT_SALT);
        memcpy(state->name, bytes + AT_NAME, FORMAT_NAME);
        memcpy(state->trailer.id, bytes + AT_ID, FORMAT_ID_MAX);
        state->below = (struct mgw_opaque){.size = sizeof state->below,
                                           .bytes = bytes + AT_BELOW,
                                           .length = opaque->length - AT_BELOW,
                                           .capacity = opaque->length - AT_BELOW};
        good = format_id_good(state->trailer.id, strlen(state->trailer.id)) && state->align > 0 &&
               state->align % FORMAT_SEGMENT == 0;
    }
    return good ? MGW_OK : mgw_fail(call, MGW_INVALID, "the upload's state is not one of encrypt");
}

/* The upload's own keys. */
static enum mgw_status start(struct mgw_call *call, struct encrypt *encrypt,
                             const struct state *state, struct seal *seal)
{
    const struct key *key = keys_find(&encrypt->keys, state->trailer.id);
    if (!key) {
        return mgw_fail(call, MGW_DENIED,
                        "the upload was begun with the key \"%s\", which \"keys\" does not have",
                        state->trailer.id);
    }
    return seal_start(call, &encrypt->algorithms, key, state->trailer.salt, state->name, seal);
}

enum mgw_status upload_create(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                              const struct mgw_put *put, struct mgw_opaque *out)
{
    struct encrypt *encrypt = instance;
    const struct pass *pass = &encrypt->pass;
    unsigned char room[MGW_UPLOAD_STATE_MAX];
    struct mgw_upload_plan plan = {.size = sizeof plan};
    struct mgw_put below;
    struct state state = {
        .flags = put->flags & MGW_PUT_LENGTH_KNOWN,
        .length = put->length,
        .below = {.size = sizeof state.below, .bytes = room, .capacity = sizeof room}};
    enum mgw_status status = encrypt_put_below(call, put, &below);
    status = status == MGW_OK ? seal_name(call, blob, state.name) : status;
    status = status == MGW_OK ? upload_plan(call, instance, put, &plan) : status;
    status = status == MGW_OK
                 ? pass->lower.upload_create(call, pass->instance, blob, &below, &state.below)
                 : status;
    if (status != MGW_OK) {
        return status;
    }
    if (state.below.length > BELOW_MAX || out->capacity < AT_BELOW + state.below.length) {
        pass->lower.upload_abort(call, pass->instance, &state.below, 0);
        return mgw_fail(call, MGW_TOO_LARGE, "the upload's state below has %zu bytes, more than %d",
                        state.below.length, BELOW_MAX);
    }
    state.least = plan.part_min;
    state.align = plan.part_align;
    memcpy(state.trailer.id, encrypt->keys.all[0].id, sizeof state.trailer.id);
    encrypt->host->random(state.trailer.salt, FORMAT_SALT);
    write_state(&state, out->bytes);
    out->length = AT_BELOW + state.below.length;
    return MGW_OK;
}

static enum mgw_status check_part(struct mgw_call *call, const struct state *state,
                                  const struct mgw_part *part, const struct mgw_source *source)
{
    bool known = state->flags & MGW_PUT_LENGTH_KNOWN;
    uint64_t most = known || state->length ? state->length : FORMAT_PLAIN_MAX;
    if (part->offset > most || part->length > most - part->offset) {
        return mgw_fail(call, known ? MGW_INVALID : MGW_TOO_LARGE,
                        "part %" PRIu32 " ends behind the upload's %" PRIu64 " bytes", part->number,
                        most);
    }
    if (part->offset % FORMAT_SEGMENT != 0 || source->length != part->length) {
        return mgw_fail(call, MGW_INVALID, "part %" PRIu32 ": not as planned", part->number);
    }
    return MGW_OK;
}

/* Sends PART with its bytes from SOURCE; RECEIPT is that of the layer below. */
static enum mgw_status send(struct mgw_call *call, struct encrypt *encrypt,
                            const struct state *state, struct seal *seal,
                            const struct mgw_part *part, struct source *source, uint64_t fence,
                            struct mgw_opaque *receipt)
{
    const struct pass *pass = &encrypt->pass;
    struct trailer trailer = state->trailer;
    trailer.plain = part->offset + source->plain->length;
    encrypt->host->random(seal->prefix, FORMAT_PREFIX);
    source->seal = seal;
    source->first = (uint32_t)(part->offset / FORMAT_SEGMENT);
    if (source->last && !seal_trailer(seal, &trailer, source->trailer)) {
        return encrypt_broken(call);
    }
    struct mgw_part below = {.size = sizeof below,
                             .number = part->number,
                             .offset = format_segments_bytes(part->offset),
                             .length = source_length(source)};
    struct mgw_source bytes = source_below(source);
    enum mgw_status status = pass->lower.upload_part(call, pass->instance, &state->below, &below,
                                                     &bytes, fence, receipt);
    free(source->buffer);
    source->buffer = NULL;
    return status;
}

enum mgw_status upload_part(struct mgw_call *call, void *instance, const struct mgw_opaque *opaque,
                            const struct mgw_part *part, const struct mgw_source *plain,
                            uint64_t fence, struct mgw_opaque *out)
{
    unsigned char room[MGW_UPLOAD_RECEIPT_MAX], *bytes = out->bytes;
    struct mgw_opaque receipt = {.size = sizeof receipt, .bytes = room, .capacity = sizeof room};
    struct state state;
    struct seal seal;
    enum mgw_status status = read_state(call, opaque, &state);
    status = status == MGW_OK ? check_part(call, &state, part, plain) : status;
    status = status == MGW_OK ? start(call, instance, &state, &seal) : status;
    if (status != MGW_OK) {
        return status;
    }
    struct source source = {.plain = plain,
                            .last = part->length < state.least || part->length % state.align != 0};
    status = send(call, instance, &state, &seal, part, &source, fence, &receipt);
    seal_end(&seal);
    if (status == MGW_OK && receipt.length + 1 > out->capacity) {
        status =
            mgw_fail(call, MGW_TOO_LARGE, "the part's receipt below has %zu bytes", receipt.length);
    }
    if (status == MGW_OK) {
        bytes[0] = source.last ? RECEIPT_LAST : RECEIPT_BARE;
        memcpy(bytes + 1, room, receipt.length);
        out->length = receipt.length + 1;
    }
    return status;
}

/* ---- The end ---- */

/* The host's parts as those below, which have room for one more; *PLAIN bytes in all; *LAST: the
 * trailer is among them. */
static enum mgw_status match(struct mgw_call *call, const struct mgw_part *parts, size_t count,
                             size_t stride, struct mgw_part *below, uint64_t *plain, bool *last)
{
    *plain = 0;
    *last = false;
    for (size_t i = 0; i < count; i++) {
        const struct mgw_part *part =
            (const struct mgw_part *)(const void *)((const char *)parts + i * stride);
        const unsigned char *receipt = part->receipt;
        bool good = part->number == i + 1 && part->offset == *plain && !*last &&
                    part->receipt_length > 1 && part->length <= FORMAT_PLAIN_MAX - *plain &&
                    (receipt[0] == RECEIPT_LAST || receipt[0] == RECEIPT_BARE);
        if (!good) {
            return mgw_fail(call, MGW_INVALID, "part %zu is missing or does not fit", i + 1);
        }
        *last = receipt[0] == RECEIPT_LAST;
        *plain += part->length;
        below[i] = (struct mgw_part){.size = sizeof below[i],
                                     .number = part->number,
                                     .offset = format_segments_bytes(part->offset),
                                     .length = format_segments_bytes(part->length) +
                                               (*last ? FORMAT_TRAILER : 0),
                                     .receipt = receipt + 1,
                                     .receipt_length = part->receipt_length - 1};
    }
    return MGW_OK;
}

static enum mgw_status read_nothing(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    (void)ctx;
    (void)offset;
    (void)buffer;
    return length == 0 ? MGW_OK : MGW_RANGE;
}

/* The trailer as a part of its own. An upload that is complete already takes none (NOT_FOUND): then
 * the repeated complete() below answers without asking for it. */
static enum mgw_status send_trailer(struct mgw_call *call, struct encrypt *encrypt,
                                    const struct state *state, uint32_t number, uint64_t plain,
                                    uint64_t fence, struct mgw_opaque *receipt,
                                    struct mgw_part *below)
{
    struct mgw_source nothing = {.size = sizeof nothing, .read = read_nothing};
    struct source source = {.plain = &nothing, .last = true};
    struct mgw_part part = {.size = sizeof part, .number = number, .offset = plain};
    struct seal seal;
    enum mgw_status status = start(call, encrypt, state, &seal);
    if (status != MGW_OK) {
        return status;
    }
    status = send(call, encrypt, state, &seal, &part, &source, fence, receipt);
    seal_end(&seal);
    *below = (struct mgw_part){.size = sizeof *below,
                               .number = number,
                               .offset = format_segments_bytes(plain),
                               .length = FORMAT_TRAILER,
                               .receipt = receipt->bytes,
                               .receipt_length = (uint32_t)receipt->length};
    return status == MGW_NOT_FOUND ? MGW_OK : status;
}

static enum mgw_status complete(struct mgw_call *call, struct encrypt *encrypt,
                                const struct state *state, struct mgw_part *below, size_t count,
                                uint64_t plain, uint64_t fence, struct mgw_stat *stat)
{
    enum mgw_status status = encrypt->pass.lower.upload_complete(
        call, encrypt->pass.instance, &state->below, below, count, sizeof *below, fence, stat);
    if (status == MGW_OK && stat->bytes != format_cipher_bytes(plain)) {
        return mgw_fail(call, MGW_CORRUPT,
                        "the upload of %" PRIu64 " bytes became a blob of %" PRIu64 " below", plain,
                        stat->bytes);
    }
    if (status == MGW_OK) {
        stat->bytes = plain;
    }
    return status;
}

enum mgw_status upload_complete(struct mgw_call *call, void *instance,
                                const struct mgw_opaque *opaque, const struct mgw_part *parts,
                                size_t count, size_t stride, uint64_t fence, struct mgw_stat *stat)
{
    unsigned char room[MGW_UPLOAD_RECEIPT_MAX];
    struct mgw_opaque receipt = {.size = sizeof receipt, .bytes = room, .capacity = sizeof room};
    struct state state;
    uint64_t plain = 0;
    bool last = false;
    enum mgw_status status = read_state(call, opaque, &state);
    if (status != MGW_OK) {
        return status;
    }
    struct mgw_part *below = calloc(count + 1, sizeof *below);
    if (!below) {
        return encrypt_no_memory(call);
    }
    status = match(call, parts, count, stride, below, &plain, &last);
    if (status == MGW_OK && (state.flags & MGW_PUT_LENGTH_KNOWN) && plain != state.length) {
        status = mgw_fail(call, MGW_INVALID,
                          "the parts have %" PRIu64 " bytes, %" PRIu64 " were announced", plain,
                          state.length);
    }
    if (status == MGW_OK && !last) {
        status = send_trailer(call, instance, &state, (uint32_t)count + 1, plain, fence, &receipt,
                              &below[count]);
        count++;
    }
    if (status == MGW_OK) {
        status = complete(call, instance, &state, below, count, plain, fence, stat);
    }
    free(below);
    return status;
}

enum mgw_status upload_abort(struct mgw_call *call, void *instance, const struct mgw_opaque *opaque,
                             uint64_t fence)
{
    struct encrypt *encrypt = instance;
    struct state state;
    enum mgw_status status = read_state(call, opaque, &state);
    return status == MGW_OK
               ? encrypt->pass.lower.upload_abort(call, encrypt->pass.instance, &state.below, fence)
               : status;
}
