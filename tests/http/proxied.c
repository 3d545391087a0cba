/* SPDX-License-Identifier: Apache-2.0
 *
 * Content from a store without local files (memstore): read piece by piece with bounded memory,
 * ended when nobody takes it any more; and, where the store presigns, not read at all. */
#include "tests/support/check.h"
#include "tests/support/direct.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATIENCE_MS 30000

/* A gateway over memstore with these further keys of "storage", and an overlay. */
static struct gateway *gateway_over(const char *keys, const char *overlay)
{
    struct gateway *gw = gateway_new(overlay);
    assert_int_equal(server_stop(gw->server), 0);
    const char *folder = keep_text("%s/plugins", gw->server->dir);
    assert_int_equal(mkdir(folder, 0700), 0);
    scratch_write(keep_text("%s/memstore.json", folder),
                  "{\"name\": \"memstore\", \"kind\": \"storage\", \"module\": \"" MEMSTORE "\"}");
    json_t *config = json_load_file(gw->server->config_path, 0, NULL);
    assert_non_null(config);
    const char *storage = keep_text("{\"driver\": \"memstore\", \"marker\": false%s}", keys);
    json_object_set_new(config, "storage", json_loads(storage, 0, NULL));
    json_object_set_new(config, "plugins", json_pack("{s:[s,s]}", "path", folder, PLUGINS));
    assert_int_equal(json_dump_file(config, gw->server->config_path, 0), 0);
    json_decref(config);
    server_start(gw->server);
    gateway_follow(gw);
    return gw;
}

static struct gateway *gw;

static int stop_one(void **state)
{
    (void)state;
    int status = gateway_free(gw);
    gw = NULL;
    keep_release();
    return status;
}

static void a_large_recording_streams_whole(void **state)
{
    (void)state;
    enum { BYTES = 48 << 20 };
    gw = gateway_over("", NULL);
    struct http_stream stream = {.seed = 3, .length = BYTES};
    json_t *made = api_expect(
        http_send_stream(gw->client, "POST", API_RECORDINGS, "Content-Type: " API_VIDEO, &stream),
        201);
    char expected[SHA256_TEXT], got[SHA256_TEXT];
    body_stream_checksum(3, BYTES, expected);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(http_get_checksum(gw->nobody, api_url(made), got)->length, BYTES);
        assert_string_equal(got, expected);
    }
}

static void ranges_are_read_where_they_lie(void **state)
{
    (void)state;
    enum { BYTES = 3 << 20 };
    gw = gateway_over("", NULL);
    struct body body = body_random(8, BYTES);
    const char *bytes = body.bytes;
    const char *url = api_url(api_upload(gw->client, API_VIDEO, body));
    struct http_answer *one = http_get(gw->nobody, url, "Range: bytes=1000000-2999999");
    assert_int_equal(one->status, 206);
    assert_int_equal(one->length, 2000000);
    assert_memory_equal(one->body, bytes + 1000000, 2000000);
    struct http_answer *many =
        http_get(gw->nobody, url, "Range: bytes=0-699999,1000000-1000009,2000000-2699999");
    assert_int_equal(many->status, 206);
    const char *first = memmem(many->body, many->length, bytes, 700000);
    const char *second = memmem(many->body, many->length, bytes + 1000000, 10);
    const char *third = memmem(many->body, many->length, bytes + 2000000, 700000);
    assert_true(first && second && third && first < second && second < third);
    assert_int_equal(http_get(gw->nobody, url, "Range: bytes=-1")->length, 1);
}

static bool says_cut(void *ctx)
{
    (void)ctx;
    const char *line = strstr(server_log(gw->server), "download cut");
    return line && strstr(line, "CANCELLED");
}

