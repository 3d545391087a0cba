/* SPDX-License-Identifier: Apache-2.0
 *
 * Host and plugin of different ages: tables and structs that are shorter or longer than this host
 * knows them. */
#include "tests/plugin/fake.h"

#include <mediagw/media.h>

#include <string.h>

static const struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "key"};

/* Zeroed memory of exactly SIZE bytes, so that a sanitizer sees what goes beyond; the compiler is
 * not to know how many. */
static void *exactly(size_t size)
{
    void *volatile memory = calloc(1, size);
    return memory;
}

/* Guarded by bytes that must neither be read nor written. */
struct future_table {
    struct mgw_storage_driver table;
    void (*appended[8])(void);
};

static void a_longer_table_of_a_newer_plugin_works(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct future_table future = {.table = fake_table};
    (void)state;
    future.table.size = sizeof future;
    memset(future.appended, 0xff, sizeof future.appended);
    struct store *store = fake_store(&future.table, MGW_THREADS_PARALLEL);
    assert_int_equal(store_health(store, call), MGW_OK);
    store_free(store);
}

/* health is the last required callback: a table may end behind it. */
static void a_shorter_table_of_an_older_plugin_lacks_what_is_behind(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    uint64_t bytes;
    (void)state;
    size_t size = offsetof(struct mgw_storage_driver, free_bytes);
    struct mgw_storage_driver *older = exactly(size);
    memcpy(older, &fake_table, size);
    older->size = size;
    struct store *store = fake_store(older, MGW_THREADS_PARALLEL);
    assert_int_equal(store_health(store, call), MGW_OK);
    assert_int_equal(store_free_bytes(store, call, &bytes), MGW_UNSUPPORTED);
    store_free(store);
    free(older);
}

static void a_table_that_ends_before_a_required_callback_is_refused(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = NULL;
    (void)state;
    for (size_t size = 0; size <= offsetof(struct mgw_storage_driver, health);
         size += sizeof(void *)) {
        struct mgw_storage_driver *cut = exactly(size > sizeof(size_t) ? size : sizeof(size_t));
        memcpy(cut, &fake_table, size);
        cut->size = size;
        struct mgw_storage storage = {.size = sizeof storage, .driver = cut, .instance = &fake};
        assert_int_equal(store_new(call, "cut", &storage, MGW_THREADS_PARALLEL, false, &store),
                         MGW_INVALID);
        assert_non_null(
            strstr(mgw_call_error(call)->text, "plugin \"cut\" lacks the required callback"));
        free(cut);
    }
}

/* A filter built against another header hands the proxy its own struct mgw_stat. */
static void results_fit_the_readers_struct(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct {
        struct mgw_stat stat;
        char appended[64];
    } newer = {.stat = {.size = sizeof newer}};
    (void)state;
    memset(newer.appended, 'x', sizeof newer.appended);
    struct store *store = fake_store(&fake_table, MGW_THREADS_PARALLEL);
    struct mgw_storage proxy = store_as_storage(store);
    assert_int_equal(proxy.driver->stat(call, proxy.instance, &blob, &newer.stat), MGW_OK);
    assert_string_equal(newer.stat.etag, "e1");
    assert_int_equal(newer.stat.size, sizeof newer);
    assert_int_equal(newer.appended[0], 'x');
    size_t size = offsetof(struct mgw_stat, content_type);
    struct mgw_stat *older = exactly(size);
    older->size = size;
    assert_int_equal(proxy.driver->stat(call, proxy.instance, &blob, older), MGW_OK);
    assert_int_equal(older->bytes, 3);
    free(older);
    store_free(store);
}

static void arguments_of_an_older_filter_are_read_to_their_end_only(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    void *writer = NULL;
    (void)state;
    struct store *store = fake_store(&fake_table, MGW_THREADS_PARALLEL);
    struct mgw_storage proxy = store_as_storage(store);
    size_t size = offsetof(struct mgw_put, metadata);
    struct mgw_put *older = exactly(size);
    older->size = size;
    assert_int_equal(proxy.driver->put_begin(call, proxy.instance, &blob, older, &writer), MGW_OK);
    proxy.driver->put_abort(call, writer);
    free(older);
    store_free(store);
}

static void capabilities_of_the_future_are_not_shown(void **state)
{
    (void)state;
    static struct mgw_storage_driver without_copy;
    without_copy = fake_table;
    without_copy.copy = NULL;
    struct store *store = fake_store(&without_copy, MGW_THREADS_PARALLEL); /* claims every bit */
    uint64_t shown = store_limits(store)->capabilities;
    assert_int_equal(shown >> 12, 0);
    assert_false(shown & MGW_STORAGE_COPY);
    assert_true(shown & MGW_STORAGE_RESUMABLE);
    store_free(store);
}

#define T(name) cmocka_unit_test_setup(name, fake_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_longer_table_of_a_newer_plugin_works),
        T(a_shorter_table_of_an_older_plugin_lacks_what_is_behind),
        T(a_table_that_ends_before_a_required_callback_is_refused),
        T(results_fit_the_readers_struct),
        T(arguments_of_an_older_filter_are_read_to_their_end_only),
        T(capabilities_of_the_future_are_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
