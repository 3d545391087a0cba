/* SPDX-License-Identifier: Apache-2.0
 *
 * Uploads that are wrong: the right 4xx, and neither a row `uploading` nor a file is left of them.
 */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/leftover.h"

#include <stdlib.h>
#include <string.h>

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw = gateway_new("{\"media\": {\"max_upload_bytes\": 1048576}}");
    leftover_watch(gw);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

/* Behind each test. */
static int nothing_is_left(void **state)
{
    int result = leftover_is_nothing(gw) ? 0 : -1;
    keep_teardown(state);
    return result;
}

static struct body some(void)
{
    return body_file("chromium-video-short.webm");
}

/* A form that is right so far; the caller adds what is wrong, and the end. */
static struct form *good_so_far(void)
{
    struct form *form = form_new();
    form_field(form, "mimeType", API_VIDEO);
    form_field(form, "durationMs", "5");
    form_blob(form, API_VIDEO, some());
    return form;
}

static void refused_as(struct http_answer *answer, long status, const char *what)
{
    if (answer->status != status) {
        print_error("of: %.200s\n", what);
    }
    api_error(answer, status, NULL);
}

static void ends_and_is_400(struct form *form, const char *what)
{
    form_end(form);
    refused_as(api_post(gw->client, form, NULL), 400, what);
}

/* FIELD with each of the COUNT values is 400, before the blob and behind it. */
static void values_are_400(const char *field, const char *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct form *before = form_new();
        form_field(before, field, values[i]);
        form_blob(before, API_VIDEO, some());
        ends_and_is_400(before, values[i]);
        struct form *behind = form_new();
        form_blob(behind, API_VIDEO, some());
        form_field(behind, field, values[i]);
        ends_and_is_400(behind, values[i]);
    }
}
#define VALUES_ARE_400(field, ...)                                                                 \
    do {                                                                                           \
        const char *const values_[] = {__VA_ARGS__};                                               \
        values_are_400(field, values_, sizeof values_ / sizeof *values_);                          \
    } while (0)

static char *repeated(char byte, size_t count)
{
    char *text = keep(malloc(count + 1));
    memset(text, byte, count);
    text[count] = '\0';
    return text;
}

static void no_blob_is_400(void **state)
{
    (void)state;
    struct form *form = form_new();
    form_field(form, "mimeType", API_VIDEO);
    form_field(form, "durationMs", "5");
    ends_and_is_400(form, "no blob");
}

static void an_empty_form_is_400(void **state)
{
    (void)state;
    ends_and_is_400(form_new(), "an empty form");
    struct form *nothing = form_new();
    form_raw(nothing, "", 0);
    refused_as(api_post(gw->client, nothing, NULL), 400, "an empty body");
}

static void two_blobs_are_400(void **state)
{
    (void)state;
    struct form *form = good_so_far();
    form_blob(form, API_VIDEO, some());
    ends_and_is_400(form, "two blobs");
}

static void a_repeated_field_is_400(void **state)
{
    (void)state;
    struct form *form = good_so_far();
    form_field(form, "durationMs", "5");
    ends_and_is_400(form, "durationMs twice");
    struct form *unknown = good_so_far();
    form_field(unknown, "more", "1");
    form_field(unknown, "more", "1");
    ends_and_is_400(unknown, "an unknown field twice");
}

static void a_missing_end_boundary_is_400(void **state)
{
    (void)state;
    refused_as(api_post(gw->client, good_so_far(), NULL), 400, "no end boundary");
    struct form *half = good_so_far();
    form_raw(half, "--" FORM_BOUNDARY, strlen("--" FORM_BOUNDARY));
    refused_as(api_post(gw->client, half, NULL), 400, "half an end boundary");
    struct form *cut = good_so_far();
    cut->length -= 500;
    refused_as(api_post(gw->client, cut, NULL), 400, "cut in the blob");
}

static void a_part_without_name_is_400(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "Content-Disposition: form-data", "Content-Disposition: form-data; name=\"\"",
        "Content-Type: text/plain", "Content-Disposition: attachment; name=\"x\"",
        "Content-Disposition: form-data; filename=\"x\""};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct form *form = good_so_far();
        form_part(form, heads[i], "1", 1);
        ends_and_is_400(form, heads[i]);
    }
}

static void nul_in_a_name_is_400(void **state)
{
    (void)state;
    static const char part[] =
        "--" FORM_BOUNDARY "\r\nContent-Disposition: form-data; name=\"a\0b\"\r\n\r\n1\r\n";
    struct form *form = good_so_far();
    form_raw(form, part, sizeof part - 1);
    ends_and_is_400(form, "NUL in a name");
}

static void nul_in_a_field_is_400(void **state)
{
    (void)state;
    static const char *const fields[] = {"durationMs", "sessionId", "ownerEmail", "metadata",
                                         "mimeType"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct form *form = form_new();
        form_blob(form, NULL, some());
        form_part(form, keep_text("Content-Disposition: form-data; name=\"%s\"", fields[i]),
                  "5\0005", 3);
        ends_and_is_400(form, fields[i]);
    }
}

static void invalid_utf8_in_a_field_is_400(void **state)
{
    (void)state;
    VALUES_ARE_400("ownerEmail", "a\xff@example.com", "\xed\xa0\x80", "\xc0\xaf");
    VALUES_ARE_400("metadata", "{\"a\":\"\xff\"}");
}

