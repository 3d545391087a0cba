/* SPDX-License-Identifier: Apache-2.0
 *
 * See exchange.h. libmicrohttpd (0.9.75) calls the handler once with the header, then with pieces
 * of the body, then once more. Its rules, which decide the shape of this file:
 * - an answer queued in the first call closes the connection: only refusals are given there;
 * - no answer can be queued while a piece of the body is delivered: a request that fails in
 * mid-body has the rest read and thrown away where that is little, else gets its answer past
 * libmicrohttpd;
 * - after a suspension the call is made again, with the same piece or more of it: so the state says
 *   what a call means, never its number. */
#include "core/http/exchange_inside.h"

#include "core/base/clock.h"
#include "core/http/access_log.h"
#include "core/http/answer.h"
#include "core/http/gather.h"
#include "core/http/head.h"
#include "core/http/head_client.h"
#include "core/http/routes.h"
#include "core/http/settings.h"

#include <string.h>

enum {
    DISCARD_MAX = 256 * 1024,      /* of a refused body: what is read to keep the connection */
    LINGER_MAX = 16 * 1024 * 1024, /* after an answer in mid-body: until the client notices */
    OPEN_LATE_MAX = 256 * 1024     /* bodies so small are one job: their sink opens with them */
};

void *exchange_begin(void *argument, const char *target, struct MHD_Connection *mhd)
{
    struct gateway *gateway = argument;
    struct exchange *x = calloc(1, sizeof *x);
    if (!x) {
        return NULL;
    }
    x->gateway = gateway;
    x->mhd = mhd;
    x->conn = conn_of(mhd);
    x->body.max = EXCHANGE_JSON_MAX;
    x->settings = settings_take(gateway->settings);
    x->started_us = clock_mono_us();
    x->raw_target = strdup(target);
    gateway->active++;
    return x;
}

static void exchange_ungather(struct exchange *x)
{
    if (x->gathered) {
        gather_return(x->gateway->gather, TAKE(x->gathered));
    }
    x->gathered_length = 0;
}

static void exchange_free(struct exchange *x)
{
    struct gateway *gateway = x->gateway;
    if (x->response) {
        MHD_destroy_response(x->response);
    }
    head_client_leave(x);
    settings_release(x->settings);
    mgw_call_free(x->call);
    buf_free(&x->body);
    target_free(x->target);
    free(x->raw_target);
    free(x->copy);
    exchange_ungather(x);
    free(x->account);
    free(x);
    gateway->active--;
}

/* A job of the pool. The client is gone, and so is the connection: gives the sink up. */
static void exchange_drop(struct pool_job *job)
{
    struct exchange *x = (struct exchange *)((char *)job - offsetof(struct exchange, job));
    x->call =
        mgw_call_new(x->account, x->request_id, x->gateway->config->limits.request_deadline_ms);
    x->route->sink->drop(x);
    exchange_free(x);
}

/* ---- On libmicrohttpd's thread -----------------------------------------------------------------
 */

/* The deadline holds from here on, whether or not a worker is free. */
static void exchange_begin_work(struct exchange *x, bool here)
{
    x->work_until = clock_mono_ms() + x->gateway->config->limits.request_deadline_ms;
    conn_work_begin(x->conn, here, x->work_until + EXCHANGE_GRACE_MS, exchange_overdue, x);
}

static enum MHD_Result exchange_suspend(struct exchange *x, enum state state)
{
    x->state = (int)state;
    x->job.run = exchange_work_run;
    if (state == STATE_FEEDING) {
        conn_alternate(x->conn, CONN_WORK);
    } else {
        conn_set_phase(x->conn, CONN_WORK);
    }
    MHD_suspend_connection(x->mhd);
    bool first = !x->admitted;
    x->admitted = true;
    exchange_begin_work(x, false);
    bool taken =
        first ? pool_submit(x->gateway->pool, &x->job) : pool_continue(x->gateway->pool, &x->job);
    if (!taken) {
        answer_shed(x);
        exchange_end_work(x);
        MHD_resume_connection(x->mhd);
    }
    return MHD_YES;
}

static enum MHD_Result exchange_queue(struct exchange *x, bool close)
{
    if (!x->response) {
        return MHD_NO; /* memory is short */
    }
    if (close || x->gateway->draining) {
        answer_header(x, "Connection", "close");
    }
    x->state = STATE_ANSWERED;
    conn_set_phase(x->conn, CONN_SEND);
    return MHD_queue_response(x->mhd, x->status, x->response);
}

