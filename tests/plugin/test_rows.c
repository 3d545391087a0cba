/* SPDX-License-Identifier: Apache-2.0
 *
 * A repository driver that lies, and one that does not. */
#include "tests/support/check.h"

#include "core/base/log.h"
#include "core/plugin/call.h"
#include "core/plugin/rows.h"

#include <mediagw/media.h>

#include <string.h>

static struct {
    struct mgw_row row;
    struct mgw_record record;
    unsigned emissions;
    bool repeats;
    enum mgw_status status;
    uint32_t result_status, known_status;
    uint32_t max_batch;
    int64_t now, result_at;
} lie;

static enum mgw_status lie_create(struct mgw_call *call, const struct mgw_config *config,
                                  const struct mgw_host *host, void **instance)
{
    (void)call, (void)config, (void)host, (void)instance;
    return MGW_OK;
}
static void lie_destroy(void *instance)
{
    (void)instance;
}
static enum mgw_status lie_describe(struct mgw_call *call, void *instance,
                                    struct mgw_repo_limits *limits)
{
    (void)call, (void)instance;
    limits->max_batch = lie.max_batch;
    limits->max_known = 100;
    return MGW_OK;
}
static enum mgw_status emit_rows(mgw_row_emit *emit, void *ctx)
{
    for (unsigned i = 0; i < lie.emissions; i++) {
        char id[16];
        struct mgw_row row = lie.row;
        if (i > 0 && !lie.repeats) { /* another one, where every order has it behind the last */
            snprintf(id, sizeof id, "1-%06u", i);
            row.id = id;
            row.created_at -= i;
            row.lease_until += i;
        }
        emit(ctx, &row);
    }
    return lie.status;
}
static enum mgw_status lie_get(struct mgw_call *call, void *instance, const char *id,
                               mgw_row_emit *emit, void *ctx)
{
    (void)call, (void)instance, (void)id;
    return emit_rows(emit, ctx);
}
static enum mgw_status lie_get_by_blob(struct mgw_call *call, void *instance, const char *bucket,
                                       const char *key, mgw_row_emit *emit, void *ctx)
{
    (void)call, (void)instance, (void)bucket, (void)key;
    return emit_rows(emit, ctx);
}
static enum mgw_status lie_list(struct mgw_call *call, void *instance,
                                const struct mgw_row_query *query, mgw_row_emit *emit, void *ctx)
{
    (void)call, (void)instance, (void)query;
    return emit_rows(emit, ctx);
}
static enum mgw_status lie_scan_due(struct mgw_call *call, void *instance, uint32_t limit,
                                    mgw_row_emit *emit, void *ctx)
{
    (void)call, (void)instance, (void)limit;
    return emit_rows(emit, ctx);
}
static enum mgw_status lie_scan(struct mgw_call *call, void *instance, const char *after_id,
                                uint32_t limit, mgw_row_emit *emit, void *ctx)
{
    (void)call, (void)instance, (void)after_id, (void)limit;
    return emit_rows(emit, ctx);
}
static enum mgw_status lie_which_known(struct mgw_call *call, void *instance,
                                       struct mgw_known *known, size_t count, size_t stride)
{
    (void)call, (void)instance, (void)stride;
    assert_true(count <= 100);
    known[count - 1].status = lie.known_status;
    return MGW_OK;
}
static enum mgw_status lie_apply(struct mgw_call *call, void *instance,
                                 const struct mgw_change *changes, size_t change_stride,
                                 struct mgw_change_result *results, size_t result_stride,
                                 size_t count)
{
    (void)call, (void)instance, (void)changes, (void)change_stride, (void)result_stride;
    results[count - 1].status = lie.result_status;
    results[count - 1].created_at = results[count - 1].updated_at = lie.result_at;
    return lie.status;
}
static enum mgw_status lie_get_record(struct mgw_call *call, void *instance, const char *kind,
                                      const char *account, const char *id, mgw_record_emit *emit,
                                      void *ctx)
{
    (void)call, (void)instance, (void)kind, (void)account, (void)id;
    for (unsigned i = 0; i < lie.emissions; i++) {
        emit(ctx, &lie.record);
    }
    return lie.status;
}
static enum mgw_status lie_list_records(struct mgw_call *call, void *instance, const char *kind,
                                        const char *account, const char *after_account,
                                        const char *after_id, uint32_t limit, mgw_record_emit *emit,
                                        void *ctx)
{
    (void)after_account, (void)after_id, (void)limit;
    return lie_get_record(call, instance, kind, account, "", emit, ctx);
}
static enum mgw_status lie_health(struct mgw_call *call, void *instance)
{
    (void)call, (void)instance;
    return lie.status;
}
static enum mgw_status lie_now(struct mgw_call *call, void *instance, int64_t *now_ms)
{
    (void)call, (void)instance;
    *now_ms = lie.now;
    return MGW_OK;
}

