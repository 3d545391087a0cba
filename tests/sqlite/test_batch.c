/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the driver: one transaction for many requests, also when the database is full in its
 * middle; and the plans of its queries. */
#include "kit.h"

#include "batch.h"
#include "migrate.h"
#include "reader.h"
#include "writer.h"

#include <stdio.h>

static sqlite3 *db;
static struct clock repo_clock;
static struct batch_tools tools;

static int open_database(void **state)
{
    struct fault fault = {0};
    bool empty;
    if (kit_setup(state) != 0) {
        return -1;
    }
    const char *path = kit_path("media.db");
    struct open_options options = {path, 1000, 1024};
    struct migrate_options how = {.host = &kit_host, .instance = "test"};
    sqlite3_close(kit_db(path)); /* makes no file */
    fclose(fopen(path, "w"));
    clock_init(&repo_clock, &kit_host);
    if (open_writer(&options, &db, &empty, &fault) || open_set_journal(db, &fault) ||
        migrate(db, &options, &how, &fault) || batch_prepare(&tools, db, &repo_clock, &fault)) {
        fprintf(stderr, "%s\n", fault.text);
        return -1;
    }
    return 0;
}

static int close_database(void **state)
{
    batch_release(&tools);
    sqlite3_close(db);
    clock_end(&repo_clock);
    return kit_teardown(state);
}

/* A list of requests, one for each change, or of the pairs. */
static struct request *requests_of(const struct mgw_change *changes, size_t count, size_t each)
{
    struct request *first = NULL, **last = &first;
    for (size_t i = 0; i < count; i += each) {
        *last = request_new(&changes[i], sizeof changes[i], each);
        assert_non_null(*last);
        last = &(*last)->next;
    }
    return first;
}

static void free_requests(struct request *requests)
{
    for (struct request *next; requests; requests = next) {
        next = requests->next;
        request_free(requests);
    }
}

static int64_t count_rows(const char *id)
{
    char sql[256];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM rows WHERE id='%s'", id);
    return kit_number(kit_path("media.db"), sql);
}

static void a_request_that_fails_leaves_the_others(void **state)
{
    (void)state;
    struct mgw_row rows[6];
    struct mgw_change changes[6];
    for (size_t i = 0; i < 6; i++) {
        rows[i] = bench_row("account");
        changes[i] = change_insert(&rows[i]);
    }
    rows[3].id = rows[0].id; /* the second change of the second request */
    struct request *requests = requests_of(changes, 6, 2);
    batch_run(&tools, requests);
    assert_int_equal(requests->fault.status, MGW_OK);
    assert_int_equal(requests->next->fault.status, MGW_EXISTS);
    assert_int_equal(requests->next->next->fault.status, MGW_OK);
    assert_true(count_rows(rows[2].id) == 0);
    assert_true(kit_number(kit_path("media.db"), "SELECT count(*) FROM rows") == 4);
    free_requests(requests);
}

/* Each request is acknowledged and there, or not acknowledged and not there. Answers how many are.
 */
static size_t assert_truthful(struct request *requests)
{
    size_t made = 0;
    for (struct request *at = requests; at; at = at->next) {
        bool acknowledged = at->fault.status == MGW_OK;
        assert_true(acknowledged || at->fault.status == MGW_NO_SPACE);
        assert_int_equal(at->results[0].status, at->fault.status);
        assert_true(count_rows(at->changes[0].row->id) == acknowledged);
        made += acknowledged;
    }
    return made;
}

enum { MANY = 98 };