/* Answers past libmicrohttpd, and lets the client go on for a while so that it reads the answer. */
static enum MHD_Result exchange_linger(struct exchange *x)
{
    x->state = STATE_LINGER;
    conn_set_phase(x->conn, CONN_LINGER);
    return answer_raw(x) ? MHD_YES : MHD_NO;
}

/* Refuses before any of the body was asked for. */
static enum MHD_Result exchange_refuse(struct exchange *x)
{
    const char *expect = exchange_header(x, "Expect");
    if (!x->has_body || expect) {
        return exchange_queue(x, true);
    }
    if (x->content_length > DISCARD_MAX) {
        return exchange_linger(x);
    }
    x->state = STATE_DISCARD;
    conn_set_phase(x->conn, CONN_BODY);
    return MHD_YES;
}

static enum MHD_Result exchange_accept_body(struct exchange *x)
{
    x->state = STATE_BODY;
    conn_set_phase(x->conn, x->has_body ? CONN_BODY : CONN_WORK);
    return MHD_YES;
}

static enum MHD_Result exchange_head(struct exchange *x, const char *method, const char *version)
{
    x->method = method;
    switch (head_check(x, version)) {
    case HEAD_HOSTILE:
        return exchange_queue(x, true);
    case HEAD_REFUSED:
        return x->has_body ? exchange_refuse(x) : exchange_accept_body(x);
    case HEAD_FINE:
        break;
    }
    bool early = x->route && x->route->sink && x->has_body &&
                 (x->content_length > OPEN_LATE_MAX || exchange_header(x, "Expect"));
    return early ? exchange_suspend(x, STATE_OPENING) : exchange_accept_body(x);
}

/* More of a refused body has come. */
static enum MHD_Result exchange_discard(struct exchange *x, size_t *length)
{
    bool known = x->content_length != UINT64_MAX;
    x->discarded += *length;
    uint64_t to_come =
        known && x->content_length > x->received ? x->content_length - x->received : 0;
    if (x->state == STATE_LINGER) {
        *length = 0;
        return x->discarded > LINGER_MAX ? MHD_NO : MHD_YES;
    }
    x->received += *length;
    *length = 0;
    if (known && x->discarded <= DISCARD_MAX && to_come <= DISCARD_MAX) {
        return MHD_YES;
    }
    return exchange_linger(x);
}

/* Gives a worker LENGTH bytes, SHOWN of which libmicrohttpd still shows. */
static enum MHD_Result exchange_feed(struct exchange *x, const char *slice, size_t length,
                                     size_t shown)
{
    x->slice = slice;
    x->slice_length = length;
    x->slice_shown = shown;
    x->received += length;
    conn_progress(x->conn, x->received);
    return exchange_suspend(x, STATE_FEEDING);
}

/* A piece of a chunked body is copied: libmicrohttpd moves it to the start of its buffer once the
 * handler has returned. That of a body whose length is known lies there already. */
static enum MHD_Result exchange_feed_chunk(struct exchange *x, const char *piece, size_t length)
{
    x->copy = malloc(length);
    return x->copy ? exchange_feed(x, memcpy(x->copy, piece, length), length, length) : MHD_NO;
}

static enum MHD_Result exchange_go_on(struct exchange *x, size_t *length)
{
    *length -= x->consumed;
    x->consumed = 0;
    conn_alternate(x->conn, CONN_BODY);
    x->state = STATE_BODY;
    return MHD_YES;
}

/* More of a body has come, from x->consumed on. It is gathered for as long as more of it waits
 * already in the kernel, whose coming next is then certain: nobody's slowness keeps a buffer. (Of a
 * chunked body only the next chunk's header might wait there.) */
static enum MHD_Result exchange_take_piece(struct exchange *x, const char *data, size_t *length)
{
    const char *piece = data + x->consumed;
    size_t size = *length - x->consumed, held = x->gathered_length;
    if (x->content_length == UINT64_MAX) {
        return exchange_feed_chunk(x, piece, size);
    }
    bool more = x->received + held + size < x->content_length && conn_has_more(x->conn);
    if (more && !x->gathered) {
        x->gathered = gather_borrow(x->gateway->gather);
    }
    if (held == 0 && (!more || !x->gathered)) {
        return exchange_feed(x, piece, size, size);
    }
    if (size > GATHER_BYTES - held) {
        return exchange_feed(x, x->gathered, held, 0);
    }
    memcpy(x->gathered + held, piece, size);
    x->gathered_length += size;
    if (!more || x->gathered_length == GATHER_BYTES) {
        return exchange_feed(x, x->gathered, x->gathered_length, size);
    }
    conn_progress(x->conn, x->received + x->gathered_length);
    x->consumed = *length;
    return exchange_go_on(x, length);
}

