/* SPDX-License-Identifier: Apache-2.0
 *
 * See exchange_inside.h: the part of an exchange that may block. */
#include "core/base/clock.h"
#include "core/http/access.h"
#include "core/http/answer.h"
#include "core/http/exchange_inside.h"
#include "core/http/routes.h"

/* ---- On a worker, or inline where nothing blocks ----------------------------------------------
 */

bool exchange_work_enter(struct exchange *x)
{
    if (x->route->scope != 0 && !access_check(x)) {
        return false;
    }
    x->call = mgw_call_new(x->account, x->request_id, clock_left_ms(x->work_until));
    if (!x->call) {
        answer_bad(x, NULL);
        return false;
    }
    return true;
}

void exchange_end_work(struct exchange *x)
{
    if (!conn_work_end(x->conn)) {
        x->given_up = true;
        x->status = x->told;
        x->answer_bytes = x->told_bytes;
    }
}

void exchange_work_leave(struct exchange *x)
{
    mgw_call_free(x->call);
    x->call = NULL;
}

static bool sink_open(struct exchange *x)
{
    if (!x->sink_opened) {
        x->sink_opened = true;
        return x->route->sink->open(x);
    }
    return true;
}

static void sink_finish(struct exchange *x)
{
    x->sink_opened = false;
    x->route->sink->finish(x);
}

/* What a state's worker does; the call is there. */
static void work_do(struct exchange *x)
{
    const struct sink *sink = x->route->sink;
    if (!sink) {
        x->route->run(x);
        return;
    }
    bool good = sink_open(x);
    if (good && x->state == STATE_FEEDING) {
        good = sink->feed(x, x->slice, x->slice_length);
    }
    bool complete = x->state == STATE_RUNNING ||
                    (x->state == STATE_FEEDING && x->received == x->content_length);
    if (!good) {
        x->sink_opened = false;
        sink->drop(x);
    } else if (complete) {
        /* From here on it is better to be done than to be given up half-way. */
        conn_set_call(x->conn, NULL);
        sink_finish(x);
    }
}

void exchange_work_run(struct pool_job *job)
{
    struct exchange *x = (struct exchange *)((char *)job - offsetof(struct exchange, job));
    if (!conn_work_take(x->conn)) {
        answer_shed(x); /* its time was over before a worker was free; nobody reads this */
    } else if (exchange_work_enter(x)) {
        conn_set_call(x->conn, x->call);
        work_do(x);
        conn_set_call(x->conn, NULL);
        exchange_work_leave(x);
    } else if (x->sink_opened) {
        x->sink_opened = false;
        x->route->sink->drop(x);
    }
    exchange_end_work(x);
    MHD_resume_connection(x->mhd); /* from here on x is libmicrohttpd's thread's */
}
