/* SPDX-License-Identifier: Apache-2.0
 *
 * The multipart reader, each body in slices of every size from one byte on: what is seen must not
 * depend on how it arrived. */
#include "core/http/multipart.h"

#include "core/base/buf.h"
#include "tests/unit/unit.h"

#include <stdio.h>

#define TYPE "multipart/form-data; boundary=xYz"
#define PART(name) "--xYz\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define END "\r\n--xYz--\r\n"

/* Feeds LENGTH bytes in slices of STEP and writes what is seen: "[name|file|type]data." a part, "!"
 * at the end boundary. Returns the error, "" for none. */
static const char *read_in_steps(const char *body, size_t length, size_t step, struct buf *seen)
{
    const char *error, *result = "";
    struct multipart *m = multipart_new(TYPE, &error);
    assert_non_null(m);
    bool bad = false;
    for (size_t at = 0; at < length && !bad; at += step) {
        size_t left = length - at < step ? length - at : step;
        /* A heap copy of the slice alone, so that ASan sees a byte read beside it. */
        char *slice = malloc(left);
        assert_non_null(slice);
        memcpy(slice, body + at, left);
        const char *bytes = slice;
        enum multipart_event event = MULTIPART_BEGIN;
        while (event != MULTIPART_MORE && !bad) {
            event = multipart_next(m, &bytes, &left);
            const struct multipart_part *part = multipart_part(m);
            size_t n;
            switch (event) {
            case MULTIPART_BEGIN:
                buf_printf(seen, "[%s|%s|%s]", part->name, part->file_name ? part->file_name : "-",
                           part->content_type ? part->content_type : "-");
                break;
            case MULTIPART_DATA: {
                const char *data = multipart_data(m, &n);
                assert_true(n > 0);
                buf_append(seen, data, n);
                break;
            }
            case MULTIPART_END:
                buf_text(seen, ".");
                break;
            case MULTIPART_DONE:
                buf_text(seen, "!");
                break;
            case MULTIPART_BAD:
                bad = true;
                break;
            case MULTIPART_MORE:
                assert_int_equal(left, 0);
                break;
            }
        }
        free(slice);
    }
    if (!multipart_finish(m)) {
        result = multipart_error(m);
        assert_non_null(result);
    }
    multipart_free(m);
    return result;
}

static void assert_reads(const char *body, size_t length, const char *expected,
                         size_t expected_length)
{
    for (size_t step = 1; step <= length; step++) {
        AUTO_BUF struct buf seen = {0};
        assert_string_equal(read_in_steps(body, length, step, &seen), "");
        assert_int_equal(seen.length, expected_length);
        assert_memory_equal(seen.data, expected, expected_length);
    }
}
#define READS(body, expected) assert_reads(body, sizeof(body) - 1, expected, sizeof(expected) - 1)

static void assert_refused(const char *body, size_t length, const char *error)
{
    for (size_t step = 1; step <= length; step = step < 100 ? step + 1 : step * 2) {
        AUTO_BUF struct buf seen = {0};
        const char *got = read_in_steps(body, length, step, &seen);
        if (!strstr(got, error)) {
            fail_msg("step %zu: \"%s\" instead of \"%s\"", step, got, error);
        }
    }
}
#define REFUSED(body, error) assert_refused(body, sizeof(body) - 1, error)

static void parts_are_seen_in_order_with_names_files_and_types(void **state)
{
    (void)state;
    READS("--xYz\r\nContent-Disposition: form-data; name=\"durationMs\"\r\n\r\n1500"
          "\r\n--xYz\r\ncontent-disposition:form-data;filename=\"r.webm\"; name=blob\r\n"
          "CONTENT-TYPE: video/webm;codecs=vp9,opus \r\nX-Other: 1\r\n\r\nbytes" END,
          "[durationMs|-|-]1500.[blob|r.webm|video/webm;codecs=vp9,opus]bytes.!");
}

static void payload_that_looks_like_a_boundary_passes_unchanged(void **state)
{
    (void)state;
    READS(PART("b") "\r\n--xY\r\r\n-\r\n--xy\n--xYz--\r\n--\0--xYz\r" END,
          "[b|-|-]\r\n--xY\r\r\n-\r\n--xy\n--xYz--\r\n--\0--xYz\r.!");
}

