/* SPDX-License-Identifier: Apache-2.0
 *
 * Raw request targets: split first, decoded once. */
#include "core/http/target.h"

#include "tests/unit/unit.h"

#include <stdio.h>

/* Parses a copy that ends where RAW ends, so that ASan sees a byte read behind it. */
static struct target *parse(const char *raw, size_t length, const char **error)
{
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, raw, length);
    struct target *target = target_parse(copy, length, error);
    free(copy);
    return target;
}
static struct target *parsed(const char *raw)
{
    const char *error;
    struct target *target = parse(raw, strlen(raw), &error);
    assert_null(error);
    assert_non_null(target);
    return target;
}

static void refused(const char *raw, size_t length)
{
    const char *error;
    struct target *target = parse(raw, length, &error);
    if (target || !error) {
        fail_msg("taken: %s", raw);
    }
}
#define REFUSED(raw) refused(raw, sizeof(raw) - 1)

static void a_path_is_split_at_raw_slashes_then_decoded(void **state)
{
    (void)state;
    AUTO_TARGET struct target *target = parsed("/api/me%64ia/a%2Fb/");
    assert_string_equal(target->path, "/api/media/a/b/");
    assert_int_equal(target->segment_count, 4);
    assert_string_equal(target->segments[0], "api");
    assert_string_equal(target->segments[1], "media");
    assert_string_equal(target->segments[2], "a/b");
    assert_string_equal(target->segments[3], "");
    assert_null(target->bucket);
}

static void escapes_are_decoded_once(void **state)
{
    (void)state;
    AUTO_TARGET struct target *target = parsed("/a%252Fb?x=%2541");
    assert_string_equal(target->path, "/a%2Fb");
    assert_string_equal(target_param(target, "x"), "%41");
}

static void segments_beyond_those_kept_are_counted(void **state)
{
    (void)state;
    AUTO_TARGET struct target *target = parsed("/1/2/3/4/5/6/7/8/9/10");
    assert_int_equal(target->segment_count, 10);
    assert_string_equal(target->segments[7], "8");
}

static void a_blob_is_a_bucket_and_a_key_with_its_slashes(void **state)
{
    (void)state;
    AUTO_TARGET struct target *target = parsed("/media/b%20k/a/b%2Fc//../%E2%82%AC+?sig=a+b%2Bc");
    assert_string_equal(target->bucket, "b k");
    assert_string_equal(target->key, "a/b/c//../\xe2\x82\xac+");
    assert_string_equal(target_param(target, "sig"), "a+b+c");
}

static void a_blob_needs_both_bucket_and_key(void **state)
{
    (void)state;
    static const char *const raws[] = {"/media",    "/media/",     "/media/b",
                                       "/media/b/", "/media//k",   "/mediax/b/k",
                                       "/m",        "/media?/b/k", "/%6dedia/b/k"};
    for (size_t i = 0; i < COUNT(raws); i++) {
        AUTO_TARGET struct target *target = parsed(raws[i]);
        assert_null(target->bucket);
        assert_null(target->key);
    }
}

static void a_query_is_pairs(void **state)
{
    (void)state;
    AUTO_TARGET struct target *target = parsed("/api/media?a=1&&b=x=y&c&d=&%61%62=q+r%2B");
    assert_int_equal(target->param_count, 5);
    assert_string_equal(target_param(target, "a"), "1");
    assert_string_equal(target_param(target, "b"), "x=y");
    assert_string_equal(target_param(target, "c"), "");
    assert_string_equal(target_param(target, "d"), "");
    assert_string_equal(target_param(target, "ab"), "q r+");
    assert_null(target_param(target, "e"));
    assert_null(target_repeated(target, NULL));
}

static void repeated_parameters_are_told(void **state)
{
    (void)state;
    AUTO_TARGET struct target *target = parsed("/media/b/k?sig=1&x=1&s%69g=2");
    assert_string_equal(target_param(target, "sig"), "1");
    assert_string_equal(target_repeated(target, NULL), "sig");
    assert_string_equal(target_repeated(target, (const char *const[]){"x", "sig", NULL}), "sig");
    assert_null(target_repeated(target, (const char *const[]){"x", NULL}));
}

static void what_is_no_origin_form_is_refused(void **state)
{
    (void)state;
    REFUSED("");
    REFUSED("*");
    REFUSED("http://host/a");
    REFUSED("host:443");
    REFUSED("a");
}

static void bad_escapes_and_bytes_are_refused(void **state)
{
    (void)state;
    REFUSED("/a%");
    REFUSED("/a%2");
    REFUSED("/a%zz");
    REFUSED("/a%00b");
    REFUSED("/a\0b");
    REFUSED("/a b");
    REFUSED("/a\tb");
    REFUSED("/a#b");
    REFUSED("/a%ff");
    REFUSED("/a\xff");
    REFUSED("/%c3/%a9");
    REFUSED("/%ed%a0%80");
    REFUSED("/a?x=%00");
    REFUSED("/a?%00=x");
    REFUSED("/a?x=%c3");
    REFUSED("/a?x=%4");
    REFUSED("/media/b/%zz");
    REFUSED("/media/%00/k");
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    const char *error;
    AUTO_FREE char *longest = malloc(TARGET_MAX + 1);
    memset(longest, '/', TARGET_MAX + 1);
    AUTO_TARGET struct target *target = parse(longest, TARGET_MAX, &error);
    assert_non_null(target);
    assert_int_equal(target->segment_count, TARGET_MAX);
    refused(longest, TARGET_MAX + 1);
    char query[TARGET_PARAMS_MAX * 2 + 4] = "/?";
    for (size_t i = 0; i < TARGET_PARAMS_MAX; i++) {
        memcpy(query + 2 + 2 * i, "a&", 3);
    }
    AUTO_TARGET struct target *full = parse(query, sizeof query - 2, &error);
    assert_non_null(full);
    assert_int_equal(full->param_count, TARGET_PARAMS_MAX);
    query[sizeof query - 2] = 'a';
    refused(query, sizeof query - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_split_at_raw_slashes_then_decoded),
        cmocka_unit_test(escapes_are_decoded_once),
        cmocka_unit_test(segments_beyond_those_kept_are_counted),
        cmocka_unit_test(a_blob_is_a_bucket_and_a_key_with_its_slashes),
        cmocka_unit_test(a_blob_needs_both_bucket_and_key),
        cmocka_unit_test(a_query_is_pairs),
        cmocka_unit_test(repeated_parameters_are_told),
        cmocka_unit_test(what_is_no_origin_form_is_refused),
        cmocka_unit_test(bad_escapes_and_bytes_are_refused),
        cmocka_unit_test(sizes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