static void a_missing_or_bad_boundary_is_400(void **state)
{
    (void)state;
    const char *const types[] = {"multipart/form-data",
                                 "multipart/form-data; boundary=",
                                 "multipart/form-data; boundary=\"\"",
                                 "multipart/form-data; boundary=other",
                                 keep_text("multipart/form-data; boundary=%s", repeated('b', 71)),
                                 "multipart/form-data; boundary=a b{}"};
    struct form *form = good_so_far();
    form_end(form);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct http_answer *answer =
            http_send(gw->client, "POST", API_RECORDINGS, keep_text("Content-Type: %s", types[i]),
                      form->bytes, form->length);
        refused_as(answer, 400, types[i]);
    }
}

static void nested_multipart_is_400(void **state)
{
    (void)state;
    struct form *form = good_so_far();
    static const char inner[] = "--in\r\nContent-Disposition: attachment; filename=\"x\"\r\n\r\n1"
                                "\r\n--in--";
    form_part(form,
              "Content-Disposition: form-data; name=\"more\"\r\n"
              "Content-Type: multipart/mixed; boundary=in",
              inner, sizeof inner - 1);
    ends_and_is_400(form, "multipart/mixed");
}

static void more_than_32_parts_are_400(void **state)
{
    (void)state;
    struct form *form = good_so_far();
    for (int i = 0; i < 30; i++) {
        form_field(form, keep_text("more%d", i), "1");
    }
    ends_and_is_400(form, "33 parts");
}

static void a_part_header_over_16_kib_is_400(void **state)
{
    (void)state;
    struct form *form = good_so_far();
    form_part(form,
              keep_text("Content-Disposition: form-data; name=\"more\"\r\nX-More: %s",
                        repeated('x', 17000)),
              "1", 1);
    ends_and_is_400(form, "17,000 bytes of part header");
}

static void a_field_over_64_kib_is_400(void **state)
{
    (void)state;
    struct form *form = good_so_far();
    form_field(form, "more", repeated('x', 65537));
    ends_and_is_400(form, "65,537 bytes of field");
}

static void a_bad_duration_is_400(void **state)
{
    (void)state;
    VALUES_ARE_400("durationMs", "-1", "1.5", "1e3", "abc", "", " 5", "5 ", "+5", "0x10", "NaN",
                   "9007199254740992", "9223372036854775808", "18446744073709551617",
                   "99999999999999999999999999999999999999", "5;DROP", "٥");
}

static void a_bad_take_index_is_400(void **state)
{
    (void)state;
    VALUES_ARE_400("takeIndex", "-1", "1.0", "2147483648", "4294967297", "18446744073709551617",
                   "one", "", "1 2");
}

static void a_bad_session_id_is_400(void **state)
{
    (void)state;
    VALUES_ARE_400("sessionId", "", "a b", "a/b", "../x", "gr\xc3\xbc\xc3\x9f", "a\nb",
                   repeated('s', 129));
}

static void a_bad_owner_email_is_400(void **state)
{
    (void)state;
    VALUES_ARE_400("ownerEmail", "a\nb@example.com", "a\x7f@example.com", "a\tb@example.com",
                   repeated('e', 321));
}

static void bad_metadata_is_400(void **state)
{
    (void)state;
    char *deep = keep_text("%s%s", "{\"a\":", "");
    char *close = keep_text("%s", "1}");
    for (int i = 0; i < 33; i++) {
        deep = keep_text("%s[", deep);
        close = keep_text("]%s", close);
    }
    VALUES_ARE_400("metadata", "", "{", "[]", "\"text\"", "1", "null", "{\"a\":1,\"a\":2}",
                   "{\"x\":{\"a\":1,\"a\":2}}", "{\"a\":\"\\u0000\"}", "{\"\\u0000\":1}", "{} x",
                   "{'a':1}", "{\"a\":NaN}", "{\"a\":01}", "{\"a\":\"\\ud800\"}",
                   keep_text("%s]%s", deep, close), keep_text("%s%s", deep, close));
}

static void metadata_over_64_kib_is_400(void **state)
{
    (void)state;
    struct form *form = good_so_far();
    form_field(form, "metadata", keep_text("{\"a\":\"%s\"}", repeated('x', 65530)));
    ends_and_is_400(form, "metadata over 64 KiB");
}

int main(void)
{
#define TEST_LEAVES_NOTHING(function) cmocka_unit_test_teardown(function, nothing_is_left)
    const struct CMUnitTest tests[] = {
        TEST_LEAVES_NOTHING(no_blob_is_400),
        TEST_LEAVES_NOTHING(an_empty_form_is_400),
        TEST_LEAVES_NOTHING(two_blobs_are_400),
        TEST_LEAVES_NOTHING(a_repeated_field_is_400),
        TEST_LEAVES_NOTHING(a_missing_end_boundary_is_400),
        TEST_LEAVES_NOTHING(a_part_without_name_is_400),
        TEST_LEAVES_NOTHING(nul_in_a_name_is_400),
        TEST_LEAVES_NOTHING(nul_in_a_field_is_400),
        TEST_LEAVES_NOTHING(invalid_utf8_in_a_field_is_400),
        TEST_LEAVES_NOTHING(a_missing_or_bad_boundary_is_400),
        TEST_LEAVES_NOTHING(nested_multipart_is_400),
        TEST_LEAVES_NOTHING(more_than_32_parts_are_400),
        TEST_LEAVES_NOTHING(a_part_header_over_16_kib_is_400),
        TEST_LEAVES_NOTHING(a_field_over_64_kib_is_400),
        TEST_LEAVES_NOTHING(a_bad_duration_is_400),
        TEST_LEAVES_NOTHING(a_bad_take_index_is_400),
        TEST_LEAVES_NOTHING(a_bad_session_id_is_400),
        TEST_LEAVES_NOTHING(a_bad_owner_email_is_400),
        TEST_LEAVES_NOTHING(bad_metadata_is_400),
        TEST_LEAVES_NOTHING(metadata_over_64_kib_is_400),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
