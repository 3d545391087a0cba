/* SPDX-License-Identifier: Apache-2.0
 *
 * What a signed URL answers: headers, conditions, ranges. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct gateway *gw;
static struct body video; /* behind `url` */
static char *url;

static int start(void **state)
{
    (void)state;
    gw = gateway_new("{\"media\": {\"mime_types\": [\"video/*\", \"audio/*\", \"image/*\", "
                     "\"application/pdf\", \"image/svg+xml\"]}}");
    struct body file = body_file("chromium-video-5s.webm");
    void *copy = malloc(file.length);
    assert_non_null(copy);
    memcpy(copy, file.bytes, file.length);
    video = (struct body){.bytes = copy, .length = file.length};
    url = strdup(api_url(api_upload(gw->client, API_VIDEO, video)));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    free((void *)(uintptr_t)video.bytes);
    free(url);
    return gateway_free(gw);
}

static void has_header(const struct http_answer *answer, const char *name, const char *expected)
{
    const char *value = http_header(answer, name);
    if (!value || strcmp(value, expected) != 0) {
        fail_msg("%s: expected %s, got %s\n%s", name, expected, value ? value : "none",
                 answer->head);
    }
}

static void contains(const struct http_answer *answer, const char *name, const char *part)
{
    const char *value = http_header(answer, name);
    if (!value || !strstr(value, part)) {
        fail_msg("%s: no %s in %s\n%s", name, part, value ? value : "none", answer->head);
    }
}

/* A 206 with exactly LENGTH bytes from FIRST. */
static void is_part(const struct http_answer *answer, size_t first, size_t length)
{
    assert_int_equal(answer->status, 206);
    has_header(answer, "Content-Range",
               keep_text("bytes %zu-%zu/%zu", first, first + length - 1, video.length));
    assert_int_equal(answer->length, length);
    assert_memory_equal(answer->body, (const char *)video.bytes + first, length);
}

static void is_whole(const struct http_answer *answer)
{
    assert_int_equal(answer->status, 200);
    assert_int_equal(answer->length, video.length);
    assert_memory_equal(answer->body, video.bytes, video.length);
}

static const char *etag(void)
{
    const char *value = http_header(http_send(gw->nobody, "HEAD", url, NULL, NULL, 0), "ETag");
    assert_non_null(value);
    return value;
}

static void get_answers_type_length_digest_and_etag(void **state)
{
    (void)state;
    struct http_answer *answer = http_get(gw->nobody, url, NULL);
    is_whole(answer);
    has_header(answer, "Content-Type", API_VIDEO);
    has_header(answer, "Content-Length", keep_text("%zu", video.length));
    has_header(answer, "Repr-Digest", body_digest(video.bytes, video.length));
    has_header(answer, "Accept-Ranges", "bytes");
    const char *tag = http_header(answer, "ETag");
    assert_non_null(tag);
    assert_int_equal(tag[0], '"');
    assert_int_equal(tag[strlen(tag) - 1], '"');
}

static void head_answers_as_get_without_the_bytes(void **state)
{
    (void)state;
    struct http_answer *get = http_get(gw->nobody, url, NULL);
    struct http_answer *head = http_send(gw->nobody, "HEAD", url, NULL, NULL, 0);
    assert_int_equal(head->status, 200);
    assert_int_equal(head->length, 0);
    static const char *const same[] = {
        "Content-Type",  "Content-Length",      "ETag",          "Repr-Digest",
        "Last-Modified", "Content-Disposition", "Accept-Ranges", "X-Content-Type-Options"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const char *value = http_header(get, same[i]);
        assert_non_null(value);
        has_header(head, same[i], value);
    }
}

static void head_honours_no_body_but_conditions(void **state)
{
    (void)state;
    struct http_answer *head =
        http_send(gw->nobody, "HEAD", url, keep_text("If-None-Match: %s", etag()), NULL, 0);
    assert_int_equal(head->status, 304);
}

static void content_is_guarded_against_sniffing_and_scripts(void **state)
{
    (void)state;
    struct http_answer *answer = http_get(gw->nobody, url, NULL);
    has_header(answer, "X-Content-Type-Options", "nosniff");
    contains(answer, "Content-Security-Policy", "sandbox");
    contains(answer, "Content-Security-Policy", "default-src 'none'");
    has_header(answer, "Cross-Origin-Resource-Policy", "cross-origin");
}

static void caches_may_keep_it_privately_and_no_longer_than_the_url(void **state)
{
    (void)state;
    struct http_answer *answer = http_get(gw->nobody, url, NULL);
    contains(answer, "Cache-Control", "private");
    const char *age = strstr(http_header(answer, "Cache-Control"), "max-age=");
    assert_non_null(age);
    assert_in_range(strtol(age + 8, NULL, 10), 0, 3600);
}

static void if_none_match_of_its_etag_is_304(void **state)
{
    (void)state;
    const char *const matching[] = {etag(), "*", keep_text("\"other\", %s", etag()),
                                    keep_text("W/%s", etag())};
    for (size_t i = 0; i < sizeof matching / sizeof *matching; i++) {
        struct http_answer *answer =
            http_get(gw->nobody, url, keep_text("If-None-Match: %s", matching[i]));
        assert_int_equal(answer->status, 304);
        assert_int_equal(answer->length, 0);
        has_header(answer, "ETag", etag());
    }
}

