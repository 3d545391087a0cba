/* SPDX-License-Identifier: Apache-2.0
 *
 * Migrations, with modules of releases to come: the second adds a column, the third shuts the first
 * out, the broken one fails half-way. */
#include "kit.h"

#include <stdio.h>

static const struct mgw_plugin *first, *second, *third, *broken;

/* A database of the first release with one row; its path. */
static const char *old_database(struct mgw_row *row)
{
    const char *path = kit_path("media.db");
    kit_open(first, path, MGW_CREATE_INIT);
    *row = bench_row(NULL);
    row->metadata = "{\"old\": 1.0}";
    insert(row);
    kit_close();
    return path;
}

static void assert_row(const struct mgw_plugin *plugin, const char *path, const struct mgw_row *row)
{
    kit_open(plugin, path, 0);
    AUTO_FOUND struct found found;
    get(row->id, &found);
    assert_same_text(found.rows[0].metadata, row->metadata);
    kit_close();
}

static void the_file_is_copied_before_a_migration(void **state)
{
    (void)state;
    struct mgw_row row;
    const char *path = old_database(&row), *copy = kit_path("media.db.before-2");
    assert_row(second, path, &row);
    assert_true(kit_number(path, "SELECT version FROM schema") == 2);
    assert_true(kit_number(path, "SELECT count(added) FROM rows") == 1);
    assert_int_equal(kit_mode(copy), 0600);
    assert_false(kit_exists(kit_path("media.db.before-2.part")));
    assert_true(kit_number(copy, "SELECT version FROM schema") == 1);
    assert_row(first, copy, &row);
}

static void a_new_database_needs_no_copy(void **state)
{
    (void)state;
    const char *path = kit_path("media.db");
    kit_open(third, path, MGW_CREATE_INIT);
    kit_close();
    assert_true(kit_number(path, "SELECT version FROM schema") == 3);
    assert_false(kit_exists(kit_path("media.db.before-1")));
    assert_false(kit_exists(kit_path("media.db.before-2")));
}

static void the_release_before_goes_on_working(void **state)
{
    (void)state;
    struct mgw_row row;
    const char *path = old_database(&row);
    assert_row(second, path, &row);
    kit_open(first, path, 0);
    struct mgw_row more = bench_row(NULL);
    insert(&more);
    kit_close();
    assert_true(kit_number(path, "SELECT version FROM schema") == 2);
    assert_true(kit_number(path, "SELECT count(*) FROM rows") == 2);
}

static void a_schema_that_is_too_new_is_refused_with_both_numbers(void **state)
{
    (void)state;
    struct mgw_row row;
    const char *path = old_database(&row);
    assert_row(third, path, &row);
    uint64_t before = kit_sum(path);
    void *instance = NULL;
    assert_status(kit_create(first, path, 0, &instance), MGW_INVALID);
    assert_non_null(strstr(bench_error(), "needs a release that knows schema 3"));
    assert_non_null(strstr(bench_error(), "this one knows up to 1"));
    assert_true(kit_sum(path) == before);
    assert_status(kit_create(second, path, 0, &instance), MGW_INVALID);
    assert_row(third, path, &row);
}

static void a_migration_that_fails_leaves_the_old_schema(void **state)
{
    (void)state;
    struct mgw_row row;
    const char *path = old_database(&row);
    void *instance = NULL;
    assert_status(kit_create(broken, path, 0, &instance), MGW_IO);
    assert_non_null(strstr(bench_error(), "migration 2"));
    assert_true(kit_number(path, "SELECT version FROM schema") == 1);
    assert_true(kit_number(path, "SELECT count(*)=0 FROM pragma_table_info('rows')"
                                 " WHERE name='added'") == 1);
    assert_row(first, path, &row);
    assert_row(second, path, &row); /* and the way on is open */
}

static enum mgw_status try(const struct mgw_plugin *plugin, const char *path, uint32_t flags,
                           const char *how)
{
    void *instance = NULL;
    kit_migrate = how;
    enum mgw_status status = kit_create(plugin, path, flags, &instance);
    kit_migrate = "auto";
    if (status == MGW_OK) {
        ((const struct mgw_repo_driver *)plugin->table)->destroy(instance);
    }
    return status;
}

static void by_hand_it_is_made_only_when_it_was_said(void **state)
{
    (void)state;
    struct mgw_row row;
    const char *path = old_database(&row);
    assert_status(try(second, path, 0, "manual"), MGW_CONFLICT);
    assert_non_null(strstr(bench_error(), "mediagw migrate"));
    assert_status(try(second, path, MGW_CREATE_INIT, "manual"), MGW_CONFLICT);
    assert_true(kit_number(path, "SELECT version FROM schema") == 1);
    assert_status(try(second, path, MGW_CREATE_MIGRATE, "manual"), MGW_OK);
    assert_true(kit_number(path, "SELECT version FROM schema") == 2);
    assert_status(try(second, path, 0, "manual"), MGW_OK);
    assert_status(try(first, kit_path("new.db"), MGW_CREATE_INIT, "manual"), MGW_OK);
}

static void a_dry_run_changes_nothing(void **state)
{
    (void)state;
    struct mgw_row row;
    const char *path = old_database(&row), *none = kit_path("none.db");
    const uint32_t flags = MGW_CREATE_DRY_RUN | MGW_CREATE_MIGRATE;
    uint64_t before = kit_sum(path);
    assert_status(try(second, path, flags, "auto"), MGW_CONFLICT);
    assert_non_null(strstr(bench_error(), "brought to schema 2"));
    assert_true(kit_sum(path) == before);
    assert_false(kit_exists(kit_path("media.db.before-2")));
    assert_status(try(second, none, flags, "auto"), MGW_NOT_FOUND);
    assert_status(try(second, none, flags | MGW_CREATE_INIT, "auto"), MGW_CONFLICT);
    assert_false(kit_exists(none));
    assert_status(try(first, path, flags, "auto"), MGW_OK);
}

static int migrate_one(void *ctx)
{
    void *instance = NULL;
    if (kit_create(third, ctx, 0, &instance) != MGW_OK) {
        fprintf(stderr, "%s\n", bench_error());
        return 1;
    }
    ((const struct mgw_repo_driver *)third->table)->destroy(instance);
    return 0;
}

static void several_processes_may_migrate_at_once(void **state)
{
    (void)state;
    struct mgw_row row;
    const char *path = old_database(&row);
    int pids[6];
    for (size_t i = 0; i < 6; i++) {
        pids[i] = kit_fork(migrate_one, (void *)(uintptr_t)path);
    }
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(kit_wait(pids[i]), 0);
    }
    assert_row(third, path, &row);
    assert_true(kit_number(kit_path("media.db.before-2"), "SELECT version FROM schema") == 1);
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
        CASE(several_processes_may_migrate_at_once),
        CASE(the_file_is_copied_before_a_migration),
        CASE(a_new_database_needs_no_copy),
        CASE(the_release_before_goes_on_working),
        CASE(a_schema_that_is_too_new_is_refused_with_both_numbers),
        CASE(a_migration_that_fails_leaves_the_old_schema),
        CASE(by_hand_it_is_made_only_when_it_was_said),
        CASE(a_dry_run_changes_nothing),
    };
    return cmocka_run_group_tests_name("sqlite: migrate", cases, NULL, NULL);
}
