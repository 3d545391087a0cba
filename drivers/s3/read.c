/* SPDX-License-Identifier: Apache-2.0 */
#include "read.h"

#include "blob.h"
#include "props.h"
#include "request.h"

#include <string.h>

enum { PIECE = 16384 }; /* CURL_MAX_WRITE_SIZE: the most that comes at once */

struct reader {
    struct s3 *s3;
    char *bucket, *name;
    struct object object;
    char etag[257];
    uint64_t bytes;
    uint64_t advised_from, advised_to; /* the host's word on what comes next */

    /* The GET under way. */
    bool streams;
    struct request request;
    char range[64], match[260];
    uint64_t until; /* where it ends */
    uint64_t at;    /* the offset of the read under way; then the next byte's */

    unsigned char *target; /* of the read under way */
    size_t target_room, target_got;
    unsigned char piece[PIECE]; /* what came beyond it */
    size_t piece_at, piece_length;
};

enum mgw_status read_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const char *if_etag, void **out, struct mgw_stat *stat)
{
    struct s3 *s3 = instance;
    struct object object;
    enum mgw_status status = s3_over(call, s3);
    status = status == MGW_OK ? place_object(call, s3, blob, &object) : status;
    status = status == MGW_OK ? blob_head(call, s3, &object, if_etag, stat, NULL) : status;
    if (status != MGW_OK) {
        return status;
    }
    struct reader *reader = calloc(1, sizeof *reader);
    if (reader) {
        reader->s3 = s3;
        reader->bucket = strdup(object.bucket);
        reader->name = strdup(object.name);
    }
    if (!reader || !reader->bucket || !reader->name) {
        if (reader) {
            read_close(reader);
        }
        return s3_no_memory(call);
    }
    reader->object = (struct object){reader->bucket, reader->name};
    reader->bytes = stat->bytes;
    snprintf(reader->etag, sizeof reader->etag, "%s", stat->etag);
    *out = reader;
    return MGW_OK;
}

static void stop(struct reader *reader)
{
    if (reader->streams) {
        request_end(reader->s3, &reader->request);
        reader->streams = false;
    }
    reader->piece_length = 0;
}

/* Takes all, or nothing: then it is offered again. */
static bool sink(void *ctx, const void *bytes, size_t length)
{
    struct reader *reader = ctx;
    size_t room = reader->target_room - reader->target_got;
    size_t now = length < room ? length : room;
    if (length - now > sizeof reader->piece || (now < length && reader->piece_length > 0)) {
        return false;
    }
    if (now == 0 && length > 0) {
        return false;
    }
    memcpy(reader->target + reader->target_got, bytes, now);
    reader->target_got += now;
    memcpy(reader->piece, (const unsigned char *)bytes + now, length - now);
    reader->piece_at = 0;
    reader->piece_length = length - now;
    return true;
}

/* The answer is the version and the range that were asked for, whatever the server makes of the
 * headers that ask for them. */
static enum mgw_status check(struct mgw_call *call, const struct reader *reader, uint64_t offset)
{
    const struct lane_exchange *exchange = &reader->request.exchange;
    char header[300], etag[257], range[96], first[32];
    lane_header(exchange, "etag", header, sizeof header);
    if (props_etag(header, etag) && strcmp(etag, reader->etag) != 0) {
        return MGW_CONFLICT;
    }
    bool whole = offset == 0 && reader->until == reader->bytes;
    if (exchange->status != 206 && !(exchange->status == 200 && whole)) {
        return mgw_fail(call, MGW_IO, "S3 answered %ld to a range", exchange->status);
    }
    lane_header(exchange, "content-range", range, sizeof range);
    snprintf(first, sizeof first, "bytes %" PRIu64 "-", offset);
    if (exchange->status == 206 && strncmp(range, first, strlen(first)) != 0) {
        return mgw_fail(call, MGW_IO, "S3 answered \"%s\" to %s", range, reader->range);
    }
    return MGW_OK;
}

/* A new GET from OFFSET on, as far as the host said that it would read, or to the end. */
static enum mgw_status begin(struct mgw_call *call, struct reader *reader, uint64_t offset)
{
    stop(reader);
    bool advised = offset >= reader->advised_from && offset < reader->advised_to;
    reader->until = advised ? reader->advised_to : reader->bytes;
    snprintf(reader->range, sizeof reader->range, "bytes=%" PRIu64 "-%" PRIu64, offset,
             reader->until - 1);
    snprintf(reader->match, sizeof reader->match, "\"%s\"", reader->etag);
    reader->request = (struct request){.method = "GET",
                                       .bucket = reader->object.bucket,
                                       .object = reader->object.name,
                                       .sink = sink,
                                       .sink_ctx = reader};
    request_header(&reader->request, "range", reader->range);
    request_header(&reader->request, "if-match", reader->match);
    reader->streams = true;
    enum mgw_status status = request_send(call, reader->s3, &reader->request);
    return status == MGW_OK ? check(call, reader, offset) : status;
}

