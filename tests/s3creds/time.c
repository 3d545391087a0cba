/* SPDX-License-Identifier: Apache-2.0
 *
 * The times in which credentials say when they end. */
#include "drivers/s3/creds_source.h"

#include "tests/unit/unit.h"

static void times_are_read_in_every_form_that_is_sent(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t wall_ms;
    } good[] = {
        {"2026-11-24T00:00:00Z", INT64_C(1795478400000)},
        {"2026-11-24T00:00:00.123Z", INT64_C(1795478400000)},
        {"2026-11-24T01:30:00+01:30", INT64_C(1795478400000)},
        {"2026-11-23T22:00:00-0200", INT64_C(1795478400000)},
        {"2024-02-29T23:59:59Z", INT64_C(1709251199000)},
        {"2038-01-19T03:14:08Z", INT64_C(2147483648000)},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t wall_ms;
        assert_true(creds_time(good[i].text, &wall_ms));
        assert_int_equal(wall_ms, good[i].wall_ms);
    }
}

static void other_texts_are_no_times(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "tomorrow",
        "2026-11-24",
        "2026-11-24T00:00:00",
        "2026-11-24 00:00:00Z",
        "2026-11-24T00:00:00Zulu",
        "2026-13-24T00:00:00Z",
        "2026-11-32T00:00:00Z",
        "2026-11-24T25:00:00Z",
        "2026-11-24T00:00:00.Z",
        "2026-11-24T00:00:00+1",
        "2026-11-24T00:00:00+24:00",
        "2026-11-24T00:00:00+-1:00",
        "1970-01-01T00:00:00Z",
        "1969-12-31T00:00:00Z",
        "+026-11-24T00:00:00Z",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t wall_ms;
        if (creds_time(bad[i], &wall_ms)) {
            fail_msg("%s was read as a time", bad[i]);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_in_every_form_that_is_sent),
        cmocka_unit_test(other_texts_are_no_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
