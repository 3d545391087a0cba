/* SPDX-License-Identifier: Apache-2.0 */
#include "put.h"

#include "blob.h"
#include "multipart.h"
#include "note.h"
#include "props.h"
#include "sender.h"
#include "spool.h"
#include "whole.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

enum { IN_FLIGHT = 3, UNKNOWN_FACTOR = 4, ABORT_MS = 10000, WAIT_MS = 100 };

struct writer;

/* A part on its way. */
struct sent {
    struct job job; /* first */
    struct writer *writer;
    struct spool spool;
    struct own_call own;
    struct multipart_part part;
    bool busy;
};

struct writer {
    struct s3 *s3;
    char *bucket, *name, *content_type, *request_id;
    char **metadata; /* NULL-terminated; NULL: none */
    struct object object;
    struct note note;
    uint32_t flags;
    uint64_t announced, written, part_bytes;
    struct spool spool; /* the part that fills */
    bool multipart, flushed;
    pthread_mutex_t lock; /* guards parts, the jobs' busy, broken and cause */
    pthread_cond_t wake;
    struct sent *sent[IN_FLIGHT];
    struct multipart_part *parts;
    size_t part_count, part_room;
    enum mgw_status broken; /* what the first part that failed was told */
    char cause[512];
    enum mgw_status failed; /* what every further call answers; the caller's thread's own */
    char why[512];
};

/* ---- Life ---- */

static void writer_free(struct writer *writer)
{
    for (size_t i = 0; i < IN_FLIGHT; i++) {
        if (writer->sent[i]) {
            spool_close(&writer->sent[i]->spool);
            free(writer->sent[i]);
        }
    }
    for (size_t i = 0; writer->metadata && writer->metadata[i]; i++) {
        free(writer->metadata[i]);
    }
    spool_close(&writer->spool);
    note_free(&writer->note);
    pthread_mutex_destroy(&writer->lock);
    pthread_cond_destroy(&writer->wake);
    free(writer->metadata);
    free(writer->parts);
    free(writer->bucket);
    free(writer->name);
    free(writer->content_type);
    free(writer->request_id);
    free(writer);
}

static enum mgw_status fill(struct mgw_call *call, struct writer *writer,
                            const struct mgw_blob *blob, const struct mgw_put *put)
{
    struct s3 *s3 = writer->s3;
    struct object object;
    const char *type = MGW_HAS(put, content_type) ? put->content_type : NULL;
    const char *const *map = MGW_HAS(put, metadata) ? put->metadata : NULL;
    enum mgw_status status = place_object(call, s3, blob, &object);
    if (status != MGW_OK) {
        return status;
    }
    struct sign_pair checked[REQUEST_PAIRS];
    size_t count = 0;
    status = props_pairs(call, map, NULL, checked, &count, REQUEST_PAIRS - 8);
    if (status != MGW_OK) {
        return status;
    }
    writer->bucket = strdup(object.bucket);
    writer->name = strdup(object.name);
    writer->request_id = strdup(call->request_id);
    writer->content_type = type ? strdup(type) : NULL;
    writer->metadata = map ? props_copy(map) : NULL;
    if (!writer->bucket || !writer->name || !writer->request_id ||
        (type && !writer->content_type) || (map && !writer->metadata)) {
        return s3_no_memory(call);
    }
    writer->object = (struct object){writer->bucket, writer->name};
    writer->flags = put->flags;
    writer->announced = put->length;
    writer->part_bytes =
        put->length ? multipart_part_bytes(s3->part_bytes, put->length, S3_PARTS_MAX)
                    : multipart_part_bytes(s3->part_bytes * UNKNOWN_FACTOR, 0, S3_PARTS_MAX);
    status = note_new(call, s3, &writer->object, &writer->note);
    return status == MGW_OK ? spool_open(call, s3, &writer->spool) : status;
}

enum mgw_status put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const struct mgw_put *put, void **out)
{
    enum mgw_status status = s3_over(call, instance);
    struct writer *writer = status == MGW_OK ? calloc(1, sizeof *writer) : NULL;
    if (!writer) {
        return status != MGW_OK ? status : s3_no_memory(call);
    }
    writer->s3 = instance;
    writer->spool.fd = -1;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    status = fill(call, writer, blob, put);
    if (status != MGW_OK) {
        writer_free(writer);
        return status;
    }
    *out = writer;
    return MGW_OK;
}

static enum mgw_status fail(struct writer *writer, struct mgw_call *call, enum mgw_status status)
{
    if (status == MGW_UNKNOWN_OUTCOME) { /* of a part or a note: the blob is not there */
        status = MGW_UNAVAILABLE;
    }
    if (status != MGW_OK) {
        writer->failed = status;
        snprintf(writer->why, sizeof writer->why, "%s", call->error ? call->error->text : "");
    }
    return status;
}

