/* SPDX-License-Identifier: Apache-2.0
 *
 * Symbolic links planted at every place of the store: whatever a call answers, nothing outside the
 * root is read, listed, written or removed. */
#include "fixture.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* "k" lies in shard 82 (SHA-256 8254c329…). */
#define SHARD "82"
#define SECRET "what lies outside"

static bool emit_any(void *ctx, const struct mgw_list_entry *entry)
{
    (void)entry;
    ++*(int *)ctx;
    return true;
}

/* Every callback that names a blob; the secret must not be seen. */
static void try_everything(void)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_sweep_result result = {.size = sizeof result};
    unsigned char bytes[MGW_UPLOAD_STATE_MAX];
    struct mgw_opaque state = {.size = sizeof state, .bytes = bytes, .capacity = sizeof bytes};
    struct mgw_put put = {.size = sizeof put};
    enum mgw_status status;
    size_t length = 0;
    int listed = 0;
    AUTO_FREE char *got = try_get(call, kit_bucket(), "k", &length, &status);
    assert_true(status != MGW_OK || length != strlen(SECRET) || memcmp(got, SECRET, length) != 0);
    driver->stat(call, instance, &blob, &stat);
    driver->list(call, instance, kit_bucket(), "", "", 100, emit_any, &listed);
    assert_true(listed <= 1);
    try_put(call, kit_bucket(), "k", NULL, "new", 3, &stat);
    driver->upload_create(call, instance, &blob, &put, &state);
    if (state.length) {
        driver->upload_complete(call, instance, &state, NULL, 0, 0, 1, &stat);
    }
    driver->sweep(call, instance, kit_host.wall_ms() + 3600000, &result);
    driver->remove(call, instance, &blob);
}

static void plant(const struct store *store, const char *path)
{
    char from[PATH_MAX], aside[PATH_MAX], outside[PATH_MAX];
    struct stat stat;
    snprintf(from, sizeof from, "%.3000s/%s", store->root, path);
    snprintf(aside, sizeof aside, "%.3000s.aside", from);
    snprintf(outside, sizeof outside, "%.4000s/outside", store->folder);
    bool file = lstat(from, &stat) == 0 && S_ISREG(stat.st_mode);
    rename(from, aside);
    if (file) {
        strcat(outside, "/secret");
    }
    assert_int_equal(symlink(outside, from), 0);
    AUTO_FREE char *before = snapshot(outside);
    try_everything();
    AUTO_FREE char *after = snapshot(outside);
    assert_string_equal(before, after);
    remove(from);
    rename(aside, from);
}

static void plant_everywhere(struct store *store)
{
    static const char *const places[] = {
        "tmp",
        "uploads",
        "buckets",
        "buckets/bucket",
        "buckets/bucket/" SHARD,
        "buckets/bucket/" SHARD "/.meta",
        "buckets/bucket/" SHARD "/k",
    };
    char path[PATH_MAX], old[PATH_MAX];
    AUTO_CALL struct mgw_call *call = kit_call_new();
    snprintf(path, sizeof path, "%.4000s/outside", store->folder);
    mkdir(path, 0700);
    write_text(path, "k", SECRET);
    write_text(path, "secret", SECRET);
    snprintf(old, sizeof old, "%.4000s/" SHARD, path);
    mkdir(old, 0700);
    write_text(old, "k", SECRET);
    driver->destroy(instance);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        assert_status(call, open_root(call, store->root, 0, &instance), MGW_OK);
        put_text(kit_bucket(), "k", "inside");
        plant(store, places[i]);
        driver->destroy(instance);
    }
    assert_status(call, open_root(call, store->root, 0, &instance), MGW_OK);
    put_text(kit_bucket(), "k", "inside");
    snprintf(path, sizeof path, "%.4000s/buckets/bucket/" SHARD "/k", store->root);
    assert_int_equal(access(path, F_OK), 0); /* the shard above is the right one */
}

static void no_planted_link_leads_out(void **state)
{
    plant_everywhere(*state);
}

static void no_planted_link_leads_out_of_sidecars(void **state)
{
    use_xattr = use_tmpfile = false;
    plant_everywhere(*state);
}

static void no_planted_link_leads_out_without_openat2(void **state)
{
    use_openat2 = false;
    plant_everywhere(*state);
}

static void a_link_in_place_of_a_blob_is_corrupt_and_replaced_by_a_put(void **state)
{
    struct store *store = *state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_stat stat = {.size = sizeof stat};
    char path[PATH_MAX];
    put_text(kit_bucket(), "k", "inside");
    write_text(store->folder, "outside", SECRET);
    snprintf(path, sizeof path, "%.4000s/buckets/bucket/" SHARD "/k", store->root);
    unlink(path);
    assert_int_equal(symlink("../../../../outside", path), 0);
    assert_status(call, driver->stat(call, instance, &blob, &stat), MGW_CORRUPT);
    assert_non_null(strstr(call->error->text, "symbolic link"));
    put_text(kit_bucket(), "k", "again");
    assert_text(kit_bucket(), "k", "again");
    AUTO_FREE char *outside = snapshot(store->folder);
    assert_non_null(strstr(outside, "outside 100"));
    write_text(store->folder, "outside", SECRET);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, store_setup, store_teardown)
const struct CMUnitTest escape_tests[] = {
    TEST(no_planted_link_leads_out),
    TEST(no_planted_link_leads_out_of_sidecars),
    TEST(no_planted_link_leads_out_without_openat2),
    TEST(a_link_in_place_of_a_blob_is_corrupt_and_replaced_by_a_put),
};
const size_t escape_count = sizeof escape_tests / sizeof escape_tests[0];
