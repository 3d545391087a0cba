/* SPDX-License-Identifier: Apache-2.0
 *
 * The verbs of a repository as the service uses them: insert a row, make it ready, get it by id and
 * by blob, list an account's newest, delete it. */
#include "core/kit/gauge/gauge.h"

#include "core/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 50 };

struct subject {
    const struct mgw_repo_driver *driver;
    void *instance;
    const char *unique;
    unsigned round; /* of names: one a concurrency */
    uint64_t *made; /* rows of each thread */
};

struct names {
    char id[64], account[64], key[80];
};

static struct mgw_row row_of(const struct subject *subject, unsigned thread, uint64_t nth,
                             struct names *names)
{
    snprintf(names->id, sizeof names->id, "b%s-%u-%03u-%08llu", subject->unique, subject->round,
             thread, (unsigned long long)nth);
    snprintf(names->account, sizeof names->account, "bench-%s-%03u", subject->unique, thread);
    snprintf(names->key, sizeof names->key, "%s/blob", names->id);
    return (struct mgw_row){.size = sizeof(struct mgw_row),
                            .id = names->id,
                            .account_id = names->account,
                            .bucket = "bench",
                            .key = names->key,
                            .mime_type = "video/webm",
                            .size_bytes = 65536,
                            .duration_ms = MGW_ABSENT,
                            .kind = "screen",
                            .status = MGW_ROW_UPLOADING,
                            .take_index = MGW_ABSENT,
                            .created_at = MGW_ABSENT,
                            .updated_at = MGW_ABSENT,
                            .lease_until = MGW_ABSENT};
}

static enum mgw_status apply_one(const struct subject *subject, struct mgw_call *call,
                                 const struct mgw_change *change)
{
    struct mgw_change_result result = {.size = sizeof result};
    return subject->driver->apply(call, subject->instance, change, sizeof *change, &result,
                                  sizeof result, 1);
}

static struct mgw_change change_of(uint32_t type, const struct mgw_row *row)
{
    return (struct mgw_change){.size = sizeof(struct mgw_change),
                               .type = type,
                               .row = row,
                               .expect_fence = MGW_ABSENT,
                               .lease_ms = MGW_ABSENT,
                               .expect_version = MGW_VERSION_ANY,
                               .expire_ms = MGW_ABSENT};
}

static enum mgw_status insert_one(void *ctx, struct mgw_call *call, unsigned thread, uint64_t nth)
{
    struct names names;
    struct mgw_row row = row_of(ctx, thread, nth, &names);
    struct mgw_change change = change_of(MGW_CHANGE_INSERT_ROW, &row);
    return apply_one(ctx, call, &change);
}

static enum mgw_status ready_one(void *ctx, struct mgw_call *call, unsigned thread, uint64_t nth)
{
    struct names names;
    struct mgw_row row = row_of(ctx, thread, nth, &names);
    row.status = MGW_ROW_READY;
    struct mgw_change change = change_of(MGW_CHANGE_UPDATE_ROW, &row);
    change.set = MGW_FIELD_STATUS;
    change.expect_status = MGW_ROW_UPLOADING;
    return apply_one(ctx, call, &change);
}

static enum mgw_status delete_one(void *ctx, struct mgw_call *call, unsigned thread, uint64_t nth)
{
    struct names names;
    struct mgw_row row = row_of(ctx, thread, nth, &names);
    struct mgw_change change = change_of(MGW_CHANGE_DELETE_ROW, &row);
    return apply_one(ctx, call, &change);
}

static bool seen(void *ctx, const struct mgw_row *row)
{
    (void)row;
    ++*(unsigned *)ctx;
    return true;
}

static enum mgw_status found(struct mgw_call *call, enum mgw_status status, unsigned rows)
{
    return status == MGW_OK && !rows ? mgw_fail(call, MGW_CORRUPT, "MGW_OK, and no row emitted")
                                     : status;
}

static enum mgw_status get_one(void *ctx, struct mgw_call *call, unsigned thread, uint64_t nth)
{
    const struct subject *subject = ctx;
    struct names names;
    unsigned rows = 0;
    row_of(subject, thread, nth % subject->made[thread], &names);
    enum mgw_status status = subject->driver->get(call, subject->instance, names.id, seen, &rows);
    return found(call, status, rows);
}

static enum mgw_status get_blob_one(void *ctx, struct mgw_call *call, unsigned thread, uint64_t nth)
{
    const struct subject *subject = ctx;
    struct names names;
    unsigned rows = 0;
    row_of(subject, thread, nth % subject->made[thread], &names);
    enum mgw_status status =
        subject->driver->get_by_blob(call, subject->instance, "bench", names.key, seen, &rows);
    return found(call, status, rows);
}

static enum mgw_status list_one(void *ctx, struct mgw_call *call, unsigned thread, uint64_t nth)
{
    const struct subject *subject = ctx;
    struct names names;
    unsigned rows = 0;
    row_of(subject, thread, nth % subject->made[thread], &names);
    struct mgw_row_query query = {.size = sizeof query,
                                  .account_id = names.account,
                                  .limit = PAGE,
                                  .after_created_at = MGW_ABSENT};
    enum mgw_status status = subject->driver->list(call, subject->instance, &query, seen, &rows);
    return found(call, status, rows);
}

static bool measure_all(struct gauge *gauge, struct subject *subject, unsigned threads)
{
    static const struct {
        const char *verb;
        gauge_call *call;
        bool once; /* each row once, and not over and over until the time is over */
    } verbs[] = {{"ready", ready_one, true},
                 {"get", get_one, false},
                 {"get_by_blob", get_blob_one, false},
                 {"list", list_one, false},
                 {"delete", delete_one, true}};
    if (!gauge_run(gauge, "insert", 0, threads, 0, insert_one, subject, subject->made)) {
        return false;
    }
    uint64_t least = subject->made[0];
    for (unsigned i = 1; i < threads; i++) {
        least = subject->made[i] < least ? subject->made[i] : least;
    }
    bool good = true;
    for (size_t i = 0; good && least && i < sizeof verbs / sizeof verbs[0]; i++) {
        good = gauge_run(gauge, verbs[i].verb, 0, threads, verbs[i].once ? least : 0, verbs[i].call,
                         subject, NULL);
    }
    return good;
}

bool gauge_repo(struct gauge *gauge, const struct mgw_repo *repo)
{
    unsigned most = gauge->threads[gauge->thread_count - 1];
    AUTO_FREE uint64_t *made = calloc(most, sizeof *made);
    struct subject subject = {
        .driver = repo->driver, .instance = repo->instance, .unique = gauge->unique, .made = made};
    bool good = made != NULL;
    for (size_t t = 0; good && t < gauge->thread_count; t++) {
        subject.round = (unsigned)t;
        good = measure_all(gauge, &subject, gauge->threads[t]);
    }
    return good;
}
