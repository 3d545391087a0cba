/* SPDX-License-Identifier: Apache-2.0
 *
 * Clients that are slow on purpose: deadlines for the header and for idleness, here 2 seconds. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/leftover.h"
#include "tests/support/scratch.h"

#include <string.h>

#define PATIENCE_MS (30000 * slowness())

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw = gateway_new("{\"limits\": {\"header_deadline_sec\": 2, \"idle_sec\": 2}}");
    leftover_watch(gw);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

/* Sends LINE every 100 ms until the connection ends; false where it does not within PATIENCE_MS. */
static bool cut_while_sending(struct raw *raw, const char *line, int64_t *after_ms)
{
    int64_t begun = wait_now_ms();
    while (wait_now_ms() - begun < PATIENCE_MS) {
        raw_text(raw, "%s", line);
        if (raw_is_closed(raw, 100)) {
            *after_ms = wait_now_ms() - begun;
            return true;
        }
        if (raw_has_answer(raw, 0)) { /* a 408 may come before the end */
            assert_int_equal(raw_read(raw)->status, 408);
        }
    }
    return false;
}

static void a_header_that_trickles_is_cut_off_at_the_deadline(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    raw_text(raw, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
    int64_t after_ms = 0;
    assert_true(cut_while_sending(raw, "X-More: 1\r\n", &after_ms));
    assert_true(after_ms >= 1000); /* not at once either */
}

static void a_second_header_that_trickles_is_cut_off_too(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    raw_text(raw, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(raw_read(raw)->status, 200);
    raw_text(raw, "GET /healthz HTTP/1.1\r\n");
    int64_t after_ms = 0;
    assert_true(cut_while_sending(raw, "X-More: 1\r\n", &after_ms));
}

static void a_connection_that_says_nothing_is_closed(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    assert_true(raw_is_closed(raw, PATIENCE_MS));
}

static void an_idle_kept_connection_is_closed(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    raw_text(raw, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(raw_read(raw)->status, 200);
    assert_true(raw_is_closed(raw, PATIENCE_MS));
}

static void an_upload_that_stalls_is_cut_off_and_leaves_nothing(void **state)
{
    (void)state;
    struct body body = body_random(1, 100000);
    struct raw *raw = raw_open(gw->server);
    raw_text(raw,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Content-Type: video/webm\r\nContent-Length: 200000\r\n\r\n",
             API_RECORDINGS, gw->token);
    raw_send(raw, body.bytes, body.length);
    if (!raw_is_closed(raw, PATIENCE_MS)) {
        assert_int_equal(raw_read(raw)->status, 408);
        assert_true(raw_is_closed(raw, PATIENCE_MS));
    }
    assert_true(leftover_is_nothing(gw));
}

static void an_upload_that_keeps_coming_outlives_the_idle_time(void **state)
{
    (void)state;
    struct body body = body_random(2, 40000);
    struct raw *raw = raw_open(gw->server);
    raw_text(raw,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Content-Type: video/webm\r\nContent-Length: 40000\r\n\r\n",
             API_RECORDINGS, gw->token);
    for (size_t at = 0; at < body.length; at += 4000) {
        raw_send(raw, (const char *)body.bytes + at, 4000);
        wait_ms(500);
    }
    json_t *answer = api_expect(raw_read(raw), 201);
    api_expect(http_send(gw->client, "DELETE", api_path(answer, ""), NULL, NULL, 0), 200);
    assert_true(leftover_is_nothing(gw));
}

static void others_are_served_beside_slow_clients(void **state)
{
    (void)state;
    enum { SLOW = 300 };
    struct raw *slow[SLOW];
    for (int i = 0; i < SLOW; i++) {
        slow[i] = raw_open(gw->server);
        raw_text(slow[i],
                 "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                 "Content-Type: video/webm\r\nContent-Length: 1000\r\n%s",
                 API_RECORDINGS, gw->token, i % 2 ? "\r\nabc" : "");
    }
    int64_t begun = wait_now_ms();
    json_t *answer = api_upload(gw->client, API_VIDEO, body_random(3, 100000));
    assert_int_equal(http_get(gw->nobody, api_url(answer), NULL)->status, 200);
    assert_true(wait_now_ms() - begun < PATIENCE_MS);
    for (int i = 0; i < SLOW; i++) {
        if (!raw_is_closed(slow[i], PATIENCE_MS)) {
            assert_int_equal(raw_read(slow[i])->status, 408);
        }
        raw_close(slow[i]);
    }
    api_expect(http_send(gw->client, "DELETE", api_path(answer, ""), NULL, NULL, 0), 200);
    assert_true(leftover_is_nothing(gw));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_header_that_trickles_is_cut_off_at_the_deadline),
        TEST(a_second_header_that_trickles_is_cut_off_too),
        TEST(a_connection_that_says_nothing_is_closed),
        TEST(an_idle_kept_connection_is_closed),
        TEST(an_upload_that_stalls_is_cut_off_and_leaves_nothing),
        TEST(an_upload_that_keeps_coming_outlives_the_idle_time),
        TEST(others_are_served_beside_slow_clients),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
