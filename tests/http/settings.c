/* SPDX-License-Identifier: Apache-2.0
 *
 * What the config's keys do to answers: URL keys and their rotation, lifetimes, buckets, types,
 * reserves, limits. Each test starts a gateway of its own. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct gateway *gw;

static int stop(void **state)
{
    int status = gateway_free(gw);
    gw = NULL;
    keep_teardown(state);
    return status;
}

static struct body some(void)
{
    return body_file("chromium-video-short.webm");
}

static void start_again_with(const char *overlay)
{
    assert_int_equal(server_stop(gw->server), 0);
    server_configure(gw->server, overlay);
    server_start(gw->server);
    gateway_follow(gw);
}

#define OLD "{\"id\": \"old\", \"secret\": \"the old secret, 32 bytes and more of it\", \"sign\": "
#define NEW "{\"id\": \"new\", \"secret\": \"the new secret, 32 bytes and more of it\", \"sign\": "

static void a_retired_url_key_is_honoured_until_it_is_taken_out(void **state)
{
    (void)state;
    gw = gateway_new("{\"url_keys\": [" OLD "true}]}");
    const char *old = api_url(api_upload(gw->client, API_VIDEO, some()));
    assert_non_null(strstr(old, "kid=old"));
    start_again_with("{\"url_keys\": [" OLD "false}, " NEW "true}]}");
    const char *fresh = api_url(api_upload(gw->client, API_VIDEO, some()));
    assert_non_null(strstr(fresh, "kid=new"));
    assert_int_equal(http_get(gw->nobody, old, NULL)->status, 200);
    assert_int_equal(http_get(gw->nobody, fresh, NULL)->status, 200);
    start_again_with("{\"url_keys\": [" NEW "true}]}");
    api_error(http_get(gw->nobody, old, NULL), 403, "forbidden");
    assert_int_equal(http_get(gw->nobody, fresh, NULL)->status, 200);
}

static void another_secret_under_the_same_id_opens_nothing(void **state)
{
    (void)state;
    gw = gateway_new("{\"url_keys\": [" OLD "true}]}");
    const char *url = api_url(api_upload(gw->client, API_VIDEO, some()));
    start_again_with("{\"url_keys\": [{\"id\": \"old\", \"sign\": true, "
                     "\"secret\": \"another secret, 32 bytes and more of it\"}]}");
    api_error(http_get(gw->nobody, url, NULL), 403, "forbidden");
}

static void the_public_url_is_the_base_of_signed_urls(void **state)
{
    (void)state;
    gw = gateway_new("{\"public_url\": \"https://media.example.com\"}");
    json_t *answer = api_upload(gw->client, API_VIDEO, some());
    const char *url = json_string_value(json_object_get(answer, "signedUrl"));
    assert_int_equal(strncmp(url, "https://media.example.com/media/", 32), 0);
    assert_int_equal(http_get(gw->nobody, api_url(answer), NULL)->status, 200);
}

/* Without trust in a proxy, a client's word on who it came through is nothing. */
static void forwarded_headers_of_strangers_are_ignored(void **state)
{
    (void)state;
    gw = gateway_new(NULL);
    json_t *answer =
        api_expect(api_post_raw(gw->client, "", API_VIDEO, some(),
                                "X-Forwarded-Host: evil.example\nX-Forwarded-Proto: https\n"
                                "Forwarded: host=evil.example;proto=https"),
                   201);
    const char *url = json_string_value(json_object_get(answer, "signedUrl"));
    assert_null(strstr(url, "evil.example"));
    assert_null(strstr(url, "https:"));
}

static int64_t expires_in(const json_t *answer)
{
    struct tm parts = {0};
    const char *text = json_string_value(json_object_get(answer, "signedUrlExpiresAt"));
    assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%S", &parts));
    return (int64_t)(timegm(&parts) - time(NULL));
}

static struct http_answer *reissue(const json_t *answer, const char *json)
{
    return http_send(gw->client, "POST", api_path(answer, "/signed-url"),
                     "Content-Type: application/json", json, strlen(json));
}

static void lifetimes_of_urls_are_configured(void **state)
{
    (void)state;
    gw =
        gateway_new("{\"media\": {\"signed_url_ttl_sec\": 600, \"max_signed_url_ttl_sec\": 1200}}");
    json_t *answer = api_upload(gw->client, API_VIDEO, some());
    assert_in_range(expires_in(answer), 540, 601);
    api_expect(reissue(answer, "{\"ttlSec\":1200}"), 200);
    api_error(reissue(answer, "{\"ttlSec\":1201}"), 400, NULL);
}