/* The store takes a minute for each read; nobody waits for it when the client has hung up. */
static void a_client_that_hangs_up_ends_the_read(void **state)
{
    (void)state;
    gw = gateway_over(", \"read_delay\": \"200s\"",
                      "{\"limits\": {\"workers\": 1, \"request_deadline_sec\": 300}}");
    const char *url = api_url(api_upload(gw->client, API_VIDEO, body_random(1, 100000)));
    struct raw *raw = raw_open(gw->server);
    raw_text(raw, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", url);
    assert_int_equal(raw_read_head(raw)->status, 200);
    raw_close(raw);
    assert_true(wait_for(says_cut, NULL, PATIENCE_MS * slowness()));
    /* the only worker is free again */
    api_expect(http_get(gw->client, "/api/media", NULL), 200);
}

/* More readers that take nothing than there are workers and buffers. */
static void slow_readers_hold_no_worker(void **state)
{
    (void)state;
    enum { READERS = 48, BYTES = 16 << 20 };
    gw = gateway_over("", "{\"limits\": {\"workers\": 2}}");
    const char *url = api_url(api_upload(gw->client, API_VIDEO, body_random(2, BYTES)));
    struct raw *readers[READERS];
    for (int i = 0; i < READERS; i++) {
        readers[i] = raw_open(gw->server);
        raw_text(readers[i], "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", url);
        assert_int_equal(raw_read_head(readers[i])->status, 200);
    }
    char expected[SHA256_TEXT], got[SHA256_TEXT];
    body_stream_checksum(2, BYTES, expected);
    assert_int_equal(http_get_checksum(gw->nobody, url, got)->length, BYTES);
    assert_string_equal(got, expected);
    api_upload(gw->client, API_VIDEO, body_random(3, 1 << 20));
    for (int i = 0; i < READERS; i++) {
        raw_close(readers[i]);
    }
}

static void a_store_that_presigns_is_where_urls_lead(void **state)
{
    (void)state;
    gw = gateway_over(", \"presign\": true", NULL);
    json_t *made = api_expect(
        api_post_raw(gw->client, "", API_VIDEO, body_file("chromium-video-short.webm"), NULL), 201);
    const char *url = json_string_value(json_object_get(made, "signedUrl"));
    assert_int_equal(strncmp(url, "https://store.test/", 19), 0);
    json_t *again = api_expect(
        http_send(gw->client, "POST", api_path(made, "/signed-url"), NULL, "{\"ttlSec\": 5}", 13),
        200);
    assert_true(api_is_time(json_string_value(json_object_get(again, "signedUrlExpiresAt"))));
    json_t *begun = direct_begin(gw->client, API_VIDEO, body_random(1, 100), "");
    const json_t *upload = json_object_get(begun, "upload");
    assert_int_equal(
        strncmp(json_string_value(json_object_get(upload, "url")), "https://store.test/", 19), 0);
    begun = direct_begin(gw->client, API_VIDEO, body_random(1, 20 << 20), ", \"parts\": true");
    upload = json_object_get(begun, "upload");
    const json_t *parts = json_object_get(upload, "parts");
    assert_int_equal(json_array_size(parts), 2);
    assert_int_equal(json_integer_value(json_object_get(upload, "partSize")), 16 << 20);
    const json_t *last = json_array_get(parts, 1);
    assert_int_equal(json_integer_value(json_object_get(last, "partNumber")), 2);
    assert_int_equal(json_integer_value(json_object_get(last, "offset")), 16 << 20);
    assert_int_equal(json_integer_value(json_object_get(last, "length")), 4 << 20);
    assert_true(json_is_object(json_object_get(last, "headers")));
}

static void with_proxy_delivery_the_gateway_serves(void **state)
{
    (void)state;
    gw = gateway_over(", \"presign\": true", "{\"media\": {\"delivery\": \"proxy\"}}");
    struct body body = body_file("chromium-video-short.webm");
    json_t *made = api_upload(gw->client, API_VIDEO, body);
    struct http_answer *got = http_get(gw->nobody, api_url(made), NULL);
    assert_int_equal(got->status, 200);
    assert_memory_equal(got->body, body.bytes, body.length);
    json_t *begun = direct_begin(gw->client, API_VIDEO, body, "");
    assert_int_equal(direct_send(gw->nobody, begun, NULL, body)->status, 200);
    api_expect(direct_complete(gw->client, begun), 200);
}

#define ONE(name) cmocka_unit_test_setup_teardown(name, NULL, stop_one)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(a_large_recording_streams_whole),          ONE(ranges_are_read_where_they_lie),
        ONE(a_client_that_hangs_up_ends_the_read),     ONE(slow_readers_hold_no_worker),
        ONE(a_store_that_presigns_is_where_urls_lead), ONE(with_proxy_delivery_the_gateway_serves),
    };
    return server_verdict(cmocka_run_group_tests(tests, NULL, NULL));
}