static void a_database_full_in_mid_batch_acknowledges_only_what_is_there(void **state)
{
    (void)state;
    char *text = calloc(1, 20001);
    memset(text, 'x', 20000);
    for (size_t each = 1; each <= 2; each++) {
        struct mgw_row rows[MANY];
        struct mgw_change changes[MANY];
        for (size_t i = 0; i < MANY; i++) {
            rows[i] = bench_row("account");
            rows[i].metadata = i % 10 == 5 ? text : NULL;
            changes[i] = change_insert(&rows[i]);
        }
        char sql[64];
        int64_t pages = kit_number(kit_path("media.db"), "PRAGMA page_count");
        snprintf(sql, sizeof sql, "PRAGMA max_page_count=%lld", (long long)pages + 12);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        struct request *requests = requests_of(changes, MANY, each);
        batch_run(&tools, requests);
        assert_true(assert_truthful(requests) < MANY / each); /* it did get full */
        assert_true(sqlite3_get_autocommit(db));
        free_requests(requests);
        assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count=1000000", NULL, NULL, NULL),
                         SQLITE_OK);
        requests = requests_of(changes, MANY, each); /* the repeated verbs */
        batch_run(&tools, requests);
        for (struct request *at = requests; at; at = at->next) {
            assert_true(at->fault.status == MGW_OK || at->fault.status == MGW_EXISTS);
        }
        free_requests(requests);
        for (size_t i = 0; i < MANY; i++) {
            assert_true(count_rows(rows[i].id) == 1);
        }
    }
    free(text);
}

static void a_busy_database_fails_the_batch_with_advice(void **state)
{
    (void)state;
    sqlite3 *other = kit_db(kit_path("media.db"));
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 20);
    struct mgw_row row = bench_row("account");
    struct mgw_change change = change_insert(&row);
    struct request *request = requests_of(&change, 1, 1);
    batch_run(&tools, request);
    assert_int_equal(request->fault.status, MGW_UNAVAILABLE);
    assert_true(request->fault.retry_after_ms > 0);
    assert_string_equal(request->fault.code, "SQLITE_BUSY");
    free_requests(request);
    sqlite3_close(other);
    request = requests_of(&change, 1, 1);
    batch_run(&tools, request);
    assert_int_equal(request->fault.status, MGW_OK);
    free_requests(request);
}

static int fail_sync(sqlite3_file *file, int flags)
{
    (void)file, (void)flags;
    return SQLITE_IOERR_FSYNC;
}

/* From now on the connection's file (WHICH: SQLITE_FCNTL_FILE_POINTER or _JOURNAL_POINTER) cannot
 * be synced; answers its methods as they were. */
static const struct sqlite3_io_methods *break_sync(sqlite3 *of, int which, sqlite3_file **file)
{
    static struct sqlite3_io_methods broken;
    assert_int_equal(sqlite3_file_control(of, "main", which, file), SQLITE_OK);
    const struct sqlite3_io_methods *methods = (*file)->pMethods;
    broken = *methods;
    broken.xSync = fail_sync;
    (*file)->pMethods = &broken;
    return methods;
}

static void a_commit_whose_sync_fails_is_of_unknown_outcome(void **state)
{
    (void)state;
    struct mgw_row rows[2] = {bench_row("account"), bench_row("account")};
    struct mgw_change changes[2] = {change_insert(&rows[0]), change_insert(&rows[1])};
    sqlite3_file *file;
    const struct sqlite3_io_methods *methods = break_sync(db, SQLITE_FCNTL_JOURNAL_POINTER, &file);
    struct request *requests = requests_of(changes, 2, 1);
    batch_run(&tools, requests);
    assert_int_equal(requests->fault.status, MGW_UNKNOWN_OUTCOME);
    assert_int_equal(requests->next->fault.status, MGW_UNKNOWN_OUTCOME);
    assert_true(sqlite3_get_autocommit(db));
    free_requests(requests);
    file->pMethods = methods;
    requests = requests_of(changes, 2, 1);
    batch_run(&tools, requests);
    assert_int_equal(requests->fault.status, MGW_OK);
    assert_int_equal(requests->next->fault.status, MGW_OK);
    free_requests(requests);
}

