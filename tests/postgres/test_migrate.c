/* SPDX-License-Identifier: Apache-2.0
 *
 * Migrations, with modules of releases to come: the second adds a column, the third shuts the first
 * out, the broken one fails half-way. */
#include "kit.h"

#include <stdio.h>
#include <unistd.h>

static const struct mgw_plugin *first, *second, *third, *broken;
static const char *through; /* what is laid over the connection string */

static long version(void)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT version FROM \"%s\".schema", kit_schema());
    return kit_number(sql);
}

static long has_column(const char *name)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM information_schema.columns WHERE table_schema='%s'"
             " AND table_name='rows' AND column_name='%s'",
             kit_schema(), name);
    return kit_number(sql);
}

static enum mgw_status create(const struct mgw_plugin *plugin, uint32_t flags, const char *migrate)
{
    void *instance = NULL;
    enum mgw_status status = kit_create(
        plugin, &(struct kit_config){.conninfo = through, .flags = flags, .migrate = migrate},
        &instance);
    if (status == MGW_OK) {
        ((const struct mgw_repo_driver *)plugin->table)->destroy(instance);
    }
    return status;
}

/* A schema of the first release with one row. */
static void old_schema(struct mgw_row *row)
{
    kit_open(first, &(struct kit_config){.conninfo = through});
    *row = bench_row(NULL);
    row->metadata = "{\"old\": 1.0}";
    insert(row);
    kit_close();
}

static void assert_row(const struct mgw_plugin *plugin, const struct mgw_row *row)
{
    kit_open(plugin, &(struct kit_config){.conninfo = through});
    AUTO_FOUND struct found found;
    get(row->id, &found);
    assert_same_text(found.rows[0].metadata, row->metadata);
    struct mgw_row more = bench_row(NULL);
    insert(&more);
    kit_close();
}

static void nothing_there_is_not_found_unless_it_is_to_be_made(void **state)
{
    (void)state;
    assert_status(create(first, 0, NULL), MGW_NOT_FOUND);
    assert_non_null(strstr(bench_error(), "mediagw init"));
    assert_status(create(first, MGW_CREATE_INIT | MGW_CREATE_DRY_RUN, NULL), MGW_CONFLICT);
    assert_status(create(first, 0, NULL), MGW_NOT_FOUND);
    assert_status(create(first, MGW_CREATE_INIT, "manual"), MGW_OK);
    assert_int_equal(version(), 1);
    assert_status(create(first, MGW_CREATE_INIT | MGW_CREATE_DRY_RUN, NULL), MGW_OK);
}

static void a_newer_release_migrates_and_the_one_before_goes_on_working(void **state)
{
    (void)state;
    struct mgw_row row;
    old_schema(&row);
    kit_open(first, &(struct kit_config){.conninfo = through}); /* runs all the while */
    void *running = bench.instance;
    bench.instance = NULL;
    assert_row(second, &row);
    assert_int_equal(version(), 2);
    bench.driver = first->table;
    bench.instance = running;
    struct mgw_row more = bench_row(NULL);
    insert(&more);
    AUTO_FOUND struct found found;
    get(more.id, &found);
    kit_close();
    assert_row(first, &row); /* and starts */
    assert_int_equal(version(), 2);
}

static void a_schema_that_is_too_new_is_refused_with_both_numbers(void **state)
{
    (void)state;
    struct mgw_row row;
    old_schema(&row);
    assert_row(third, &row);
    assert_status(create(first, 0, NULL), MGW_INVALID);
    assert_non_null(strstr(bench_error(), "needs a release that knows version 3"));
    assert_non_null(strstr(bench_error(), "this one knows up to 1"));
    assert_status(create(second, MGW_CREATE_MIGRATE | MGW_CREATE_INIT, NULL), MGW_INVALID);
    assert_int_equal(version(), 3);
}

static void a_migration_that_fails_leaves_the_old_schema(void **state)
{
    (void)state;
    struct mgw_row row;
    old_schema(&row);
    assert_status(create(broken, 0, NULL), MGW_IO);
    assert_non_null(strstr(bench_error(), "migration 2"));
    assert_int_equal(version(), 1);
    assert_int_equal(has_column("added"), 0);
    assert_row(first, &row);
    assert_row(second, &row); /* and the way on is open */
}

static void by_hand_it_is_made_only_when_it_was_said(void **state)
{
    (void)state;
    struct mgw_row row;
    old_schema(&row);
    assert_status(create(second, 0, "manual"), MGW_CONFLICT);
    assert_non_null(strstr(bench_error(), "mediagw migrate"));
    assert_status(create(second, MGW_CREATE_INIT, "manual"), MGW_CONFLICT);
    assert_status(create(second, MGW_CREATE_MIGRATE | MGW_CREATE_DRY_RUN, "manual"), MGW_CONFLICT);
    assert_non_null(strstr(bench_error(), "would be brought to version 2"));
    assert_int_equal(version(), 1);
    assert_status(create(second, MGW_CREATE_MIGRATE, "manual"), MGW_OK);
    assert_int_equal(version(), 2);
    assert_status(create(second, 0, "manual"), MGW_OK);
}

static int start_pipe[2];

static int migrate_one(void *ctx)
{
    char byte;
    (void)ctx;
    close(start_pipe[1]);
    if (read(start_pipe[0], &byte, 1) != 0) { /* all begin at its end */
        return 2;
    }
    enum mgw_status status = create(third, MGW_CREATE_INIT, NULL);
    if (status != MGW_OK) {
        fprintf(stderr, "%s\n", bench_error());
        return 1;
    }
    return strstr(kit_log(), "is at version 3") ? 100 : 0;
}

static void of_twenty_nodes_at_once_one_migrates_and_none_fails(void **state)
{
    (void)state;
    enum { NODES = 20 };
    int pids[NODES], made = 0;
    assert_int_equal(pipe(start_pipe), 0);
    for (size_t i = 0; i < NODES; i++) {
        pids[i] = kit_fork(migrate_one, NULL);
    }
    close(start_pipe[0]);
    close(start_pipe[1]);
    for (size_t i = 0; i < NODES; i++) {
        int exit = kit_wait(pids[i]);
        assert_true(exit == 0 || exit == 100);
        made += exit == 100;
    }
    assert_int_equal(made, 1);
    assert_int_equal(version(), 3);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        return 2;
    }
    first = kit_load(argv[1]);
    second = kit_load(argv[2]);
    third = kit_load(argv[3]);
    broken = kit_load(argv[4]);
#define CASE(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)
    const struct CMUnitTest cases[] = {
        CASE(nothing_there_is_not_found_unless_it_is_to_be_made),
        CASE(a_newer_release_migrates_and_the_one_before_goes_on_working),
        CASE(a_schema_that_is_too_new_is_refused_with_both_numbers),
        CASE(a_migration_that_fails_leaves_the_old_schema),
        CASE(by_hand_it_is_made_only_when_it_was_said),
        CASE(of_twenty_nodes_at_once_one_migrates_and_none_fails),
    };
    int failed = cmocka_run_group_tests_name("postgres: migrate", cases, NULL, NULL);
    static char port[64];
    kit_setup(NULL);
    const char *at = strstr(kit_line("conninfo.pgbouncer"), "port=");
    snprintf(port, sizeof port, "sslmode=disable port=%d", atoi(at + 5));
    kit_teardown(NULL);
    through = port;
    return failed +
           cmocka_run_group_tests_name("postgres: migrate through pgbouncer", cases, NULL, NULL);
}
