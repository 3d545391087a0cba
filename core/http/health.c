/* SPDX-License-Identifier: Apache-2.0
 *
 * See health.h. */
#include "core/http/health.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/http/answer.h"

#include <pthread.h>
#include <stdlib.h>

enum { HEALTH_KEPT_MS = 1000 };

struct health {
    pthread_mutex_t lock;
    int64_t asked_at; /* 0: never */
    bool asking;      /* one asks, others take what was found last */
    enum mgw_status status;
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

static enum mgw_status health_ask(struct exchange *x, struct health *health)
{
    enum mgw_status before = health->status;
    enum mgw_status status = mgw_media_health(x->gateway->media, x->call);
    if (status != before) {
        log_event(status == MGW_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "readiness changed",
                  LOG_TEXT("status", mgw_status_name(status)),
                  LOG_TEXT("reason", mgw_call_error(x->call)->text));
    }
    return status;
}

void health_ready(struct exchange *x)
{
    struct health *health = x->gateway->health;
    pthread_mutex_lock(&health->lock);
    int64_t now = clock_mono_ms();
    bool stale = health->asked_at == 0 || now - health->asked_at >= HEALTH_KEPT_MS;
    bool ask = stale && !health->asking;
    health->asking |= ask;
    pthread_mutex_unlock(&health->lock);

    enum mgw_status status = ask ? health_ask(x, health) : MGW_OK;

    pthread_mutex_lock(&health->lock);
    if (ask) {
        health->status = status;
        health->asked_at = clock_mono_ms();
        health->asking = false;
    }
    status = health->asked_at == 0 ? MGW_UNAVAILABLE : health->status;
    pthread_mutex_unlock(&health->lock);

    if (x->gateway->draining) {
        answer_state(x, 503, "draining");
    } else if (status != MGW_OK) {
        answer_state(x, 503, "unavailable");
        answer_header(x, "Retry-After", "1");
    } else {
        answer_state(x, 200, "ready");
    }
}
