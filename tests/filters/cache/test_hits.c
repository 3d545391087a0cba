/* SPDX-License-Identifier: Apache-2.0
 *
 * What is asked of the layer below, and that a version's bytes are that version's. */
#include "tests/filters/cache/rig.h"

#include <string.h>
#include <unistd.h>

static void a_hit_asks_for_a_stat_alone(void **state)
{
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, 3 * MIB + 5);
    rig_check(store, "a", 1, 3 * MIB + 5);
    assert_int_equal(rig.far->opens, 1);
    assert_int_equal(rig.far->bytes, 3 * MIB + 5);
    rig_forget_counts();
    rig_check(store, "a", 1, 3 * MIB + 5);
    assert_int_equal(rig.far->stats, 1);
    assert_int_equal(rig.far->opens, 0);
    assert_int_equal(rig.far->reads, 0);
    store_free(store);
}

static void copies_outlive_the_process_s_instance(void **state)
{
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, MIB);
    rig_check(store, "a", 1, MIB);
    store_free(store);
    store = rig_open(CACHE("") ", " FAR);
    rig_forget_counts();
    assert_true(rig_is_local(store, "a", 1, MIB));
    assert_int_equal(rig.far->reads, 0);
    store_free(store);
}

static void a_whole_copy_is_a_local_file(void **state)
{
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, 40 * MIB);
    assert_false(rig_is_local(store, "a", 1, 40 * MIB));
    assert_int_equal(rig.far->reads, 0);
    rig_check(store, "a", 1, 40 * MIB);
    assert_true(rig_is_local(store, "a", 1, 40 * MIB));
    store_free(store);
}

static void a_blob_of_one_block_is_a_local_file_at_once(void **state)
{
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, 1000);
    assert_true(rig_is_local(store, "a", 1, 1000));
    assert_int_equal(rig.far->bytes, 1000);
    store_free(store);
}

static void an_empty_blob_is_read_as_one(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = rig_open(CACHE("") ", " FAR);
    size_t got = 1;
    char byte;
    rig_put(store, "a", 1, 0);
    struct store_reader *reader = rig_reader(store, call, "a");
    assert_int_equal(store_read(reader, call, 0, &byte, 1, &got), MGW_OK);
    assert_int_equal(got, 0);
    assert_int_equal(store_read(reader, call, 1, &byte, 1, &got), MGW_RANGE);
    store_close(reader);
    store_free(store);
}

static void a_range_fetches_its_blocks_alone(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, 10 * MIB);
    struct store_reader *reader = rig_reader(store, call, "a");
    store_advise(reader, call, 5 * MIB + 7, 1000);
    assert_int_equal(rig_read(reader, call, 1, 5 * MIB + 7, 1000, 100), MGW_OK);
    assert_int_equal(rig.far->bytes, BLOCK);
    assert_int_equal(rig_read(reader, call, 1, 8 * MIB - 10, 20, 100), MGW_OK);
    assert_int_equal(rig.far->bytes, 3 * BLOCK);
    assert_int_equal(rig_read(reader, call, 1, 10 * MIB - 3, 3, 100), MGW_OK);
    assert_int_equal(rig.far->bytes, 4 * BLOCK);
    store_close(reader);
    assert_true(rig_files().bytes <= 5 * BLOCK);
    rig_forget_counts();
    rig_check(store, "a", 1, 10 * MIB);
    assert_int_equal(rig.far->bytes, 10 * MIB - 4 * BLOCK);
    assert_true(rig_is_local(store, "a", 1, 10 * MIB));
    store_free(store);
}

static void ranges_of_many_readers_make_a_local_file(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, 2 * MIB);
    for (unsigned i = 8; i-- > 0;) {
        struct store_reader *reader = rig_reader(store, call, "a");
        assert_int_equal(rig_read(reader, call, 1, i * BLOCK, BLOCK, 70000), MGW_OK);
        store_close(reader);
    }
    assert_true(rig_is_local(store, "a", 1, 2 * MIB));
    store_free(store);
}

static void another_version_is_never_mixed_in(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *elsewhere = rig_open(""), *store = rig_open(CACHE("") ", " FAR);
    rig_put(elsewhere, "a", 1, 2 * MIB);
    rig_check(store, "a", 1, MIB); /* half of it */
    struct store_reader *old = rig_reader(store, call, "a");
    rig_put(elsewhere, "a", 2, 2 * MIB);
    rig_check(store, "a", 2, 2 * MIB);
    enum mgw_status status = rig_read(old, call, 1, 0, 2 * MIB, 100000);
    assert_true(status == MGW_OK || status == MGW_CONFLICT);
    store_close(old);
    rig_check(store, "a", 2, 2 * MIB);
    assert_int_equal(rig_files().count, 1);
    store_free(store);
    store_free(elsewhere);
}

static void a_reader_whose_version_is_gone_below_conflicts(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *elsewhere = rig_open(""),
                 *store = rig_open(CACHE(", \"trust\": \"1h\"") ", " FAR);
    rig_put(elsewhere, "a", 1, 2 * MIB);
    struct store_reader *reader = rig_reader(store, call, "a");
    assert_int_equal(rig_read(reader, call, 1, 0, 10, 10), MGW_OK);
    store_close(reader);
    reader = rig_reader(store, call, "a"); /* trusted: not opened below yet */
    rig_put(elsewhere, "a", 2, 2 * MIB);
    assert_int_equal(rig_read(reader, call, 1, 0, 10, 10), MGW_OK);
    assert_int_equal(rig_read(reader, call, 1, MIB, 10, 10), MGW_CONFLICT);
    store_close(reader);
    store_free(store);
    store_free(elsewhere);
}

