/* SPDX-License-Identifier: Apache-2.0
 *
 * A driver whose lists lie: the gateway answers MGW_CORRUPT, names the plugin, and stops listening.
 */
#include "tests/plugin/lies.h"

static bool swallow(void *ctx, const struct mgw_list_entry *entry)
{
    (void)entry;
    ++*(int *)ctx;
    return true;
}

static bool stop_at_once(void *ctx, const struct mgw_list_entry *entry)
{
    swallow(ctx, entry);
    return false;
}

#define ENTRY(key_, cursor_, ...)                                                                  \
    {                                                                                              \
        .size = sizeof(struct mgw_list_entry), .key = (key_), .cursor = (cursor_), __VA_ARGS__     \
    }

static void false_lists_are_corrupt(void **state)
{
    static char long_cursor[2100];
    (void)state;
    memset(long_cursor, 'c', sizeof long_cursor - 1);
    static const struct {
        struct mgw_list_entry entry;
        const char *what;
    } lies[] = {
        {ENTRY(NULL, "c", .bytes = 1), "a key that is not"},
        {ENTRY("", "c", .bytes = 1), "a key that is not"},
        {ENTRY("p\xff", "c", .bytes = 1), "a key that is not"},
        {ENTRY("other", "c", .bytes = 1), "without the prefix"},
        {ENTRY("p", NULL, .bytes = 1), "a cursor that is not"},
        {ENTRY("p", "", .bytes = 1), "a cursor that is not"},
        {ENTRY("p", long_cursor, .bytes = 1), "a cursor that is not"},
        {ENTRY("p", "start", .bytes = 1), "the same cursor again"},
        {ENTRY("p", "c", .bytes = UINT64_MAX), "a wild size"},
        {ENTRY("p", "c", .etag = "a b"), "an etag"},
        {ENTRY("p", "c", .modified_ms = -1), "a time that is none"},
        {ENTRY("p", "c", .modified_ms = INT64_MAX), "a time that is none"},
        {{.size = sizeof(size_t), .key = "p", .cursor = "c"}, "no entry"},
        {{.size = 0, .key = "p", .cursor = "c"}, "no entry"},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        int count = 0;
        fake.entries = &lies[i].entry;
        fake.entry_count = 1;
        assert_corrupt(store_list(store, call, "bucket", "p", "start", 10, swallow, &count),
                       lies[i].what);
        assert_int_equal(count, 0);
    }
}

static void a_list_that_never_ends_is_cut_at_its_limit(void **state)
{
    int count = 0;
    (void)state;
    fake.endless = true;
    assert_corrupt(store_list(store, call, "bucket", "", "", 5, swallow, &count),
                   "emitted more than the limit");
    assert_int_equal(count, 5);
    count = 0;
    assert_corrupt(store_list(store, call, "bucket", "", "", 5, stop_at_once, &count),
                   "went on after it was told to stop");
    assert_int_equal(count, 1);
}

static void a_list_that_repeats_is_corrupt(void **state)
{
    (void)state;
    static const struct {
        struct mgw_list_entry entries[3];
        uint64_t capabilities;
        const char *what;
    } lies[] = {
        {{ENTRY("a", "1"), ENTRY("b", "2"), ENTRY("a", "3")}, 0, "the same key again"},
        {{ENTRY("a", "1"), ENTRY("b", "2"), ENTRY("c", "1")}, 0, "the same cursor again"},
        {{ENTRY("a", "1"), ENTRY("b", "2"), ENTRY("c", "start")}, 0, "the same cursor again"},
        {{ENTRY("a", "1"), ENTRY("c", "2"), ENTRY("b", "3")},
         MGW_STORAGE_ORDERED_LIST,
         "a key out of its order"},
        {{ENTRY("a", "1"), ENTRY("b", "2"), ENTRY("b", "3")},
         MGW_STORAGE_ORDERED_LIST,
         "a key out of its order"},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        int count = 0;
        fake.capabilities = lies[i].capabilities;
        struct store *other = fake_store(&fake_table, MGW_THREADS_PARALLEL);
        fake.entries = lies[i].entries;
        fake.entry_count = 3;
        assert_corrupt(store_list(other, call, "bucket", "", "start", 10, swallow, &count),
                       lies[i].what);
        assert_int_equal(count, 2);
        store_free(other);
        fake.destroys--;
    }
}

static void unsorted_is_no_lie_where_no_order_is_promised(void **state)
{
    (void)state;
    static const struct mgw_list_entry entries[] = {ENTRY("b", "1"), ENTRY("a", "2")};
    int count = 0;
    fake.capabilities = 0;
    struct store *other = fake_store(&fake_table, MGW_THREADS_PARALLEL);
    fake.entries = entries;
    fake.entry_count = 2;
    assert_int_equal(store_list(other, call, "bucket", "", "", 10, swallow, &count), MGW_OK);
    assert_int_equal(count, 2);
    store_free(other);
    fake.destroys--;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(false_lists_are_corrupt),
        T(a_list_that_never_ends_is_cut_at_its_limit),
        T(a_list_that_repeats_is_corrupt),
        T(unsorted_is_no_lie_where_no_order_is_promised),
    };
    log_redirect(silent);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
