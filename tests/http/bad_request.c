/* SPDX-License-Identifier: Apache-2.0
 *
 * Wrong requests beside the form itself: digests, sizes, bodies that end early, JSON, ids, routes,
 * methods, headers. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/leftover.h"

#include <stdlib.h>
#include <string.h>

#define MAX_UPLOAD 1048576

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

static void nothing_is_left(void)
{
    assert_true(leftover_is_nothing(gw));
}

static struct body some(void)
{
    return body_file("chromium-video-short.webm");
}

static void removed(const json_t *answer)
{
    api_expect(http_send(gw->client, "DELETE", api_path(answer, ""), NULL, NULL, 0), 200);
}

static struct form *form_with_digest(const char *digest)
{
    struct form *form = form_new();
    struct body blob = some();
    form_part(form,
              keep_text("Content-Disposition: form-data; name=\"blob\"; filename=\"r.webm\"\r\n"
                        "Content-Type: %s\r\n%s",
                        API_VIDEO, digest),
              blob.bytes, blob.length);
    form_field(form, "durationMs", "5");
    form_end(form);
    return form;
}

static void a_right_digest_of_the_part_is_accepted(void **state)
{
    (void)state;
    struct body blob = some();
    char *line = keep_text("Content-Digest: %s", body_digest(blob.bytes, blob.length));
    removed(api_expect(api_post(gw->client, form_with_digest(line), NULL), 201));
    nothing_is_left();
}

static void a_wrong_digest_of_the_part_is_400(void **state)
{
    (void)state;
    char *line = keep_text("Content-Digest: %s", body_digest("other", 5));
    api_error(api_post(gw->client, form_with_digest(line), NULL), 400, NULL);
    nothing_is_left();
}

static void a_right_digest_of_the_request_is_accepted(void **state)
{
    (void)state;
    struct body blob = some();
    const char *digest = body_digest(blob.bytes, blob.length);
    removed(api_expect(
        api_post_raw(gw->client, "", API_VIDEO, blob, keep_text("Content-Digest: %s", digest)),
        201));
    removed(api_expect(api_post_raw(gw->client, "", API_VIDEO, blob,
                                    keep_text("Repr-Digest: md5=:AAAA:, %s", digest)),
                       201));
    struct form *form = form_with_digest("X-More: 1");
    char *whole = keep_text("Content-Digest: %s", body_digest(form->bytes, form->length));
    removed(api_expect(api_post(gw->client, form, whole), 201));
    nothing_is_left();
}

static void a_wrong_digest_of_the_request_is_400(void **state)
{
    (void)state;
    const char *wrong = body_digest("other", 5);
    api_error(
        api_post_raw(gw->client, "", API_VIDEO, some(), keep_text("Content-Digest: %s", wrong)),
        400, NULL);
    api_error(api_post_raw(gw->client, "", API_VIDEO, some(), keep_text("Repr-Digest: %s", wrong)),
              400, NULL);
    api_error(
        api_post(gw->client, form_with_digest("X-More: 1"), keep_text("Content-Digest: %s", wrong)),
        400, NULL);
    nothing_is_left();
}

static void a_malformed_digest_is_400(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "sha-256=:AAAA:", "sha-256=AAAA", "sha-256", "=:", ":::", "sha-256=:not base64:"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        api_error(api_post_raw(gw->client, "", API_VIDEO, some(),
                               keep_text("Content-Digest: %s", bad[i])),
                  400, NULL);
    }
    nothing_is_left();
}

static void exactly_the_limit_is_accepted(void **state)
{
    (void)state;
    removed(api_upload(gw->client, API_VIDEO, body_random(7, MAX_UPLOAD)));
    removed(
        api_expect(api_post_raw(gw->client, "", API_VIDEO, body_random(8, MAX_UPLOAD), NULL), 201));
    nothing_is_left();
}

static void too_large_by_content_length_is_413(void **state)
{
    (void)state;
    api_error(api_post_raw(gw->client, "", API_VIDEO, body_random(1, MAX_UPLOAD + 1), NULL), 413,
              NULL);
    nothing_is_left();
}

static void too_large_by_stream_is_413(void **state)
{
    (void)state;
    struct http_stream stream = {.seed = 1, .length = MAX_UPLOAD + 1, .chunked = true};
    api_error(
        http_send_stream(gw->client, "POST", API_RECORDINGS, "Content-Type: video/webm", &stream),
        413, NULL);
    struct form *form = form_new();
    form_blob(form, API_VIDEO, body_random(1, MAX_UPLOAD + 1));
    form_end(form);
    api_error(api_post(gw->client, form, NULL), 413, NULL);
    nothing_is_left();
}

static void upload_head(struct raw *raw, const char *type, const char *length)
{
    raw_text(raw,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Content-Type: %s\r\nContent-Length: %s\r\n\r\n",
             API_RECORDINGS, gw->token, type, length);
}

static void a_client_that_goes_away_leaves_nothing(void **state)
{
    (void)state;
    struct body half = body_random(1, 300000);
    for (int i = 0; i < 3; i++) {
        struct raw *raw = raw_open(gw->server);
        upload_head(raw, API_VIDEO, "600000");
        raw_send(raw, half.bytes, half.length);
        if (i == 0) {
            raw_reset(raw);
        } else {
            raw_close(raw);
        }
    }
    nothing_is_left();
}

static void a_client_that_stops_half_way_is_not_answered_201(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    upload_head(raw, API_VIDEO, "600000");
    struct body half = body_random(1, 300000);
    raw_send(raw, half.bytes, half.length);
    raw_half_close(raw);
    struct http_answer *answer = raw_read(raw);
    assert_true(answer->status == 0 || (answer->status >= 400 && answer->status < 500));
    nothing_is_left();
}

static void a_form_cut_by_its_content_length_is_400(void **state)
{
    (void)state;
    struct form *form = form_new();
    form_blob(form, API_VIDEO, some());
    form_end(form);
    struct raw *raw = raw_open(gw->server);
    upload_head(raw, FORM_TYPE, keep_text("%zu", form->length - 20));
    raw_send(raw, form->bytes, form->length);
    api_error(raw_read(raw), 400, NULL);
    nothing_is_left();
}

static void bad_json_is_400(void **state)
{
    (void)state;
    json_t *answer = api_upload(gw->client, API_VIDEO, some());
    char *deep = keep_text("{\"a\":");
    for (int i = 0; i < 40; i++) {
        deep = keep_text("%s[", deep);
    }
    const char *const bad[] = {
        "{",    "[]",    "\"x\"",         "ttlSec=5", "{\"ttlSec\":1,\"ttlSec\":2}",
        "null", "{} {}", "{\"ttlSec\":}", deep,       "\xff\xfe{}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_answer *got =
            http_send(gw->client, "POST", api_path(answer, "/signed-url"),
                      "Content-Type: application/json", bad[i], strlen(bad[i]));
        if (got->status != 400) {
            print_error("not refused: %.80s\n", bad[i]);
        }
        api_error(got, 400, NULL);
    }
    api_error(http_send(gw->client, "POST", api_path(answer, "/signed-url"),
                        "Content-Type: application/json", "{\"a\":\"\0\"}", 9),
              400, NULL);
    removed(answer);
}

static void json_over_64_kib_is_refused(void **state)
{
    (void)state;
    json_t *answer = api_upload(gw->client, API_VIDEO, some());
    char *json = keep_text("{\"ttlSec\":60,\"a\":\"%070000d\"}", 0);
    struct http_answer *got = http_send(gw->client, "POST", api_path(answer, "/signed-url"),
                                        "Content-Type: application/json", json, strlen(json));
    if (got->status != 413) {
        api_error(got, 400, NULL);
    }
    removed(answer);
}

static void an_unknown_id_is_404(void **state)
{
    (void)state;
    static const char *const ids[] = {
        "00000000-0000-4000-8000-000000000000", "x", "..", "%2e%2e", "a'b", "%C3%BC"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char *path = keep_text("/api/media/%s", ids[i]);
        api_error(http_get(gw->client, path, NULL), 404, "not_found");
        api_error(http_send(gw->client, "POST", keep_text("%s/signed-url", path), NULL, "", 0), 404,
                  "not_found");
    }
    json_t *deleted = api_expect(
        http_send(gw->client, "DELETE", keep_text("/api/media/%s", ids[0]), NULL, NULL, 0), 200);
    assert_true(json_is_true(json_object_get(deleted, "ok")));
}

static void a_path_that_does_not_decode_is_400(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/api/media/a%00b", "/api/media/%zz",  "/api/media/%", "/api/media/%4",
        "/api/media/%ff",   "/media/b/%c0%af", "/%00",         "/api/media?limit=%00"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct http_answer *answer = http_get(gw->client, paths[i], NULL);
        if (answer->status != 400) {
            print_error("not refused: %s\n", paths[i]);
        }
        api_error(answer, 400, NULL);
    }
}

static void an_unknown_route_is_404(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/",          "/api",   "/api/",   "/api/medi", "/api/mediax", "/api/media/x/y/z",
        "/healthz/x", "/media", "/media/", "/media/b",  "//api/media", "/API/media"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct http_answer *answer = http_get(gw->client, paths[i], NULL);
        if (answer->status != 404) {
            print_error("%s: %ld\n", paths[i], answer->status);
        }
        api_error(answer, 404, "not_found");
    }
}

static void a_wrong_method_is_405_and_says_which_are_right(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"PUT", "/api/media", "GET"},
        {"DELETE", "/api/media/recordings", "POST"},
        {"PUT", "/api/media/x", "DELETE"},
        {"POST", "/api/media/x", "GET"},
        {"GET", "/api/media/x/signed-url", "POST"},
        {"POST", "/healthz", "GET"},
        {"DELETE", "/readyz", "GET"},
        {"BREW", "/api/media", "GET"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_answer *answer = http_send(gw->client, cases[i][0], cases[i][1], NULL, NULL, 0);
        if (answer->status != 405) {
            print_error("%s %s: %ld\n", cases[i][0], cases[i][1], answer->status);
        }
        api_error(answer, 405, NULL);
        const char *allow = http_header(answer, "Allow");
        assert_non_null(allow);
        assert_non_null(strstr(allow, cases[i][2]));
    }
}

static void a_huge_header_is_431(void **state)
{
    (void)state;
    char *large = keep_text("X-Large: %025000d", 0);
    api_error(http_get(gw->client, "/api/media", large), 431, NULL);
    api_expect(http_get(gw->client, "/api/media", NULL), 200);
}

static void a_header_without_end_is_cut_off(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    raw_text(raw, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
    for (int i = 0; i < 300; i++) {
        raw_text(raw, "X-%d: %04000d\r\n", i, 0);
    }
    struct http_answer *answer = raw_read(raw);
    assert_true(answer->status == 0 || answer->status == 431 || answer->status == 400);
    assert_true(raw_is_closed(raw, 20000));
    api_expect(http_get(gw->nobody, "/healthz", NULL), 200);
}

static void a_huge_target_is_414(void **state)
{
    (void)state;
    struct http_answer *answer =
        http_get(gw->client, keep_text("/api/media?cursor=%020000d", 0), NULL);
    assert_true(answer->status == 414 || answer->status == 431 || answer->status == 400);
    api_error(answer, answer->status, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_right_digest_of_the_part_is_accepted),
        TEST(a_wrong_digest_of_the_part_is_400),
        TEST(a_right_digest_of_the_request_is_accepted),
        TEST(a_wrong_digest_of_the_request_is_400),
        TEST(a_malformed_digest_is_400),
        TEST(exactly_the_limit_is_accepted),
        TEST(too_large_by_content_length_is_413),
        TEST(too_large_by_stream_is_413),
        TEST(a_client_that_goes_away_leaves_nothing),
        TEST(a_client_that_stops_half_way_is_not_answered_201),
        TEST(a_form_cut_by_its_content_length_is_400),
        TEST(bad_json_is_400),
        TEST(json_over_64_kib_is_refused),
        TEST(an_unknown_id_is_404),
        TEST(a_path_that_does_not_decode_is_400),
        TEST(an_unknown_route_is_404),
        TEST(a_wrong_method_is_405_and_says_which_are_right),
        TEST(a_huge_header_is_431),
        TEST(a_header_without_end_is_cut_off),
        TEST(a_huge_target_is_414),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
