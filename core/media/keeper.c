/* SPDX-License-Identifier: Apache-2.0
 *
 * See keeper.h. Leases hold a count of their users, so that the thread renews without holding the
 * list's lock. */
#include "core/media/keeper.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/thread.h"
#include "core/plugin/call.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct lease {
    struct keeper *keeper;
    struct lease *next, **at; /* the list; `at` is NULL once it has ended */
    char *id, *account;
    int64_t fence;
    int64_t renewed_at; /* monotonic ms */
    unsigned users;     /* guarded by the keeper's lock */
    _Atomic bool lost;
};

struct keeper {
    struct rows *rows;
    int64_t lease_ms;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    struct lease *leases;
    bool runs, stopping;
};

/* The lock is held. */
static void lease_unref(struct lease *lease)
{
    if (--lease->users == 0) {
        free(lease->id);
        free(lease->account);
        free(lease);
    }
}

static void lease_renew(struct keeper *keeper, struct lease *lease)
{
    AUTO_CALL struct mgw_call *call = call_new(lease->account, NULL, keeper->lease_ms);
    if (!call) {
        return;
    }
    struct mgw_row row = {.size = sizeof row, .id = lease->id, .account_id = lease->account};
    struct mgw_change change = {
        .size = sizeof change,
        .type = MGW_CHANGE_UPDATE_ROW,
        .set = MGW_FIELD_LEASE,
        .row = &row,
        .expect_status = MGW_ROW_UPLOADING,
        .expect_fence = lease->fence,
        .lease_ms = keeper->lease_ms,
    };
    struct mgw_change_result result = {.size = sizeof result};
    enum mgw_status status = rows_apply(keeper->rows, call, &change, &result, 1);
    if (status == MGW_STALE || status == MGW_CONFLICT || status == MGW_NOT_FOUND) {
        lease->lost = true;
    } else if (status != MGW_OK) {
        log_event(LOG_LEVEL_WARN, "a lease could not be renewed", LOG_TEXT("id", lease->id),
                  LOG_TEXT("status", status_name(status)), LOG_TEXT("error", call_text(call)));
    }
}

/* The lease that has waited longest, where its time has come; it gains a user. The lock is held. */
static struct lease *keeper_due(struct keeper *keeper, int64_t now, int64_t *next)
{
    struct lease *oldest = NULL;
    for (struct lease *lease = keeper->leases; lease; lease = lease->next) {
        if (!lease->lost && (!oldest || lease->renewed_at < oldest->renewed_at)) {
            oldest = lease;
        }
    }
    int64_t due = (oldest ? oldest->renewed_at : now) + keeper->lease_ms / 3;
    if (!oldest || due > now) {
        *next = due;
        return NULL;
    }
    oldest->renewed_at = now;
    oldest->users++;
    return oldest;
}

static void *keeper_thread(void *argument)
{
    struct keeper *keeper = argument;
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->stopping) {
        int64_t next = 0;
        struct lease *lease = keeper_due(keeper, clock_mono_ms(), &next);
        if (!lease) {
            struct timespec until = {.tv_sec = next / 1000, .tv_nsec = next % 1000 * 1000000};
            pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until);
            continue;
        }
        pthread_mutex_unlock(&keeper->lock);
        lease_renew(keeper, lease);
        pthread_mutex_lock(&keeper->lock);
        lease_unref(lease);
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

struct keeper *keeper_new(struct rows *rows, int64_t lease_ms)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper) {
        return NULL;
    }
    keeper->rows = rows;
    keeper->lease_ms = lease_ms;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_cond_init(&keeper->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    keeper->runs = thread_start(&keeper->thread, "mgw-keeper", keeper_thread, keeper);
    if (!keeper->runs) {
        keeper_free(keeper);
        return NULL;
    }
    return keeper;
}

void keeper_free(struct keeper *keeper)
{
    if (!keeper) {
        return;
    }
    if (keeper->runs) {
        pthread_mutex_lock(&keeper->lock);
        keeper->stopping = true;
        pthread_cond_signal(&keeper->wake);
        pthread_mutex_unlock(&keeper->lock);
        pthread_join(keeper->thread, NULL);
    }
    pthread_mutex_destroy(&keeper->lock);
    pthread_cond_destroy(&keeper->wake);
    free(keeper);
}

struct lease *keeper_add(struct keeper *keeper, const char *id, const char *account, int64_t fence)
{
    struct lease *lease = calloc(1, sizeof *lease);
    if (!lease) {
        return NULL;
    }
    *lease = (struct lease){.keeper = keeper,
                            .id = strdup(id),
                            .account = strdup(account),
                            .fence = fence,
                            .renewed_at = clock_mono_ms(),
                            .users = 1};
    if (!lease->id || !lease->account) {
        lease_unref(lease);
        return NULL;
    }
    pthread_mutex_lock(&keeper->lock);
    lease->next = keeper->leases;
    lease->at = &keeper->leases;
    if (lease->next) {
        lease->next->at = &lease->next;
    }
    keeper->leases = lease;
    pthread_mutex_unlock(&keeper->lock);
    return lease;
}

bool lease_lost(const struct lease *lease)
{
    return lease->lost;
}

void lease_end(struct lease *lease)
{
    if (!lease) {
        return;
    }
    struct keeper *keeper = lease->keeper;
    pthread_mutex_lock(&keeper->lock);
    *lease->at = lease->next;
    if (lease->next) {
        lease->next->at = lease->at;
    }
    lease_unref(lease);
    pthread_mutex_unlock(&keeper->lock);
}
