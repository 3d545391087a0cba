/* SPDX-License-Identifier: Apache-2.0
 *
 * See health.h. */
#include "core/http/health.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/http/access.h"
#include "core/http/answer.h"
#include "core/http/json_out.h"

#include <pthread.h>
#include <stdlib.h>

enum { HEALTH_KEPT_MS = 1000, HEALTH_MS = 5000, HEALTH_LATE_MS = HEALTH_MS + 1000 };

struct health {
    pthread_mutex_t lock;
    int64_t asked_at;     /* 0: never */
    int64_t asking_since; /* one asks, others take what was found last; 0: nobody does */
    enum mgw_status status;
    char reason[512];
};

struct health *health_new(void)
{
    struct health *health = calloc(1, sizeof *health);
    if (health) {
        pthread_mutex_init(&health->lock, NULL);
    }
    return health;
}

void health_free(struct health *health)
{
    if (health) {
        pthread_mutex_destroy(&health->lock);
        free(health);
    }
}

static void answer_state(struct exchange *x, unsigned status, const char *state)
{
    AUTO_BUF struct buf text = {0};
    buf_printf(&text, "{\"status\":\"%s\"}", state);
    answer_json(x, status, &text);
}

void health_live(struct exchange *x)
{
    answer_state(x, 200, "ok");
}

/* Asks the drivers, which must answer sooner than a request's deadline. */
static enum mgw_status health_ask(struct exchange *x, char reason[512])
{
    int64_t left = clock_left_ms(x->work_until);
    struct mgw_call *call = mgw_call_new(NULL, x->request_id, left < HEALTH_MS ? left : HEALTH_MS);
    enum mgw_status status = call ? mgw_media_health(x->gateway->media, call) : MGW_UNAVAILABLE;
    snprintf(reason, 512, "%s", call ? mgw_call_error(call)->text : "out of memory");
    mgw_call_free(call);
    return status;
}

/* The lock is held. */
static void health_set(struct health *health, enum mgw_status status, const char *reason)
{
    if (status != health->status) {
        log_event(status == MGW_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "readiness changed",
                  LOG_TEXT("status", mgw_status_name(status)), LOG_TEXT("reason", reason));
    }
    health->status = status;
    snprintf(health->reason, sizeof health->reason, "%s", reason);
}

/* What is known now, asked for where that is old; REASON is its text. */
static enum mgw_status health_know(struct exchange *x, char reason[512])
{
    struct health *health = x->gateway->health;
    pthread_mutex_lock(&health->lock);
    int64_t now = clock_mono_ms();
    bool stale = health->asked_at == 0 || now - health->asked_at >= HEALTH_KEPT_MS;
    bool ask = stale && health->asking_since == 0;
    if (ask) {
        health->asking_since = now;
        pthread_mutex_unlock(&health->lock);
        enum mgw_status found = health_ask(x, reason);
        pthread_mutex_lock(&health->lock);
        health_set(health, found, reason);
        health->asked_at = clock_mono_ms();
        health->asking_since = 0;
    } else if (health->asking_since != 0 && now - health->asking_since >= HEALTH_LATE_MS) {
        health_set(health, MGW_TIMEOUT, "a driver does not answer how it is");
    }
    enum mgw_status status = health->asked_at == 0 ? MGW_UNAVAILABLE : health->status;
    snprintf(reason, 512, "%s", health->reason);
    pthread_mutex_unlock(&health->lock);
    return status;
}

static bool knows_a_key(struct exchange *x)
{
    struct mgw_call *mine = TAKE(x->call); /* the key's check makes one of its own */
    bool known = exchange_header(x, "Authorization") && access_look(x) && access_check(x);
    x->call = mine;
    return known;
}

void health_ready(struct exchange *x)
{
    char reason[512];
    enum mgw_status status = health_know(x, reason);
    if (x->gateway->draining) {
        answer_state(x, 503, "draining");
    } else if (status == MGW_OK) {
        answer_state(x, 200, "ready");
    } else if (knows_a_key(x)) {
        AUTO_BUF struct buf text = {0};
        buf_text(&text, "{\"status\":\"unavailable\",\"reason\":");
        json_out_text(&text, reason);
        buf_text(&text, "}");
        answer_json(x, 503, &text);
        answer_header(x, "Retry-After", "1");
    } else {
        answer_state(x, 503, "unavailable");
        answer_header(x, "Retry-After", "1");
    }
}
