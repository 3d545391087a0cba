/* SPDX-License-Identifier: Apache-2.0
 *
 * A put: bytes are encrypted as they come, a segment at a time, straight into what goes below; none
 * is kept plain. After any failure but that of a commit below, the writer is good for abort only.
 */
#include "encrypt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    struct encrypt *encrypt;
    void *lower;
    struct seal seal;
    struct trailer trailer; /* `plain` grows with what is written */
    uint32_t flags;
    uint64_t length;
    enum mgw_status failed; /* what every further call answers */
    bool finished;          /* the trailer is written */
    unsigned char segment[FORMAT_SEALED];
};

static void writer_free(struct writer *writer)
{
    seal_end(&writer->seal);
    free(writer);
}

static enum mgw_status begin(struct mgw_call *call, struct writer *writer,
                             const struct mgw_blob *blob, const struct mgw_put *put)
{
    struct encrypt *encrypt = writer->encrypt;
    const struct key *key = &encrypt->keys.all[0];
    unsigned char name[FORMAT_NAME];
    struct mgw_put below;
    enum mgw_status status = encrypt_put_below(call, put, &below);
    if (status == MGW_OK) {
        status = seal_name(call, blob, name);
    }
    if (status != MGW_OK) {
        return status;
    }
    memcpy(writer->trailer.id, key->id, sizeof key->id);
    encrypt->host->random(writer->trailer.salt, FORMAT_SALT);
    status = seal_start(call, &encrypt->algorithms, key, writer->trailer.salt, name, &writer->seal);
    if (status != MGW_OK) {
        return status;
    }
    encrypt->host->random(writer->seal.prefix, FORMAT_PREFIX);
    return encrypt->pass.lower.put_begin(call, encrypt->pass.instance, blob, &below,
                                         &writer->lower);
}

enum mgw_status write_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                            const struct mgw_put *put, void **out)
{
    struct writer *writer = malloc(sizeof *writer);
    if (!writer) {
        return encrypt_no_memory(call);
    }
    memset(writer, 0, offsetof(struct writer, segment));
    writer->encrypt = instance;
    writer->flags = put->flags;
    writer->length = put->length;
    enum mgw_status status = begin(call, writer, blob, put);
    if (status != MGW_OK) {
        writer_free(writer);
        return status;
    }
    *out = writer;
    return MGW_OK;
}

static enum mgw_status below(struct mgw_call *call, struct writer *writer, size_t length)
{
    return writer->encrypt->pass.lower.put_write(call, writer->lower, writer->segment, length);
}

/* Ends the segment under way, which has USED plain bytes, and writes it. */
static enum mgw_status flush(struct mgw_call *call, struct writer *writer, size_t used)
{
    return seal_tag(&writer->seal, writer->segment + FORMAT_PREFIX + used)
               ? below(call, writer, used + FORMAT_OVERHEAD)
               : encrypt_broken(call);
}

static enum mgw_status refuse(struct mgw_call *call, const struct writer *writer)
{
    return mgw_fail(call, writer->failed, "this put has failed already");
}

/* Encrypts what fits into the segment under way; *TAKEN says how many bytes that were. */
static enum mgw_status add(struct mgw_call *call, struct writer *writer, const char *bytes,
                           size_t length, size_t *taken)
{
    size_t used = (size_t)(writer->trailer.plain % FORMAT_SEGMENT);
    uint32_t number = (uint32_t)(writer->trailer.plain / FORMAT_SEGMENT);
    size_t step = length < FORMAT_SEGMENT - used ? length : FORMAT_SEGMENT - used;
    if ((used == 0 && !seal_begin(&writer->seal, number, writer->segment)) ||
        !seal_add(&writer->seal, bytes, step, writer->segment + FORMAT_PREFIX + used)) {
        return encrypt_broken(call);
    }
    writer->trailer.plain += step;
    *taken = step;
    return used + step == FORMAT_SEGMENT ? flush(call, writer, FORMAT_SEGMENT) : MGW_OK;
}

enum mgw_status write_bytes(struct mgw_call *call, void *handle, const void *bytes, size_t length)
{
    struct writer *writer = handle;
    const char *from = bytes;
    bool known = writer->flags & MGW_PUT_LENGTH_KNOWN;
    if (writer->failed) {
        return refuse(call, writer);
    }
    uint64_t most = known || writer->length ? writer->length : FORMAT_PLAIN_MAX;
    if (length > most - writer->trailer.plain) {
        return writer->failed = mgw_fail(call, known ? MGW_INVALID : MGW_TOO_LARGE,
                                         "more bytes than the %" PRIu64 " that there may be", most);
    }
    while (length > 0 && writer->failed == MGW_OK) {
        size_t taken = 0;
        writer->failed = add(call, writer, from, length, &taken);
        from += taken;
        length -= taken;
    }
    return writer->failed;
}

/* The last segment and the trailer. */
static enum mgw_status finish(struct mgw_call *call, struct writer *writer)
{
    size_t used = (size_t)(writer->trailer.plain % FORMAT_SEGMENT);
    if ((writer->flags & MGW_PUT_LENGTH_KNOWN) && writer->trailer.plain != writer->length) {
        return mgw_fail(call, MGW_INVALID, "%" PRIu64 " bytes came, %" PRIu64 " were announced",
                        writer->trailer.plain, writer->length);
    }
    enum mgw_status status = used > 0 ? flush(call, writer, used) : MGW_OK;
    if (status == MGW_OK && !seal_trailer(&writer->seal, &writer->trailer, writer->segment)) {
        status = encrypt_broken(call);
    }
    if (status == MGW_OK) {
        status = below(call, writer, FORMAT_TRAILER);
    }
    writer->finished = status == MGW_OK;
    /* nothing is published yet, so that nothing is unknown about it */
    return status == MGW_UNKNOWN_OUTCOME ? MGW_UNAVAILABLE : status;
}

enum mgw_status write_prepare(struct mgw_call *call, void *handle)
{
    struct writer *writer = handle;
    const struct pass *pass = &writer->encrypt->pass;
    if (writer->failed) {
        return refuse(call, writer);
    }
    writer->failed = writer->finished ? MGW_OK : finish(call, writer);
    if (writer->failed == MGW_OK && pass->lower.put_prepare) {
        writer->failed = pass->lower.put_prepare(call, writer->lower);
    }
    return writer->failed;
}

enum mgw_status write_commit(struct mgw_call *call, void *handle, struct mgw_stat *stat)
{
    struct writer *writer = handle;
    if (writer->failed) {
        return refuse(call, writer);
    }
    writer->failed = writer->finished ? MGW_OK : finish(call, writer);
    if (writer->failed != MGW_OK) {
        return writer->failed;
    }
    uint64_t plain = writer->trailer.plain;
    enum mgw_status status = writer->encrypt->pass.lower.put_commit(call, writer->lower, stat);
    if (status == MGW_OK) {
        writer_free(writer);
        /* the writer is gone: a false size is told by the size itself */
        stat->bytes = stat->bytes == format_cipher_bytes(plain) ? plain : stat->bytes;
    }
    return status;
}

void write_abort(struct mgw_call *call, void *handle)
{
    struct writer *writer = handle;
    writer->encrypt->pass.lower.put_abort(call, writer->lower);
    writer_free(writer);
}
