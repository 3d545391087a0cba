/* SPDX-License-Identifier: Apache-2.0
 *
 * The reaper: rows whose lease is over. `uploading` becomes `failed` (compare-and-set on the fence
 * and the lease, so that of several nodes one does it); the blobs of `failed` and `deleted` rows
 * are removed, and once more after a grace, since a paused owner may publish late. One thread, at
 * start and every interval; among several nodes the rounds are the lease holder's. */
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/thread.h"
#include "core/media/direct_record.h"
#include "core/media/internal.h"
#include "core/media/node.h"
#include "core/media/row.h"

#include <string.h>
#include <time.h>

enum { BATCH = 100, ROUND_MS = 60000, RETRY_MS = 300000, LEFTOVER_MS = 3600000 };

struct batch {
    struct mgw_row *rows[BATCH];
    size_t count;
    bool failed;
};

static bool batch_row(void *ctx, const struct mgw_row *row)
{
    struct batch *batch = ctx;
    struct mgw_row *copy = row_copy(row);
    if (!copy || batch->count == BATCH) {
        free(copy);
        batch->failed = true;
        return false;
    }
    batch->rows[batch->count++] = copy;
    return true;
}

/* Changes a row that is still as it was read and whose lease is still over. */
static struct mgw_change due_change(const struct mgw_row *before, struct mgw_row *after,
                                    uint32_t set, int64_t lease_ms)
{
    return (struct mgw_change){
        .size = sizeof(struct mgw_change),
        .type = MGW_CHANGE_UPDATE_ROW,
        .set = set | MGW_FIELD_LEASE,
        .row = after,
        .expect_status = before->status,
        .expect_fence = before->fence,
        .expect_lease_over = 1,
        .lease_ms = lease_ms,
    };
}

static enum mgw_status change_due(struct mgw_media *media, struct mgw_call *call,
                                  const struct mgw_row *before, struct mgw_row *after, uint32_t set,
                                  int64_t lease_ms)
{
    struct mgw_change change = due_change(before, after, set, lease_ms);
    struct mgw_change_result result = {.size = sizeof result};
    return rows_apply(media->rows, call, &change, &result, 1);
}

/* Blob, and parts where it is a direct upload; *DIRECT: it is one. MGW_OK: nothing is left. */
static enum mgw_status purge_all(struct mgw_media *media, struct mgw_call *call,
                                 const struct mgw_row *row, bool *direct)
{
    struct direct record;
    enum mgw_status status = media_purge(media, call, row);
    enum mgw_status read = direct_read(media, call, row->account_id, row->id, &record);
    *direct = read == MGW_OK;
    enum mgw_status aborted = *direct ? direct_abort(media, call, row, &record) : read;
    direct_release(&record);
    if (aborted == MGW_OK || aborted == MGW_NOT_FOUND) {
        call_clear(call);
        return status;
    }
    return aborted;
}

/* The last look at a row that is over: nothing may come any more, and its record goes too. */
static enum mgw_status finish_due(struct mgw_media *media, struct mgw_call *call,
                                  const struct mgw_row *row, struct mgw_row *after)
{
    bool direct = false;
    if (purge_all(media, call, row, &direct) != MGW_OK) {
        return change_due(media, call, row, after, 0, RETRY_MS);
    }
    struct mgw_record record = direct_record(row, "");
    struct mgw_change changes[2] = {due_change(row, after, 0, MGW_ABSENT),
                                    {.size = sizeof changes[0],
                                     .type = MGW_CHANGE_DELETE_RECORD,
                                     .record = &record,
                                     .expect_version = MGW_VERSION_ANY}};
    struct mgw_change_result results[2] = {{.size = sizeof results[0]},
                                           {.size = sizeof results[0]}};
    return rows_apply(media->rows, call, changes, results, direct ? 2 : 1);
}

/* True where the row was changed. A row that somebody else changed first is theirs. */
static bool reap_row(struct mgw_media *media, struct mgw_call *call, const struct mgw_row *row)
{
    struct mgw_row after = *row;
    enum mgw_status status;
    call_clear(call);
    if (row->status == MGW_ROW_UPLOADING) {
        after.status = MGW_ROW_FAILED;
        after.owner = NULL;
        after.fence++;
        status = change_due(media, call, row, &after,
                            MGW_FIELD_STATUS | MGW_FIELD_OWNER | MGW_FIELD_FENCE,
                            direct_purge_after_ms(media, call, row));
        if (status == MGW_OK) {
            log_event(LOG_LEVEL_WARN, "an upload was abandoned; its row is failed now",
                      LOG_TEXT("id", row->id), LOG_TEXT("account", row->account_id),
                      LOG_TEXT("owner", row->owner));
            bool direct;
            purge_all(media, call, row, &direct);
        }
    } else if (row->status == MGW_ROW_READY) {
        status = change_due(media, call, row, &after, 0, MGW_ABSENT);
    } else {
        cache_drop(media->cache, row->bucket, row->key);
        status = finish_due(media, call, row, &after);
    }
    return status == MGW_OK;
}

