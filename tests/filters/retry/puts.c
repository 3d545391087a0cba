/* SPDX-License-Identifier: Apache-2.0
 *
 * Puts through "retry" over "fault": begun anew with the bytes that were kept, and published once.
 */
#include "tests/filters/stack.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static const char *retry(const char *keys, const char *rules)
{
    static char text[1024];
    snprintf(text, sizeof text,
             "{\"filter\": \"retry\", \"first_delay\": \"1ms\", \"max_delay\": \"4ms\", "
             "\"spool_dir\": \"%s/spool\"%s}, "
             "{\"filter\": \"fault\", \"seed\": 1, \"rules\": [%s]}",
             bench.folder, keys, rules);
    return text;
}

static struct store *over_fs(const char *keys, const char *rules)
{
    char path[128];
    snprintf(path, sizeof path, "%s/spool", bench.folder);
    mkdir(path, 0700);
    return stack_over_fs(retry(keys, rules));
}

static unsigned spooled(void)
{
    char path[128];
    unsigned count = 0;
    snprintf(path, sizeof path, "%s/spool", bench.folder);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    while (readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count - 2; /* . and .. */
}

/* A put of LENGTH bytes, in steps of 40,000, is the same in the end. */
static void put_whole(const char *keys, const char *rules, size_t length)
{
    static unsigned number;
    char key[16];
    snprintf(key, sizeof key, "k%u", number++);
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE char *bytes = stack_bytes(length, 3);
    struct store *store = over_fs(keys, rules);
    enum mgw_status status = stack_put(store, call, key, bytes, length);
    if (status != MGW_OK) {
        fail_msg("%s %s: %s", keys, rules, call_text(call));
    }
    stack_assert_blob(store, call, key, bytes, length);
    assert_int_equal(spooled(), 0);
    store_free(store);
}

static void a_few_bytes_are_kept_in_memory(void **state)
{
    (void)state;
    put_whole("", "\"put_write:unavailable:times=2\"", 40000);
}

static void many_bytes_are_kept_in_a_file_without_a_name(void **state)
{
    (void)state;
    put_whole("", "\"put_write:unavailable:skip=20:times=3\"", 2000000);
}

static void no_bytes_are_a_put_too(void **state)
{
    (void)state;
    put_whole("", "\"put_prepare:busy:times=1\", \"put_commit:busy:times=1\"", 0);
}

static void a_put_fails_again_while_it_is_begun_anew(void **state)
{
    (void)state;
    put_whole("", "\"put_write:unavailable:0.1\", \"put_begin:busy:0.5\", \"put_prepare:io:0\"",
              1000000);
}

static void a_commit_that_failed_for_good_is_made_once_more(void **state)
{
    (void)state;
    put_whole("", "\"put_commit:busy:times=2\"", 300000);
}

static void a_commit_of_unknown_outcome_is_repeated(void **state)
{
    (void)state;
    put_whole(", \"replay_bytes\": 0", "\"put_commit:unknown_outcome:after:times=3\"", 300000);
    put_whole(", \"replay_bytes\": 0", "\"put_commit:unknown_outcome:before:times=3\"", 300000);
}

/* if-absent: what is there already is its own. */
static void a_commit_that_timed_out_and_was_done_is_recognised(void **state)
{
    (void)state;
    put_whole("", "\"put_commit:timeout:after:times=1\"", 300000);
    put_whole("", "\"put_commit:timeout:after:times=1\"", 0);
}

static void anothers_blob_is_not_taken_for_its_own(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = over_fs("", "\"put_commit:timeout:before:skip=1:times=1\"");
    (void)state;
    assert_int_equal(stack_put(store, call, "a", "first", 5), MGW_OK);
    assert_int_equal(stack_put(store, call, "a", "other", 5), MGW_EXISTS);
    assert_non_null(strstr(call_text(call), "bucket/a is there already"));
    stack_assert_blob(store, call, "a", "first", 5);
    store_free(store);
}

static void without_kept_bytes_a_failed_write_is_final(void **state)
{
    static const char *const keys[] = {", \"replay_bytes\": 0", ", \"replay_bytes\": 40000"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        AUTO_FREE char *bytes = stack_bytes(100000, 3);
        struct store *store = over_fs(keys[i], "\"put_write:unavailable:skip=2:times=1\"");
        assert_int_equal(stack_put(store, call, "a", bytes, 100000), MGW_UNAVAILABLE);
        assert_non_null(strstr(call_text(call), "are not kept, see replay_bytes"));
        assert_int_equal(stack_stat(store, call, "a"), MGW_NOT_FOUND);
        store_free(store);
    }
}

/* A folder that is not there is no reason to fail a put that needs no second attempt. */
static void without_room_for_kept_bytes_a_put_goes_on(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE char *bytes = stack_bytes(300000, 3);
    struct store *store =
        stack_over_fs("{\"filter\": \"retry\", \"spool_dir\": \"/nowhere/at/all\"}");
    (void)state;
    assert_int_equal(stack_put(store, call, "a", bytes, 300000), MGW_OK);
    stack_assert_blob(store, call, "a", bytes, 300000);
    store_free(store);
}

/* A host that goes on all the same publishes nothing. */
static void after_a_final_failure_nothing_is_published(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = stack_blob("a");
    struct mgw_put put = {.size = sizeof put};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_writer *writer = NULL;
    struct store *store =
        over_fs(", \"replay_bytes\": 0", "\"put_write:unavailable:skip=1:times=1\"");
    (void)state;
    assert_int_equal(store_put_begin(store, call, &blob, &put, &writer), MGW_OK);
    assert_int_equal(store_put_write(writer, call, "first", 5), MGW_OK);
    assert_int_equal(store_put_write(writer, call, "second", 6), MGW_UNAVAILABLE);
    assert_int_equal(store_put_write(writer, call, "third", 5), MGW_IO);
    assert_int_equal(store_put_prepare(writer, call), MGW_IO);
    assert_int_equal(store_put_commit(writer, call, &stat), MGW_IO);
    store_put_abort(writer, call);
    assert_int_equal(stack_stat(store, call, "a"), MGW_NOT_FOUND);
    store_free(store);
}

static void a_put_can_be_given_up(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = stack_blob("a");
    struct mgw_put put = {.size = sizeof put};
    struct store_writer *writer = NULL;
    struct store *store = over_fs(", \"attempts\": 2", "\"put_write:unavailable\"");
    (void)state;
    assert_int_equal(store_put_begin(store, call, &blob, &put, &writer), MGW_OK);
    assert_int_equal(store_put_write(writer, call, "first", 5), MGW_UNAVAILABLE);
    store_put_abort(writer, call);
    assert_int_equal(stack_stat(store, call, "a"), MGW_NOT_FOUND);
    store_free(store);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_few_bytes_are_kept_in_memory),
        T(many_bytes_are_kept_in_a_file_without_a_name),
        T(no_bytes_are_a_put_too),
        T(a_put_fails_again_while_it_is_begun_anew),
        T(a_commit_that_failed_for_good_is_made_once_more),
        T(a_commit_of_unknown_outcome_is_repeated),
        T(a_commit_that_timed_out_and_was_done_is_recognised),
        T(anothers_blob_is_not_taken_for_its_own),
        T(without_kept_bytes_a_failed_write_is_final),
        T(without_room_for_kept_bytes_a_put_goes_on),
        T(after_a_final_failure_nothing_is_published),
        T(a_put_can_be_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