static const struct mgw_repo_driver table = {
    .size = sizeof table,
    .create = lie_create,
    .destroy = lie_destroy,
    .describe = lie_describe,
    .get = lie_get,
    .get_by_blob = lie_get_by_blob,
    .list = lie_list,
    .scan_due = lie_scan_due,
    .which_known = lie_which_known,
    .apply = lie_apply,
    .get_record = lie_get_record,
    .list_records = lie_list_records,
    .health = lie_health,
    .scan = lie_scan,
    .now = lie_now,
};

static struct mgw_call *call;
static struct rows *rows;

static int setup(void **state)
{
    struct mgw_repo repo = {.size = sizeof repo, .driver = &table, .instance = &lie};
    (void)state;
    memset(&lie, 0, sizeof lie);
    lie.max_batch = 16;
    lie.emissions = 1;
    lie.row = (struct mgw_row){.size = sizeof lie.row,
                               .size_bytes = MGW_ABSENT,
                               .duration_ms = MGW_ABSENT,
                               .take_index = MGW_ABSENT,
                               .created_at = 1000000,
                               .updated_at = MGW_ABSENT,
                               .lease_until = 1000000,
                               .id = "1",
                               .account_id = "a",
                               .bucket = "b",
                               .key = "k",
                               .status = MGW_ROW_READY};
    lie.record = (struct mgw_record){.size = sizeof lie.record,
                                     .kind = "key",
                                     .account = "",
                                     .id = "1",
                                     .text = "{}",
                                     .version = 1,
                                     .expires_at = MGW_ABSENT};
    call = call_new("", NULL, 0);
    return rows_new(call, "liar", &repo, MGW_THREADS_PARALLEL, true, &rows) == MGW_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    rows_free(rows);
    call_free(call);
    return 0;
}

static void assert_corrupt(enum mgw_status status, const char *what)
{
    assert_int_equal(status, MGW_CORRUPT);
    if (!strstr(mgw_call_error(call)->text, "plugin \"liar\" broke its contract: ") ||
        !strstr(mgw_call_error(call)->text, what)) {
        fail_msg("expected \"%s\" in: %s", what, mgw_call_error(call)->text);
    }
}

static bool count_row(void *ctx, const struct mgw_row *row)
{
    assert_int_equal(row->id[0], '1');
    ++*(int *)ctx;
    return true;
}
static bool count_record(void *ctx, const struct mgw_record *record)
{
    assert_string_equal(record->id, "1");
    ++*(int *)ctx;
    return true;
}