static void a_checkpoint_whose_sync_fails_ends_all_changes_and_keeps_the_wal(void **state)
{
    (void)state;
    const char *path = kit_path("media.db");
    struct open_options open = {path, 1000, 1024};
    struct fault fault = {0};
    struct writer *writer;
    sqlite3_file *file;
    bool empty;
    struct writer_options options = {
        .clock = &repo_clock, .host = &kit_host, .instance = "test", .path = path};
    assert_int_equal(file_identify(path, &options.identity, &fault), MGW_OK);
    assert_int_equal(open_writer(&open, &options.db, &empty, &fault), MGW_OK);
    assert_int_equal(open_set_journal(options.db, &fault), MGW_OK);
    break_sync(options.db, SQLITE_FCNTL_FILE_POINTER, &file);
    assert_int_equal(writer_new(&options, &writer, &fault), MGW_OK);
    struct mgw_row rows[2] = {bench_row("account"), bench_row("account")};
    struct mgw_change changes[2] = {change_insert(&rows[0]), change_insert(&rows[1])};
    struct mgw_change_result result = {.size = sizeof result};
    assert_status(writer_apply(writer, bench_call(), &changes[0], sizeof changes[0], &result,
                               sizeof result, 1),
                  MGW_OK);
    writer_maintain(writer);
    for (int i = 0; i < 500 && writer_health(writer, &fault) == MGW_OK; i++) {
        bench_sleep(10);
    }
    assert_int_equal(fault.status, MGW_IO);
    assert_status(writer_apply(writer, bench_call(), &changes[1], sizeof changes[1], &result,
                               sizeof result, 1),
                  MGW_IO);
    assert_int_equal(result.status, MGW_IO);
    writer_free(writer);
    assert_true(count_rows(rows[0].id) == 1);
    assert_true(count_rows(rows[1].id) == 0);
}

static void commits_are_synced_in_full(void **state)
{
    (void)state;
    int64_t number;
    struct fault fault;
    assert_int_equal(open_number(db, "PRAGMA synchronous", &number, &fault), MGW_OK);
    assert_true(number == 2);
    assert_int_equal(open_number(db, "PRAGMA trusted_schema", &number, &fault), MGW_OK);
    assert_true(number == 0);
}

/* The lines of SQL's plan, one behind the other. */
static char *plan_of(const char *sql)
{
    char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql), *plan = sqlite3_mprintf("");
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        plan = sqlite3_mprintf("%z%s\n", plan, sqlite3_column_text(statement, 3));
    }
    sqlite3_finalize(statement);
    sqlite3_free(explain);
    return plan;
}

static void no_query_scans_or_sorts(void **state)
{
    (void)state;
    for (int query = 0; query < READER_QUERIES; query++) {
        char *sql = reader_sql((enum reader_query)query), *plan = plan_of(sql);
        if (query != READER_HEALTH && (strstr(plan, "SCAN") || strstr(plan, "TEMP B-TREE"))) {
            fail_msg("%s\n%s", sql, plan);
        }
        sqlite3_free(sql);
        sqlite3_free(plan);
    }
}

static void every_list_seeks_to_its_cursor_in_its_own_index(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "INDEX rows_by_status (account_id=? AND status=? AND (created_at,id)<(?,?))",
        "INDEX rows_by_kind (account_id=? AND status=? AND kind=? AND (created_at,id)<(?,?))",
        "INDEX rows_by_session (account_id=? AND status=? AND session_id=? AND "
        "(created_at,id)<(?,?))",
        "INDEX rows_by_session_kind (account_id=? AND status=? AND session_id=? AND kind=? AND "
        "(created_at,id)<(?,?))",
    };
    for (int filters = 0; filters < 4; filters++) {
        for (int statuses = 1; statuses <= 4; statuses++) {
            char *sql = reader_sql(reader_list(statuses, filters & 1, filters & 2));
            char *plan = plan_of(sql);
            int seeks = 0;
            for (char *at = plan; (at = strstr(at, expected[filters])); at++) {
                seeks++;
            }
            if (seeks != statuses) {
                fail_msg("%s\n%s", sql, plan);
            }
            sqlite3_free(sql);
            sqlite3_free(plan);
        }
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_database, close_database)
    const struct CMUnitTest cases[] = {
        CASE(a_request_that_fails_leaves_the_others),
        CASE(a_database_full_in_mid_batch_acknowledges_only_what_is_there),
        CASE(a_busy_database_fails_the_batch_with_advice),
        CASE(a_commit_whose_sync_fails_is_of_unknown_outcome),
        CASE(a_checkpoint_whose_sync_fails_ends_all_changes_and_keeps_the_wal),
        CASE(commits_are_synced_in_full),
        CASE(no_query_scans_or_sorts),
        CASE(every_list_seeks_to_its_cursor_in_its_own_index),
    };
    return cmocka_run_group_tests_name("sqlite: batch", cases, NULL, NULL);
}
