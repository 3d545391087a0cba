/* SPDX-License-Identifier: Apache-2.0
 *
 * See answer.h. */
#include "core/http/answer.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/http/cors.h"
#include "core/http/json_out.h"

#include <string.h>
#include <sys/socket.h>

struct meaning {
    enum answer_context context;
    enum mgw_status status;
    unsigned http;
    const char *error;
    const char *message; /* NULL: the service's own words, which are about the client's input */
    unsigned retry_sec;  /* 0: no Retry-After unless the service advises one */
};

/* The one place where statuses become HTTP. A context's own line stands before the general one. */
static const struct meaning meanings[] = {
    {ANSWER_CREATE, MGW_CONFLICT, 422, "idempotency_mismatch",
     "this Idempotency-Key was used for other content", 0},
    {ANSWER_CREATE, MGW_BUSY, 409, "in_progress",
     "the first request with this Idempotency-Key is still running", 1},
    {ANSWER_CREATE, MGW_CORRUPT, 400, "digest_mismatch",
     "the content does not have the digest that was sent with it", 0},
    {ANSWER_CREATE, MGW_UNSUPPORTED, 415, "unsupported_media_type",
     "this media type is not allowed here", 0},
    {ANSWER_CREATE, MGW_STALE, 503, "unavailable",
     "the upload was given up in the meantime, send it again", 1},
    {ANSWER_CREATE, MGW_TIMEOUT, 503, "timeout",
     "the outcome is not known yet, repeat with the same Idempotency-Key", 5},
    {ANSWER_CREATE, MGW_DENIED, 403, "read_only",
     "this gateway's store is read-only: it takes no recordings", 0},
    {ANSWER_CONTENT, MGW_DENIED, 403, "forbidden", "the signed URL is not valid or has expired", 0},
    {ANSWER_COMPLETE, MGW_CONFLICT, 409, "incomplete", NULL, 0},
    {ANSWER_COMPLETE, MGW_CORRUPT, 400, "digest_mismatch",
     "the bytes do not have the digest that was declared; begin a new upload", 0},
    {ANSWER_COMPLETE, MGW_BUSY, 503, "busy", "the bytes are still being read back, ask again", 2},
    {ANSWER_COMPLETE, MGW_STALE, 503, "unavailable", "it was changed at this moment, ask again", 1},
    {ANSWER_COMPLETE, MGW_TIMEOUT, 503, "timeout", "it is not done yet, repeat the request", 5},
    {ANSWER_PUT, MGW_DENIED, 403, "forbidden", "the signed URL is not valid or has expired", 0},
    {ANSWER_PUT, MGW_NOT_FOUND, 404, "not_found", "no upload waits for these bytes", 0},
    {ANSWER_PUT, MGW_EXISTS, 412, "precondition_failed", "the bytes are there already", 0},
    {ANSWER_PUT, MGW_CORRUPT, 400, "digest_mismatch",
     "the bytes do not have the digest that was declared; nothing was kept", 0},
    {ANSWER_PUT, MGW_TIMEOUT, 503, "timeout", "the outcome is not known yet, complete tells", 5},
    {ANSWER_ANY, MGW_NOT_FOUND, 404, "not_found", "there is no such recording", 0},
    {ANSWER_ANY, MGW_EXISTS, 409, "conflict", "it exists already", 0},
    {ANSWER_ANY, MGW_CONFLICT, 409, "conflict", "it was changed in the meantime", 0},
    {ANSWER_ANY, MGW_STALE, 409, "conflict", "another node has taken it over", 0},
    {ANSWER_ANY, MGW_DENIED, 403, "forbidden", "this recording belongs to another account", 0},
    {ANSWER_ANY, MGW_INVALID, 400, "bad_request", NULL, 0},
    {ANSWER_ANY, MGW_RANGE, 416, "range_not_satisfiable", "the range lies beyond the end", 0},
    {ANSWER_ANY, MGW_TOO_LARGE, 413, "too_large", "the content is larger than is allowed", 0},
    {ANSWER_ANY, MGW_NO_SPACE, 507, "insufficient_storage", "the store is full", 0},
    {ANSWER_ANY, MGW_QUOTA, 507, "quota_exceeded", "the quota is used up", 0},
    {ANSWER_ANY, MGW_BUSY, 503, "busy", "busy, try again soon", 1},
    {ANSWER_ANY, MGW_UNAVAILABLE, 503, "unavailable", "not available, try again later", 5},
    {ANSWER_ANY, MGW_UNKNOWN_OUTCOME, 503, "unknown_outcome",
     "the outcome is not known yet, repeat the request", 5},
    {ANSWER_ANY, MGW_TIMEOUT, 504, "timeout", "it took too long", 5},
    {ANSWER_ANY, MGW_CANCELLED, 503, "cancelled", "the request was given up", 1},
    {ANSWER_ANY, MGW_UNSUPPORTED, 501, "not_implemented", "this gateway's store cannot do it", 0},
    {ANSWER_ANY, MGW_CORRUPT, 500, "corrupt", "what is stored contradicts itself", 0},
    {ANSWER_ANY, MGW_IO, 500, "internal", "internal error", 0},
};