static void false_rows_are_corrupt(void **state)
{
    struct mgw_row good = lie.row;
    int count = 0;
    (void)state;
    assert_int_equal(rows_get(rows, call, "1", count_row, &count), MGW_OK);
    assert_int_equal(count, 1);
    lie.row.id = NULL;
    assert_corrupt(rows_get(rows, call, "1", count_row, &count), "without an id");
    lie.row = good;
    lie.row.bucket = "";
    assert_corrupt(rows_get(rows, call, "1", count_row, &count), "without a bucket");
    lie.row = good;
    lie.row.status = 3;
    assert_corrupt(rows_get_by_blob(rows, call, "b", "k", count_row, &count), "unknown status");
    lie.row = good;
    lie.row.owner_email = "\xff";
    assert_corrupt(rows_get(rows, call, "1", count_row, &count), "no UTF-8");
    lie.row = good;
    lie.row.size = sizeof(size_t);
    assert_corrupt(rows_get(rows, call, "1", count_row, &count), "emitted nothing");
    assert_int_equal(count, 1);
}

/* Whatever verb emits it, a row that breaks a rule does not get through. */
static void no_verb_lets_a_false_row_through(void **state)
{
    static char long_text[5000];
    const struct mgw_row good = lie.row;
    struct mgw_row lies[32];
    size_t count = 0;
    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
#define LIE(field, value)                                                                          \
    lies[count] = good;                                                                            \
    lies[count++].field = value
    LIE(id, NULL);
    LIE(id, "");
    LIE(id, long_text);
    LIE(account_id, NULL);
    LIE(account_id, "\xc3");
    LIE(bucket, NULL);
    LIE(key, NULL);
    LIE(status, 0);
    LIE(status, MGW_ROW_READY | MGW_ROW_FAILED);
    LIE(status, 16);
    LIE(mime_type, "text/html\r\nSet-Cookie: a=b");
    LIE(checksum, "sha256:\n");
    LIE(kind, "\xff");
    LIE(session_id, long_text);
    LIE(owner, "\xff");
    LIE(fingerprint, "\xff");
    LIE(metadata, "");
    LIE(metadata, "[]");
    LIE(metadata, "{\"a\":1},\"status\":\"ready\"");
    LIE(metadata, "{\"a\":\"\xff\"}");
    LIE(size_bytes, -1);
    LIE(duration_ms, -5);
    LIE(take_index, INT64_MIN + 1);
    LIE(created_at, MGW_ABSENT);
    LIE(created_at, -1);
    LIE(created_at, INT64_MAX);
    LIE(updated_at, INT64_MAX);
    LIE(lease_until, -2);
#undef LIE
    struct mgw_row_query query = {
        .size = sizeof query, .account_id = "a", .limit = 3, .after_created_at = MGW_ABSENT};
    for (size_t i = 0; i < count; i++) {
        int seen = 0;
        lie.row = lies[i];
        assert_corrupt(rows_get(rows, call, "1", count_row, &seen), "get() emitted a row");
        assert_corrupt(rows_get_by_blob(rows, call, "b", "k", count_row, &seen),
                       "get_by_blob() emitted a row");
        assert_corrupt(rows_list(rows, call, &query, count_row, &seen), "list() emitted a row");
        assert_corrupt(rows_scan_due(rows, call, 3, count_row, &seen), "scan_due() emitted a row");
        assert_corrupt(rows_scan(rows, call, NULL, 3, count_row, &seen), "scan() emitted a row");
        assert_int_equal(seen, 0);
    }
}

static void rows_that_were_not_asked_for_are_corrupt(void **state)
{
    int count = 0;
    struct mgw_row_query query = {
        .size = sizeof query, .account_id = "a", .limit = 3, .after_created_at = MGW_ABSENT};
    const char *what = "a row that was not asked for";
    (void)state;
    assert_corrupt(rows_get(rows, call, "2", count_row, &count), what);
    assert_corrupt(rows_get_by_blob(rows, call, "b", "other", count_row, &count), what);
    assert_corrupt(rows_get_by_blob(rows, call, "other", "k", count_row, &count), what);
    query.account_id = "another";
    assert_corrupt(rows_list(rows, call, &query, count_row, &count), what);
    query.account_id = "a";
    query.status = MGW_ROW_FAILED | MGW_ROW_DELETED;
    assert_corrupt(rows_list(rows, call, &query, count_row, &count), what);
    query.status = 0;
    query.kind = "video";
    assert_corrupt(rows_list(rows, call, &query, count_row, &count), what);
    query.kind = NULL;
    query.session_id = "s";
    assert_corrupt(rows_list(rows, call, &query, count_row, &count), what);
    assert_int_equal(count, 0);
    query.session_id = NULL;
    query.status = MGW_ROW_READY;
    assert_int_equal(rows_list(rows, call, &query, count_row, &count), MGW_OK);
    assert_int_equal(count, 1);
}

