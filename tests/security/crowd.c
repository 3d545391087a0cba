/* SPDX-License-Identifier: Apache-2.0
 *
 * Two thousand clients that never finish their request's header, beside others who are served.
 * crowd DEADLINE_SEC PAUSE_MS SECONDS: shortened in the normal run, as configured by default and
 * for minutes in the slow one. */
#include "tests/security/clients.h"
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>

enum { CROWD = 2000, SLACK_MS = 3000, ROUNDS_LEAST = 20 };

static int64_t deadline_ms, pause_ms, lasting_ms;

static bool are_all_there(void *ctx)
{
    return clients_connected(ctx) >= CROWD * 9 / 10;
}

/* One round of an ordinary user; the time of its slowest request. */
static int64_t use(struct gateway *gw, uint64_t seed)
{
    int64_t slowest = 0, begun = wait_now_ms();
    json_t *answer = api_upload(gw->client, API_VIDEO, body_random(seed, 100000));
    const int64_t uploaded = wait_now_ms();
    slowest = uploaded - begun;
    api_expect(http_get(gw->client, api_path(answer, ""), NULL), 200);
    const int64_t got = wait_now_ms();
    slowest = got - uploaded > slowest ? got - uploaded : slowest;
    struct http_client *fresh = http_new(gw->server, NULL); /* one that has to get in first */
    struct http_answer *content = http_get(fresh, api_url(answer), NULL);
    http_free(fresh);
    assert_int_equal(content->status, 200);
    assert_int_equal(content->length, 100000);
    const int64_t played = wait_now_ms();
    slowest = played - got > slowest ? played - got : slowest;
    api_expect(http_send(gw->client, "DELETE", api_path(answer, ""), NULL, NULL, 0), 200);
    return slowest;
}

static void two_thousand_slow_headers_keep_nobody_out_and_are_gone_by_the_deadline(void **state)
{
    (void)state;
    struct gateway *gw = gateway_new(
        keep_text("{\"limits\": {\"header_deadline_sec\": %d}, \"log\": {\"access\": false}}",
                  (int)(deadline_ms / 1000)));
    struct clients *crowd = clients_start(gw->server->port, CROWD, pause_ms);
    bool all_there = wait_for(are_all_there, crowd, 30000);
    int64_t slowest = 0, end = wait_now_ms() + lasting_ms;
    int rounds = 0;
    for (; rounds < ROUNDS_LEAST || wait_now_ms() < end; rounds++) {
        int64_t took = use(gw, (uint64_t)rounds);
        slowest = took > slowest ? took : slowest;
        wait_ms(20);
    }
    struct clients_found found = clients_end(crowd, deadline_ms + SLACK_MS * slowness());
    print_message("%zu connections, %zu at once, lives %lld to %lld ms; %d rounds beside them, the "
                  "slowest request %lld ms\n",
                  found.opened, found.most, (long long)found.shortest_ms,
                  (long long)found.longest_ms, rounds, (long long)slowest);
    assert_true(all_there);
    assert_true(found.opened > CROWD); /* some were cut and came again */
    assert_int_equal(found.still_open, 0);
    assert_true(found.shortest_ms >= deadline_ms - 500);
    assert_true(found.longest_ms <= deadline_ms + SLACK_MS * slowness());
    assert_true(slowest < 2000 * slowness());
    assert_int_equal(rows_count(gw->rows, NULL, "uploading"), 0);
    assert_int_equal(gateway_free(gw), 0);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    deadline_ms = 1000 * strtol(argv[1], NULL, 10);
    pause_ms = strtol(argv[2], NULL, 10);
    lasting_ms = 1000 * strtol(argv[3], NULL, 10);
    const struct CMUnitTest tests[] = {
        TEST(two_thousand_slow_headers_keep_nobody_out_and_are_gone_by_the_deadline),
    };
    return server_verdict(cmocka_run_group_tests(tests, NULL, NULL));
}