static enum mgw_status refuse(struct mgw_call *call, const struct writer *writer)
{
    return mgw_fail(call, writer->failed, "this put has failed already: %.400s", writer->why);
}

/* ---- Parts ---- */

static void wait_a_little(struct writer *writer)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_MS * 1000000l;
    if (until.tv_nsec >= 1000000000l) {
        until.tv_nsec -= 1000000000l;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&writer->wake, &writer->lock, &until);
}

static void send_part(struct job *job)
{
    struct sent *sent = (struct sent *)(void *)job;
    struct writer *writer = sent->writer;
    enum mgw_status status = multipart_send(&sent->own.call, writer->s3, &writer->object,
                                            writer->note.upload_id, &sent->spool, &sent->part);
    spool_close(&sent->spool);
    pthread_mutex_lock(&writer->lock);
    if (status == MGW_OK) {
        writer->parts[sent->part.number - 1] = sent->part;
    } else if (!writer->broken) {
        writer->broken = status == MGW_NOT_FOUND ? MGW_STALE : status;
        snprintf(writer->cause, sizeof writer->cause, "%s", sent->own.error.text);
    }
    own_call_done(&sent->own);
    sent->busy = false;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
}

/* Waits until at most MOST parts are under way (where CALL is NULL, however long that takes). */
static enum mgw_status wait_parts(struct mgw_call *call, struct writer *writer, unsigned most)
{
    enum mgw_status status = MGW_OK;
    pthread_mutex_lock(&writer->lock);
    for (;;) {
        unsigned busy = 0;
        for (size_t i = 0; i < IN_FLIGHT; i++) {
            busy += writer->sent[i] && writer->sent[i]->busy;
        }
        if (call && writer->broken) {
            status = mgw_fail(call, writer->broken, "%s", writer->cause);
        }
        if (status != MGW_OK || busy <= most) {
            break;
        }
        status = call ? s3_over(call, writer->s3) : MGW_OK;
        if (status == MGW_OK) {
            wait_a_little(writer);
        }
    }
    pthread_mutex_unlock(&writer->lock);
    return status;
}

static bool grow_parts(struct writer *writer)
{
    if (writer->part_count == writer->part_room) {
        size_t room = writer->part_room ? writer->part_room * 2 : 16;
        /* a sender may be writing its part's entry */
        pthread_mutex_lock(&writer->lock);
        struct multipart_part *parts = realloc(writer->parts, room * sizeof *parts);
        if (parts) {
            writer->parts = parts;
            writer->part_room = room;
        }
        pthread_mutex_unlock(&writer->lock);
        return parts != NULL;
    }
    return true;
}

/* Hands the gathered part to a sender. */
static enum mgw_status flush(struct mgw_call *call, struct writer *writer)
{
    struct s3 *s3 = writer->s3;
    enum mgw_status status = MGW_OK;
    if (!writer->multipart) {
        status = note_begin(call, s3, &writer->note, writer->content_type,
                            (const char *const *)writer->metadata);
        writer->multipart = writer->note.upload_id && writer->note.upload_id[0];
    }
    status = status == MGW_OK ? spool_seal(call, &writer->spool) : status;
    status = status == MGW_OK ? wait_parts(call, writer, IN_FLIGHT - 1) : status;
    if (status == MGW_OK && writer->part_count == S3_PARTS_MAX) {
        status = mgw_fail(call, MGW_TOO_LARGE, "S3 takes %u parts of an object", S3_PARTS_MAX);
    }
    if (status != MGW_OK || !grow_parts(writer)) {
        return status != MGW_OK ? status : s3_no_memory(call);
    }
    size_t slot = 0;
    pthread_mutex_lock(&writer->lock);
    while (writer->sent[slot] && writer->sent[slot]->busy) {
        slot++;
    }
    pthread_mutex_unlock(&writer->lock);
    struct sent *sent = writer->sent[slot] ? writer->sent[slot] : calloc(1, sizeof *sent);
    if (!sent) {
        return s3_no_memory(call);
    }
    writer->sent[slot] = sent;
    *sent = (struct sent){.job.run = send_part, .writer = writer, .spool = writer->spool};
    sent->part.number = (uint32_t)++writer->part_count;
    sent->part.length = writer->spool.length;
    writer->spool = (struct spool){.fd = -1};
    own_call_init(&sent->own, s3->host, writer->request_id, 0);
    sent->busy = true;
    if (!senders_submit(s3->senders, &sent->job)) {
        sent->busy = false;
        return mgw_fail(call, MGW_UNAVAILABLE, "no thread could be had to send a part");
    }
    return MGW_OK;
}