/* Whether the round may go on; a node that has lost its lease leaves the rest to the next holder.
 * Rows are safe either way. */
static bool may_reap(struct mgw_media *media, struct mgw_call *call, bool leased)
{
    return call_check(call) == MGW_OK && (!leased || node_holds(media->node, NODE_REAPER));
}

/* LEASED: the round belongs to whoever has the lease. */
static enum mgw_status reap(struct mgw_media *media, struct mgw_call *call, bool leased,
                            uint64_t *work)
{
    call_clear(call);
    uint64_t done = 0, before;
    enum mgw_status status;
    struct batch batch;
    do {
        before = done;
        batch = (struct batch){0};
        status = rows_scan_due(media->rows, call, BATCH, batch_row, &batch);
        for (size_t i = 0; i < batch.count; i++) {
            if (may_reap(media, call, leased) && reap_row(media, call, batch.rows[i])) {
                done++;
            }
            free(batch.rows[i]);
        }
        /* Not for ever: where nothing could be changed, the next round comes. */
    } while (status == MGW_OK && batch.count == BATCH && done > before);
    if (status == MGW_OK) {
        status = rows_maintain(media->rows, call);
    }
    if (work) {
        *work = done;
    }
    return status;
}

enum mgw_status mgw_media_reap(struct mgw_media *media, struct mgw_call *call, uint64_t *work)
{
    return reap(media, call, false, work);
}

static enum mgw_status sweep_store(struct mgw_media *media, struct mgw_call *call)
{
    struct mgw_sweep_result swept = {.size = sizeof swept};
    if (media->node && !node_enter(media->node, NODE_SWEEP, call)) {
        return MGW_OK;
    }
    enum mgw_status status = store_sweep(media->store, call, clock_wall_ms() - LEFTOVER_MS, &swept);
    if (media->node) {
        node_leave(media->node, NODE_SWEEP);
    }
    if (swept.removed > 0) {
        log_event(LOG_LEVEL_INFO, "leftovers of crashed uploads were swept",
                  LOG_NUMBER("removed", swept.removed), LOG_NUMBER("bytes", swept.removed_bytes));
    }
    return status;
}

/* From now on a stop cancels CALL (NULL: nothing). False: it stops already. */
static bool round_call(struct mgw_media *media, struct mgw_call *call)
{
    pthread_mutex_lock(&media->lock);
    media->reaping = call;
    bool stopping = media->stopping;
    pthread_mutex_unlock(&media->lock);
    return !stopping;
}

static void reaper_round(struct mgw_media *media, bool sweep)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, ROUND_MS);
    if (!call || !round_call(media, call)) {
        return;
    }
    uint64_t work = 0;
    enum mgw_status status = MGW_OK;
    if (!media->node) {
        status = reap(media, call, false, &work);
    } else if (node_enter(media->node, NODE_REAPER, call)) {
        status = reap(media, call, true, &work);
        node_leave(media->node, NODE_REAPER);
    }
    if (status == MGW_OK && sweep) {
        status = sweep_store(media, call);
    }
    round_call(media, NULL);
    if (status != MGW_OK) {
        log_event(LOG_LEVEL_WARN, "the reaper's round did not finish",
                  LOG_TEXT("status", status_name(status)), LOG_TEXT("error", call_text(call)));
    } else if (work > 0) {
        log_event(LOG_LEVEL_INFO, "the reaper's round is done", LOG_NUMBER("rows", work));
    }
}

static void *reaper_thread(void *argument)
{
    enum { SWEEP_EVERY_MS = 3600000 };
    struct mgw_media *media = argument;
    int64_t next_sweep = clock_mono_ms();
    pthread_mutex_lock(&media->lock);
    while (!media->stopping) {
        int64_t due = clock_mono_ms() + media->reap_interval_ms;
        bool sweep = clock_mono_ms() >= next_sweep;
        pthread_mutex_unlock(&media->lock);
        if (sweep) {
            next_sweep = clock_mono_ms() + SWEEP_EVERY_MS;
        }
        reaper_round(media, sweep);
        pthread_mutex_lock(&media->lock);
        struct timespec until = {.tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000};
        while (!media->stopping && clock_mono_ms() < due) {
            pthread_cond_timedwait(&media->wake, &media->lock, &until);
        }
    }
    pthread_mutex_unlock(&media->lock);
    return NULL;
}

bool reaper_start(struct mgw_media *media)
{
    media->reaper_runs = thread_start(&media->reaper, "mgw-reaper", reaper_thread, media);
    return media->reaper_runs;
}

void reaper_stop(struct mgw_media *media)
{
    if (media->reaper_runs) {
        pthread_mutex_lock(&media->lock);
        media->stopping = true;
        if (media->reaping) {
            call_cancel(media->reaping);
        }
        pthread_cond_signal(&media->wake);
        pthread_mutex_unlock(&media->lock);
        pthread_join(media->reaper, NULL);
        media->reaper_runs = false;
    }
}
