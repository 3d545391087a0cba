/* SPDX-License-Identifier: Apache-2.0
 *
 * Conditional requests in the order of RFC 9110 section 13.2.2. */
#include "core/http/precondition.h"

#include "tests/unit/unit.h"

#define AT "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

/* Modified within the second that AT names. */
static const struct precondition_content content = {.etag = "abc", .modified_at = 784111777900};
static bool ranged;

static int get(struct precondition request)
{
    request.get_or_head = true;
    return (int)precondition_check(&request, &content, &ranged);
}

static int put(struct precondition request)
{
    return (int)precondition_check(&request, &content, &ranged);
}
#define GET(...) get((struct precondition){__VA_ARGS__})
#define PUT(...) put((struct precondition){__VA_ARGS__})

static void without_conditions_the_request_goes_on_and_range_counts(void **state)
{
    (void)state;
    assert_int_equal(get((struct precondition){0}), PRECONDITION_PROCEED);
    assert_true(ranged);
}

static void if_match_compares_strongly(void **state)
{
    (void)state;
    assert_int_equal(GET(.if_match = "\"abc\""), PRECONDITION_PROCEED);
    assert_int_equal(GET(.if_match = "\"x\", W/\"y\" ,\"abc\""), PRECONDITION_PROCEED);
    assert_int_equal(GET(.if_match = " * "), PRECONDITION_PROCEED);
    assert_int_equal(GET(.if_match = "W/\"abc\""), PRECONDITION_FAILED);
    assert_int_equal(GET(.if_match = "\"ABC\""), PRECONDITION_FAILED);
    assert_int_equal(GET(.if_match = "\"ab\""), PRECONDITION_FAILED);
}

static void a_malformed_list_matches_nothing(void **state)
{
    (void)state;
    static const char *const lists[] = {"abc",        "\"abc",     "\"abc\" \"x\"", "\"abc\", x",
                                        "",           "w/\"abc\"", "\"abc\"x",      "\"a bc\"",
                                        "*, \"abc\"", "\"abc\", *"};
    for (size_t i = 0; i < COUNT(lists); i++) {
        assert_int_equal(GET(.if_match = lists[i]), PRECONDITION_FAILED);
        assert_int_equal(GET(.if_none_match = lists[i]), PRECONDITION_PROCEED);
    }
}

static void if_none_match_compares_weakly_and_is_304_for_get_alone(void **state)
{
    (void)state;
    assert_int_equal(GET(.if_none_match = "\"abc\""), PRECONDITION_NOT_MODIFIED);
    assert_int_equal(GET(.if_none_match = "W/\"abc\""), PRECONDITION_NOT_MODIFIED);
    assert_int_equal(GET(.if_none_match = "\"x\",W/\"abc\""), PRECONDITION_NOT_MODIFIED);
    assert_int_equal(GET(.if_none_match = "*"), PRECONDITION_NOT_MODIFIED);
    assert_int_equal(GET(.if_none_match = "\"x\""), PRECONDITION_PROCEED);
    assert_int_equal(PUT(.if_none_match = "*"), PRECONDITION_FAILED);
}

static void if_modified_since_compares_seconds(void **state)
{
    (void)state;
    assert_int_equal(GET(.if_modified_since = AT), PRECONDITION_NOT_MODIFIED);
    assert_int_equal(GET(.if_modified_since = AFTER), PRECONDITION_NOT_MODIFIED);
    assert_int_equal(GET(.if_modified_since = BEFORE), PRECONDITION_PROCEED);
    assert_int_equal(GET(.if_modified_since = "yesterday"), PRECONDITION_PROCEED);
    assert_int_equal(PUT(.if_modified_since = AT), PRECONDITION_PROCEED);
}

static void if_unmodified_since_compares_seconds(void **state)
{
    (void)state;
    assert_int_equal(GET(.if_unmodified_since = AT), PRECONDITION_PROCEED);
    assert_int_equal(GET(.if_unmodified_since = BEFORE), PRECONDITION_FAILED);
    assert_int_equal(GET(.if_unmodified_since = "yesterday"), PRECONDITION_PROCEED);
}

static void etags_go_before_dates(void **state)
{
    (void)state;
    assert_int_equal(GET(.if_match = "\"abc\"", .if_unmodified_since = BEFORE),
                     PRECONDITION_PROCEED);
    assert_int_equal(GET(.if_none_match = "\"x\"", .if_modified_since = AT), PRECONDITION_PROCEED);
    assert_int_equal(GET(.if_match = "\"x\"", .if_none_match = "\"abc\""), PRECONDITION_FAILED);
    assert_int_equal(GET(.if_match = "\"abc\"", .if_none_match = "\"abc\""),
                     PRECONDITION_NOT_MODIFIED);
}

static void if_range_lets_the_range_count_only_for_the_same_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool counts;
    } cases[] = {
        {"\"abc\"", true}, {"W/\"abc\"", false}, {"\"x\"", false}, {"\"abc\", \"x\"", false},
        {AT, true},        {BEFORE, false},      {AFTER, false},   {"abc", false},
        {"", false},       {"*", false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(GET(.if_range = cases[i].value), PRECONDITION_PROCEED);
        assert_int_equal(ranged, cases[i].counts);
    }
}

static void content_without_an_etag_matches_the_star_alone(void **state)
{
    (void)state;
    const struct precondition_content bare = {.modified_at = content.modified_at};
    struct precondition request = {.get_or_head = true, .if_none_match = "\"\""};
    assert_int_equal(precondition_check(&request, &bare, &ranged), PRECONDITION_PROCEED);
    request.if_none_match = "*";
    assert_int_equal(precondition_check(&request, &bare, &ranged), PRECONDITION_NOT_MODIFIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_conditions_the_request_goes_on_and_range_counts),
        cmocka_unit_test(if_match_compares_strongly),
        cmocka_unit_test(a_malformed_list_matches_nothing),
        cmocka_unit_test(if_none_match_compares_weakly_and_is_304_for_get_alone),
        cmocka_unit_test(if_modified_since_compares_seconds),
        cmocka_unit_test(if_unmodified_since_compares_seconds),
        cmocka_unit_test(etags_go_before_dates),
        cmocka_unit_test(if_range_lets_the_range_count_only_for_the_same_bytes),
        cmocka_unit_test(content_without_an_etag_matches_the_star_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
