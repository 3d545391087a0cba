/* SPDX-License-Identifier: Apache-2.0
 *
 * Media types as clients send them. */
#include "core/media/mime.h"

#include "tests/unit/unit.h"

static void types_are_taken_as_browsers_send_them(void **state)
{
    (void)state;
    static const char *const good[] = {"video/webm",
                                       "video/webm;codecs=vp9,opus",
                                       "audio/webm; codecs=opus",
                                       "video/mp4;codecs=\"avc1.42E01E, mp4a.40.2\"",
                                       "application/vnd.api+json",
                                       "text/plain;charset=utf-8;",
                                       "text/plain ; ; a=b",
                                       "a/b;c=\"\\\"\\\\\""};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_null(mime_check(good[i]));
    }
}

static void malformed_types_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",         "video",        "video/",      "/webm",
                                      "video/*",  "*/*",          "video /webm", "video/ webm",
                                      "a/b c",    "a/b;c",        "a/b;c=",      "a/b;=c",
                                      "a/b;c=\"", "a/b;c=\"x",    "a/b,c/d",     "a/b;c=d e",
                                      "a/b\r\n",  "a/b;c=\"\n\"", "a/b\x80",     "a/b;c=\"\\",
                                      " a/b",     "a/b/c"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (!mime_check(bad[i])) {
            fail_msg("taken: %s", bad[i]);
        }
    }
    char longest[300];
    memset(longest, 'x', sizeof longest);
    longest[1] = '/';
    longest[256] = '\0';
    assert_non_null(mime_check(longest));
    longest[255] = '\0';
    assert_null(mime_check(longest));
}

static void a_rule_matches_whatever_the_case_and_parameters(void **state)
{
    (void)state;
    static const char *const rules[] = {"video/*", "application/pdf", NULL};
    assert_true(mime_allowed("VIDEO/WebM;codecs=vp9,opus", rules));
    assert_true(mime_allowed("application/PDF ; a=b", rules));
    assert_false(mime_allowed("application/pdfx", rules));
    assert_false(mime_allowed("application/pd", rules));
    assert_false(mime_allowed("videos/webm", rules));
    assert_false(mime_allowed("audio/webm", rules));
    assert_false(mime_allowed("video", rules));
    assert_false(mime_allowed("", rules));
    assert_false(mime_allowed("video/webm|\"image/svg+xml", rules));
    assert_false(mime_allowed("video/webm", (const char *const[]){NULL}));
}

static void a_wildcard_never_matches_a_document(void **state)
{
    (void)state;
    static const char *const rules[] = {"image/*", "text/*", "application/*", "video/*", NULL};
    static const char *const documents[] = {"image/svg+xml",
                                            "image/SVG",
                                            "text/html",
                                            "text/xml",
                                            "application/xml",
                                            "application/xhtml+xml",
                                            "application/rss+xml",
                                            "video/x+xml",
                                            "text/html;charset=utf-8",
                                            "application/vnd.wap.xhtml+xml",
                                            "text/xsl",
                                            "application/xml-dtd",
                                            "image/svg+xml ; x=y"};
    for (size_t i = 0; i < COUNT(documents); i++) {
        if (mime_allowed(documents[i], rules)) {
            fail_msg("let in: %s", documents[i]);
        }
    }
    assert_true(mime_allowed(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document", rules));
    assert_true(
        mime_allowed("image/SVG+xml", (const char *const[]){"image/*", "image/svg+xml", NULL}));
}

static void rules_are_a_type_or_a_whole_subtype(void **state)
{
    (void)state;
    assert_null(mime_check_rule("video/*"));
    assert_null(mime_check_rule("image/svg+xml"));
    static const char *const bad[] = {
        "*/*", "*", "video", "video/w*", "video/**", "video/webm;a=b", "", "*/webm"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_non_null(mime_check_rule(bad[i]));
    }
}

static void the_kind_is_the_types_first_word(void **state)
{
    (void)state;
    assert_string_equal(mime_kind("video/webm;codecs=vp9,opus"), "video");
    assert_string_equal(mime_kind("Audio/ogg"), "audio");
    assert_string_equal(mime_kind("image/png"), "image");
    assert_string_equal(mime_kind("application/pdf"), "file");
    assert_string_equal(mime_kind("videox/y"), "file");
}

static void only_what_cannot_run_is_shown_inline(void **state)
{
    (void)state;
    static const char *const shown[] = {"video/webm;codecs=vp9,opus",
                                        "AUDIO/ogg",
                                        "image/png",
                                        "image/jpeg",
                                        "image/gif",
                                        "image/webp",
                                        "image/avif",
                                        "image/png; x=y"};
    static const char *const kept[] = {"image/svg+xml",   "image/bmp",   "text/html",  "text/plain",
                                       "application/pdf", "video/x+xml", "image/pngx", ""};
    for (size_t i = 0; i < COUNT(shown); i++) {
        assert_true(mime_is_inline(shown[i]));
    }
    for (size_t i = 0; i < COUNT(kept); i++) {
        assert_false(mime_is_inline(kept[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_taken_as_browsers_send_them),
        cmocka_unit_test(malformed_types_are_refused),
        cmocka_unit_test(a_rule_matches_whatever_the_case_and_parameters),
        cmocka_unit_test(a_wildcard_never_matches_a_document),
        cmocka_unit_test(rules_are_a_type_or_a_whole_subtype),
        cmocka_unit_test(the_kind_is_the_types_first_word),
        cmocka_unit_test(only_what_cannot_run_is_shown_inline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