static enum mgw_status go_on(struct mgw_call *call, struct reader *reader)
{
    if (reader->request.end == LANE_PAUSED) {
        reader->request.end = lane_run(call, reader->s3->host, &reader->request.exchange);
    }
    return reader->request.end == LANE_OVER ? s3_over(call, reader->s3) : MGW_OK;
}

/* The version that was opened is gone, or something else lies there. */
static enum mgw_status judge(struct mgw_call *call, enum mgw_status status)
{
    if (status == MGW_NOT_FOUND || status == MGW_CONFLICT || status == MGW_RANGE) {
        return mgw_fail(call, MGW_CONFLICT, "the blob was replaced or removed while it was read");
    }
    return status;
}

/* What came beyond the last read. */
static void take_piece(struct reader *reader)
{
    size_t room = reader->target_room - reader->target_got;
    size_t now = reader->piece_length < room ? reader->piece_length : room;
    memcpy(reader->target + reader->target_got, reader->piece + reader->piece_at, now);
    reader->target_got += now;
    reader->piece_at += now;
    reader->piece_length -= now;
}

static enum mgw_status fetch(struct mgw_call *call, struct reader *reader)
{
    int64_t failed_at = 0; /* since bytes came last */
    unsigned attempts = 0;
    while (reader->target_got < reader->target_room) {
        size_t before = reader->target_got;
        enum mgw_status status = MGW_OK;
        take_piece(reader);
        if (reader->target_got == reader->target_room) {
            break;
        }
        if (!reader->streams || reader->request.end != LANE_PAUSED) {
            status = begin(call, reader, reader->at + reader->target_got);
        } else {
            status = go_on(call, reader);
        }
        if (status != MGW_OK) {
            return judge(call, status);
        }
        int64_t now = reader->s3->host->monotonic_ms();
        if (reader->target_got > before || reader->piece_length > 0) {
            failed_at = 0;
            attempts = 0;
        } else if (reader->request.end != LANE_PAUSED) {
            failed_at = failed_at ? failed_at : now;
            status = ++attempts > reader->s3->retries || now - failed_at > reader->s3->retry_ms
                         ? mgw_fail(call, MGW_UNAVAILABLE, "S3 at %s broke off a download: %s",
                                    reader->s3->place.host, reader->request.exchange.error)
                         : request_pause(call, reader->s3, request_delay(reader->s3, attempts));
        }
        if (status != MGW_OK) {
            return status;
        }
    }
    return MGW_OK;
}

/* The GET's last byte is out: its end is waited for, so that the connection serves the next one. */
static void settle(struct mgw_call *call, struct reader *reader)
{
    if (reader->streams && reader->at == reader->until) {
        if (reader->request.end == LANE_PAUSED) {
            go_on(call, reader);
        }
        stop(reader);
    }
}

enum mgw_status read_bytes(struct mgw_call *call, void *handle, uint64_t offset, void *buffer,
                           size_t length, size_t *got)
{
    struct reader *reader = handle;
    *got = 0;
    if (offset > reader->bytes) {
        return mgw_fail(call, MGW_RANGE, "the blob has %" PRIu64 " bytes", reader->bytes);
    }
    enum mgw_status status = s3_over(call, reader->s3);
    uint64_t left = reader->bytes - offset;
    reader->target = buffer;
    reader->target_room = left < length ? (size_t)left : length;
    reader->target_got = 0;
    if (status != MGW_OK || reader->target_room == 0) {
        return status;
    }
    if (reader->streams && (offset != reader->at || offset >= reader->until)) {
        stop(reader);
    }
    reader->at = offset;
    status = fetch(call, reader);
    if (status != MGW_OK) {
        stop(reader);
        return status;
    }
    reader->at += reader->target_got;
    *got = reader->target_got;
    settle(call, reader);
    return MGW_OK;
}

void read_advise(struct mgw_call *call, void *handle, uint64_t offset, uint64_t length)
{
    (void)call;
    struct reader *reader = handle;
    if (length > 0 && offset < reader->bytes) {
        uint64_t left = reader->bytes - offset;
        reader->advised_from = offset;
        reader->advised_to = offset + (length < left ? length : left);
    }
}

void read_close(void *handle)
{
    struct reader *reader = handle;
    stop(reader);
    free(reader->bucket);
    free(reader->name);
    free(reader);
}
