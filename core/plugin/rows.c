/* SPDX-License-Identifier: Apache-2.0
 *
 * See rows.h. Rows and records are checked one by one as they are emitted; the caller never sees
 * one that breaks the rules. */
#include "core/plugin/rows.h"

#include "core/base/cleanup.h"
#include "core/plugin/call.h"
#include "core/plugin/guard.h"
#include "core/plugin/rows_check.h"
#include "core/plugin/rows_inside.h"

#include <string.h>

struct rows {
    struct guard guard;
    struct mgw_repo_driver driver; /* host-sized; zero where the plugin's table ends earlier */
    void *instance;
    bool owned;
    struct mgw_repo_limits limits;
};

#define CALLBACK(field)                                                                            \
    {                                                                                              \
#field, offsetof(struct mgw_repo_driver, field)                                            \
    }
static const struct {
    const char *name;
    size_t offset;
} required[] = {
    CALLBACK(create),      CALLBACK(destroy),    CALLBACK(describe),     CALLBACK(get),
    CALLBACK(get_by_blob), CALLBACK(list),       CALLBACK(scan_due),     CALLBACK(which_known),
    CALLBACK(apply),       CALLBACK(get_record), CALLBACK(list_records), CALLBACK(health),
    CALLBACK(now),
};

const char *rows_lacks(const struct mgw_repo_driver *table)
{
    struct mgw_repo_driver whole;
    struct_take(&whole, table, sizeof whole);
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        void (*function)(void);
        memcpy(&function, (const char *)&whole + required[i].offset, sizeof function);
        if (!function) {
            return required[i].name;
        }
    }
    return NULL;
}

static enum mgw_status describe(struct rows *rows, struct mgw_call *call)
{
    struct mgw_repo_limits *limits = &rows->limits;
    limits->size = sizeof *limits;
    enum mgw_status status = GUARDED(rows, call, describe, rows->instance, limits);
    limits->size = sizeof *limits;
    if (rows->guard.lock) { /* whoever reads may have to wait for whoever writes */
        limits->capabilities &= ~(uint64_t)MGW_REPO_INLINE_READ;
    }
    if (status == MGW_OK && (limits->max_batch < 16 || limits->max_known < 100)) {
        return guard_corrupt(&rows->guard, call,
                             "describe() answered max_batch %u and max_known %u, less than 16 and "
                             "100",
                             limits->max_batch, limits->max_known);
    }
    return status;
}

enum mgw_status rows_new(struct mgw_call *call, const char *name, const struct mgw_repo *repo,
                         enum mgw_thread_model threads, bool owned, struct rows **made)
{
    call_clear(call);
    struct rows *rows = calloc(1, sizeof *rows);
    if (!rows) {
        return mgw_fail(call, MGW_UNAVAILABLE, "plugin \"%s\": out of memory", name);
    }
    enum mgw_status status = guard_init(&rows->guard, call, name, threads, repo->driver);
    if (status == MGW_OK) {
        struct_take(&rows->driver, repo->driver, sizeof rows->driver);
        rows->instance = repo->instance;
        const char *lacking = rows_lacks(repo->driver);
        status = lacking ? mgw_fail(call, MGW_INVALID,
                                    "plugin \"%s\" lacks the required callback %s", name, lacking)
                         : describe(rows, call);
    }
    if (status != MGW_OK) {
        rows_free(rows); /* not owned yet: on failure the instance stays the caller's */
        return status;
    }
    rows->owned = owned;
    *made = rows;
    return MGW_OK;
}

void rows_free(struct rows *rows)
{
    if (!rows) {
        return;
    }
    if (guard_is_stuck(&rows->guard)) {
        return; /* a call is inside that may still use it all */
    }
    if (rows->owned) {
        GUARDED_END(rows, NULL, destroy, rows->instance);
    }
    guard_done(&rows->guard);
    free(rows);
}

const char *rows_name(const struct rows *rows)
{
    return rows->guard.name;
}

bool rows_are_quick(const struct rows *rows)
{
    return (rows->limits.capabilities & MGW_REPO_INLINE_READ) && guard_is_quick(&rows->guard);
}

const struct mgw_repo_limits *rows_limits(const struct rows *rows)
{
    return &rows->limits;
}

/* ---- What comes back ---- */

struct emission {
    mgw_row_emit *row_emit;
    mgw_record_emit *record_emit;
    void *ctx;
    uint32_t limit, emitted;
    bool stopped;
    struct rows_wanted wanted;
    const char *fault; /* the first broken rule; nothing is emitted behind it */
};

/* True where one more may be emitted. */
static bool emission_room(struct emission *emission, bool has)
{
    if (!emission->fault) {
        emission->fault = emission->stopped                      ? "more after it was told to stop"
                          : emission->emitted >= emission->limit ? "more than was asked for"
                          : !has                                 ? "nothing"
                                                                 : NULL;
    }
    return !emission->fault;
}