static void a_part_may_be_empty(void **state)
{
    (void)state;
    READS(PART("a") "\r\n" PART("b") END, "[a|-|-].[b|-|-].!");
}

static void a_boundary_right_behind_a_header_ends_an_empty_part(void **state)
{
    (void)state;
    READS(PART("a") "--xYz--\r\n", "[a|-|-].!");
    READS(PART("a") "--xY" END, "[a|-|-]--xY.!");
}

static void crlf_before_and_anything_behind_the_body_is_ignored(void **state)
{
    (void)state;
    READS("\r\n" PART("a") "1" END "epilogue\r\n--xYz\r\n", "[a|-|-]1.!");
    READS(PART("a") "1\r\n--xYz--", "[a|-|-]1.!");
    READS("--xYz \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1" END, "[a|-|-]1.!");
}

static void a_body_without_parts_ends(void **state)
{
    (void)state;
    READS("--xYz--\r\n", "!");
}

static void names_are_decoded_as_browsers_and_curl_write_them(void **state)
{
    (void)state;
    READS(PART("a%22b") END, "[a\"b|-|-].!");
    READS(PART("a\\\"b\\\\c\\d") END, "[a\"b\\c\\d|-|-].!");
    READS(PART("a%41%zz%") END, "[a%41%zz%|-|-].!");
    READS("--xYz\r\nContent-Disposition: form-data; name=\"caf\xc3\xa9\"; "
          "filename=\"a\\\"b;c\"\r\n\r\n" END,
          "[caf\xc3\xa9|a\"b;c|-].!");
    READS("--xYz\r\nContent-Disposition: form-data; name=b; filename=\"\"; "
          "filename*=UTF-8''x\r\n\r\n" END,
          "[b||-].!");
}

static void digest_headers_of_a_part_are_given(void **state)
{
    (void)state;
    const char *error;
    AUTO_MULTIPART struct multipart *m = multipart_new(TYPE, &error);
    const char *bytes =
        "--xYz\r\nContent-Digest: sha-256=:AA==:\r\nContent-Disposition: form-data; name=b\r\n"
        "Repr-Digest:  sha-512=:BB==: \r\n\r\n";
    size_t left = strlen(bytes);
    assert_int_equal(multipart_next(m, &bytes, &left), MULTIPART_BEGIN);
    assert_string_equal(multipart_part(m)->content_digest, "sha-256=:AA==:");
    assert_string_equal(multipart_part(m)->repr_digest, "sha-512=:BB==:");
    assert_null(multipart_error(m));
}

static void payload_points_into_the_callers_slice(void **state)
{
    (void)state;
    const char *error;
    AUTO_MULTIPART struct multipart *m = multipart_new(TYPE, &error);
    const char *bytes = PART("b") "payload without an end";
    const char *payload = strstr(bytes, "payload");
    size_t left = strlen(bytes), n;
    assert_int_equal(multipart_next(m, &bytes, &left), MULTIPART_BEGIN);
    assert_int_equal(multipart_next(m, &bytes, &left), MULTIPART_DATA);
    assert_ptr_equal(multipart_data(m, &n), payload);
    assert_int_equal(n, strlen(payload));
}

static void a_missing_end_boundary_is_refused(void **state)
{
    (void)state;
    REFUSED(PART("a") "1", "without its end boundary");
    REFUSED(PART("a") "1\r\n--xYz", "without its end boundary");
    REFUSED(PART("a") "1\r\n--xYz-", "without its end boundary");
    REFUSED(PART("a") "1\r\n--xYz\r\n", "without its end boundary");
    REFUSED("--xYz", "without its end boundary");
    REFUSED("\r\n", "without its end boundary");
}

static void an_empty_body_is_refused(void **state)
{
    (void)state;
    AUTO_BUF struct buf seen = {0};
    assert_string_equal(read_in_steps("", 0, 1, &seen),
                        "the multipart body ends without its end boundary");
}

static void a_body_of_another_boundary_is_refused(void **state)
{
    (void)state;
    REFUSED("--other\r\n\r\n", "does not begin with its boundary");
    REFUSED("preamble\r\n--xYz\r\n", "does not begin with its boundary");
    REFUSED("\n--xYz\r\n", "does not begin with its boundary");
    REFUSED("--xYzA\r\n", "not followed by a line end");
    REFUSED(PART("a") "1\r\n--xYz-x", "not followed by a line end");
    REFUSED(PART("a") "1\r\n--xYz --", "not followed by a line end");
}

