/* SPDX-License-Identifier: Apache-2.0
 *
 * Master keys: rotation, a key that is not there, and what is refused at start. No text ever holds
 * a key. */
#include "lab.h"

#include <stdlib.h>
#include <string.h>

static void old_keys_decrypt_and_the_first_encrypts(void **state)
{
    (void)state;
    lab_put(lab.sealed, "old", "before", 6);
    struct store *rotated = lab_encrypt("b:" KEY_B ",a:" KEY_A);
    lab_assert_blob(rotated, "old", "before", 6);
    lab_put(rotated, "new", "after", 5);
    lab_assert_blob(rotated, "new", "after", 5);
    store_free(rotated);
    struct store *alone = lab_encrypt("b:" KEY_B);
    lab_assert_blob(alone, "new", "after", 5);
    store_free(alone);
    assert_int_equal(lab_try(lab.sealed, "new"), MGW_DENIED);
}

static void a_missing_key_is_named(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = lab_blob("old");
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    struct store *other = lab_encrypt("b:" KEY_B);
    lab_put(lab.sealed, "old", "before", 6);
    assert_int_equal(store_open(other, call, &blob, NULL, &reader, &stat), MGW_DENIED);
    assert_string_equal(mgw_call_error(call)->text,
                        "bucket/old is encrypted with the key \"a\", which \"keys\" does not have");
    assert_int_equal(store_stat(other, call, &blob, &stat), MGW_OK); /* sizes need no key */
    assert_int_equal(stat.bytes, 6);
    store_free(other);
}

static void another_key_under_the_same_id_is_corrupt(void **state)
{
    (void)state;
    struct store *other = lab_encrypt("a:" KEY_B);
    lab_put(lab.sealed, "k", "bytes", 5);
    assert_int_equal(lab_try(other, "k"), MGW_CORRUPT);
    store_free(other);
}

static void keys_may_stand_in_a_file_by_lines(void **state)
{
    (void)state;
    char filter[512];
    bench_write("keys", "b:" KEY_B "\n\na:" KEY_A "\n", 0600);
    snprintf(filter, sizeof filter, "{\"filter\": \"encrypt\", \"keys\": {\"file\": \"%s\"}}",
             bench.path);
    struct store *store = lab_stack(filter);
    lab_put(lab.sealed, "k", "bytes", 5);
    lab_assert_blob(store, "k", "bytes", 5);
    store_free(store);
}

struct refusal {
    const char *keys, *text;
};

static void wrong_keys_are_refused_by_name(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {" ", "keys: there is none"},
        {",,", "keys: there is none"},
        {KEY_A, "keys: number 1 is not ID:KEY"},
        {"a:" KEY_A "," KEY_B, "keys: number 2 is not ID:KEY"},
        {":" KEY_A, "keys: number 1 is not ID:KEY"},
        {"a/b:" KEY_A, "keys: number 1 is not ID:KEY"},
        {"an-id-of-more-than-thirty-two-bytes:" KEY_A, "keys: number 1 is not ID:KEY"},
        {"a:", "the key \"a\" is not 32 bytes in base64"},
        {"a:mJ3FnZ0cV1m0uV9zvY8kqw==", "the key \"a\" is not 32 bytes"},
        {"a:mJ3FnZ0cV1m0uV9zvY8kq3hXl5r6Yt2bQw1eDsKpB7oAAAA=", "the key \"a\" is not 32 bytes"},
        {"a:mJ3FnZ0cV1m0uV9zvY8kq3hXl5r6Yt2bQw1eDsKpB7p=", "the key \"a\" is not 32 bytes"},
        {"a:mJ3FnZ0cV1m0uV9zvY8kq3hXl5r6Yt2bQw1eDsKpB7o!", "the key \"a\" is not 32 bytes"},
        {"a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "is text or a pattern, not random"},
        {"a:MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=", "is text or a pattern, not random"},
        {"a:" KEY_A ",a:" KEY_B, "the id \"a\" is there twice"},
        {"a:" KEY_A ",b:" KEY_A, "are one and the same key"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        char filter[512];
        snprintf(filter, sizeof filter, "{\"filter\": \"encrypt\", \"keys\": \"%s\"}",
                 refusals[i].keys);
        const char *text = lab_refused(filter);
        if (!strstr(text, refusals[i].text)) {
            fail_msg("%s: %s", refusals[i].keys, text);
        }
        assert_null(strstr(text, "mJ3F"));
        assert_null(strstr(text, "Q2vY"));
        assert_null(strstr(text, "MDEy"));
    }
}

static void keys_are_required(void **state)
{
    (void)state;
    assert_non_null(strstr(lab_refused("{\"filter\": \"encrypt\"}"), "keys"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, lab_setup, lab_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(old_keys_decrypt_and_the_first_encrypts),  TEST(a_missing_key_is_named),
        TEST(another_key_under_the_same_id_is_corrupt), TEST(keys_may_stand_in_a_file_by_lines),
        TEST(wrong_keys_are_refused_by_name),           TEST(keys_are_required),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
