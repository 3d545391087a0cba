/* SPDX-License-Identifier: Apache-2.0
 *
 * See content_body.h. A worker fills a buffer while the connection is suspended, and the same call,
 * made again, answers how much is there. The buffer is the response's own, or, for a client that
 * takes its bytes as they come, a larger one that is lent for as long as bytes wait in it: a slow
 * reader costs neither a worker nor more than the response's own. */
#include "core/http/content_body.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/http/answer.h"
#include "core/http/gather.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    BLOCK_BYTES = 64 * 1024,
    FILL_MS = 20,   /* a worker goes on filling for so long after the first bytes */
    PROMPT_MS = 250 /* a client that takes a block within it is lent a buffer */
};

/* A run of bytes of the body: text of ours, or of the content. */
struct piece {
    uint64_t start; /* in the body */
    uint64_t length;
    const char *text; /* NULL: the content, from `first` on */
    uint64_t first;
};

struct body {
    struct pool_job job;
    struct gateway *gateway;
    struct conn *conn;
    struct MHD_Connection *mhd;
    struct mgw_content *content;
    int fd; /* -1: the content is read through the service */
    uint64_t fd_offset;
    char request_id[EXCHANGE_REQUEST_ID_SIZE];
    struct buf text; /* of all frames, one after the other */
    struct piece pieces[2 * RANGE_MAX + 1];
    size_t piece_count;

    /* What the worker was asked for, and what it found. */
    const struct piece *piece;
    bool filled;
    char *into; /* `lent`, or the response's own buffer */
    uint64_t from;
    size_t want, got;
    enum mgw_status status;
    int64_t until; /* CLOCK_MONOTONIC, ms: its deadline */

    char *lent;   /* NULL: none */
    size_t taken; /* of `got` bytes in it */
    int64_t filled_at;
    const struct piece *advised; /* the store knows that it is read next */
};

static void body_give_back(struct body *body)
{
    if (body->lent) {
        gather_return(body->gateway->gather, TAKE(body->lent));
    }
}

static void body_release(struct body *body)
{
    if (body->fd >= 0) {
        close(body->fd);
    }
    mgw_content_close(body->content);
    body_give_back(body);
    buf_free(&body->text);
    free(body);
}

static void body_release_job(struct pool_job *job)
{
    struct body *body = (struct body *)((char *)job - offsetof(struct body, job));
    struct gateway *gateway = body->gateway;
    body_release(body);
    gateway->active--;
}

static void body_free(void *argument)
{
    struct body *body = argument;
    struct gateway *gateway = body->gateway;
    body->job.run = body_release_job;
    gateway->active++; /* its exchange, which counted for it, may be gone before */
    if (body->fd >= 0 || !pool_continue(gateway->pool, &body->job)) {
        body_release_job(&body->job);
    }
}

/* Reads until all is there that was asked for, or some of it and no more at once. */
static enum mgw_status body_fill_from(struct body *body, struct mgw_call *call)
{
    const struct piece *piece = body->piece;
    if (body->advised != piece) {
        uint64_t left = piece->first + piece->length - body->from;
        mgw_content_advise(body->content, call, body->from, left);
        body->advised = piece;
    }
    int64_t until = 0;
    while (body->got < body->want && (body->got == 0 || clock_mono_ms() < until)) {
        size_t got = 0;
        enum mgw_status status =
            mgw_content_read(body->content, call, body->from + body->got, body->into + body->got,
                             body->want - body->got, &got);
        if (status != MGW_OK || got == 0) {
            return body->got > 0 ? MGW_OK : status; /* the next fill meets it again */
        }
        until = body->got == 0 ? clock_mono_ms() + FILL_MS : until;
        body->got += got;
    }
    return MGW_OK;
}

static void body_fill(struct pool_job *job)
{
    struct body *body = (struct body *)((char *)job - offsetof(struct body, job));
    struct mgw_call *call = mgw_call_new(NULL, body->request_id, clock_left_ms(body->until));
    body->status = MGW_UNAVAILABLE;
    if (conn_work_take(body->conn) && call) {
        conn_set_call(body->conn, call);
        body->status = body_fill_from(body, call);
        conn_set_call(body->conn, NULL);
        if (body->status != MGW_OK) {
            log_event(LOG_LEVEL_WARN, "download cut", LOG_TEXT("request", body->request_id),
                      LOG_TEXT("status", mgw_status_name(body->status)),
                      LOG_TEXT("reason", mgw_call_error(call)->text));
        }
    }
    mgw_call_free(call);
    if (!conn_work_end(body->conn)) {
        body->status = MGW_TIMEOUT; /* the client was cut off meanwhile */
    }
    body->filled = true;
    body->filled_at = clock_mono_ms();
    MHD_resume_connection(body->mhd);
}

static ssize_t body_read_file(const struct body *body, uint64_t from, char *into, size_t want)
{
    ssize_t got;
    do {
        got = pread(body->fd, into, want, (off_t)(body->fd_offset + from));
    } while (got < 0 && errno == EINTR);
    return got > 0 ? got : MHD_CONTENT_READER_END_WITH_ERROR;
}

/* The next bytes of the lent buffer, which goes back with the last of them. */
static ssize_t body_take_lent(struct body *body, char *into, size_t room)
{
    size_t left = body->got - body->taken;
    size_t count = left < room ? left : room;
    memcpy(into, body->lent + body->taken, count);
    body->taken += count;
    if (body->taken == body->got) {
        body_give_back(body);
    }
    return (ssize_t)count;
}