/* So that no walk goes in circles: each row stands behind the last, and the first behind the
 * cursor. */
static void rows_out_of_their_order_are_corrupt(void **state)
{
    int count = 0;
    struct mgw_row_query query = {
        .size = sizeof query, .account_id = "a", .limit = 9, .after_created_at = MGW_ABSENT};
    const char *what = "a row out of its order";
    (void)state;
    lie.emissions = 2;
    lie.repeats = true;
    assert_corrupt(rows_list(rows, call, &query, count_row, &count), what);
    assert_corrupt(rows_scan_due(rows, call, 9, count_row, &count), what);
    assert_corrupt(rows_scan(rows, call, NULL, 9, count_row, &count), what);
    assert_int_equal(count, 3);
    lie.emissions = 1;
    query.after_created_at = lie.row.created_at;
    query.after_id = "1";
    assert_corrupt(rows_list(rows, call, &query, count_row, &count), what);
    assert_corrupt(rows_scan(rows, call, "1", 9, count_row, &count), what);
    assert_corrupt(rows_scan(rows, call, "2", 9, count_row, &count), what);
    query.after_id = "2";
    assert_int_equal(rows_list(rows, call, &query, count_row, &count), MGW_OK);
    assert_int_equal(rows_scan(rows, call, "0", 9, count_row, &count), MGW_OK);
    lie.row.lease_until = MGW_ABSENT;
    assert_corrupt(rows_scan_due(rows, call, 9, count_row, &count), what);
}

static void the_number_of_rows_is_checked(void **state)
{
    struct mgw_row_query query = {
        .size = sizeof query, .account_id = "a", .limit = 3, .after_created_at = MGW_ABSENT};
    int count = 0;
    (void)state;
    lie.emissions = 0;
    assert_corrupt(rows_get(rows, call, "1", count_row, &count), "answered OK and emitted nothing");
    lie.emissions = 2;
    assert_corrupt(rows_get(rows, call, "1", count_row, &count), "more than was asked for");
    count = 0;
    lie.emissions = 100000;
    assert_corrupt(rows_list(rows, call, &query, count_row, &count), "more than was asked for");
    assert_int_equal(count, 3);
    assert_corrupt(rows_scan_due(rows, call, 5, count_row, &count), "more than was asked for");
}

static void false_records_are_corrupt(void **state)
{
    int count = 0;
    (void)state;
    assert_int_equal(rows_get_record(rows, call, "key", "", "1", count_record, &count), MGW_OK);
    lie.record.text = NULL;
    assert_corrupt(rows_get_record(rows, call, "key", "", "1", count_record, &count), "a record");
    lie.record.text = "{}";
    lie.record.version = 0;
    assert_corrupt(rows_list_records(rows, call, "key", NULL, NULL, NULL, 5, count_record, &count),
                   "a record");
    lie.record.version = INT64_MIN;
    assert_corrupt(rows_get_record(rows, call, "key", "", "1", count_record, &count), "a record");
    lie.record.version = 1;
    lie.record.expires_at = -1;
    assert_corrupt(rows_get_record(rows, call, "key", "", "1", count_record, &count),
                   "a time that is none");
    lie.record.expires_at = MGW_ABSENT;
    assert_int_equal(count, 1);
    const char *what = "a record that was not asked for";
    assert_corrupt(rows_get_record(rows, call, "key", "", "2", count_record, &count), what);
    assert_corrupt(rows_get_record(rows, call, "key", "a", "1", count_record, &count), what);
    assert_corrupt(rows_get_record(rows, call, "node", "", "1", count_record, &count), what);
    assert_corrupt(rows_list_records(rows, call, "key", "a", NULL, NULL, 5, count_record, &count),
                   what);
    what = "a record out of its order";
    assert_corrupt(rows_list_records(rows, call, "key", NULL, "", "1", 5, count_record, &count),
                   what);
    lie.emissions = 2;
    assert_corrupt(rows_list_records(rows, call, "key", NULL, NULL, NULL, 5, count_record, &count),
                   what);
    assert_int_equal(count, 2);
}

