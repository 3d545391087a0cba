/* SPDX-License-Identifier: Apache-2.0
 *
 * The store's marker: what may be opened, what may be set up, what is said. */
#include "fixture.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void refused(const char *root, uint32_t flags, enum mgw_status expected, const char *words)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    void *opened = NULL;
    assert_status(call, open_root(call, root, flags, &opened), expected);
    assert_null(opened);
    assert_non_null(strstr(call->error->text, words));
    assert_non_null(strstr(call->error->text, root));
    assert_null(strchr(call->error->text, '\n'));
}

static void id_of(const char *root, uint32_t flags, char id[64])
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_storage_limits told = {.size = sizeof told};
    void *opened = NULL;
    assert_status(call, open_root(call, root, flags, &opened), MGW_OK);
    assert_status(call, driver->describe(call, opened, &told), MGW_OK);
    snprintf(id, 64, "%s", told.store_id);
    driver->destroy(opened);
}

static void an_absent_store_is_not_found_and_says_how_to_make_it(void **state)
{
    struct store *store = *state;
    refused(store->root, 0, MGW_NOT_FOUND, "create it with: mediagw init --config FILE");
    assert_int_equal(access(store->root, F_OK), -1);
    mkdir(store->root, 0700);
    refused(store->root, 0, MGW_NOT_FOUND, "no store at");
    AUTO_FREE char *left = snapshot(store->root);
    assert_string_equal(left, "");
}

static void init_makes_the_store_and_its_parents_once(void **state)
{
    struct store *store = *state;
    char first[64], again[64], other[64], path[PATH_MAX];
    snprintf(path, sizeof path, "%.4000s/a/b", store->folder);
    id_of(path, MGW_CREATE_INIT, first);
    id_of(path, MGW_CREATE_INIT, again);
    assert_string_equal(first, again);
    id_of(path, 0, again);
    assert_string_equal(first, again);
    id_of(store->root, MGW_CREATE_INIT, other);
    assert_string_not_equal(first, other);
}

static void a_folder_of_somebody_else_is_refused(void **state)
{
    struct store *store = *state;
    mkdir(store->root, 0700);
    write_text(store->root, "thesis.txt", "years of work");
    AUTO_FREE char *before = snapshot(store->root);
    refused(store->root, MGW_CREATE_INIT, MGW_INVALID, "thesis.txt");
    refused(store->root, 0, MGW_NOT_FOUND, "no store at");
    AUTO_FREE char *after = snapshot(store->root);
    assert_string_equal(before, after);
}

static void a_foreign_or_damaged_marker_is_refused(void **state)
{
    struct store *store = *state;
    char id[64], path[PATH_MAX];
    static const struct {
        const char *text, *words;
    } markers[] = {
        {"", "damaged"},
        {"{", "damaged"},
        {"{\"format\": 1}", "damaged"},
        {"{\"format\": 1, \"store_id\": \"short\"}", "damaged"},
        {"{\"format\": 1, \"store_id\": \"0123456789abcdef0123456789abcdef\"", "damaged"},
        {"hello", "damaged"},
        {"{\"format\": 2, \"store_id\": \"0123456789abcdef0123456789abcdef\"}", "format 2"},
        {"{\"format\": 12, \"store_id\": \"0123456789abcdef0123456789abcdef\"}", "format 12"},
    };
    id_of(store->root, MGW_CREATE_INIT, id);
    for (size_t i = 0; i < sizeof markers / sizeof markers[0]; i++) {
        write_text(store->root, ".mediagw-store", markers[i].text);
        refused(store->root, 0, MGW_INVALID, markers[i].words);
        refused(store->root, MGW_CREATE_INIT, MGW_INVALID, markers[i].words);
    }
    /* a link in its place is not followed */
    snprintf(path, sizeof path, "%.4000s/.mediagw-store", store->root);
    write_text(store->folder, "elsewhere",
               "{\"format\": 1, \"store_id\": \"0123456789abcdef0123456789abcdef\"}");
    unlink(path);
    assert_int_equal(symlink("../elsewhere", path), 0);
    refused(store->root, 0, MGW_INVALID, ".mediagw-store");
}

static void spaces_in_the_marker_do_not_matter(void **state)
{
    struct store *store = *state;
    char id[64];
    id_of(store->root, MGW_CREATE_INIT, id);
    write_text(store->root, ".mediagw-store",
               "{\n  \"store_id\" : \"0123456789abcdef0123456789abcdef\",\n\t\"format\" :1 }\n\n");
    id_of(store->root, 0, id);
    assert_string_equal(id, "0123456789abcdef0123456789abcdef");
}

static void an_init_cut_short_is_finished(void **state)
{
    struct store *store = *state;
    char path[PATH_MAX], id[64];
    mkdir(store->root, 0700);
    snprintf(path, sizeof path, "%.4000s/buckets", store->root);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%.4000s/tmp", store->root);
    mkdir(path, 0700);
    write_text(path, "mleft", "half");
    refused(store->root, 0, MGW_NOT_FOUND, "no store at");
    id_of(store->root, MGW_CREATE_INIT, id);
    id_of(store->root, 0, id);
}

static void init_in_child(void *argument)
{
    struct store *store = argument;
    struct mgw_call *call = kit_call_new();
    void *opened = NULL;
    if (open_root(call, store->root, MGW_CREATE_INIT, &opened) != MGW_OK) {
        fprintf(stderr, "%s\n", call->error->text);
        _exit(1);
    }
}

static void processes_that_init_at_once_share_one_store(void **state)
{
    struct store *store = *state;
    pid_t children[12];
    for (int i = 0; i < 12; i++) {
        children[i] = spawn(init_in_child, store);
    }
    for (int i = 0; i < 12; i++) {
        assert_int_equal(wait_for(children[i]), 0);
    }
    char id[64];
    id_of(store->root, 0, id);
    assert_int_equal(strlen(id), 32);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, folder_setup, folder_teardown)
const struct CMUnitTest marker_tests[] = {
    TEST(an_absent_store_is_not_found_and_says_how_to_make_it),
    TEST(init_makes_the_store_and_its_parents_once),
    TEST(a_folder_of_somebody_else_is_refused),
    TEST(a_foreign_or_damaged_marker_is_refused),
    TEST(spaces_in_the_marker_do_not_matter),
    TEST(an_init_cut_short_is_finished),
    TEST(processes_that_init_at_once_share_one_store),
};
const size_t marker_count = sizeof marker_tests / sizeof marker_tests[0];
