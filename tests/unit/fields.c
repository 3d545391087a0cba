/* SPDX-License-Identifier: Apache-2.0
 *
 * The fields of a create. */
#include "core/http/fields.h"

#include "tests/unit/unit.h"

static bool set(struct fields *fields, const char *name, const char *value)
{
    return fields_set(fields, name, value, strlen(value));
}

static void fields_become_a_recording(void **state)
{
    (void)state;
    AUTO_FIELDS struct fields *fields = fields_new();
    assert_true(set(fields, "mimeType", "video/webm"));
    assert_true(set(fields, "durationMs", "1500"));
    assert_true(set(fields, "takeIndex", "0"));
    assert_true(set(fields, "sessionId", "s-1"));
    assert_true(set(fields, "ownerEmail", "a@b.example"));
    assert_true(set(fields, "metadata", "{\"a\": 0.1}"));
    assert_true(set(fields, "kind", "video"));
    assert_true(set(fields, "checksum", "sha256:00"));
    assert_true(set(fields, "somethingElse", "x"));
    struct mgw_recording recording;
    assert_true(fields_recording(fields, &recording));
    assert_int_equal(recording.size, sizeof recording);
    assert_string_equal(recording.mime_type, "video/webm");
    assert_int_equal(recording.duration_ms, 1500);
    assert_int_equal(recording.take_index, 0);
    assert_string_equal(recording.session_id, "s-1");
    assert_string_equal(recording.owner_email, "a@b.example");
    assert_string_equal(recording.metadata, "{\"a\": 0.1}");
    assert_string_equal(recording.kind, "video");
    assert_string_equal(recording.checksum, "sha256:00");
    assert_null(fields_error(fields));
    assert_null(fields_get(fields, "somethingElse"));
}

static void what_was_not_given_is_absent(void **state)
{
    (void)state;
    AUTO_FIELDS struct fields *fields = fields_new();
    struct mgw_recording recording;
    assert_true(fields_recording(fields, &recording));
    assert_null(recording.mime_type);
    assert_null(recording.metadata);
    assert_int_equal(recording.duration_ms, MGW_ABSENT);
    assert_int_equal(recording.take_index, MGW_ABSENT);
}

static void a_value_may_come_in_pieces_and_be_empty(void **state)
{
    (void)state;
    AUTO_FIELDS struct fields *fields = fields_new();
    assert_true(fields_begin(fields, "sessionId"));
    assert_true(fields_data(fields, "ab", 2));
    assert_true(fields_data(fields, NULL, 0));
    assert_true(fields_data(fields, "c", 1));
    assert_true(fields_end(fields));
    assert_string_equal(fields_get(fields, "sessionId"), "abc");
    assert_true(set(fields, "ownerEmail", ""));
    assert_string_equal(fields_get(fields, "ownerEmail"), "");
}

static void numbers_that_are_no_plain_decimals_are_refused_by_name(void **state)
{
    (void)state;
    static const char *const values[] = {"",
                                         "-1",
                                         "+1",
                                         " 1",
                                         "1 ",
                                         "1e3",
                                         "1.0",
                                         "0x10",
                                         "1,000",
                                         "NaN",
                                         "9007199254740992",
                                         "99999999999999999999",
                                         "1\n",
                                         "\xd9\xa1"};
    for (size_t i = 0; i < COUNT(values); i++) {
        AUTO_FIELDS struct fields *fields = fields_new();
        struct mgw_recording recording;
        assert_true(set(fields, "durationMs", values[i]));
        assert_false(fields_recording(fields, &recording));
        assert_string_equal(fields_error(fields),
                            "durationMs must be a decimal integer from 0 to 9007199254740991");
    }
    AUTO_FIELDS struct fields *fields = fields_new();
    struct mgw_recording recording;
    assert_true(set(fields, "takeIndex", "2147483648"));
    assert_false(fields_recording(fields, &recording));
    assert_string_equal(fields_error(fields),
                        "takeIndex must be a decimal integer from 0 to 2147483647");
}

