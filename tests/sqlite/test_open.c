/* SPDX-License-Identifier: Apache-2.0
 *
 * Which files are opened, how new ones are made, and what becomes of one that vanishes. */
#include "kit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct mgw_plugin *plugin;

static void assert_refused(const char *path, uint32_t flags, enum mgw_status status,
                           const char *text)
{
    void *instance = NULL;
    assert_status(kit_create(plugin, path, flags, &instance), status);
    if (!strstr(bench_error(), text) || !strstr(bench_error(), path)) {
        fail_msg("\"%s\" does not say \"%s\" and \"%s\"", bench_error(), text, path);
    }
}

static void a_missing_file_is_not_found_and_names_the_way(void **state)
{
    (void)state;
    const char *path = kit_path("none.db");
    assert_refused(path, 0, MGW_NOT_FOUND, "mediagw init --config");
    assert_false(kit_exists(path));
}

static void a_missing_folder_is_refused(void **state)
{
    (void)state;
    void *instance = NULL;
    assert_status(kit_create(plugin, kit_path("none/media.db"), MGW_CREATE_INIT, &instance),
                  MGW_NOT_FOUND);
    assert_non_null(strstr(bench_error(), "folder"));
}

static void a_folder_is_no_database(void **state)
{
    (void)state;
    const char *path = kit_path("dir");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(path, MGW_CREATE_INIT, MGW_INVALID, "regular file");
}

static void new_files_are_0600_whatever_the_umask(void **state)
{
    (void)state;
    static const mode_t masks[] = {0, 0777};
    for (size_t i = 0; i < 2; i++) {
        const char *path = kit_path(i ? "a.db" : "b.db");
        mode_t before = umask(masks[i]);
        kit_open(plugin, path, MGW_CREATE_INIT);
        umask(before);
        struct mgw_row row = bench_row(NULL);
        insert(&row);
        char beside[128];
        assert_int_equal(kit_mode(path), 0600);
        snprintf(beside, sizeof beside, "%s-wal", path);
        assert_int_equal(kit_mode(beside), 0600);
        snprintf(beside, sizeof beside, "%s-shm", path);
        assert_int_equal(kit_mode(beside), 0600);
        kit_close();
    }
}

static void a_new_file_is_ours_and_in_wal_mode(void **state)
{
    (void)state;
    const char *path = kit_path("media.db");
    kit_open(plugin, path, MGW_CREATE_INIT);
    kit_close();
    assert_true(kit_number(path, "PRAGMA application_id") == 0x4d475752);
    assert_true(kit_number(path, "SELECT journal_mode='wal' FROM pragma_journal_mode") == 1);
    kit_open(plugin, path, 0);
    kit_close();
}

