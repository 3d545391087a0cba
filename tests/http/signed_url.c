/* SPDX-License-Identifier: Apache-2.0
 *
 * Who a signed URL lets in, and who is kept out: altered, expired, foreign. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw = gateway_new(NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

static json_t *upload(void)
{
    return api_upload(gw->client, API_VIDEO, body_file("chromium-video-short.webm"));
}

static json_t *reissue(const json_t *answer, const char *json)
{
    return api_expect(http_send(gw->client, "POST", api_path(answer, "/signed-url"),
                                "Content-Type: application/json", json, strlen(json)),
                      200);
}

static void is_forbidden(const char *url)
{
    struct http_answer *got = http_get(gw->nobody, url, NULL);
    if (got->status != 403) {
        print_error("not refused: %s\n", url);
    }
    api_error(got, 403, "forbidden");
}

/* URL with the character at AT replaced by another of the same sort. */
static char *altered_at(const char *url, size_t at)
{
    char *copy = keep_text("%s", url);
    if (copy[at] >= '0' && copy[at] <= '9') {
        copy[at] = copy[at] == '9' ? '8' : (char)(copy[at] + 1);
    } else {
        copy[at] = copy[at] == 'b' ? 'c' : 'b';
    }
    return copy;
}

static void each_altered_character_is_403(void **state)
{
    (void)state;
    const char *url = api_url(upload());
    assert_int_equal(http_get(gw->nobody, url, NULL)->status, 200);
    const char *value = strchr(url, '?') + 1;
    for (size_t at = strlen("/media/"); url[at]; at++) {
        bool in_name = url + at >= value && (url[at - 1] == '?' || url[at - 1] == '&');
        if (in_name) {
            at += strcspn(url + at, "="); /* parameter names have a test of their own */
        }
        if (strchr("/?&=-._", url[at])) {
            continue;
        }
        is_forbidden(altered_at(url, at));
    }
}

static const char *parameter(const char *url, const char *name)
{
    const char *at = strstr(url, keep_text("%s=", name));
    assert_non_null(at);
    assert_true(at[-1] == '?' || at[-1] == '&');
    return at + strlen(name) + 1;
}

/* URL with NAME's value replaced. */
static char *with(const char *url, const char *name, const char *value)
{
    const char *at = parameter(url, name);
    return keep_text("%.*s%s%s", (int)(at - url), url, value, at + strcspn(at, "&"));
}

static char *without(const char *url, const char *name)
{
    const char *at = parameter(url, name) - strlen(name) - 1;
    const char *rest = at + strcspn(at, "&");
    return keep_text("%.*s%s", (int)(at - url), url, *rest ? rest + 1 : "");
}

static void a_later_expiry_is_403(void **state)
{
    (void)state;
    const char *url = api_url(upload());
    is_forbidden(with(url, "expires", "9999999999"));
    is_forbidden(with(url, "expires", "9999999999999"));
    is_forbidden(with(url, "expires", ""));
    is_forbidden(with(url, "expires", "-1"));
    is_forbidden(with(url, "expires", "99999999999999999999999999"));
}

static void another_spelling_of_the_same_expiry_is_403(void **state)
{
    (void)state;
    const char *url = api_url(upload());
    const char *at = parameter(url, "expires");
    char *expires = keep_bytes(at, strcspn(at, "&"));
    is_forbidden(with(url, "expires", keep_text("0%s", expires)));
    is_forbidden(with(url, "expires", keep_text("%%2B%s", expires)));
    is_forbidden(with(url, "expires", keep_text("%s.0", expires)));
}

static void an_unknown_key_id_is_403_like_a_bad_signature(void **state)
{
    (void)state;
    const char *url = api_url(upload());
    struct http_answer *unknown = http_get(gw->nobody, with(url, "kid", "k2"), NULL);
    struct http_answer *bad = http_get(gw->nobody, with(url, "sig", "AAAA"), NULL);
    api_error(unknown, 403, "forbidden");
    api_error(bad, 403, "forbidden");
    assert_string_equal(json_string_value(json_object_get(api_json(unknown), "message")),
                        json_string_value(json_object_get(api_json(bad), "message")));
    is_forbidden(with(url, "kid", ""));
    is_forbidden(with(url, "sig", ""));
}

