/* SPDX-License-Identifier: Apache-2.0
 *
 * --expires as people type it. */
#include "tests/support/check.h"

#include "core/cli/when.h"

static const int64_t now = 1795410000000; /* 2026-11-23T05:00:00Z */

static void dates_and_spans_are_read(void **state)
{
    int64_t at;
    (void)state;
    assert_true(when_read("30m", now, &at));
    assert_int_equal(at, now + 1800000);
    assert_true(when_read("90d", now, &at));
    assert_int_equal(at, now + 90 * (int64_t)86400000);
    assert_true(when_read("2027-01-31", now, &at));
    assert_int_equal(at, 1801353600000);
    assert_true(when_read("2027-01-31T12:00:01Z", now, &at));
    assert_int_equal(at, 1801396801000);
}

static void what_is_past_or_no_time_is_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "d",
                                        "0d",
                                        "-1d",
                                        "1y",
                                        "1dd",
                                        "9999999999d",
                                        "2026-11-22",
                                        "2027-02-30",
                                        "2027-1-31",
                                        "2027-01-31T12:00:00",
                                        "tomorrow",
                                        "2027-01-31 "};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t at;
        if (when_read(wrong[i], now, &at)) {
            fail_msg("\"%s\" was taken", wrong[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_and_spans_are_read),
        cmocka_unit_test(what_is_past_or_no_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