static void if_none_match_of_another_etag_is_200(void **state)
{
    (void)state;
    is_whole(http_get(gw->nobody, url, "If-None-Match: \"other\", W/\"more\""));
}

static void if_modified_since_its_date_is_304(void **state)
{
    (void)state;
    const char *date = http_header(http_get(gw->nobody, url, NULL), "Last-Modified");
    assert_non_null(date);
    struct http_answer *answer =
        http_get(gw->nobody, url, keep_text("If-Modified-Since: %s", date));
    assert_int_equal(answer->status, 304);
    is_whole(http_get(gw->nobody, url, "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"));
}

static void if_match_of_its_etag_is_200(void **state)
{
    (void)state;
    is_whole(http_get(gw->nobody, url, keep_text("If-Match: %s", etag())));
    is_whole(http_get(gw->nobody, url, "If-Match: *"));
}

static void if_match_of_another_or_a_weak_etag_is_412(void **state)
{
    (void)state;
    api_error(http_get(gw->nobody, url, "If-Match: \"other\""), 412, NULL);
    api_error(http_get(gw->nobody, url, keep_text("If-Match: W/%s", etag())), 412, NULL);
}

static void a_range_answers_exactly_its_bytes(void **state)
{
    (void)state;
    is_part(http_get(gw->nobody, url, "Range: bytes=0-0"), 0, 1);
    is_part(http_get(gw->nobody, url, "Range: bytes=1000-65999"), 1000, 65000);
    is_part(http_get(gw->nobody, url, "Range: bytes=100-"), 100, video.length - 100);
    is_part(http_get(gw->nobody, url, "Range: bytes=0-"), 0, video.length); /* as Chromium asks */
    is_part(http_get(gw->nobody, url, "Range: bytes=-1"), video.length - 1, 1);
    is_part(http_get(gw->nobody, url, "Range: bytes=-70000"), video.length - 70000, 70000);
}

static void a_range_that_reaches_beyond_the_end_is_cut(void **state)
{
    (void)state;
    is_part(http_get(gw->nobody, url, "Range: bytes=371000-99999999"), 371000,
            video.length - 371000);
    is_part(http_get(gw->nobody, url, "Range: bytes=-99999999"), 0, video.length);
    is_part(http_get(gw->nobody, url, "Range: bytes=0-99999999999999999999999"), 0, video.length);
}

static void a_206_still_names_the_whole(void **state)
{
    (void)state;
    struct http_answer *answer = http_get(gw->nobody, url, "Range: bytes=5-9");
    has_header(answer, "Repr-Digest", body_digest(video.bytes, video.length));
    has_header(answer, "ETag", etag());
    has_header(answer, "Content-Type", API_VIDEO);
}

static void a_range_behind_the_end_is_416(void **state)
{
    (void)state;
    const char *const beyond[] = {keep_text("Range: bytes=%zu-", video.length),
                                  "Range: bytes=99999999-999999999", "Range: bytes=-0"};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        struct http_answer *answer = http_get(gw->nobody, url, beyond[i]);
        api_error(answer, 416, NULL);
        has_header(answer, "Content-Range", keep_text("bytes */%zu", video.length));
    }
}

static void what_is_no_range_answers_the_whole(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "Range: bytes=9-5", "Range: bytes=abc",   "Range: lines=1-2",    "Range: bytes=--5",
        "Range: bytes=",    "Range: bytes=1-2-3", "Range: bytes=1-2;3-4"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        is_whole(http_get(gw->nobody, url, odd[i]));
    }
}

/* One part of a multipart/byteranges body at *AT: checked, *AT moved behind it. */
static void next_part(const char **at, const char *boundary, size_t first, size_t length)
{
    char *delimiter = keep_text("--%s\r\n", boundary);
    const char *part = strstr(*at, delimiter);
    assert_non_null(part);
    const char *bytes = strstr(part, "\r\n\r\n");
    assert_non_null(bytes);
    char *head = keep_bytes(part, (size_t)(bytes - part) + 2);
    char *range = keep_text("bytes %zu-%zu/%zu\r\n", first, first + length - 1, video.length);
    if (!strcasestr(head, "content-range:") || !strstr(head, range) || !strstr(head, API_VIDEO)) {
        fail_msg("part: %s", head);
    }
    assert_memory_equal(bytes + 4, (const char *)video.bytes + first, length);
    *at = bytes + 4 + length;
}

static const char *boundary_of(const struct http_answer *answer)
{
    contains(answer, "Content-Type", "multipart/byteranges");
    const char *boundary = strstr(http_header(answer, "Content-Type"), "boundary=");
    assert_non_null(boundary);
    boundary += 9 + (boundary[9] == '"');
    return keep_bytes(boundary, strcspn(boundary, "\";"));
}