static enum MHD_Result exchange_take_body(struct exchange *x, const char *data, size_t *length)
{
    if (x->route->body == ROUTE_BODY_STREAM) {
        return exchange_take_piece(x, data, length);
    }
    x->received += *length;
    if (x->received > EXCHANGE_JSON_MAX) {
        answer_error(x, 413, "too_large", "the body is larger than 64 KiB");
        x->state = STATE_DISCARD;
    } else if (x->route->body == ROUTE_BODY_JSON && !buf_append(&x->body, data, *length)) {
        answer_bad(x, NULL);
        x->state = STATE_DISCARD;
    }
    *length = 0;
    return MHD_YES;
}

/* The worker has its piece behind it. Meanwhile more may have come to stand behind it; what is left
 * over would wait for the next packet, which may never come. */
static enum MHD_Result exchange_fed(struct exchange *x, const char *data, size_t *length)
{
    x->consumed += x->slice_shown;
    free(TAKE(x->copy));
    exchange_ungather(x);
    bool complete = x->received == x->content_length;
    bool refused = x->response && !complete;
    if (!refused && *length > x->consumed) {
        return exchange_take_piece(x, data, length);
    }
    exchange_go_on(x, length);
    if (refused) {
        x->state = STATE_DISCARD;
        return exchange_discard(x, length);
    }
    return MHD_YES;
}

static bool runs_inline(const struct exchange *x)
{
    uint32_t traits = mgw_media_traits(x->gateway->media);
    bool rows = (traits & MGW_MEDIA_ROWS_INLINE) != 0;
    switch (x->route->place) {
    case ROUTE_INLINE:
        return true;
    case ROUTE_ROWS:
        return rows;
    case ROUTE_CONTENT:
        return (traits & MGW_MEDIA_CONTENT_INLINE) != 0;
    case ROUTE_WORKER:
        break;
    }
    return false;
}

/* The request is complete. */
static enum MHD_Result exchange_run(struct exchange *x)
{
    if (x->response) { /* made early: a refusal, or the answer to a body whose length was known */
        return exchange_queue(x, false);
    }
    if (!runs_inline(x)) {
        /* libmicrohttpd still means to read, and would do so first after a suspension: of a client
         * that only ended its sending side it then thinks that it is gone. After one more round it
         * means to wait. */
        x->state = STATE_SETTLING;
        return MHD_YES;
    }
    conn_set_phase(x->conn, CONN_WORK);
    exchange_begin_work(x, true);
    if (exchange_work_enter(x)) {
        x->route->run(x);
        exchange_work_leave(x);
    }
    exchange_end_work(x);
    return x->given_up ? MHD_NO : exchange_queue(x, false);
}

enum MHD_Result exchange_handle(void *gateway, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *length, void **context)
{
    (void)gateway;
    (void)mhd;
    (void)url;
    struct exchange *x = *context;
    if (!x || !x->conn || x->given_up) {
        return MHD_NO;
    }
    switch ((enum state)x->state) {
    case STATE_HEAD:
        return exchange_head(x, method, version);
    case STATE_OPENING:
        return x->response ? exchange_refuse(x) : exchange_accept_body(x);
    case STATE_BODY:
        return *length > 0 && !x->response ? exchange_take_body(x, data, length) : exchange_run(x);
    case STATE_FEEDING:
        return exchange_fed(x, data, length);
    case STATE_SETTLING:
        return exchange_suspend(x, STATE_RUNNING);
    case STATE_RUNNING:
        return exchange_queue(x, false);
    case STATE_DISCARD:
        return *length > 0 ? exchange_discard(x, length) : exchange_queue(x, false);
    case STATE_LINGER:
        return *length > 0 ? exchange_discard(x, length) : MHD_NO;
    case STATE_ANSWERED:
        break;
    }
    return MHD_NO;
}

void exchange_end(void *gateway, struct MHD_Connection *mhd, void **context,
                  enum MHD_RequestTerminationCode code)
{
    (void)gateway;
    (void)mhd;
    struct exchange *x = *context;
    *context = NULL;
    if (!x) {
        return;
    }
    bool told = x->state == STATE_LINGER || (x->given_up && x->told);
    access_log_write(x, code == MHD_REQUEST_TERMINATED_COMPLETED_OK || told);
    if (x->conn) {
        conn_set_phase(x->conn, CONN_IDLE);
    }
    exchange_ungather(x);
    if (!x->sink_opened) {
        exchange_free(x);
        return;
    }
    x->sink_opened = false;
    x->job.run = exchange_drop;
    if (!pool_continue(x->gateway->pool, &x->job)) {
        exchange_drop(&x->job);
    }
}