static void results_are_checked(void **state)
{
    struct mgw_change changes[17] = {0};
    struct mgw_change_result results[17];
    (void)state;
    assert_int_equal(rows_apply(rows, call, changes, results, 2), MGW_OK);
    assert_int_equal(results[0].size, sizeof results[0]);
    changes[1].type = MGW_CHANGE_INSERT_ROW;
    lie.result_at = -1;
    assert_corrupt(rows_apply(rows, call, changes, results, 2), "a created_at that is no time");
    changes[1].type = MGW_CHANGE_UPDATE_ROW;
    lie.result_at = INT64_MAX;
    assert_corrupt(rows_apply(rows, call, changes, results, 2), "an updated_at that is no time");
    changes[1].type = MGW_CHANGE_PUT_RECORD;
    assert_corrupt(rows_apply(rows, call, changes, results, 2), "a version less than 1");
    changes[1].type = 0;
    lie.result_status = MGW_CONFLICT;
    assert_corrupt(rows_apply(rows, call, changes, results, 2), "CONFLICT for change 2 of 2");
    lie.status = MGW_CONFLICT;
    lie.result_status = 4711;
    assert_int_equal(rows_apply(rows, call, changes, results, 2), MGW_CONFLICT);
    assert_int_equal(results[1].status, MGW_IO);
    assert_int_equal(rows_apply(rows, call, changes, results, 17), MGW_INVALID);
}

static void which_known_goes_by_the_drivers_batches(void **state)
{
    struct mgw_known known[250] = {{0}};
    (void)state;
    lie.known_status = MGW_ROW_READY;
    assert_int_equal(rows_which_known(rows, call, known, 250), MGW_OK);
    assert_int_equal(known[99].status, MGW_ROW_READY);
    assert_int_equal(known[199].status, MGW_ROW_READY);
    assert_int_equal(known[249].status, MGW_ROW_READY);
    lie.known_status = 6;
    assert_corrupt(rows_which_known(rows, call, known, 1), "status 6");
}

static void limits_and_clock_are_checked(void **state)
{
    struct mgw_repo repo = {.size = sizeof repo, .driver = &table, .instance = &lie};
    struct rows *none = NULL;
    int64_t now;
    (void)state;
    assert_corrupt(rows_now(rows, call, &now), "now() answered 0");
    lie.now = 5;
    assert_int_equal(rows_now(rows, call, &now), MGW_OK);
    lie.now = INT64_MAX;
    assert_corrupt(rows_now(rows, call, &now), "now() answered");
    lie.max_batch = 15;
    assert_corrupt(rows_new(call, "liar", &repo, MGW_THREADS_PARALLEL, false, &none),
                   "max_batch 15");
}

static void silent(int level, const char *line)
{
    (void)level, (void)line;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(no_verb_lets_a_false_row_through),
        T(rows_that_were_not_asked_for_are_corrupt),
        T(rows_out_of_their_order_are_corrupt),
        T(false_rows_are_corrupt),
        T(the_number_of_rows_is_checked),
        T(false_records_are_corrupt),
        T(results_are_checked),
        T(limits_and_clock_are_checked),
        T(which_known_goes_by_the_drivers_batches),
    };
    log_redirect(silent);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