static void several_ranges_answer_a_multipart_body(void **state)
{
    (void)state;
    struct http_answer *answer = http_get(gw->nobody, url, "Range: bytes=0-99,1000-1000, -50");
    assert_int_equal(answer->status, 206);
    assert_null(http_header(answer, "Content-Range"));
    const char *boundary = boundary_of(answer);
    const char *at = answer->body;
    next_part(&at, boundary, 0, 100);
    next_part(&at, boundary, 1000, 1);
    next_part(&at, boundary, video.length - 50, 50);
    assert_non_null(strstr(at, keep_text("--%s--", boundary)));
    has_header(answer, "Content-Length", keep_text("%zu", answer->length));
}

static void overlapping_ranges_are_merged(void **state)
{
    (void)state;
    is_part(http_get(gw->nobody, url, "Range: bytes=0-99,50-149,100-199"), 0, 200);
}

static void more_than_16_ranges_answer_the_whole(void **state)
{
    (void)state;
    char *ranges = keep_text("Range: bytes=0-0");
    for (int i = 1; i < 17; i++) {
        ranges = keep_text("%s,%d-%d", ranges, i * 100, i * 100 + 1);
    }
    is_whole(http_get(gw->nobody, url, ranges));
}

static void if_range_of_its_etag_answers_the_part(void **state)
{
    (void)state;
    is_part(http_get(gw->nobody, url, keep_text("Range: bytes=5-9\nIf-Range: %s", etag())), 5, 5);
}

static void if_range_of_another_or_a_weak_etag_answers_the_whole(void **state)
{
    (void)state;
    is_whole(http_get(gw->nobody, url, "Range: bytes=5-9\nIf-Range: \"other\""));
    is_whole(http_get(gw->nobody, url, keep_text("Range: bytes=5-9\nIf-Range: W/%s", etag())));
    is_whole(
        http_get(gw->nobody, url, "Range: bytes=5-9\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT"));
}

static void an_empty_recording_plays_as_nothing(void **state)
{
    (void)state;
    struct body nothing = {.bytes = "", .length = 0};
    json_t *answer = api_upload(gw->client, API_VIDEO, nothing);
    struct http_answer *got = http_get(gw->nobody, api_url(answer), NULL);
    assert_int_equal(got->status, 200);
    assert_int_equal(got->length, 0);
    has_header(got, "Content-Length", "0");
    struct http_answer *part = http_get(gw->nobody, api_url(answer), "Range: bytes=0-5");
    api_error(part, 416, NULL);
    has_header(part, "Content-Range", "bytes */0");
}

static void only_harmless_types_are_shown_inline(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *disposition;
    } cases[] = {{API_VIDEO, "inline"},
                 {API_AUDIO, "inline"},
                 {"image/png", "inline"},
                 {"image/webp", "inline"},
                 {"image/svg+xml", "attachment"},
                 {"image/tiff", "attachment"},
                 {"application/pdf", "attachment"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *answer = api_upload(gw->client, cases[i].type, body_random(i, 500));
        struct http_answer *got = http_get(gw->nobody, api_url(answer), NULL);
        assert_int_equal(got->status, 200);
        has_header(got, "Content-Type", cases[i].type);
        const char *value = http_header(got, "Content-Disposition");
        if (!value || strncmp(value, cases[i].disposition, strlen(cases[i].disposition)) != 0) {
            fail_msg("%s: %s", cases[i].type, value ? value : "no Content-Disposition");
        }
        has_header(got, "X-Content-Type-Options", "nosniff");
    }
}

static void odd_methods_on_content_are_405(void **state)
{
    (void)state;
    static const char *const methods[] = {"POST", "DELETE", "PATCH"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct http_answer *answer = http_send(gw->nobody, methods[i], url, NULL, "x", 1);
        api_error(answer, 405, NULL);
        contains(answer, "Allow", "GET");
        contains(answer, "Allow", "HEAD");
        contains(answer, "Allow", "PUT");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(get_answers_type_length_digest_and_etag),
        TEST(head_answers_as_get_without_the_bytes),
        TEST(head_honours_no_body_but_conditions),
        TEST(content_is_guarded_against_sniffing_and_scripts),
        TEST(caches_may_keep_it_privately_and_no_longer_than_the_url),
        TEST(if_none_match_of_its_etag_is_304),
        TEST(if_none_match_of_another_etag_is_200),
        TEST(if_modified_since_its_date_is_304),
        TEST(if_match_of_its_etag_is_200),
        TEST(if_match_of_another_or_a_weak_etag_is_412),
        TEST(a_range_answers_exactly_its_bytes),
        TEST(a_range_that_reaches_beyond_the_end_is_cut),
        TEST(a_206_still_names_the_whole),
        TEST(a_range_behind_the_end_is_416),
        TEST(what_is_no_range_answers_the_whole),
        TEST(several_ranges_answer_a_multipart_body),
        TEST(overlapping_ranges_are_merged),
        TEST(more_than_16_ranges_answer_the_whole),
        TEST(if_range_of_its_etag_answers_the_part),
        TEST(if_range_of_another_or_a_weak_etag_answers_the_whole),
        TEST(an_empty_recording_plays_as_nothing),
        TEST(only_harmless_types_are_shown_inline),
        TEST(odd_methods_on_content_are_405),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