static void line_ends_that_are_not_crlf_are_refused(void **state)
{
    (void)state;
    REFUSED("--xYz\nContent-Disposition: form-data; name=a\n\n1\n--xYz--\n", "line end");
    REFUSED("--xYz\r\nContent-Disposition: form-data; name=a\n\n1" END, "not CRLF");
    REFUSED("--xYz\r\nContent-Disposition: form-data; name=a\rX: y\r\n\r\n1" END, "not CRLF");
    REFUSED("--xYz\r\nContent-Disposition: form-data; name=a\r\r\n\r\n1" END, "not CRLF");
}

static void nested_multipart_is_refused(void **state)
{
    (void)state;
    REFUSED("--xYz\r\nContent-Disposition: form-data; name=a\r\nContent-Type: Multipart/Mixed; "
            "boundary=q\r\n\r\n" END,
            "multipart within multipart");
}

static void a_repeated_field_is_refused(void **state)
{
    (void)state;
    REFUSED(PART("a") "1\r\n" PART("b") "\r\n" PART("a") "2" END, "repeated");
    REFUSED(PART("\\\"") "1\r\n" PART("%22") "2" END, "repeated");
}

static void a_part_without_a_good_name_is_refused(void **state)
{
    (void)state;
    REFUSED("--xYz\r\nContent-Type: text/plain\r\n\r\n" END, "no name");
    REFUSED("--xYz\r\n\r\n" END, "no name");
    REFUSED("--xYz\r\nContent-Disposition: form-data\r\n\r\n" END, "no name");
    REFUSED("--xYz\r\nContent-Disposition: form-data; filename=x\r\n\r\n" END, "no name");
    REFUSED(PART("") END, "name is empty");
    REFUSED(PART("a\0b") END, "NUL");
    REFUSED(PART("a\xff") END, "not UTF-8");
    REFUSED(PART("a%0Ab") END, "control character");
    REFUSED("--xYz\r\nContent-Disposition: form-data; name*=UTF-8''a\r\n\r\n" END, "name*");
    REFUSED("--xYz\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n" END, "malformed");
    REFUSED("--xYz\r\nContent-Disposition: form-data name=a\r\n\r\n" END, "malformed");
    REFUSED("--xYz\r\nContent-Disposition: form-data; name=\"a\r\n\r\n" END, "malformed");
    REFUSED("--xYz\r\nContent-Disposition: form-data; name=a b\r\n\r\n" END, "malformed");
    REFUSED("--xYz\r\nContent-Disposition: attachment; name=a\r\n\r\n" END, "not form-data");
    char body[512];
    int n = snprintf(body, sizeof body, PART("%0257d") END, 0);
    assert_refused(body, (size_t)n, "longer than 256");
}

static void malformed_header_lines_are_refused(void **state)
{
    (void)state;
#define LINE(line) "--xYz\r\n" line "\r\nContent-Disposition: form-data; name=a\r\n\r\n" END
    REFUSED(LINE("no colon"), "malformed header line");
    REFUSED(LINE("Name : x"), "malformed header line");
    REFUSED(LINE(": x"), "malformed header line");
    REFUSED(LINE("X: y\r\n folded"), "malformed header line");
    REFUSED(LINE("Content-Type: a/b\r\nContent-Type: a/b"), "same header twice");
    REFUSED(LINE("Content-Disposition: form-data; name=z"), "same header twice");
    REFUSED(LINE("Content-Transfer-Encoding: base64"), "Content-Transfer-Encoding");
}

static void more_than_32_parts_are_refused_and_32_are_not(void **state)
{
    (void)state;
    for (int count = 32; count <= 33; count++) {
        AUTO_BUF struct buf body = {0}, seen = {0};
        for (int i = 0; i < count; i++) {
            buf_printf(&body, "--xYz\r\nContent-Disposition: form-data; name=f%d\r\n\r\n1\r\n", i);
        }
        buf_text(&body, "--xYz--\r\n");
        assert_string_equal(read_in_steps(body.data, body.length, 7, &seen),
                            count == 32 ? "" : "the multipart body has more than 32 parts");
    }
}