static bool checked_row(void *ctx, const struct mgw_row *emitted)
{
    struct emission *emission = ctx;
    if (!emission_room(emission, emitted && MGW_HAS(emitted, fingerprint))) {
        return false;
    }
    struct mgw_row row;
    struct_take(&row, emitted, sizeof row);
    emission->fault = rows_check_row(&row, &emission->wanted);
    if (emission->fault) {
        return false;
    }
    emission->emitted++;
    emission->stopped = !emission->row_emit(emission->ctx, &row);
    return !emission->stopped;
}

static bool checked_record(void *ctx, const struct mgw_record *emitted)
{
    struct emission *emission = ctx;
    if (!emission_room(emission, emitted && MGW_HAS(emitted, expires_at))) {
        return false;
    }
    struct mgw_record record;
    struct_take(&record, emitted, sizeof record);
    emission->fault = rows_check_record(&record, &emission->wanted);
    if (emission->fault) {
        return false;
    }
    emission->emitted++;
    emission->stopped = !emission->record_emit(emission->ctx, &record);
    return !emission->stopped;
}

/* The verdict over a verb that emits; EXACTLY_ONE: MGW_OK means that one came. */
static enum mgw_status emission_end(struct rows *rows, struct mgw_call *call,
                                    const struct emission *emission, enum mgw_status status,
                                    const char *verb, bool exactly_one)
{
    if (emission->fault) {
        return guard_corrupt(&rows->guard, call, "%s() emitted %s", verb, emission->fault);
    }
    if (status == MGW_OK && exactly_one && emission->emitted != 1) {
        return guard_corrupt(&rows->guard, call, "%s() answered OK and emitted nothing", verb);
    }
    return status;
}

/* ---- The verbs ---- */

enum mgw_status rows_get(struct rows *rows, struct mgw_call *call, const char *id,
                         mgw_row_emit *emit, void *ctx)
{
    struct emission emission = {.row_emit = emit, .ctx = ctx, .limit = 1, .wanted.id = id};
    enum mgw_status status =
        GUARDED_QUICK(rows, call, get, rows->instance, id, checked_row, &emission);
    return emission_end(rows, call, &emission, status, "get", true);
}

enum mgw_status rows_get_by_blob(struct rows *rows, struct mgw_call *call, const char *bucket,
                                 const char *key, mgw_row_emit *emit, void *ctx)
{
    struct emission emission = {
        .row_emit = emit, .ctx = ctx, .limit = 1, .wanted = {.bucket = bucket, .key = key}};
    enum mgw_status status =
        GUARDED_QUICK(rows, call, get_by_blob, rows->instance, bucket, key, checked_row, &emission);
    return emission_end(rows, call, &emission, status, "get_by_blob", true);
}

enum mgw_status rows_list(struct rows *rows, struct mgw_call *call,
                          const struct mgw_row_query *query, mgw_row_emit *emit, void *ctx)
{
    struct rows_last last;
    struct emission emission = {.row_emit = emit,
                                .ctx = ctx,
                                .limit = query->limit,
                                .wanted = {.account = query->account_id,
                                           .status = query->status,
                                           .kind = query->kind,
                                           .session_id = query->session_id,
                                           .order = ROWS_ORDER_NEWEST,
                                           .last = &last}};
    last.begun = false;
    if (query->after_created_at != MGW_ABSENT) {
        rows_last_set(&last, query->after_created_at, NULL, query->after_id);
    }
    enum mgw_status status =
        GUARDED(rows, call, list, rows->instance, query, checked_row, &emission);
    return emission_end(rows, call, &emission, status, "list", false);
}

enum mgw_status rows_scan_due(struct rows *rows, struct mgw_call *call, uint32_t limit,
                              mgw_row_emit *emit, void *ctx)
{
    struct rows_last last;
    struct emission emission = {.row_emit = emit,
                                .ctx = ctx,
                                .limit = limit,
                                .wanted = {.order = ROWS_ORDER_LEASE, .last = &last}};
    last.begun = false;
    enum mgw_status status =
        GUARDED(rows, call, scan_due, rows->instance, limit, checked_row, &emission);
    return emission_end(rows, call, &emission, status, "scan_due", false);
}

enum mgw_status rows_scan(struct rows *rows, struct mgw_call *call, const char *after_id,
                          uint32_t limit, mgw_row_emit *emit, void *ctx)
{
    if (!rows->driver.scan) {
        call_clear(call);
        return mgw_fail(call, MGW_UNSUPPORTED, "\"%s\" cannot walk over all rows",
                        rows->guard.name);
    }
    struct rows_last last;
    struct emission emission = {.row_emit = emit,
                                .ctx = ctx,
                                .limit = limit,
                                .wanted = {.order = ROWS_ORDER_ID, .last = &last}};
    last.begun = false;
    if (after_id) {
        rows_last_set(&last, 0, NULL, after_id);
    }
    enum mgw_status status =
        GUARDED(rows, call, scan, rows->instance, after_id, limit, checked_row, &emission);
    return emission_end(rows, call, &emission, status, "scan", false);
}