/* ---- Callbacks ---- */

enum mgw_status put_write(struct mgw_call *call, void *handle, const void *bytes, size_t length)
{
    struct writer *writer = handle;
    const char *from = bytes;
    bool known = writer->flags & MGW_PUT_LENGTH_KNOWN;
    if (writer->failed) {
        return refuse(call, writer);
    }
    if ((known || writer->announced) && length > writer->announced - writer->written) {
        return fail(writer, call,
                    mgw_fail(call, known ? MGW_INVALID : MGW_TOO_LARGE,
                             "more bytes than the %" PRIu64 " that were announced",
                             writer->announced));
    }
    enum mgw_status status = s3_over(call, writer->s3);
    if (status == MGW_OK && writer->multipart) {
        status = note_refresh(call, writer->s3, &writer->note);
    }
    while (length > 0 && status == MGW_OK) {
        uint64_t room = writer->part_bytes - writer->spool.length;
        if (room == 0) {
            status = flush(call, writer);
            status = status == MGW_OK ? spool_open(call, writer->s3, &writer->spool) : status;
            continue;
        }
        size_t step = length < room ? length : (size_t)room;
        status = spool_write(call, &writer->spool, from, step);
        from += step;
        length -= step;
        writer->written += step;
    }
    return fail(writer, call, status);
}

enum mgw_status put_prepare(struct mgw_call *call, void *handle)
{
    struct writer *writer = handle;
    if (writer->failed) {
        return refuse(call, writer);
    }
    if ((writer->flags & MGW_PUT_LENGTH_KNOWN) && writer->written != writer->announced) {
        return fail(writer, call,
                    mgw_fail(call, MGW_INVALID,
                             "%" PRIu64 " bytes came, %" PRIu64 " were announced", writer->written,
                             writer->announced));
    }
    enum mgw_status status = s3_over(call, writer->s3);
    if (status == MGW_OK && writer->multipart && !writer->flushed) {
        status = flush(call, writer);
        writer->flushed = status == MGW_OK;
    }
    if (status == MGW_OK && writer->multipart) {
        status = wait_parts(call, writer, 0);
    }
    return fail(writer, call, status);
}

enum mgw_status put_commit(struct mgw_call *call, void *handle, struct mgw_stat *stat)
{
    struct writer *writer = handle;
    struct s3 *s3 = writer->s3;
    bool if_absent = writer->flags & MGW_PUT_IF_ABSENT;
    enum mgw_status status = put_prepare(call, writer);
    if (status != MGW_OK) {
        return status;
    }
    if (writer->multipart) {
        status =
            multipart_complete(call, s3, &writer->object, writer->note.upload_id, writer->parts,
                               writer->part_count, if_absent, writer->note.id, stat);
        status = status == MGW_NOT_FOUND ? MGW_STALE : status; /* a sweep took it for dead */
    } else {
        status = spool_seal(call, &writer->spool);
        if (status == MGW_OK) {
            status =
                put_whole(call, s3, &writer->object, &writer->spool, writer->content_type,
                          (const char *const *)writer->metadata, writer->note.id, if_absent, stat);
        }
    }
    if (status == MGW_OK) {
        if (writer->multipart && note_end(call, s3, &writer->note) != MGW_OK) {
            s3->host->log(s3->name, MGW_LOG_DEBUG, "the note %s is left to the sweep",
                          writer->note.id);
        }
        writer_free(writer);
        return MGW_OK;
    }
    bool again = status == MGW_UNAVAILABLE || status == MGW_UNKNOWN_OUTCOME;
    return again ? status : fail(writer, call, status);
}

/* With a call of its own: the host's may be over. What cannot be done now the sweep does. */
void put_abort(struct mgw_call *call, void *handle)
{
    (void)call;
    struct writer *writer = handle;
    struct s3 *s3 = writer->s3;
    for (size_t i = 0; i < IN_FLIGHT; i++) {
        if (writer->sent[i]) {
            atomic_store(&writer->sent[i]->own.cancelled, true);
        }
    }
    wait_parts(NULL, writer, 0);
    if (writer->note.etag[0]) {
        struct own_call own;
        own_call_init(&own, s3->host, writer->request_id, ABORT_MS);
        enum mgw_status status =
            writer->multipart
                ? multipart_abort(&own.call, s3, &writer->object, writer->note.upload_id)
                : MGW_UNKNOWN_OUTCOME; /* created, perhaps, and not answered */
        if (status == MGW_OK) {
            note_end(&own.call, s3, &writer->note);
        }
        own_call_done(&own);
    }
    writer_free(writer);
}
