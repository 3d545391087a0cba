/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's own URL of a direct upload: it takes exactly what it was signed for, once, as long
 * as the upload waits, and leaves nothing of all else. */
#include "tests/support/check.h"
#include "tests/support/direct.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 30000
#define EMPTY_MD5 "1B2M2Y8AsgTpgAmY7PhCfg=="

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw = gateway_new("{\"cors\": {\"origins\": [\"https://app.example.com\"]}}");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

static struct body video(void)
{
    return body_file("chromium-video-short.webm");
}

static struct http_answer *put(const char *url, const char *headers, struct body body)
{
    return http_send(gw->nobody, "PUT", url, headers, body.bytes, body.length);
}

#define TYPE "Content-Type: " API_VIDEO

/* The bytes were not taken: complete misses them still, and they can be sent then. */
static void is_still_waiting(json_t *begun)
{
    api_error(direct_complete(gw->client, begun), 409, "incomplete");
    assert_int_equal(direct_send(gw->nobody, begun, NULL, video())->status, 200);
    api_expect(direct_complete(gw->client, begun), 200);
}

static void the_urls_form_is_the_gateways_own(void **state)
{
    (void)state;
    json_t *begun = direct_begin(gw->client, API_VIDEO, video(), ", \"parts\": true");
    const json_t *upload = json_object_get(begun, "upload");
    const json_t *headers = json_object_get(upload, "headers");
    assert_int_equal(strncmp(direct_url(begun), "/media/media-recordings/", 24), 0);
    assert_string_equal(json_string_value(json_object_get(upload, "method")), "PUT");
    assert_string_equal(json_string_value(json_object_get(headers, "Content-Type")), API_VIDEO);
    assert_string_equal(json_string_value(json_object_get(headers, "If-None-Match")), "*");
    assert_null(json_object_get(upload, "parts")); /* this store has none */
    assert_null(json_object_get(headers, "Content-MD5"));
}

static void the_bytes_that_passed_have_their_checksum(void **state)
{
    (void)state;
    char checksum[SHA256_TEXT];
    body_checksum(video().bytes, video().length, checksum);
    json_t *begun = direct_begin(gw->client, API_VIDEO, video(), "");
    assert_int_equal(direct_send(gw->nobody, begun, NULL, video())->status, 200);
    json_t *done = api_expect(direct_complete(gw->client, begun), 200);
    assert_string_equal(api_text(done, "checksum"), checksum);
}

static void each_altered_character_of_it_is_403(void **state)
{
    (void)state;
    json_t *begun =
        direct_begin(gw->client, API_VIDEO, video(), ", \"contentMd5\": \"" EMPTY_MD5 "\"");
    const char *url = direct_url(begun), *query = strchr(url, '?') + 1;
    for (size_t at = strlen("/media/"); url[at]; at++) {
        if (url + at >= query && (url[at - 1] == '?' || url[at - 1] == '&')) {
            at += strcspn(url + at, "=");
        }
        if (strchr("/?&=-._%", url[at])) {
            continue;
        }
        char *copy = keep_text("%s", url);
        copy[at] = copy[at] == 'b' ? 'c' : copy[at] == '3' ? '4' : copy[at] <= '9' ? '3' : 'b';
        struct http_answer *answer = put(copy, TYPE, video());
        if (answer->status != 403 && answer->status != 400) { /* 400: no more a good escape */
            fail_msg("%s: %ld", copy, answer->status);
        }
        assert_true(answer->status == 403 || strchr(copy, '%'));
    }
    api_error(direct_complete(gw->client, begun), 409, "incomplete");
}

static const char *without(const char *url, const char *name)
{
    const char *at = strstr(url, name);
    assert_non_null(at);
    size_t length = strcspn(at + 1, "&") + 1;
    return keep_text("%.*s%s", (int)(at - url), url, at + length);
}

static void parameters_left_out_doubled_or_swapped_are_refused(void **state)
{
    (void)state;
    json_t *begun = direct_begin(gw->client, API_VIDEO, video(), "");
    json_t *other = direct_begin(gw->client, API_VIDEO, video(), "");
    const char *url = direct_url(begun);
    const char *names[] = {"&kid=", "&size=", "&type=", "&sig="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        api_error(put(without(url, names[i]), TYPE, video()), 403, "forbidden");
        const char *twice = keep_text("%s%s1", url, names[i]);
        api_error(put(twice, TYPE, video()), 400, "bad_request");
    }
    const char *added[] = {"&md5=" EMPTY_MD5, "&sha256=00"};
    for (size_t i = 0; i < sizeof added / sizeof *added; i++) {
        api_error(put(keep_text("%s%s", url, added[i]), TYPE, video()), 403, "forbidden");
    }
    const char *sig = strstr(direct_url(other), "&sig=");
    const char *swapped = keep_text("%s%s", without(url, "&sig="), sig);
    api_error(put(swapped, TYPE, video()), 403, "forbidden");
    /* What is not signed has no effect. */
    assert_int_equal(put(keep_text("%s&x=1", url), TYPE, video())->status, 200);
}