enum mgw_status rows_which_known(struct rows *rows, struct mgw_call *call, struct mgw_known *known,
                                 size_t count)
{
    call_clear(call);
    for (size_t done = 0; done < count;) {
        size_t step = count - done < rows->limits.max_known ? count - done : rows->limits.max_known;
        for (size_t i = 0; i < step; i++) {
            known[done + i].size = sizeof *known;
            known[done + i].status = 0;
        }
        enum mgw_status status =
            GUARDED(rows, call, which_known, rows->instance, known + done, step, sizeof *known);
        if (status != MGW_OK) {
            return status;
        }
        for (size_t i = 0; i < step; i++) {
            if (known[done + i].status && !rows_check_status(known[done + i].status)) {
                return guard_corrupt(&rows->guard, call, "which_known() answered status %u",
                                     known[done + i].status);
            }
        }
        done += step;
    }
    return MGW_OK;
}

enum mgw_status rows_apply(struct rows *rows, struct mgw_call *call,
                           const struct mgw_change *changes, struct mgw_change_result *results,
                           size_t count)
{
    call_clear(call);
    if (count > rows->limits.max_batch) {
        return mgw_fail(call, MGW_INVALID, "%zu changes are more than %u in one batch", count,
                        rows->limits.max_batch);
    }
    for (size_t i = 0; i < count; i++) {
        results[i] = (struct mgw_change_result){.size = sizeof *results};
    }
    enum mgw_status status = GUARDED(rows, call, apply, rows->instance, changes, sizeof *changes,
                                     results, sizeof *results, count);
    for (size_t i = 0; i < count; i++) {
        results[i].status = status_known((enum mgw_status)results[i].status);
        if (status == MGW_OK && results[i].status != MGW_OK) {
            return guard_corrupt(&rows->guard, call,
                                 "apply() answered OK, but %s for change %zu of %zu",
                                 status_name((enum mgw_status)results[i].status), i + 1, count);
        }
        const char *fault = status == MGW_OK ? rows_check_result(&changes[i], &results[i]) : NULL;
        if (fault) {
            return guard_corrupt(&rows->guard, call, "apply() answered %s for change %zu of %zu",
                                 fault, i + 1, count);
        }
    }
    return status;
}

enum mgw_status rows_get_record(struct rows *rows, struct mgw_call *call, const char *kind,
                                const char *account, const char *id, mgw_record_emit *emit,
                                void *ctx)
{
    struct emission emission = {.record_emit = emit,
                                .ctx = ctx,
                                .limit = 1,
                                .wanted = {.kind = kind, .account = account, .id = id}};
    enum mgw_status status = GUARDED_QUICK(rows, call, get_record, rows->instance, kind, account,
                                           id, checked_record, &emission);
    return emission_end(rows, call, &emission, status, "get_record", true);
}

enum mgw_status rows_list_records(struct rows *rows, struct mgw_call *call, const char *kind,
                                  const char *account, const char *after_account,
                                  const char *after_id, uint32_t limit, mgw_record_emit *emit,
                                  void *ctx)
{
    struct rows_last last;
    struct emission emission = {
        .record_emit = emit,
        .ctx = ctx,
        .limit = limit,
        .wanted = {.kind = kind, .account = account, .order = ROWS_ORDER_RECORD, .last = &last}};
    last.begun = false;
    if (after_id) {
        rows_last_set(&last, 0, after_account, after_id);
    }
    enum mgw_status status = GUARDED(rows, call, list_records, rows->instance, kind, account,
                                     after_account, after_id, limit, checked_record, &emission);
    return emission_end(rows, call, &emission, status, "list_records", false);
}

enum mgw_status rows_maintain(struct rows *rows, struct mgw_call *call)
{
    call_clear(call);
    return rows->driver.maintain ? GUARDED(rows, call, maintain, rows->instance) : MGW_OK;
}

enum mgw_status rows_health(struct rows *rows, struct mgw_call *call)
{
    return GUARDED(rows, call, health, rows->instance);
}

enum mgw_status rows_now(struct rows *rows, struct mgw_call *call, int64_t *now_ms)
{
    enum mgw_status status = GUARDED(rows, call, now, rows->instance, now_ms);
    if (status == MGW_OK && (*now_ms <= 0 || !check_time(*now_ms))) {
        return guard_corrupt(&rows->guard, call, "now() answered %lld", (long long)*now_ms);
    }
    return status;
}