static void integers_go_up_to_their_maximum(void **state)
{
    (void)state;
    int64_t number;
    assert_true(fields_integer("9223372036854775807", INT64_MAX, &number));
    assert_true(number == INT64_MAX);
    assert_false(fields_integer("9223372036854775808", INT64_MAX, &number));
    assert_true(fields_integer("0000000000000000000000000007", 7, &number));
    assert_int_equal(number, 7);
    assert_false(fields_integer("8", 7, &number));
    assert_true(fields_integer("5", 5, &number));
    assert_false(fields_integer("6", 5, &number));
    assert_false(fields_integer("10", 5, &number));
}

static void a_nul_is_refused_by_name(void **state)
{
    (void)state;
    AUTO_FIELDS struct fields *fields = fields_new();
    assert_false(fields_set(fields, "sessionId", "a\0b", 3));
    assert_string_equal(fields_error(fields), "sessionId has a NUL");
}

static void text_that_is_no_utf8_is_refused_also_across_pieces(void **state)
{
    (void)state;
    AUTO_FIELDS struct fields *fields = fields_new();
    assert_true(fields_begin(fields, "ownerEmail"));
    assert_true(fields_data(fields, "\xc3", 1));
    assert_true(fields_data(fields, "\xa9", 1));
    assert_true(fields_end(fields));
    assert_false(set(fields, "metadata", "\xc3"));
    assert_string_equal(fields_error(fields), "metadata is not UTF-8");
}

static void a_field_given_twice_is_refused(void **state)
{
    (void)state;
    AUTO_FIELDS struct fields *fields = fields_new();
    assert_true(set(fields, "kind", ""));
    assert_false(set(fields, "kind", ""));
    assert_string_equal(fields_error(fields), "kind is given twice");
}

static void a_field_over_64_KiB_is_refused_known_or_not(void **state)
{
    (void)state;
    static const char *const names[] = {"metadata", "unknown"};
    AUTO_FREE char *value = malloc(FIELDS_VALUE_MAX);
    memset(value, 'x', FIELDS_VALUE_MAX);
    for (size_t i = 0; i < COUNT(names); i++) {
        AUTO_FIELDS struct fields *fields = fields_new();
        assert_true(fields_begin(fields, names[i]));
        assert_true(fields_data(fields, value, FIELDS_VALUE_MAX));
        assert_false(fields_data(fields, "x", 1));
        assert_non_null(strstr(fields_error(fields), "larger than 64 KiB"));
    }
}

static void unknown_fields_are_checked_and_dropped(void **state)
{
    (void)state;
    AUTO_FIELDS struct fields *fields = fields_new();
    assert_true(set(fields, "other", "1"));
    assert_true(set(fields, "other", "2"));
    assert_false(fields_is_known("other"));
    assert_false(set(fields, "other", "\xff"));
    assert_string_equal(fields_error(fields), "a form field is not UTF-8");
}

static void headers_name_fields_in_any_case(void **state)
{
    (void)state;
    assert_string_equal(fields_name_of_header("x-duration-ms"), "durationMs");
    assert_string_equal(fields_name_of_header("X-Session-Id"), "sessionId");
    assert_string_equal(fields_name_of_header("X-Media-Metadata"), "metadata");
    assert_null(fields_name_of_header("Content-Type"));
    assert_null(fields_name_of_header("X-Account-Id"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_become_a_recording),
        cmocka_unit_test(what_was_not_given_is_absent),
        cmocka_unit_test(a_value_may_come_in_pieces_and_be_empty),
        cmocka_unit_test(numbers_that_are_no_plain_decimals_are_refused_by_name),
        cmocka_unit_test(integers_go_up_to_their_maximum),
        cmocka_unit_test(a_nul_is_refused_by_name),
        cmocka_unit_test(text_that_is_no_utf8_is_refused_also_across_pieces),
        cmocka_unit_test(a_field_given_twice_is_refused),
        cmocka_unit_test(a_field_over_64_KiB_is_refused_known_or_not),
        cmocka_unit_test(unknown_fields_are_checked_and_dropped),
        cmocka_unit_test(headers_name_fields_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