static void another_programs_database_is_refused_and_left_alone(void **state)
{
    (void)state;
    const char *path = kit_path("foreign.db");
    sqlite3 *db = kit_db(path);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE theirs(x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    uint64_t before = kit_sum(path);
    assert_refused(path, MGW_CREATE_INIT, MGW_INVALID, "another program");
    assert_true(kit_sum(path) == before);
    db = kit_db(path);
    assert_int_equal(sqlite3_exec(db, "PRAGMA application_id=7", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_refused(path, MGW_CREATE_INIT, MGW_INVALID, "0x00000007");
    assert_true(kit_number(path, "PRAGMA application_id") == 7);
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", path);
    assert_false(kit_exists(wal));
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
    (void)state;
    const char *path = kit_path("text.db");
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++) {
        fputs("this is no database\n", file);
    }
    fclose(file);
    uint64_t before = kit_sum(path);
    assert_refused(path, MGW_CREATE_INIT, MGW_INVALID, "no SQLite database");
    assert_true(kit_sum(path) == before);
}

static void an_empty_file_is_set_up_only_when_asked(void **state)
{
    (void)state;
    const char *path = kit_path("empty.db");
    fclose(fopen(path, "w"));
    assert_refused(path, 0, MGW_NOT_FOUND, "mediagw init");
    kit_open(plugin, path, MGW_CREATE_INIT);
    kit_close();
}

static int start(void *ctx)
{
    void *instance = NULL;
    bench.driver = plugin->table;
    if (kit_create(plugin, ctx, MGW_CREATE_INIT, &instance) != MGW_OK) {
        fprintf(stderr, "%s\n", bench_error());
        return 1;
    }
    bench.instance = instance;
    struct mgw_row row = bench_row("account");
    struct mgw_change change = change_insert(&row);
    struct mgw_change_result result;
    enum mgw_status status = apply(&change, &result, 1);
    kit_close();
    return status == MGW_OK ? 0 : 2;
}

static void several_processes_may_start_at_once(void **state)
{
    (void)state;
    const char *path = kit_path("media.db");
    int pids[8];
    for (size_t i = 0; i < 8; i++) {
        pids[i] = kit_fork(start, (void *)(uintptr_t)path);
    }
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(kit_wait(pids[i]), 0);
    }
    assert_true(kit_number(path, "SELECT count(*) FROM rows") == 8);
}

static void a_vanished_or_replaced_file_is_noticed(void **state)
{
    (void)state;
    const char *path = kit_path("media.db"), *aside = kit_path("aside.db");
    for (int replace = 0; replace < 2; replace++) {
        kit_open(plugin, path, MGW_CREATE_INIT);
        assert_status(bench.driver->health(bench_call(), bench.instance), MGW_OK);
        assert_int_equal(rename(path, aside), 0);
        if (replace) {
            fclose(fopen(path, "w"));
        }
        assert_status(bench.driver->health(bench_call(), bench.instance), MGW_UNAVAILABLE);
        struct mgw_row row = bench_row(NULL);
        struct mgw_change change = change_insert(&row);
        struct mgw_change_result result;
        assert_status(apply(&change, &result, 1), MGW_UNAVAILABLE);
        assert_int_equal(rename(aside, path), 0);
        assert_status(bench.driver->health(bench_call(), bench.instance), MGW_OK);
        assert_status(apply(&change, &result, 1), MGW_OK);
        kit_close();
    }
}

/* What apply() answers a call of 100 ms, which must not take much longer. */
static enum mgw_status apply_in_100_ms(const struct mgw_row *row)
{
    struct mgw_change change = change_insert(row);
    struct mgw_change_result result = {.size = sizeof result};
    int64_t before = kit_host.monotonic_ms();
    enum mgw_status status = bench.driver->apply(bench_call_timeout(100), bench.instance, &change,
                                                 sizeof change, &result, sizeof result, 1);
    assert_true(kit_host.monotonic_ms() - before < 5000);
    return status;
}

static void a_caller_leaves_at_its_deadline_while_another_process_writes(void **state)
{
    (void)state;
    const char *path = kit_path("media.db");
    kit_open(plugin, path, MGW_CREATE_INIT);
    struct mgw_row rows[4];
    rows[0] = bench_row(NULL);
    insert(&rows[0]);
    sqlite3 *other = kit_db(path);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = 1; i < 4; i++) { /* the first one begun, the others still in the queue */
        rows[i] = bench_row(NULL);
        assert_status(apply_in_100_ms(&rows[i]), MGW_TIMEOUT);
    }
    AUTO_FOUND struct found found;
    get(rows[0].id, &found); /* reads wait for nobody */
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    for (size_t i = 1; i < 4; i++) {
        struct mgw_change change = change_insert(&rows[i]);
        struct mgw_change_result result;
        enum mgw_status status = apply(&change, &result, 1);
        assert_true(status == MGW_OK || (i == 1 && status == MGW_EXISTS));
    }
    kit_close();
}

static void expired_records_leave_the_file(void **state)
{
    (void)state;
    const char *path = kit_path("media.db");
    kit_open(plugin, path, MGW_CREATE_INIT);
    for (int i = 0; i < 700; i += 50) {
        struct mgw_record records[50];
        struct mgw_change changes[50];
        struct mgw_change_result results[50];
        for (int j = 0; j < 50; j++) {
            records[j] = bench_record("test", "", bench_name("id"), "1");
            changes[j] = change_put(&records[j], MGW_VERSION_NONE);
            changes[j].expire_ms = j == 0 ? 3600000 : 1;
        }
        assert_status(apply(changes, results, 50), MGW_OK);
    }
    bench_sleep(5);
    assert_status(bench.driver->maintain(bench_call(), bench.instance), MGW_OK);
    int64_t left = 0;
    for (int i = 0; i < 200; i++) {
        bench_sleep(20);
        left = kit_number(path, "SELECT count(*) FROM records");
        if (left == 14) {
            break;
        }
    }
    assert_true(left == 14);
    kit_close();
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return 2;
    }
    plugin = kit_load(argv[1]);
#define CASE(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)
    const struct CMUnitTest cases[] = {
        CASE(several_processes_may_start_at_once), /* first: it forks */
        CASE(a_missing_file_is_not_found_and_names_the_way),
        CASE(a_missing_folder_is_refused),
        CASE(a_folder_is_no_database),
        CASE(new_files_are_0600_whatever_the_umask),
        CASE(a_new_file_is_ours_and_in_wal_mode),
        CASE(another_programs_database_is_refused_and_left_alone),
        CASE(a_file_that_is_no_database_is_refused_and_left_alone),
        CASE(an_empty_file_is_set_up_only_when_asked),
        CASE(a_vanished_or_replaced_file_is_noticed),
        CASE(a_caller_leaves_at_its_deadline_while_another_process_writes),
        CASE(expired_records_leave_the_file),
    };
    return cmocka_run_group_tests_name("sqlite: open", cases, NULL, NULL);
}
