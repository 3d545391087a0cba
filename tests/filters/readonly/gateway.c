/* SPDX-License-Identifier: Apache-2.0
 *
 * A gateway whose store became read-only: it starts, serves what is there, and says clearly that it
 * takes nothing. */
#include "tests/support/gateway.h"
#include "tests/support/check.h"
#include "tests/support/direct.h"
#include "tests/support/keep.h"

#include <string.h>

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

static void configure(const char *overlay)
{
    assert_int_equal(server_stop(gw->server), 0);
    server_configure(gw->server, overlay);
    server_start(gw->server);
    gateway_follow(gw);
}

/* One recording, made before. */
static json_t *become_read_only(void)
{
    gw = gateway_new(NULL);
    json_t *recording = api_upload(gw->client, API_VIDEO, some());
    configure("{\"storage\": {\"filters\": [{\"filter\": \"readonly\"}]}}");
    return recording;
}

static void it_serves_what_is_there(void **state)
{
    (void)state;
    json_t *recording = become_read_only();
    struct body body = some();
    struct http_answer *answer = http_get(gw->nobody, api_url(recording), NULL);
    assert_int_equal(answer->status, 200);
    assert_int_equal(answer->length, body.length);
    assert_memory_equal(answer->body, body.bytes, body.length);
    assert_int_equal(http_get(gw->client, api_path(recording, ""), NULL)->status, 200);
    assert_int_equal(api_count(gw->client, ""), 1);
    assert_int_equal(http_get(gw->nobody, "/readyz", NULL)->status, 200);
}

static void uploads_are_told_that_it_is_read_only(void **state)
{
    (void)state;
    become_read_only();
    api_error(api_post_raw(gw->client, "", "video/webm", some(), NULL), 403, "read_only");
    api_error(direct_ask(gw->client, "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1000}", NULL),
              403, "read_only");
    assert_int_equal(api_count(gw->client, "?status=uploading"), 0);
    assert_int_equal(api_count(gw->client, "?status=failed"), 0);
    assert_int_equal(api_count(gw->client, ""), 1);
}

/* A DELETE revokes at once; the bytes wait until the store may be written to again. */
static void a_delete_takes_the_recording_back(void **state)
{
    (void)state;
    json_t *recording = become_read_only();
    assert_int_equal(
        http_send(gw->client, "DELETE", api_path(recording, ""), NULL, NULL, 0)->status, 200);
    assert_int_equal(http_get(gw->nobody, api_url(recording), NULL)->status, 404);
    configure("{\"storage\": {\"filters\": []}}");
    assert_int_equal(http_get(gw->nobody, api_url(recording), NULL)->status, 404);
    assert_int_equal(api_upload(gw->client, API_VIDEO, some()) != NULL, 1);
}

#define T(name) cmocka_unit_test_teardown(name, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(it_serves_what_is_there),
        T(uploads_are_told_that_it_is_read_only),
        T(a_delete_takes_the_recording_back),
    };
    return server_verdict(cmocka_run_group_tests(tests, NULL, NULL));
}