static void a_url_to_read_is_none_to_write_and_the_reverse(void **state)
{
    (void)state;
    json_t *ready = api_upload(gw->client, API_VIDEO, video());
    api_error(put(api_url(ready), TYPE, video()), 403, "forbidden");
    json_t *begun = direct_begin(gw->client, API_VIDEO, video(), "");
    const char *url = direct_url(begun);
    assert_int_equal(put(url, TYPE, video())->status, 200);
    api_expect(direct_complete(gw->client, begun), 200);
    api_error(http_get(gw->nobody, url, NULL), 403, "forbidden");
}

static void the_url_needs_nothing_else_and_nothing_else_helps(void **state)
{
    (void)state;
    json_t *begun = direct_begin(gw->client, API_VIDEO, video(), "");
    const char *bare = keep_bytes(direct_url(begun), strcspn(direct_url(begun), "?"));
    struct body body = video();
    api_error(http_send(gw->client, "PUT", bare, TYPE, body.bytes, body.length), 403, "forbidden");
    assert_int_equal(put(direct_url(begun), TYPE, body)->status, 200);
}

static void what_the_request_says_must_be_what_was_signed(void **state)
{
    (void)state;
    json_t *begun = direct_begin(gw->client, API_VIDEO, video(), "");
    const char *url = direct_url(begun);
    const char *bad[] = {
        "Content-Type: video/webm",    "Content-Type:",      TYPE "\nContent-MD5: " EMPTY_MD5,
        TYPE "\nIf-None-Match: \"a\"", TYPE "\nIf-Match: *", TYPE "\nContent-Range: bytes 0-1/2",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_answer *answer = put(url, bad[i], video());
        if (answer->status != 400) {
            fail_msg("%s: %ld %s", bad[i], answer->status, answer->body);
        }
    }
    api_error(put(url, TYPE "\nContent-Encoding: gzip", video()), 415, "unsupported_media_type");
    struct http_stream chunked = {.seed = 1, .length = video().length, .chunked = true};
    api_error(http_send_stream(gw->nobody, "PUT", url, TYPE, &chunked), 411, "length_required");
    is_still_waiting(begun);
}

static void a_declared_md5_must_be_sent_and_right(void **state)
{
    (void)state;
    struct body none = {"", 0};
    const char *more = ", \"contentMd5\": \"" EMPTY_MD5 "\"";
    json_t *begun = direct_begin(gw->client, API_VIDEO, video(), more);
    const char *url = direct_url(begun);
    api_error(put(url, TYPE, video()), 400, "bad_request");
    api_error(put(url, TYPE "\nContent-MD5: " EMPTY_MD5, video()), 400, "digest_mismatch");
    api_error(direct_complete(gw->client, begun), 409, "incomplete");
    begun = direct_begin(gw->client, API_VIDEO, none, more);
    assert_int_equal(put(direct_url(begun), TYPE "\nContent-MD5: " EMPTY_MD5, none)->status, 200);
    api_expect(direct_complete(gw->client, begun), 200);
}

static void an_upload_that_is_over_takes_no_bytes(void **state)
{
    (void)state;
    json_t *ready = direct_begin(gw->client, API_VIDEO, video(), "");
    assert_int_equal(direct_send(gw->nobody, ready, NULL, video())->status, 200);
    api_expect(direct_complete(gw->client, ready), 200);
    api_error(direct_send(gw->nobody, ready, NULL, video()), 404, "not_found");
    json_t *deleted = direct_begin(gw->client, API_VIDEO, video(), "");
    api_expect(http_send(gw->client, "DELETE", api_path(deleted, ""), NULL, NULL, 0), 200);
    api_error(direct_send(gw->nobody, deleted, NULL, video()), 404, "not_found");
}

struct counting {
    size_t files;
};

static bool has_files(void *ctx)
{
    return server_blobs(gw->server) == ((const struct counting *)ctx)->files;
}

static struct raw *half_sent(const char *url, struct body body)
{
    struct raw *raw = raw_open(gw->server);
    raw_text(raw, "PUT %s HTTP/1.1\r\nHost: x\r\n" TYPE "\r\nContent-Length: %zu\r\n\r\n", url,
             body.length);
    raw_send(raw, body.bytes, body.length / 2);
    return raw;
}

static void a_put_that_breaks_off_leaves_nothing_and_may_be_repeated(void **state)
{
    (void)state;
    struct body body = body_random(4, 1 << 20);
    struct counting before = {server_blobs(gw->server)};
    json_t *begun = direct_begin(gw->client, API_VIDEO, body, "");
    raw_reset(half_sent(direct_url(begun), body));
    assert_true(wait_for(has_files, &before, PATIENCE_MS * slowness()));
    api_error(direct_complete(gw->client, begun), 409, "incomplete");
    assert_int_equal(direct_send(gw->nobody, begun, NULL, body)->status, 200);
    api_expect(direct_complete(gw->client, begun), 200);
}