static void an_etag_that_is_not_the_blob_s_conflicts(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = rig_open(CACHE("") ", " FAR);
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "a"};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    rig_put(store, "a", 1, 1000);
    assert_int_equal(store_open(store, call, &blob, "other", &reader, &stat), MGW_CONFLICT);
    rig_check(store, "a", 1, 1000);
    assert_int_equal(store_open(store, call, &blob, "other", &reader, &stat), MGW_CONFLICT);
    store_free(store);
}

static void a_removed_blob_takes_its_copy_along(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = rig_open(CACHE(", \"trust\": \"1h\"") ", " FAR);
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "a"};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    rig_put(store, "a", 1, MIB);
    rig_check(store, "a", 1, MIB);
    assert_int_equal(rig_files().count, 1);
    assert_int_equal(rig_remove(store, "a"), MGW_OK);
    assert_int_equal(rig_files().count, 0);
    assert_int_equal(store_open(store, call, &blob, NULL, &reader, &stat), MGW_NOT_FOUND);
    store_free(store);
}

static void a_blob_removed_elsewhere_is_not_served(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *elsewhere = rig_open(""), *store = rig_open(CACHE("") ", " FAR);
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "a"};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    rig_put(store, "a", 1, MIB);
    rig_check(store, "a", 1, MIB);
    assert_int_equal(rig_remove(elsewhere, "a"), MGW_OK);
    assert_int_equal(store_open(store, call, &blob, NULL, &reader, &stat), MGW_NOT_FOUND);
    assert_int_equal(rig_files().count, 0);
    store_free(store);
    store_free(elsewhere);
}

static void a_trusted_version_is_not_asked_for(void **state)
{
    (void)state;
    struct store *store = rig_open(CACHE(", \"trust\": \"1h\"") ", " FAR);
    rig_put(store, "a", 1, MIB);
    rig_check(store, "a", 1, MIB);
    rig_forget_counts();
    rig_check(store, "a", 1, MIB);
    assert_true(rig_is_local(store, "a", 1, MIB));
    assert_int_equal(rig.far->stats + rig.far->opens + rig.far->reads, 0);
    rig_put(store, "a", 2, MIB + 1);
    rig_check(store, "a", 2, MIB + 1);
    assert_int_equal(rig.far->opens, 1);
    store_free(store);
}

static void trust_ends(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *elsewhere = rig_open("");
    struct store *store = rig_open(CACHE(", \"trust\": \"300ms\"") ", " FAR);
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "a"};
    enum mgw_status status = MGW_OK;
    rig_put(store, "a", 1, MIB);
    rig_check(store, "a", 1, MIB);
    assert_int_equal(rig_remove(elsewhere, "a"), MGW_OK);
    for (int tries = 0; status == MGW_OK && tries < 3000; tries++) {
        struct mgw_stat stat = {.size = sizeof stat};
        struct store_reader *reader = NULL;
        usleep(10000);
        status = store_open(store, call, &blob, NULL, &reader, &stat);
        store_close(reader);
    }
    assert_int_equal(status, MGW_NOT_FOUND);
    store_free(store);
    store_free(elsewhere);
}

static void a_store_that_fails_is_told_and_tried_again(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, MIB);
    rig.far->failing = 1;
    struct store_reader *reader = rig_reader(store, call, "a");
    assert_int_equal(rig_read(reader, call, 1, 0, MIB, 1000), MGW_UNAVAILABLE);
    rig.far->failing = 0;
    assert_int_equal(rig_read(reader, call, 1, 0, MIB, 1000), MGW_OK);
    store_close(reader);
    assert_true(rig_is_local(store, "a", 1, MIB));
    store_free(store);
}

static void a_local_file_is_the_cache_s_own(void **state)
{
    (void)state;
    struct store *store = rig_open(FAR ", " CACHE("") ", " FAR);
    assert_false(store_limits(store)->capabilities & MGW_STORAGE_LOCAL_FD);
    rig_put(store, "a", 1, 1000);
    assert_false(rig_is_local(store, "a", 1, 1000));
    store_free(store);
    store = rig_open("{\"filter\": \"passfilter\"}, " CACHE("") ", " FAR);
    assert_true(store_limits(store)->capabilities & MGW_STORAGE_LOCAL_FD);
    assert_false(store_limits(store)->capabilities & MGW_STORAGE_INLINE_READ);
    assert_true(rig_is_local(store, "a", 1, 1000));
    store_free(store);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(a_hit_asks_for_a_stat_alone),
        T(copies_outlive_the_process_s_instance),
        T(a_whole_copy_is_a_local_file),
        T(a_blob_of_one_block_is_a_local_file_at_once),
        T(an_empty_blob_is_read_as_one),
        T(a_range_fetches_its_blocks_alone),
        T(ranges_of_many_readers_make_a_local_file),
        T(another_version_is_never_mixed_in),
        T(a_reader_whose_version_is_gone_below_conflicts),
        T(an_etag_that_is_not_the_blob_s_conflicts),
        T(a_removed_blob_takes_its_copy_along),
        T(a_blob_removed_elsewhere_is_not_served),
        T(a_trusted_version_is_not_asked_for),
        T(trust_ends),
        T(a_store_that_fails_is_told_and_tried_again),
        T(a_local_file_is_the_cache_s_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