static void a_missing_parameter_is_403(void **state)
{
    (void)state;
    const char *url = api_url(upload());
    is_forbidden(without(url, "sig"));
    is_forbidden(without(url, "kid"));
    is_forbidden(without(url, "expires"));
    is_forbidden(keep_bytes(url, strcspn(url, "?")));
}

/* RFC 3986 leaves it open which of two counts, so neither does. */
static void a_repeated_parameter_is_refused(void **state)
{
    (void)state;
    const char *url = api_url(upload());
    static const char *const names[] = {"expires", "kid", "sig"};
    for (size_t i = 0; i < 3; i++) {
        const char *at = parameter(url, names[i]);
        char *twice = keep_text("%s&%s=%.*s", url, names[i], (int)strcspn(at, "&"), at);
        struct http_answer *got = http_get(gw->nobody, twice, NULL);
        assert_in_range(got->status, 400, 403);
        api_error(got, got->status, NULL);
    }
}

static void an_added_disposition_or_file_name_is_403(void **state)
{
    (void)state;
    const char *url = api_url(upload());
    is_forbidden(keep_text("%s&disposition=attachment", url));
    is_forbidden(keep_text("%s&filename=evil.html", url));
    is_forbidden(keep_text("%s&disposition=inline&filename=evil.html", url));
    is_forbidden(keep_text("%s&disposition=", url));
    is_forbidden(keep_text("%s&filename=", url));
}

static void an_added_unknown_parameter_has_no_effect(void **state)
{
    (void)state;
    const char *url = api_url(upload());
    struct http_answer *got =
        http_get(gw->nobody, keep_text("%s&response-content-type=text/html", url), NULL);
    if (got->status == 200) {
        assert_string_equal(http_header(got, "Content-Type"), API_VIDEO);
    } else {
        api_error(got, 403, "forbidden");
    }
}

static void a_signature_of_another_recording_is_403(void **state)
{
    (void)state;
    const char *one = api_url(upload());
    const char *two = api_url(upload());
    is_forbidden(keep_text("%.*s%s", (int)strcspn(one, "?"), one, strchr(two, '?')));
}

static void an_expired_url_is_403(void **state)
{
    (void)state;
    json_t *answer = reissue(upload(), "{\"ttlSec\":1}");
    const char *url = api_url(answer);
    int64_t end = wait_now_ms() + 20000;
    struct http_answer *got = http_get(gw->nobody, url, NULL);
    while (got->status == 200 && wait_now_ms() < end) {
        wait_ms(200);
        got = http_get(gw->nobody, url, NULL);
    }
    api_error(got, 403, "forbidden");
}

static void a_url_lives_on_after_a_new_one_is_signed(void **state)
{
    (void)state;
    json_t *first = upload();
    json_t *second = reissue(first, "{\"ttlSec\":60}");
    assert_int_equal(http_get(gw->nobody, api_url(first), NULL)->status, 200);
    assert_int_equal(http_get(gw->nobody, api_url(second), NULL)->status, 200);
}

static void a_ttl_outside_its_bounds_is_400(void **state)
{
    (void)state;
    static const char *const bad[] = {"0",      "-1",   "604801", "1.5",
                                      "\"60\"", "true", "1e400",  "99999999999999999999"};
    json_t *answer = upload();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *json = keep_text("{\"ttlSec\":%s}", bad[i]);
        struct http_answer *got = http_send(gw->client, "POST", api_path(answer, "/signed-url"),
                                            "Content-Type: application/json", json, strlen(json));
        if (got->status != 400) {
            print_error("not refused: %s\n", json);
        }
        api_error(got, 400, NULL);
    }
    reissue(answer, "{\"ttlSec\":1}");
    reissue(answer, "{\"ttlSec\":604800}");
}

static void a_signed_file_name_makes_an_attachment(void **state)
{
    (void)state;
    json_t *answer = reissue(upload(), "{\"fileName\":\"take 1.webm\"}");
    const char *url = api_url(answer);
    struct http_answer *got = http_get(gw->nobody, url, NULL);
    assert_int_equal(got->status, 200);
    assert_string_equal(http_header(got, "Content-Disposition"),
                        "attachment; filename=\"take 1.webm\"");
    is_forbidden(without(url, "filename"));
    is_forbidden(with(url, "filename", "other.webm"));
}

