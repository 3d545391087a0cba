/* SPDX-License-Identifier: Apache-2.0
 *
 * A gateway with "retry" over a store that fails often: its clients see nothing of it, and what
 * they were told is there without any filter. */
#include "tests/support/gateway.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <string.h>

enum { RECORDINGS = 40 };

static struct gateway *gw;

static int stop(void **state)
{
    int status = gateway_free(gw);
    gw = NULL;
    keep_teardown(state);
    return status;
}

static struct body bytes_of(unsigned number)
{
    return body_random(number, number % 8 == 7 ? 300000 : 1 + 997 * (size_t)number);
}

static void assert_served(json_t *const *recordings)
{
    for (unsigned i = 0; i < RECORDINGS; i++) {
        struct body body = bytes_of(i);
        struct http_answer *answer = http_get(gw->nobody, api_url(recordings[i]), NULL);
        if (i % 10 == 9) {
            assert_int_equal(answer->status, 404);
            continue;
        }
        assert_int_equal(answer->status, 200);
        assert_int_equal(answer->length, body.length);
        assert_memory_equal(answer->body, body.bytes, body.length);
    }
}

static void clients_see_nothing_of_a_store_that_fails(void **state)
{
    json_t *recordings[RECORDINGS];
    (void)state;
    gw = gateway_new(
        "{\"storage\": {\"filters\": [{\"filter\": \"retry\", \"first_delay\": \"1ms\", "
        "\"max_delay\": \"10ms\", \"deadline_sec\": 60}, {\"filter\": \"fault\", \"seed\": 5, "
        "\"rules\": [\"*:unavailable:0.15\", \"*:unknown_outcome:0.1\", \"*:timeout:0.05\", "
        "\"put_commit:timeout:0.2:after\", \"read:short:0.3\"]}]}}");
    for (unsigned i = 0; i < RECORDINGS; i++) {
        recordings[i] = api_upload(gw->client, API_VIDEO, bytes_of(i)); /* each is 201 */
        if (i % 10 == 9) {
            const char *path = api_path(recordings[i], "");
            assert_int_equal(http_send(gw->client, "DELETE", path, NULL, NULL, 0)->status, 200);
        }
    }
    assert_served(recordings);
    assert_int_equal(server_stop(gw->server), 0);
    server_configure(gw->server, "{\"storage\": {\"filters\": []}}");
    server_start(gw->server);
    gateway_follow(gw);
    assert_served(recordings);
    assert_int_equal(api_count(gw->client, "?limit=200"), RECORDINGS - RECORDINGS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(clients_see_nothing_of_a_store_that_fails, stop),
    };
    return server_verdict(cmocka_run_group_tests(tests, NULL, NULL));
}
