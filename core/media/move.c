/* SPDX-License-Identifier: Apache-2.0
 *
 * See move.h: a move's course. */
#include "core/media/move.h"

#include "core/base/cleanup.h"
#include "core/media/move_inside.h"
#include "core/media/row.h"
#include "core/media/walk.h"

#include <string.h>
#include <time.h>

enum { START_MS = 60000, PAGE = 1000, TRIES = 4, FAILED_MOST = 20 };

/* ---- How much there is ---- */

struct sum {
    struct move *move;
    char *last;
    uint32_t count;
    bool short_of_memory;
};

static bool sum_row(void *ctx, const struct mgw_row *row)
{
    struct sum *sum = ctx;
    struct move_counts *counts = &sum->move->counts;
    counts->rows_total++;
    if (row->status == MGW_ROW_READY && row->size_bytes > 0) {
        counts->bytes_total += (uint64_t)row->size_bytes;
    }
    if (++sum->count == PAGE) {
        free(sum->last);
        sum->last = strdup(row->id);
        sum->short_of_memory = !sum->last;
    }
    return !sum->short_of_memory;
}

static enum mgw_status sum_up(struct move *move, struct mgw_call *call)
{
    struct sum sum = {.move = move};
    enum mgw_status status;
    do {
        sum.count = 0;
        status = rows_scan(move->from.rows, call, sum.last, PAGE, sum_row, &sum);
        if (status == MGW_OK && sum.short_of_memory) {
            status = mgw_fail(call, MGW_IO, "out of memory");
        }
        if (status == MGW_OK && move->options->tick &&
            !move->options->tick(move->options->ctx, &move->counts)) {
            status = mgw_fail(call, MGW_CANCELLED, "stopped");
        }
    } while (status == MGW_OK && sum.count == PAGE);
    free(sum.last);
    return status == MGW_CANCELLED ? status : move_side(call, "source", status);
}

/* ---- Row by row ---- */

static bool is_passing(enum mgw_status status)
{
    return status == MGW_UNAVAILABLE || status == MGW_BUSY || status == MGW_TIMEOUT ||
           status == MGW_UNKNOWN_OUTCOME || status == MGW_CONFLICT;
}

/* Moves ROW, again where it passes, and where the source's row has changed under it. */
static enum mgw_status move_with_patience(struct move *move, struct mgw_call *call,
                                          const struct mgw_row *row, enum move_outcome *outcome)
{
    AUTO_FREE struct mgw_row *fresh = NULL;
    enum mgw_status status = move_row(move, call, row, outcome);
    for (int i = 1; i < TRIES && status != MGW_OK && status != MGW_CANCELLED &&
                    status != MGW_NO_SPACE && status != MGW_QUOTA;
         i++) {
        struct mgw_error kept = *call->error;
        AUTO_FREE struct mgw_row *now = NULL;
        enum mgw_status seen = rows_get(move->from.rows, call, row->id, row_keep, &now);
        if (seen == MGW_NOT_FOUND) {
            *outcome = MOVE_UNCHANGED; /* gone for good: there is nothing to move */
            return MGW_OK;
        }
        bool changed = seen == MGW_OK && now &&
                       (now->status != row->status || now->updated_at != row->updated_at);
        if (!changed && !is_passing(status)) {
            *call->error = kept;
            return status;
        }
        if (changed) {
            free(fresh);
            row = fresh = TAKE(now);
        } else {
            nanosleep(&(struct timespec){.tv_sec = i}, NULL);
        }
        status = move_row(move, call, row, outcome);
    }
    return status;
}

static void count_outcome(struct move *move, const struct mgw_row *row, enum move_outcome outcome)
{
    struct move_counts *counts = &move->counts;
    uint64_t *const by_outcome[] = {
        [MOVE_COPIED] = &counts->copied,   [MOVE_ROW_ONLY] = &counts->rows_only,
        [MOVE_CHANGED] = &counts->changed, [MOVE_UNCHANGED] = &counts->unchanged,
        [MOVE_KEPT] = &counts->kept,       [MOVE_UPLOADING] = &counts->uploading,
    };
    ++*by_outcome[outcome];
    if (outcome == MOVE_COPIED && row->size_bytes > 0) {
        counts->bytes += (uint64_t)row->size_bytes;
    }
}

