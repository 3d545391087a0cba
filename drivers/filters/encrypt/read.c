/* SPDX-License-Identifier: Apache-2.0
 *
 * A reader knows the blob's keys and size from the trailer, which open() verifies. It reads the
 * segments that are asked for, whole ones straight into the caller's buffer, and holds one segment
 * only while some of its bytes wait to be asked for. No byte leaves before its segment's tag is
 * verified: what does not verify is wiped. */
#include "encrypt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum holding { NOTHING, SEALED, PLAIN };

struct reader {
    struct encrypt *encrypt;
    void *lower;
    struct seal seal;
    uint64_t plain; /* bytes of the blob */
    bool advised;   /* the layer below knows what will be read */
    enum holding holding;
    uint32_t number;       /* of the segment in `buffer` */
    unsigned char *buffer; /* NULL where nothing is held */
};

static void drop(struct reader *reader)
{
    free(reader->buffer);
    reader->buffer = NULL;
    reader->holding = NOTHING;
}

/* All LENGTH bytes from OFFSET of the layer below. */
static enum mgw_status read_below(struct mgw_call *call, const struct reader *reader,
                                  uint64_t offset, unsigned char *into, size_t length)
{
    while (length > 0) {
        size_t got = 0;
        enum mgw_status status =
            reader->encrypt->pass.lower.read(call, reader->lower, offset, into, length, &got);
        if (status != MGW_OK) {
            return status;
        }
        if (got == 0 || got > length) {
            return mgw_fail(call, MGW_CORRUPT, "the blob below ends %zu bytes early", length);
        }
        offset += got;
        into += got;
        length -= got;
    }
    return MGW_OK;
}

/* ---- Opening ---- */

/* Once for each key that no longer encrypts: an operator who wants to drop it should know. */
static void tell_old_key(const struct encrypt *encrypt, struct key *key,
                         const struct mgw_blob *blob)
{
    if (key != &encrypt->keys.all[0] && !atomic_exchange(&key->told, true)) {
        encrypt->host->log(encrypt->name, MGW_LOG_INFO,
                           "the key \"%s\" is still needed: %s/%s is encrypted with it", key->id,
                           blob->bucket, blob->key);
    }
}

static enum mgw_status corrupt(struct mgw_call *call, const struct mgw_blob *blob, const char *what)
{
    return mgw_fail(call, MGW_CORRUPT, "%s/%s: the blob %s", blob->bucket, blob->key, what);
}

/* Reads the trailer; of a blob of one segment this too, so that one look below suffices for it. */
static enum mgw_status fetch_trailer(struct mgw_call *call, struct reader *reader,
                                     unsigned char trailer[FORMAT_TRAILER])
{
    uint64_t segments = format_segments_bytes(reader->plain);
    if (segments > FORMAT_SEALED || segments == 0) {
        return read_below(call, reader, segments, trailer, FORMAT_TRAILER);
    }
    reader->buffer = malloc(FORMAT_SEALED + FORMAT_TRAILER);
    if (!reader->buffer) {
        return encrypt_no_memory(call);
    }
    size_t length = (size_t)segments;
    enum mgw_status status = read_below(call, reader, 0, reader->buffer, length + FORMAT_TRAILER);
    if (status == MGW_OK) {
        memcpy(trailer, reader->buffer + length, FORMAT_TRAILER);
        reader->holding = SEALED;
        reader->number = 0;
    }
    return status;
}

static enum mgw_status unlock(struct mgw_call *call, struct reader *reader,
                              const struct mgw_blob *blob)
{
    struct encrypt *encrypt = reader->encrypt;
    unsigned char bytes[FORMAT_TRAILER], name[FORMAT_NAME];
    struct trailer trailer;
    enum mgw_status status = fetch_trailer(call, reader, bytes);
    if (status != MGW_OK) {
        return status;
    }
    const char *fault = format_trailer_decode(bytes, &trailer);
    if (!fault && trailer.plain != reader->plain) {
        fault = "has another size than its trailer says: it was cut short or added to";
    }
    if (fault) {
        return corrupt(call, blob, fault);
    }
    struct key *key = keys_find(&encrypt->keys, trailer.id);
    if (!key) {
        return mgw_fail(call, MGW_DENIED,
                        "%s/%s is encrypted with the key \"%s\", which \"keys\" does not have",
                        blob->bucket, blob->key, trailer.id);
    }
    status = seal_name(call, blob, name);
    if (status == MGW_OK) {
        status = seal_start(call, &encrypt->algorithms, key, trailer.salt, name, &reader->seal);
    }
    if (status == MGW_OK && !seal_trailer_good(&reader->seal, bytes)) {
        status =
            corrupt(call, blob, "is not what was written under this name, or not with this key");
    }
    if (status == MGW_OK) {
        tell_old_key(encrypt, key, blob);
    }
    return status;
}

static enum mgw_status open_once(struct mgw_call *call, struct encrypt *encrypt,
                                 const struct mgw_blob *blob, const char *if_etag,
                                 struct reader **out, struct mgw_stat *stat)
{
    const struct pass *pass = &encrypt->pass;
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        return encrypt_no_memory(call);
    }
    reader->encrypt = encrypt;
    enum mgw_status status =
        pass->lower.open(call, pass->instance, blob, if_etag, &reader->lower, stat);
    if (status != MGW_OK) {
        free(reader);
        return status;
    }
    status = format_plain_bytes(stat->bytes, &reader->plain)
                 ? unlock(call, reader, blob)
                 : corrupt(call, blob,
                           "has a size that no encrypted one has: it was cut short, or not "
                           "written by encrypt");
    if (status != MGW_OK) {
        read_close(reader);
        return status;
    }
    stat->bytes = reader->plain;
    *out = reader;
    return MGW_OK;
}

