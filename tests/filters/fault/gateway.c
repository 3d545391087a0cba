/* SPDX-License-Identifier: Apache-2.0
 *
 * A gateway with faults in its store: it says so, and tells its clients to come again. */
#include "tests/support/gateway.h"
#include "tests/support/check.h"
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

static void faults_are_told_of_in_the_log(void **state)
{
    (void)state;
    gw = gateway_new("{\"storage\": {\"filters\": [{\"filter\": \"fault\", \"seed\": 3, "
                     "\"rules\": [\"put_begin:unavailable:times=1\"]}]}}");
    struct body body = body_file("chromium-video-short.webm");
    api_error(api_post_raw(gw->client, "", "video/webm", body, NULL), 503, "unavailable");
    json_t *recording = api_upload(gw->client, API_VIDEO, body);
    assert_int_equal(http_get(gw->nobody, api_url(recording), NULL)->status, 200);
    const char *line = strstr(server_log(gw->server), "faults are injected into this store");
    assert_non_null(line);
    assert_non_null(strstr(line, "1 rule(s), seed 3"));
    assert_int_equal(server_stop(gw->server), 0);
    assert_non_null(strstr(server_log(gw->server), "hit 1 of 2 calls"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(faults_are_told_of_in_the_log, stop),
    };
    return server_verdict(cmocka_run_group_tests(tests, NULL, NULL));
}
