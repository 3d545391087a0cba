/* SPDX-License-Identifier: Apache-2.0
 *
 * See content_body.h. The reader's buffer is the response's own: a worker fills it while the
 * connection is suspended, and the same call, made again, answers how much is there. */
#include "core/http/content_body.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/http/answer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_BYTES = 32 * 1024 };

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
    bool filled;
    char *into;
    uint64_t from;
    size_t want, got;
    enum mgw_status status;
};

static void body_release(struct body *body)
{
    if (body->fd >= 0) {
        close(body->fd);
    }
    mgw_content_close(body->content);
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
    if (body->fd >= 0 || !pool_continue(gateway->pool, &body->job)) {
        body_release_job(&body->job);
    }
}

static void body_fill(struct pool_job *job)
{
    struct body *body = (struct body *)((char *)job - offsetof(struct body, job));
    struct mgw_call *call =
        mgw_call_new(NULL, body->request_id, body->gateway->config->limits.request_deadline_ms);
    body->status = MGW_UNAVAILABLE;
    if (call) {
        conn_set_call(body->conn, call);
        body->status =
            mgw_content_read(body->content, call, body->from, body->into, body->want, &body->got);
        conn_set_call(body->conn, NULL);
        if (body->status != MGW_OK) {
            log_event(LOG_LEVEL_WARN, "download cut", LOG_TEXT("request", body->request_id),
                      LOG_TEXT("status", mgw_status_name(body->status)),
                      LOG_TEXT("reason", mgw_call_error(call)->text));
        }
        mgw_call_free(call);
    }
    body->filled = true;
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

static ssize_t body_read_content(struct body *body, uint64_t from, char *into, size_t want)
{
    if (body->filled) {
        body->filled = false;
        conn_alternate(body->conn, CONN_SEND);
        bool good = body->status == MGW_OK && body->got > 0 && body->got <= want;
        return good ? (ssize_t)body->got : MHD_CONTENT_READER_END_WITH_ERROR;
    }
    body->from = from;
    body->into = into;
    body->want = want;
    body->got = 0;
    conn_alternate(body->conn, CONN_WORK);
    MHD_suspend_connection(body->mhd);
    if (!pool_continue(body->gateway->pool, &body->job)) {
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
    return body->fd >= 0 ? body_read_file(body, from, into, want)
                         : body_read_content(body, from, into, want);
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
    x->gateway->active++;
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