/* A store may answer CONFLICT to the trailer's read where the blob was replaced since it was
 * opened: then it is opened again, unless the caller wants that one version. */
enum mgw_status read_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const char *if_etag, void **out, struct mgw_stat *stat)
{
    enum { ATTEMPTS = 100 };
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        struct reader *reader = NULL;
        enum mgw_status status = open_once(call, instance, blob, if_etag, &reader, stat);
        if (status != MGW_CONFLICT || if_etag) {
            *out = reader;
            return status;
        }
    }
    return mgw_fail(call, MGW_BUSY, "%s/%s is replaced again and again", blob->bucket, blob->key);
}

void read_close(void *handle)
{
    struct reader *reader = handle;
    reader->encrypt->pass.lower.close(reader->lower);
    seal_end(&reader->seal);
    drop(reader);
    free(reader);
}

/* ---- Reading ---- */

static void advise_below(struct mgw_call *call, struct reader *reader, uint64_t offset,
                         uint64_t length)
{
    const struct pass *pass = &reader->encrypt->pass;
    uint64_t first = offset / FORMAT_SEGMENT, end = offset + length;
    uint64_t until = end + (FORMAT_SEGMENT - end % FORMAT_SEGMENT) % FORMAT_SEGMENT;
    until = format_segments_bytes(until < reader->plain ? until : reader->plain);
    reader->advised = true;
    if (pass->lower.advise) {
        pass->lower.advise(call, reader->lower, first * FORMAT_SEALED,
                           until - first * FORMAT_SEALED);
    }
}

void read_advise(struct mgw_call *call, void *handle, uint64_t offset, uint64_t length)
{
    struct reader *reader = handle;
    if (length > 0 && offset < reader->plain && length <= reader->plain - offset) {
        advise_below(call, reader, offset, length);
    }
}

/* Has segment NUMBER in the buffer, sealed. */
static enum mgw_status fetch(struct mgw_call *call, struct reader *reader, uint32_t number)
{
    if (reader->holding == SEALED && reader->number == number) {
        return MGW_OK;
    }
    if (!reader->advised) { /* to the end, but not into the trailer */
        uint64_t offset = (uint64_t)number * FORMAT_SEGMENT;
        advise_below(call, reader, offset, reader->plain - offset);
    }
    reader->holding = NOTHING;
    reader->buffer = reader->buffer ? reader->buffer : malloc(FORMAT_SEALED + FORMAT_TRAILER);
    if (!reader->buffer) {
        return encrypt_no_memory(call);
    }
    size_t length = format_segment_length(reader->plain, number) + FORMAT_OVERHEAD;
    enum mgw_status status =
        read_below(call, reader, (uint64_t)number * FORMAT_SEALED, reader->buffer, length);
    if (status == MGW_OK) {
        reader->holding = SEALED;
        reader->number = number;
    }
    return status;
}

/* Opens the segment in the buffer into INTO. */
static enum mgw_status open_segment(struct mgw_call *call, struct reader *reader, size_t length,
                                    unsigned char *into)
{
    reader->holding = NOTHING;
    return seal_open(&reader->seal, reader->number, reader->buffer, length, into)
               ? MGW_OK
               : mgw_fail(call, MGW_CORRUPT, "segment %" PRIu32 " of the blob has been changed",
                          reader->number);
}

/* Up to LENGTH bytes from OFFSET, of one segment. */
static enum mgw_status read_some(struct mgw_call *call, struct reader *reader, uint64_t offset,
                                 unsigned char *into, size_t length, size_t *got)
{
    uint32_t number = (uint32_t)(offset / FORMAT_SEGMENT);
    size_t at = (size_t)(offset % FORMAT_SEGMENT);
    size_t whole = format_segment_length(reader->plain, number);
    bool held = reader->holding == PLAIN && reader->number == number;
    enum mgw_status status = held ? MGW_OK : fetch(call, reader, number);
    *got = length < whole - at ? length : whole - at;
    if (status == MGW_OK && !held && *got == whole) {
        return open_segment(call, reader, whole, into);
    }
    if (status == MGW_OK && !held) {
        status = open_segment(call, reader, whole, reader->buffer + FORMAT_PREFIX);
    }
    if (status != MGW_OK) {
        return status;
    }
    memcpy(into, reader->buffer + FORMAT_PREFIX + at, *got);
    reader->holding = at + *got < whole ? PLAIN : NOTHING;
    return MGW_OK;
}

enum mgw_status read_bytes(struct mgw_call *call, void *handle, uint64_t offset, void *buffer,
                           size_t length, size_t *got)
{
    struct reader *reader = handle;
    enum mgw_status status = MGW_OK;
    *got = 0;
    if (offset > reader->plain) {
        return mgw_fail(call, MGW_RANGE, "offset %" PRIu64 " of %" PRIu64 " bytes", offset,
                        reader->plain);
    }
    while (*got < length && offset < reader->plain) {
        size_t step = 0;
        status =
            read_some(call, reader, offset, (unsigned char *)buffer + *got, length - *got, &step);
        if (status != MGW_OK) {
            break;
        }
        offset += step;
        *got += step;
    }
    if (reader->holding == NOTHING) {
        drop(reader);
    }
    return *got > 0 ? MGW_OK : status; /* the next read meets it again */
}