static const struct meaning *meaning_of(enum mgw_status status, enum answer_context context)
{
    const size_t count = sizeof meanings / sizeof meanings[0];
    for (size_t i = 0; i < count; i++) {
        bool fits = meanings[i].context == context || meanings[i].context == ANSWER_ANY;
        if (fits && meanings[i].status == status) {
            return &meanings[i];
        }
    }
    return &meanings[count - 1];
}

void answer_response(struct exchange *x, unsigned status, struct MHD_Response *response,
                     uint64_t bytes)
{
    if (!response) {
        if (!x->response) {
            static char nothing[] = "{\"error\":\"unavailable\",\"message\":\"out of memory\"}";
            response = MHD_create_response_from_buffer(sizeof nothing - 1, nothing,
                                                       MHD_RESPMEM_PERSISTENT);
        }
        if (!response) {
            return; /* the exchange closes the connection */
        }
        status = 503;
        bytes = 0;
    }
    if (x->response) {
        MHD_destroy_response(x->response);
    }
    x->response = response;
    x->status = status;
    x->answer_bytes = bytes;
    x->answer_text = NULL;
    answer_header(x, "X-Request-Id", x->request_id);
    answer_header(x, "X-Content-Type-Options", "nosniff");
    cors_answer(x);
}

void answer_json(struct exchange *x, unsigned status, struct buf *buf)
{
    size_t length = buf->length;
    char *text = buf_take(buf);
    struct MHD_Response *response =
        text ? MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE) : NULL;
    if (!response) {
        free(text);
    }
    answer_response(x, status, response, length);
    x->answer_text = response ? text : NULL;
    answer_header(x, "Content-Type", "application/json");
    answer_header(x, "Cache-Control", "no-store");
}

void answer_error(struct exchange *x, unsigned status, const char *error, const char *message)
{
    AUTO_BUF struct buf text = {0};
    json_out_error(&text, error, message, x->request_id);
    answer_json(x, status, &text);
}

void answer_empty(struct exchange *x, unsigned status)
{
    answer_response(x, status,
                    MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT), 0);
}

void answer_bad(struct exchange *x, const char *message)
{
    if (message) {
        answer_error(x, 400, "bad_request", message);
    } else {
        answer_failure(x, MGW_UNAVAILABLE, ANSWER_ANY);
    }
}

void answer_shed(struct exchange *x)
{
    answer_error(x, 503, "busy", "too many requests are waiting, try again soon");
    answer_header(x, "Retry-After", "1");
}

void answer_failure(struct exchange *x, enum mgw_status failed, enum answer_context context)
{
    const struct meaning *meaning = meaning_of(failed, context);
    const struct mgw_error *error = x->call ? mgw_call_error(x->call) : NULL;
    const char *text = error && error->text[0] ? error->text : NULL;
    const char *message = meaning->message;
    if (!message) {
        message = text ? text : "the request is not valid";
    }
    if (meaning->http >= 500) {
        log_event(LOG_LEVEL_WARN, "request failed", LOG_TEXT("request", x->request_id),
                  LOG_TEXT("status", mgw_status_name(failed)), LOG_TEXT("reason", text),
                  LOG_TEXT("code", error && error->foreign_code[0] ? error->foreign_code : NULL));
    }
    answer_error(x, meaning->http, meaning->error, message);
    unsigned retry_sec = meaning->retry_sec;
    if (error && error->retry_after_ms > 0 && meaning->retry_sec > 0) {
        int64_t advised = (error->retry_after_ms + 999) / 1000;
        retry_sec = advised > 3600 ? 3600 : (unsigned)advised;
    }
    if (retry_sec > 0) {
        answer_header_number(x, "Retry-After", retry_sec);
    }
}

static enum MHD_Result put_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    buf_printf(ctx, "%s: %s\r\n", name, value);
    return MHD_YES;
}

bool answer_raw(struct exchange *x)
{
    if (!x->response || !x->answer_text) {
        return false;
    }
    AUTO_BUF struct buf text = {0};
    char date[CLOCK_HTTP_SIZE];
    clock_http(clock_wall_ms(), date);
    buf_printf(&text, "HTTP/1.1 %u %s\r\nDate: %s\r\n", x->status,
               MHD_get_reason_phrase_for(x->status), date);
    MHD_get_response_headers(x->response, put_header, &text);
    buf_text(&text, "Connection: close\r\nContent-Length: ");
    buf_printf(&text, "%zu\r\n\r\n", (size_t)x->answer_bytes);
    if (!x->method || strcmp(x->method, "HEAD") != 0) {
        buf_append(&text, x->answer_text, (size_t)x->answer_bytes);
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (text.failed || !info) {
        return false;
    }
    ssize_t sent = send(info->connect_fd, text.data, text.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(info->connect_fd, SHUT_WR);
    return sent == (ssize_t)text.length;
}