/* Where every further row would say the same, the walk is over. The lock is held. */
static void judge_failure(struct move *move, enum mgw_status status, const char *text)
{
    move->failed_in_a_row = is_passing(status) ? move->failed_in_a_row + 1 : 0;
    if (status == MGW_NO_SPACE || status == MGW_QUOTA || status == MGW_UNSUPPORTED ||
        move->failed_in_a_row >= FAILED_MOST) {
        bool full = status == MGW_NO_SPACE || status == MGW_QUOTA;
        move->over = full ? MGW_NO_SPACE : status;
        snprintf(move->over_text, sizeof move->over_text, "%s",
                 full ? "the target is full: make room there, and run it again to go on" : text);
    }
}

static bool each_row(void *ctx, struct mgw_call *call, const struct mgw_row *row)
{
    struct move *move = ctx;
    enum move_outcome outcome = MOVE_UNCHANGED;
    enum mgw_status status = move_with_patience(move, call, row, &outcome);
    if (status == MGW_CANCELLED) {
        return true;
    }
    pthread_mutex_lock(&move->lock);
    move->counts.rows++;
    if (status == MGW_OK) {
        move->failed_in_a_row = 0;
        count_outcome(move, row, outcome);
    } else {
        move->counts.failed++;
        judge_failure(move, status, call_text(call));
        if (move->options->failure) {
            move->options->failure(move->options->ctx, row->id, status, call_text(call));
        }
    }
    bool go_on = move->over == MGW_OK;
    pthread_mutex_unlock(&move->lock);
    return go_on;
}

static struct move_counts look(struct move *move)
{
    pthread_mutex_lock(&move->lock);
    struct move_counts counts = move->counts;
    pthread_mutex_unlock(&move->lock);
    counts.bytes_passed = move->passed;
    return counts;
}

static bool tick(void *ctx)
{
    struct move *move = ctx;
    struct move_counts counts = look(move);
    return !move->options->tick || move->options->tick(move->options->ctx, &counts);
}

/* ---- The whole ---- */

static enum mgw_status walk_all(struct move *move, struct mgw_call *call)
{
    struct walk walk = {.rows = move->from.rows,
                        .jobs = move->options->jobs,
                        .row = each_row,
                        .tick = tick,
                        .ctx = move};
    enum mgw_status status = walk_run(&walk, call);
    return move->over != MGW_OK ? mgw_fail(call, move->over, "%s", move->over_text) : status;
}

static enum mgw_status open_both(struct move *move, struct mgw_call *call, struct mgw_error *error)
{
    const struct move_options *options = move->options;
    enum mgw_status status = house_open(options->from, MGW_CREATE_DRY_RUN, &move->from, error);
    if (status == MGW_OK) {
        uint32_t flags = options->dry_run ? MGW_CREATE_DRY_RUN
                         : options->init  ? MGW_CREATE_INIT
                                          : 0;
        status = house_open(options->to, flags, &move->to, error);
    }
    if (status == MGW_OK) {
        status = move_check_houses(move, call);
        *error = status == MGW_OK ? *error : *call->error;
    }
    return status;
}

static enum mgw_status run(struct move *move, struct mgw_error *error)
{
    enum mgw_status status = move_check_configs(move->options, error);
    if (status != MGW_OK) {
        return status;
    }
    AUTO_CALL struct mgw_call *start = call_new("", NULL, START_MS);
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    if (!start || !call) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    status = open_both(move, start, error);
    if (status != MGW_OK) {
        return status;
    }
    status = sum_up(move, call);
    if (status == MGW_OK) {
        status = move_records(move, call);
    }
    if (status == MGW_OK) {
        status = walk_all(move, call);
    }
    *error = *call->error;
    return status;
}

enum mgw_status move_run(const struct move_options *options, struct move_counts *counts,
                         struct mgw_error *error)
{
    struct move move = {.options = options};
    pthread_mutex_init(&move.lock, NULL);
    enum mgw_status status = run(&move, error);
    *counts = look(&move);
    house_close(&move.from);
    house_close(&move.to);
    pthread_mutex_destroy(&move.lock);
    return status;
}