static void a_file_name_beyond_ascii_goes_by_rfc_8187(void **state)
{
    (void)state;
    json_t *answer = reissue(upload(), "{\"fileName\":\"Grüße \\\"1\\\".webm\"}");
    struct http_answer *got = http_get(gw->nobody, api_url(answer), NULL);
    assert_int_equal(got->status, 200);
    const char *value = http_header(got, "Content-Disposition");
    assert_non_null(value);
    assert_int_equal(strncmp(value, "attachment; filename=\"", 22), 0);
    assert_non_null(strstr(value, "filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%221%22.webm"));
}

static void a_file_name_with_control_characters_or_slashes_is_400(void **state)
{
    (void)state;
    static const char *const bad[] = {"a\\r\\nX-Evil: 1", "a\\u0000b", "../../x",
                                      "a\\\\b",           "",          "."};
    json_t *answer = upload();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *json = keep_text("{\"fileName\":\"%s\"}", bad[i]);
        struct http_answer *got = http_send(gw->client, "POST", api_path(answer, "/signed-url"),
                                            "Content-Type: application/json", json, strlen(json));
        if (got->status != 400) {
            print_error("not refused: %s\n", json);
        }
        api_error(got, 400, NULL);
    }
}

static void another_accounts_recording_is_403_on_every_route(void **state)
{
    (void)state;
    json_t *answer = upload();
    api_error(http_get(gw->other, api_path(answer, ""), NULL), 403, "forbidden");
    api_error(http_send(gw->other, "POST", api_path(answer, "/signed-url"), NULL, "", 0), 403,
              "forbidden");
    api_error(http_send(gw->other, "DELETE", api_path(answer, ""), NULL, NULL, 0), 403,
              "forbidden");
    api_expect(http_get(gw->client, api_path(answer, ""), NULL), 200);
}

static void another_accounts_deleted_recording_is_no_longer_told_of(void **state)
{
    (void)state;
    json_t *answer = upload();
    api_expect(http_send(gw->client, "DELETE", api_path(answer, ""), NULL, NULL, 0), 200);
    struct http_answer *got = http_get(gw->other, api_path(answer, ""), NULL);
    assert_in_range(got->status, 403, 404);
    api_error(got, got->status, NULL);
}

static void without_credential_every_api_route_is_401(void **state)
{
    (void)state;
    json_t *answer = upload();
    struct http_client *clients[] = {gw->nobody, http_new(gw->server, "mgw_unknown_secret"),
                                     http_new(gw->server, "garbage")};
    for (size_t i = 0; i < 3; i++) {
        struct http_client *client = clients[i];
        api_error(http_get(client, "/api/media", NULL), 401, "unauthorized");
        api_error(http_get(client, api_path(answer, ""), NULL), 401, "unauthorized");
        api_error(http_send(client, "DELETE", api_path(answer, ""), NULL, NULL, 0), 401,
                  "unauthorized");
        api_error(http_send(client, "POST", api_path(answer, "/signed-url"), NULL, "", 0), 401,
                  "unauthorized");
        api_error(api_post_raw(client, "?durationMs=1", API_VIDEO, body_random(1, 100), NULL), 401,
                  "unauthorized");
    }
    http_free(clients[1]);
    http_free(clients[2]);
}

/* The account header is dev mode's only. */
static void an_account_header_is_no_credential(void **state)
{
    (void)state;
    json_t *answer = upload();
    api_error(http_get(gw->nobody, api_path(answer, ""), "X-Account-Id: acct-a"), 401,
              "unauthorized");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_altered_character_is_403),
        TEST(a_later_expiry_is_403),
        TEST(another_spelling_of_the_same_expiry_is_403),
        TEST(an_unknown_key_id_is_403_like_a_bad_signature),
        TEST(a_missing_parameter_is_403),
        TEST(a_repeated_parameter_is_refused),
        TEST(an_added_disposition_or_file_name_is_403),
        TEST(an_added_unknown_parameter_has_no_effect),
        TEST(a_signature_of_another_recording_is_403),
        TEST(an_expired_url_is_403),
        TEST(a_url_lives_on_after_a_new_one_is_signed),
        TEST(a_ttl_outside_its_bounds_is_400),
        TEST(a_signed_file_name_makes_an_attachment),
        TEST(a_file_name_beyond_ascii_goes_by_rfc_8187),
        TEST(a_file_name_with_control_characters_or_slashes_is_400),
        TEST(another_accounts_recording_is_403_on_every_route),
        TEST(another_accounts_deleted_recording_is_no_longer_told_of),
        TEST(without_credential_every_api_route_is_401),
        TEST(an_account_header_is_no_credential),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