static void a_delete_in_the_middle_of_a_put_leaves_nothing(void **state)
{
    (void)state;
    struct body body = body_random(5, 1 << 20);
    struct counting before = {server_blobs(gw->server)};
    json_t *begun = direct_begin(gw->client, API_VIDEO, body, "");
    struct raw *raw = half_sent(direct_url(begun), body);
    api_expect(http_send(gw->client, "DELETE", api_path(begun, ""), NULL, NULL, 0), 200);
    raw_send(raw, (const char *)body.bytes + body.length / 2, body.length - body.length / 2);
    api_error(raw_read(raw), 404, "not_found");
    assert_true(wait_for(has_files, &before, PATIENCE_MS * slowness()));
}

static void a_kill_in_the_middle_of_a_put_leaves_an_upload_that_still_waits(void **state)
{
    (void)state;
    struct body body = body_random(6, 1 << 20);
    json_t *begun = direct_begin(gw->client, API_VIDEO, body, "");
    struct raw *raw = half_sent(direct_url(begun), body);
    gateway_kill_and_restart(gw);
    raw_close(raw);
    assert_int_equal(direct_send(gw->nobody, begun, NULL, body)->status, 200);
    api_expect(direct_complete(gw->client, begun), 200);
}

static void a_large_put_streams(void **state)
{
    (void)state;
    enum { BYTES = 64 << 20 };
    char checksum[SHA256_TEXT], got[SHA256_TEXT];
    body_stream_checksum(11, BYTES, checksum);
    const char *json = keep_text("{\"mimeType\": \"%s\", \"sizeBytes\": %d, \"checksum\": \"%s\"}",
                                 API_VIDEO, BYTES, checksum);
    json_t *begun = api_expect(direct_ask(gw->client, json, NULL), 201);
    struct http_stream stream = {.seed = 11, .length = BYTES};
    struct http_answer *answer =
        http_send_stream(gw->nobody, "PUT", direct_url(begun), TYPE, &stream);
    assert_int_equal(answer->status, 200);
    json_t *done = api_expect(direct_complete(gw->client, begun), 200);
    assert_string_equal(api_text(done, "checksum"), checksum);
    assert_int_equal(http_get_checksum(gw->nobody, api_url(done), got)->length, BYTES);
    assert_string_equal(got, checksum);
}

static void the_url_ends(void **state)
{
    (void)state;
    struct gateway *kept = gw;
    gw = gateway_new("{\"media\": {\"direct_ttl_sec\": 1, \"reap_interval_sec\": 3600}}");
    json_t *begun = direct_begin(gw->client, API_VIDEO, video(), "");
    wait_ms(1100); /* a second is all that it has */
    api_error(put(direct_url(begun), TYPE, video()), 403, "forbidden");
    assert_int_equal(gateway_free(gw), 0);
    gw = kept;
}

static void pages_of_listed_origins_may_put(void **state)
{
    (void)state;
    json_t *begun = direct_begin(gw->client, API_VIDEO, video(), "");
    const char *asks = "Origin: https://app.example.com\nAccess-Control-Request-Method: PUT\n"
                       "Access-Control-Request-Headers: content-md5,content-type,if-none-match";
    struct http_answer *answer = http_send(gw->nobody, "OPTIONS", direct_url(begun), asks, NULL, 0);
    assert_int_equal(answer->status, 204);
    assert_string_equal(http_header(answer, "Access-Control-Allow-Origin"),
                        "https://app.example.com");
    assert_non_null(strstr(http_header(answer, "Access-Control-Allow-Methods"), "PUT"));
    const char *headers = http_header(answer, "Access-Control-Allow-Headers");
    assert_non_null(strstr(headers, "Content-MD5"));
    assert_non_null(strstr(headers, "Content-Type"));
    assert_non_null(strstr(headers, "If-None-Match"));
    answer = put(direct_url(begun), TYPE "\nOrigin: https://app.example.com", video());
    assert_int_equal(answer->status, 200);
    assert_string_equal(http_header(answer, "Access-Control-Allow-Origin"),
                        "https://app.example.com");
    begun = direct_begin(gw->client, API_VIDEO, video(), "");
    answer = put(direct_url(begun), TYPE "\nOrigin: https://evil.example.com", video());
    assert_null(http_header(answer, "Access-Control-Allow-Origin"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_urls_form_is_the_gateways_own),
        TEST(the_bytes_that_passed_have_their_checksum),
        TEST(each_altered_character_of_it_is_403),
        TEST(parameters_left_out_doubled_or_swapped_are_refused),
        TEST(a_url_to_read_is_none_to_write_and_the_reverse),
        TEST(the_url_needs_nothing_else_and_nothing_else_helps),
        TEST(what_the_request_says_must_be_what_was_signed),
        TEST(a_declared_md5_must_be_sent_and_right),
        TEST(an_upload_that_is_over_takes_no_bytes),
        TEST(a_put_that_breaks_off_leaves_nothing_and_may_be_repeated),
        TEST(a_delete_in_the_middle_of_a_put_leaves_nothing),
        TEST(a_kill_in_the_middle_of_a_put_leaves_an_upload_that_still_waits),
        TEST(a_large_put_streams),
        TEST(the_url_ends),
        TEST(pages_of_listed_origins_may_put),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