static void a_part_header_over_16_KiB_is_refused_and_16_KiB_is_not(void **state)
{
    (void)state;
    const char *rest = "\r\nContent-Disposition: form-data; name=a\r\n\r\n";
    int fill = MULTIPART_HEADER_MAX - (int)strlen(rest) - 3;
    for (int more = 0; more <= 1; more++) {
        AUTO_BUF struct buf body = {0};
        buf_printf(&body, "--xYz\r\nX: %0*d%s" END, fill + more, 0, rest);
        for (size_t step = 1; step < 40000; step = step * 3 + 1) {
            AUTO_BUF struct buf seen = {0};
            assert_string_equal(read_in_steps(body.data, body.length, step, &seen),
                                more ? "a multipart part's header is larger than 16 KiB" : "");
        }
    }
    AUTO_BUF struct buf padded = {0}, seen = {0};
    buf_printf(&padded, "--xYz%*s\r\nContent-Disposition: form-data; name=a\r\n\r\n" END, 17000,
               "");
    assert_string_not_equal(read_in_steps(padded.data, padded.length, 4096, &seen), "");
}

#define DIGITS "0123456789012345678901234567890123456789012345678901234567890123456789" /* 70 */

static void a_bad_boundary_is_refused(void **state)
{
    (void)state;
    static const char *const types[] = {
        "multipart/form-data",
        "multipart/form-data; boundary",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"a \"",
        "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=\"a;b\"",
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; boundary=a@b",
        ("multipart/form-data; boundary=" DIGITS "_"),
        "multipart/form-datax; boundary=a",
        "multipart/mixed; boundary=a",
        "text/plain",
        "",
    };
    for (size_t i = 0; i < COUNT(types); i++) {
        const char *error = NULL;
        assert_null(multipart_new(types[i], &error));
        assert_non_null(error);
    }
}

static void a_boundary_may_be_1_to_70_characters_quoted_or_not(void **state)
{
    (void)state;
    static const char *const types[] = {
        "multipart/form-data; boundary=x",
        "Multipart/Form-Data;charset=utf-8;BOUNDARY=\"a'()+_,-./:=? b\"",
        ("multipart/form-data; boundary=" DIGITS),
        "multipart/form-data ; ; boundary=----WebKitFormBoundaryAbC ;",
    };
    for (size_t i = 0; i < COUNT(types); i++) {
        const char *error;
        AUTO_MULTIPART struct multipart *m = multipart_new(types[i], &error);
        assert_non_null(m);
        assert_true(multipart_is_form(types[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_seen_in_order_with_names_files_and_types),
        cmocka_unit_test(payload_that_looks_like_a_boundary_passes_unchanged),
        cmocka_unit_test(a_part_may_be_empty),
        cmocka_unit_test(a_boundary_right_behind_a_header_ends_an_empty_part),
        cmocka_unit_test(crlf_before_and_anything_behind_the_body_is_ignored),
        cmocka_unit_test(a_body_without_parts_ends),
        cmocka_unit_test(names_are_decoded_as_browsers_and_curl_write_them),
        cmocka_unit_test(digest_headers_of_a_part_are_given),
        cmocka_unit_test(payload_points_into_the_callers_slice),
        cmocka_unit_test(a_missing_end_boundary_is_refused),
        cmocka_unit_test(an_empty_body_is_refused),
        cmocka_unit_test(a_body_of_another_boundary_is_refused),
        cmocka_unit_test(line_ends_that_are_not_crlf_are_refused),
        cmocka_unit_test(nested_multipart_is_refused),
        cmocka_unit_test(a_repeated_field_is_refused),
        cmocka_unit_test(a_part_without_a_good_name_is_refused),
        cmocka_unit_test(malformed_header_lines_are_refused),
        cmocka_unit_test(more_than_32_parts_are_refused_and_32_are_not),
        cmocka_unit_test(a_part_header_over_16_KiB_is_refused_and_16_KiB_is_not),
        cmocka_unit_test(a_bad_boundary_is_refused),
        cmocka_unit_test(a_boundary_may_be_1_to_70_characters_quoted_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
