/* SPDX-License-Identifier: Apache-2.0
 *
 * Content-Disposition with names that clients chose. */
#include "core/base/disposition.h"

#include "tests/unit/unit.h"

static void assert_value(bool attachment, const char *name, const char *expected)
{
    AUTO_BUF struct buf out = {0};
    assert_true(disposition_value(&out, attachment, name));
    assert_string_equal(out.data, expected);
}

static void without_a_name_it_is_one_word(void **state)
{
    (void)state;
    assert_value(false, NULL, "inline");
    assert_value(true, NULL, "attachment");
    assert_value(true, "", "attachment");
}

static void an_ascii_name_is_quoted(void **state)
{
    (void)state;
    assert_value(true, "my clip;1.webm", "attachment; filename=\"my clip;1.webm\"");
    assert_value(false, "a'b.png", "inline; filename=\"a'b.png\"");
}

static void other_names_come_in_both_forms(void **state)
{
    (void)state;
    assert_value(true, "\xe2\x82\xac rates.pdf",
                 "attachment; filename=\"_ rates.pdf\"; filename*=UTF-8''%E2%82%AC%20rates.pdf");
    assert_value(true, "a\"b%41.webm",
                 "attachment; filename=\"a_b_41.webm\"; filename*=UTF-8''a%22b%2541.webm");
}

static void no_name_breaks_out_of_the_header(void **state)
{
    (void)state;
    assert_value(true, "a\r\nSet-Cookie: x", "attachment; filename=\"a__Set-Cookie: x\"");
    assert_value(true, "../x\\y", "attachment; filename=\".._x_y\"");
    assert_value(true, "a\xff", "attachment; filename=\"a_\"");
    for (int c = 1; c < 256; c++) {
        AUTO_BUF struct buf out = {0};
        const char name[] = {'a', (char)c, 'b', '\0'};
        assert_true(disposition_value(&out, true, name));
        size_t quotes = 0;
        for (const char *at = out.data; *at; at++) {
            assert_true(*at >= ' ' && *at < 0x7f && *at != '\\');
            quotes += *at == '"';
        }
        assert_int_equal(quotes, 2);
    }
}

static void file_names_are_judged(void **state)
{
    (void)state;
    char longest[257];
    memset(longest, 'x', 256);
    longest[256] = '\0';
    assert_non_null(disposition_check_name(longest));
    longest[255] = '\0';
    assert_null(disposition_check_name(longest));
    static const char *const bad[] = {"",     ".",     "..",        "a/b",   "a\\b",
                                      "a\nb", "a\x7f", "a\xc2\x85", "a\xff", "\x1f"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_non_null(disposition_check_name(bad[i]));
    }
    static const char *const good[] = {"a", "...", ".a", "caf\xc3\xa9 \"1\".webm", "\xc2\xa0"};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_null(disposition_check_name(good[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_name_it_is_one_word),
        cmocka_unit_test(an_ascii_name_is_quoted),
        cmocka_unit_test(other_names_come_in_both_forms),
        cmocka_unit_test(no_name_breaks_out_of_the_header),
        cmocka_unit_test(file_names_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