static void the_default_bucket_is_in_row_and_url(void **state)
{
    (void)state;
    gw = gateway_new("{\"media\": {\"default_bucket\": \"takes\"}}");
    json_t *answer = api_upload(gw->client, API_VIDEO, some());
    assert_string_equal(api_text(answer, "bucket"), "takes");
    assert_int_equal(strncmp(api_url(answer), "/media/takes/", 13), 0);
    assert_int_equal(http_get(gw->nobody, api_url(answer), NULL)->status, 200);
}

static void only_listed_types_are_taken(void **state)
{
    (void)state;
    gw = gateway_new("{\"media\": {\"mime_types\": [\"audio/*\", \"video/mp4\"]}}");
    api_upload(gw->client, API_AUDIO, some());
    api_upload(gw->client, "video/mp4", some());
    api_error(api_post_raw(gw->client, "", API_VIDEO, some(), NULL), 415, NULL);
}

static void below_the_reserve_creates_are_507_and_reads_go_on(void **state)
{
    (void)state;
    gw = gateway_new(NULL);
    json_t *answer = api_upload(gw->client, API_VIDEO, some());
    start_again_with("{\"media\": {\"min_free_bytes\": 9000000000000000}}");
    api_error(api_post_raw(gw->client, "", API_VIDEO, some(), NULL), 507, NULL);
    assert_int_equal(http_get(gw->nobody, api_url(answer), NULL)->status, 200);
    api_expect(http_get(gw->client, "/api/media", NULL), 200);
    api_expect(http_send(gw->client, "DELETE", api_path(answer, ""), NULL, NULL, 0), 200);
    assert_true(rows_settle(gw->rows, 20000));
}

static void one_address_gets_no_more_connections_than_its_share(void **state)
{
    (void)state;
    gw = gateway_new("{\"limits\": {\"connections_per_address\": 10}}");
    struct raw *all[30];
    size_t served = 0;
    for (size_t i = 0; i < 30; i++) {
        all[i] = raw_open(gw->server);
        raw_text(all[i], "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    for (size_t i = 0; i < 30; i++) {
        served += raw_read(all[i])->status == 200;
    }
    assert_in_range(served, 1, 10);
    for (size_t i = 0; i < 30; i++) {
        raw_close(all[i]);
    }
}

static void an_idempotency_key_is_forgotten_after_its_time(void **state)
{
    (void)state;
    gw = gateway_new("{\"media\": {\"idempotency_ttl_sec\": 1}}");
    const char *first = api_id(
        api_expect(api_post_raw(gw->client, "", API_VIDEO, some(), "Idempotency-Key: short"), 201));
    int64_t end = wait_now_ms() + 30000;
    const char *later = first;
    while (strcmp(first, later) == 0 && wait_now_ms() < end) {
        wait_ms(300);
        later = api_id(api_expect(
            api_post_raw(gw->client, "", API_VIDEO, some(), "Idempotency-Key: short"), 201));
    }
    assert_string_not_equal(first, later);
}

static void a_secret_may_come_from_a_file_or_the_environment(void **state)
{
    (void)state;
    gw = gateway_new(NULL);
    char *file = keep_text("%s/secret", gw->server->dir);
    scratch_write(file, "the secret in a file, 32 bytes and more");
    setenv("MEDIAGW_TEST_SECRET", "the secret in the environment, 32 bytes", 1);
    start_again_with(keep_text("{\"url_keys\": [{\"id\": \"f\", \"secret\": {\"file\": \"%s\"}, "
                               "\"sign\": true}, {\"id\": \"e\", \"sign\": false, "
                               "\"secret\": \"${MEDIAGW_TEST_SECRET}\"}]}",
                               file));
    const char *url = api_url(api_upload(gw->client, API_VIDEO, some()));
    assert_non_null(strstr(url, "kid=f"));
    assert_int_equal(http_get(gw->nobody, url, NULL)->status, 200);
    assert_null(strstr(server_log(gw->server), "32 bytes"));
}

int main(void)
{
#define ALONE(function) cmocka_unit_test_teardown(function, stop)
    const struct CMUnitTest tests[] = {
        ALONE(a_retired_url_key_is_honoured_until_it_is_taken_out),
        ALONE(another_secret_under_the_same_id_opens_nothing),
        ALONE(the_public_url_is_the_base_of_signed_urls),
        ALONE(forwarded_headers_of_strangers_are_ignored),
        ALONE(lifetimes_of_urls_are_configured),
        ALONE(the_default_bucket_is_in_row_and_url),
        ALONE(only_listed_types_are_taken),
        ALONE(below_the_reserve_creates_are_507_and_reads_go_on),
        ALONE(one_address_gets_no_more_connections_than_its_share),
        ALONE(an_idempotency_key_is_forgotten_after_its_time),
        ALONE(a_secret_may_come_from_a_file_or_the_environment),
    };
    return server_verdict(cmocka_run_group_tests(tests, NULL, NULL));
}
