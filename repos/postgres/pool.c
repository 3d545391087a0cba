/* SPDX-License-Identifier: Apache-2.0
 *
 * See pool.h. */
#include "pool.h"

#include "exchange.h"

#include <stdlib.h>
#include <time.h>

/* Idle so long, a connection is asked before it is trusted: a firewall may have forgotten it. */
enum { ASK_AFTER_MS = 30000, CLOSE_AFTER_MS = 300000, ASK_MS = 2000 };
enum { BACKOFF_LEAST_MS = 50, BACKOFF_MOST_MS = 2000, NAP_MS = 1000 };

void pool_init(struct pool *pool, const struct session_options *options, int most,
               int64_t patience_ms)
{
    *pool = (struct pool){.options = options, .most = most, .patience_ms = patience_ms};
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->freed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void close_all(struct session *list)
{
    for (struct session *at = list, *next; at; at = next) {
        next = at->next;
        session_close(at);
    }
}

void pool_end(struct pool *pool)
{
    close_all(pool->idle);
    pthread_cond_destroy(&pool->freed);
    pthread_mutex_destroy(&pool->lock);
}

void pool_shrink(struct pool *pool)
{
    struct session *old = NULL;
    int64_t before = pool->options->host->monotonic_ms() - CLOSE_AFTER_MS;
    pthread_mutex_lock(&pool->lock);
    for (struct session **at = &pool->idle; *at;) {
        struct session *session = *at;
        if (session->idle_since_ms < before) {
            *at = session->next;
            session->next = old;
            old = session;
            pool->open--;
        } else {
            at = &session->next;
        }
    }
    pthread_mutex_unlock(&pool->lock);
    close_all(old);
}

/* ---- Opening ---- */

/* The lock is held. Full jitter: nodes that lost the server together do not come back together. */
static void note_failure(struct pool *pool, const struct fault *fault)
{
    const struct mgw_host *host = pool->options->host;
    int64_t most = BACKOFF_LEAST_MS << (pool->failures < 6 ? pool->failures : 6);
    uint32_t random;
    host->random(&random, sizeof random);
    most = most < BACKOFF_MOST_MS ? most : BACKOFF_MOST_MS;
    if (pool->failures++ == 0) {
        pool->away_since_ms = host->monotonic_ms();
        host->log(pool->options->name, MGW_LOG_WARN, "%s", fault->text);
    }
    pool->last = *fault;
    pool->retry_at_ms = host->monotonic_ms() + 1 + random % most;
}

/* The caller holds the lock, and a place among the open ones. */
static enum mgw_status open_one(struct pool *pool, const struct limit *limit,
                                struct session **session, struct fault *fault)
{
    bool alone = pool->failures > 0;
    pool->trying = pool->trying || alone;
    pthread_mutex_unlock(&pool->lock);
    enum mgw_status status = session_open(pool->options, limit, session, fault);
    pthread_mutex_lock(&pool->lock);
    pool->trying = pool->trying && !alone;
    if (status == MGW_OK) {
        pool->failures = 0;
        pool->last = (struct fault){0};
    } else {
        pool->open--;
        if (status == MGW_UNAVAILABLE) {
            note_failure(pool, fault);
        }
    }
    pthread_cond_broadcast(&pool->freed);
    return status;
}

/* ---- Lending ---- */

static bool answers(struct session *session, const struct limit *limit)
{
    struct query query;
    struct fault fault;
    AUTO_RESULT PGresult *result = NULL;
    struct limit own = limit_new(limit->host, limit->call, ASK_MS);
    query_init(&query, STATEMENT_NOW);
    return exchange_ask(session, &own, &query, "a look at the connection", &result, &fault) ==
           MGW_OK;
}

/* The caller holds the lock: an idle connection that holds, or NULL. */
static struct session *take_idle(struct pool *pool, const struct limit *limit)
{
    while (pool->idle) {
        struct session *session = pool->idle;
        pool->idle = session->next;
        pthread_mutex_unlock(&pool->lock);
        bool fresh = limit->host->monotonic_ms() - session->idle_since_ms < ASK_AFTER_MS;
        bool sound = session_sound(session) && (fresh || answers(session, limit));
        if (!sound) {
            session_close(session);
        }
        pthread_mutex_lock(&pool->lock);
        if (sound) {
            return session;
        }
        pool->open--;
    }
    return NULL;
}

/* The caller holds the lock. */
static void wait_a_little(struct pool *pool, const struct limit *limit, int64_t most_ms)
{
    int64_t until = limit->host->monotonic_ms() + limit_nap_ms(limit, most_ms < 1 ? 1 : most_ms);
    struct timespec time = {.tv_sec = (time_t)(until / 1000),
                            .tv_nsec = (long)(until % 1000) * 1000000};
    pthread_cond_timedwait(&pool->freed, &pool->lock, &time);
}

/* One look under the lock: MGW_OK with a connection or (NULL) nothing yet. */
static enum mgw_status try_once(struct pool *pool, const struct limit *limit,
                                struct session **session, struct fault *fault)
{
    int64_t now = limit->host->monotonic_ms();
    *session = take_idle(pool, limit);
    if (*session) {
        return MGW_OK;
    }
    bool away = pool->failures > 0;
    if (pool->open < pool->most && !(away && (pool->trying || now < pool->retry_at_ms))) {
        pool->open++;
        enum mgw_status status = open_one(pool, limit, session, fault);
        if (status != MGW_UNAVAILABLE) {
            return status;
        }
    } else if (!away || now < pool->away_since_ms + pool->patience_ms) {
        wait_a_little(pool, limit, away && !pool->trying ? pool->retry_at_ms - now : NAP_MS);
    }
    if (pool->failures > 0 &&
        limit->host->monotonic_ms() >= pool->away_since_ms + pool->patience_ms) {
        *fault = pool->last;
        return fault->status;
    }
    return limit_check(limit, away ? "the database" : "one of the pool's connections", fault);
}

enum mgw_status pool_borrow(struct pool *pool, const struct limit *limit, struct session **session,
                            struct fault *fault)
{
    *session = NULL;
    enum mgw_status status = limit_check(limit, "the database", fault);
    pthread_mutex_lock(&pool->lock);
    while (status == MGW_OK && !*session) {
        status = try_once(pool, limit, session, fault);
    }
    pthread_mutex_unlock(&pool->lock);
    return status;
}

void pool_return(struct pool *pool, struct session *session)
{
    if (!session) {
        return;
    }
    bool keep = session_sound(session);
    if (!keep) {
        session_close(session);
    } else {
        session->idle_since_ms = pool->options->host->monotonic_ms();
    }
    pthread_mutex_lock(&pool->lock);
    if (keep) {
        session->next = pool->idle;
        pool->idle = session;
    } else {
        pool->open--;
    }
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_signal(&pool->freed);
}
