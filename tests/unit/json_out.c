/* SPDX-License-Identifier: Apache-2.0
 *
 * What the gateway answers, as text. */
#include "core/http/json_out.h"

#include "tests/unit/unit.h"

#include <jansson.h>

static const struct mgw_row bare = {
    .size = sizeof(struct mgw_row),
    .id = "i",
    .account_id = "acc",
    .bucket = "b",
    .key = "k/1",
    .mime_type = "video/webm;codecs=vp9,opus",
    .size_bytes = 0,
    .duration_ms = MGW_ABSENT,
    .status = MGW_ROW_UPLOADING,
    .take_index = MGW_ABSENT,
    .created_at = 1795409460123,
    .updated_at = MGW_ABSENT,
    .owner = "node",
    .fence = 7,
    .lease_until = 5,
    .fingerprint = "f",
};
#define BARE                                                                                       \
    "{\"id\":\"i\",\"accountId\":\"acc\",\"bucket\":\"b\",\"key\":\"k/1\","                        \
    "\"mimeType\":\"video/webm;codecs=vp9,opus\",\"sizeBytes\":0,\"status\":\"uploading\","        \
    "\"createdAt\":\"2026-11-23T04:51:00.123Z\"}"

static void absent_fields_and_internals_are_left_out(void **state)
{
    (void)state;
    AUTO_BUF struct buf out = {0};
    assert_true(json_out_row(&out, &bare));
    assert_string_equal(out.data, BARE);
}

static void a_full_row_shows_all_and_keeps_metadata_byte_for_byte(void **state)
{
    (void)state;
    struct mgw_row row = bare;
    row.owner_email = "a\"@b";
    row.size_bytes = 9007199254740993;
    row.duration_ms = 0;
    row.kind = "video";
    row.status = MGW_ROW_READY;
    row.session_id = "s";
    row.take_index = 3;
    row.checksum = "sha256:00";
    row.metadata = "{ \"b\":0.10, \"a\" : 1e2}";
    row.updated_at = 0;
    AUTO_BUF struct buf out = {0};
    assert_true(json_out_row(&out, &row));
    assert_string_equal(
        out.data,
        "{\"id\":\"i\",\"accountId\":\"acc\",\"ownerEmail\":\"a\\\"@b\",\"bucket\":\"b\",\"key\":"
        "\"k/1\","
        "\"mimeType\":\"video/"
        "webm;codecs=vp9,opus\",\"sizeBytes\":9007199254740993,\"durationMs\":0,"
        "\"kind\":\"video\",\"status\":\"ready\",\"sessionId\":\"s\",\"takeIndex\":3,"
        "\"checksum\":\"sha256:00\",\"metadata\":{ \"b\":0.10, \"a\" : 1e2},"
        "\"createdAt\":\"2026-11-23T04:51:00.123Z\",\"updatedAt\":\"1970-01-01T00:00:00.000Z\"}");
}

static void a_grant_has_an_absolute_url_where_there_is_a_base(void **state)
{
    (void)state;
    struct mgw_grant grant = {.size = sizeof grant,
                              .row = &bare,
                              .signed_url = "/media/b/k?sig=1",
                              .signed_url_expires_at = 1000};
    AUTO_BUF struct buf with = {0}, without = {0}, already = {0};
    assert_true(json_out_grant(&with, &grant, "https://h"));
    assert_string_equal(with.data, "{\"row\":" BARE ",\"signedUrl\":\"https://h/media/b/k?sig=1\","
                                   "\"signedUrlExpiresAt\":\"1970-01-01T00:00:01.000Z\"}");
    assert_true(json_out_grant(&without, &grant, NULL));
    assert_non_null(strstr(without.data, "\"signedUrl\":\"/media/b/k?sig=1\""));
    grant.signed_url = "https://s3/x";
    assert_true(json_out_grant(&already, &grant, "https://h"));
    assert_non_null(strstr(already.data, "\"signedUrl\":\"https://s3/x\""));
}

static void a_grant_without_a_url_shows_the_row_alone(void **state)
{
    (void)state;
    struct mgw_grant grant = {.size = sizeof grant, .row = &bare};
    AUTO_BUF struct buf out = {0};
    assert_true(json_out_grant(&out, &grant, "https://h"));
    assert_string_equal(out.data, "{\"row\":" BARE "}");
}

static void a_list_has_its_items_and_a_cursor_only_where_it_goes_on(void **state)
{
    (void)state;
    AUTO_BUF struct buf none = {0}, two = {0};
    json_out_list_begin(&none);
    assert_true(json_out_list_end(&none, NULL));
    assert_string_equal(none.data, "{\"items\":[]}");
    json_out_list_begin(&two);
    json_out_list_row(&two, &bare);
    json_out_list_row(&two, &bare);
    assert_true(json_out_list_end(&two, "c"));
    assert_string_equal(two.data, "{\"items\":[" BARE "," BARE "],\"nextCursor\":\"c\"}");
}

static void an_error_names_itself(void **state)
{
    (void)state;
    AUTO_BUF struct buf out = {0};
    assert_true(json_out_error(&out, "bad_request", "a \"b\"\n", "r1"));
    assert_string_equal(
        out.data,
        "{\"error\":\"bad_request\",\"message\":\"a \\\"b\\\"\\n\",\"requestId\":\"r1\"}");
}

static void every_byte_in_a_text_gives_json_that_parses(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        const char text[] = {'a', (char)c, 'b', '\0'};
        AUTO_BUF struct buf out = {0};
        assert_true(json_out_text(&out, text));
        json_t *json = json_loadb(out.data, out.length, JSON_DECODE_ANY, NULL);
        assert_true(json_is_string(json));
        if (c < 0x80) {
            assert_string_equal(json_string_value(json), text);
        } else {
            assert_string_equal(json_string_value(json), "a\xef\xbf\xbd"
                                                         "b");
        }
        json_decref(json);
    }
    AUTO_BUF struct buf null = {0};
    assert_true(json_out_text(&null, NULL));
    assert_string_equal(null.data, "null");
}

static void a_full_buffer_fails(void **state)
{
    (void)state;
    AUTO_BUF struct buf out = {.max = 30};
    assert_false(json_out_row(&out, &bare));
    assert_true(out.failed);
}

static void statuses_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"uploading", "ready", "deleted", "failed"};
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_string_equal(json_out_status(json_out_status_of(names[i])), names[i]);
    }
    assert_int_equal(json_out_status_of("Ready"), 0);
    assert_null(json_out_status(3));
    assert_null(json_out_status(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_fields_and_internals_are_left_out),
        cmocka_unit_test(a_full_row_shows_all_and_keeps_metadata_byte_for_byte),
        cmocka_unit_test(a_grant_has_an_absolute_url_where_there_is_a_base),
        cmocka_unit_test(a_grant_without_a_url_shows_the_row_alone),
        cmocka_unit_test(a_list_has_its_items_and_a_cursor_only_where_it_goes_on),
        cmocka_unit_test(an_error_names_itself),
        cmocka_unit_test(every_byte_in_a_text_gives_json_that_parses),
        cmocka_unit_test(a_full_buffer_fails),
        cmocka_unit_test(statuses_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