static ssize_t body_take(struct body *body, char *into, size_t room)
{
    body->filled = false;
    conn_alternate(body->conn, CONN_SEND);
    if (body->status != MGW_OK || body->got == 0 || body->got > body->want) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    return body->lent ? body_take_lent(body, into, room) : (ssize_t)body->got;
}

static ssize_t body_read_content(struct body *body, uint64_t from, uint64_t left, char *into,
                                 size_t room)
{
    if (body->filled) {
        return body_take(body, into, room);
    }
    if (body->lent) {
        return body_take_lent(body, into, room);
    }
    bool prompt = body->filled_at != 0 && clock_mono_ms() - body->filled_at <= PROMPT_MS;
    body->lent = prompt && left > room ? gather_borrow(body->gateway->gather) : NULL;
    size_t most = body->lent ? GATHER_BYTES : room;
    body->from = from;
    body->into = body->lent ? body->lent : into;
    body->want = left < most ? (size_t)left : most;
    body->got = body->taken = 0;
    conn_alternate(body->conn, CONN_WORK);
    MHD_suspend_connection(body->mhd);
    body->until = clock_mono_ms() + body->gateway->config->limits.request_deadline_ms;
    conn_work_begin(body->conn, false, body->until + EXCHANGE_GRACE_MS, NULL, NULL);
    if (!pool_continue(body->gateway->pool, &body->job)) {
        conn_work_end(body->conn);
        body->status = MGW_UNAVAILABLE;
        body->filled = true;
        MHD_resume_connection(body->mhd);
    }
    return 0;
}

static ssize_t body_read(void *argument, uint64_t position, char *into, size_t room)
{
    struct body *body = argument;
    size_t i = 0;
    while (i < body->piece_count && position >= body->pieces[i].start + body->pieces[i].length) {
        i++;
    }
    if (i == body->piece_count) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    const struct piece *piece = &body->pieces[i];
    uint64_t inside = position - piece->start;
    uint64_t left = piece->length - inside;
    size_t want = left < room ? (size_t)left : room;
    if (piece->text) {
        memcpy(into, piece->text + inside, want);
        return (ssize_t)want;
    }
    uint64_t from = piece->first + inside;
    body->piece = piece;
    return body->fd >= 0 ? body_read_file(body, from, into, want)
                         : body_read_content(body, from, left, into, room);
}

static void body_add(struct body *body, uint64_t *length, struct piece piece)
{
    piece.start = *length;
    *length += piece.length;
    body->pieces[body->piece_count++] = piece;
}

/* The frames' text is built first: it may move while it grows. */
static bool body_lay_out(struct body *body, const struct mgw_content_info *info,
                         const struct range_set *ranges, const char *boundary, uint64_t *length)
{
    size_t ends[RANGE_MAX + 1] = {0};
    bool framed = ranges->count > 1;
    for (size_t i = 0; i < ranges->count && framed; i++) {
        range_part_head(&body->text, boundary, info->mime_type, ranges, i, info->bytes);
        ends[i] = body->text.length;
    }
    if (framed) {
        range_part_tail(&body->text, boundary);
    }
    if (body->text.failed) {
        return false;
    }
    size_t at = 0;
    for (size_t i = 0; i < ranges->count; i++) {
        if (framed) {
            body_add(body, length,
                     (struct piece){.length = ends[i] - at, .text = body->text.data + at});
            at = ends[i];
        }
        body_add(
            body, length,
            (struct piece){.length = ranges->ranges[i].length, .first = ranges->ranges[i].first});
    }
    if (framed) {
        body_add(body, length,
                 (struct piece){.length = body->text.length - at, .text = body->text.data + at});
    }
    return true;
}

static struct MHD_Response *body_response(struct exchange *x, struct mgw_content **content, int fd,
                                          uint64_t fd_offset, const struct range_set *ranges,
                                          const char *boundary, uint64_t *length)
{
    struct body *body = calloc(1, sizeof *body);
    if (!body) {
        return NULL;
    }
    *body = (struct body){.job.run = body_fill,
                          .gateway = x->gateway,
                          .conn = x->conn,
                          .mhd = x->mhd,
                          .fd = fd,
                          .fd_offset = fd_offset};
    memcpy(body->request_id, x->request_id, sizeof body->request_id);
    struct MHD_Response *response = NULL;
    if (body_lay_out(body, mgw_content_info(*content), ranges, boundary, length)) {
        response =
            MHD_create_response_from_callback(*length, BLOCK_BYTES, body_read, body, body_free);
    }
    if (!response) {
        body->fd = -1; /* still the caller's */
        body_release(body);
        return NULL;
    }
    body->content = TAKE(*content);
    return response;
}

struct MHD_Response *content_body_new(struct exchange *x, struct mgw_content **content,
                                      const struct range_set *ranges, const char *boundary,
                                      uint64_t *length)
{
    *length = ranges->ranges[0].length;
    if (ranges->count == 1 && *length == 0) {
        return MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    }
    int fd = -1;
    uint64_t offset = 0;
    enum mgw_status status = mgw_content_descriptor(*content, x->call, &fd, &offset);
    if (status != MGW_OK && status != MGW_UNSUPPORTED) {
        answer_failure(x, status, ANSWER_CONTENT);
        return NULL;
    }
    struct MHD_Response *response;
    if (status == MGW_OK && ranges->count == 1) {
        response =
            MHD_create_response_from_fd_at_offset64(*length, fd, offset + ranges->ranges[0].first);
    } else {
        *length = 0;
        response =
            body_response(x, content, status == MGW_OK ? fd : -1, offset, ranges, boundary, length);
    }
    if (!response && fd >= 0) {
        close(fd);
    }
    return response;
}
