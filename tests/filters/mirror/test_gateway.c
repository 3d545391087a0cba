/* SPDX-License-Identifier: Apache-2.0
 *
 * `gateway [ROUNDS [SEED]]`: the gateway over a mirror of two fs stores, killed with -9 under load,
 * and with one store taken away and replaced by an empty one: nothing acknowledged is lost, and in
 * the end both stores hold the same. */
#include "tests/crash/judge.h"
#include "tests/crash/ledger.h"
#include "tests/crash/load.h"
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned rounds = 6;
static uint64_t seed;
static struct gateway *gw;

/* The overlay of a mirror with MORE among its keys; the second store lies beside the first. */
static char *overlay(const char *more)
{
    return keep_text("{\"media\": {\"lease_sec\": 2, \"reap_interval_sec\": 1}, "
                     "\"log\": {\"access\": false}, \"storage\": {\"filters\": [{\"filter\": "
                     "\"mirror\", \"retry\": \"500ms\"%s, \"second\": {\"driver\": \"fs\", "
                     "\"root\": \"second\"}}]}}",
                     more);
}

static const char *folder(const char *store)
{
    return keep_text("%s/%s/buckets", gw->server->dir, store);
}

static bool both_are_alike(void *ctx)
{
    (void)ctx;
    const char *const diff[] = {"/usr/bin/diff", "-r", folder("blobs"), folder("second"), NULL};
    bool alike = run_command(diff).status == 0;
    keep_release();
    return alike;
}

static void assert_alike(void)
{
    if (!wait_for(both_are_alike, NULL, 120000)) {
        const char *const diff[] = {"diff", "-rq", folder("blobs"), folder("second"), NULL};
        fail_msg("%s", run_command(diff).out);
    }
}

/* ---- Killed ---- */

static void killed_under_load(const char *more)
{
    gw = gateway_new(overlay(more));
    char *const tokens[LOAD_ACCOUNTS] = {gw->token, gw->other_token};
    struct judge judge = {{gw->client, gw->other}, gw->nobody, 0};
    size_t from = 0;
    for (unsigned round = 0; ledger_wants_round(round, rounds); round++) {
        size_t before = ledger_count();
        struct load_plan plan = {
            .server = gw->server, .tokens = tokens, .round = round, .seed = seed};
        struct load *load = load_start(&plan);
        wait_ms((int64_t)(150 + (seed + round * 7919u) % 450) * slowness());
        server_kill(gw->server);
        assert_int_equal(load_stop(load, NULL), 0);
        server_start(gw->server);
        gateway_follow(gw);
        judge_newest(&judge, from, seed + round * 104729u);
        keep_release();
        from = before;
    }
    judge_all(&judge);
    print_message("%u rounds, %zu creates sent: %zu kept\n", rounds, ledger_count(),
                  ledger_count_state(LEDGER_KEPT));
    assert_true(ledger_count_state(LEDGER_KEPT) >= rounds);
    assert_true(rows_settle(gw->rows, 60000));
    gateway_kill_and_restart(gw); /* whose first round walks over both stores */
    assert_alike();
    judge_all(&judge);
}

static void nothing_acknowledged_is_lost_where_both_must_have_it(void **state)
{
    (void)state;
    killed_under_load("");
}

static void nothing_acknowledged_is_lost_where_one_suffices(void **state)
{
    (void)state;
    killed_under_load(", \"require\": \"one\"");
}

/* ---- Emptied ---- */

enum { RECORDINGS = 30 };
static char *urls[RECORDINGS];
static unsigned uploaded;

static size_t length_of(unsigned number)
{
    return 20000 + (size_t)1000 * number;
}

static void upload(unsigned count)
{
    for (; count; count--, uploaded++) {
        struct body body = body_random(seed + uploaded, length_of(uploaded));
        urls[uploaded] = strdup(api_url(api_upload(gw->client, API_VIDEO, body)));
    }
}

static void assert_all_play(void)
{
    for (unsigned i = 0; i < uploaded; i++) {
        char checksum[SHA256_TEXT], expected[SHA256_TEXT];
        body_stream_checksum(seed + i, length_of(i), expected);
        assert_int_equal(http_get_checksum(gw->nobody, urls[i], checksum)->status, 200);
        assert_string_equal(checksum, expected);
    }
}

static void take_away(const char *store)
{
    const char *const remove[] = {"/bin/rm", "-rf", keep_text("%s/%s", gw->server->dir, store),
                                  NULL};
    assert_int_equal(run_command(remove).status, 0);
}

static void replaced(const char *store)
{
    gw = gateway_new(overlay(", \"require\": \"one\""));
    uploaded = 0;
    upload(10);
    take_away(store);
    upload(5); /* the other one is enough */
    assert_all_play();
    assert_int_equal(server_stop(gw->server), 0);
    struct run run = run_mediagw("serve", "--config", gw->server->config_path);
    assert_int_not_equal(run.status, 0);
    assert_non_null(strstr(run.err, "mediagw init"));
    run = run_mediagw("init", "--config", gw->server->config_path);
    assert_int_equal(run.status, 0);
    server_start(gw->server);
    gateway_follow(gw);
    upload(5); /* while the empty one is filled */
    assert_all_play();
    assert_alike();
    assert_all_play();
    for (unsigned i = 0; i < uploaded; i++) {
        free(urls[i]);
    }
}

static void an_emptied_second_store_is_filled_under_a_running_gateway(void **state)
{
    (void)state;
    replaced("second");
}

static void an_emptied_first_store_is_filled_under_a_running_gateway(void **state)
{
    (void)state;
    replaced("blobs");
}

/* ---- Both must have it ---- */

/* The pair's and the bucket's, which the mender writes in its own time. */
static bool first_store_has_its_notes(void *ctx)
{
    (void)ctx;
    return scratch_count_files(keep_text("%s/mediagw-mirror", folder("blobs"))) >= 2;
}

static void a_store_that_is_gone_stops_uploads_and_no_playback(void **state)
{
    (void)state;
    gw = gateway_new(overlay(""));
    uploaded = 0;
    upload(3);
    assert_true(wait_for(first_store_has_its_notes, NULL, 60000));
    size_t files = scratch_count_files(folder("blobs"));
    take_away("second");
    struct body body = body_random(seed, 5000);
    struct http_answer *answer = api_post_raw(gw->client, "", API_VIDEO, body, NULL);
    assert_int_equal(answer->status, 503);
    assert_int_equal(scratch_count_files(folder("blobs")), files);
    assert_int_equal(http_get(gw->nobody, "/readyz", NULL)->status, 503);
    assert_all_play();
    for (unsigned i = 0; i < uploaded; i++) {
        free(urls[i]);
    }
}

static int stop(void **state)
{
    (void)state;
    ledger_free();
    keep_release();
    int status = gateway_free(gw);
    gw = NULL;
    return status;
}

#define GATEWAY(test) cmocka_unit_test_teardown(test, stop)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        GATEWAY(nothing_acknowledged_is_lost_where_both_must_have_it),
        GATEWAY(nothing_acknowledged_is_lost_where_one_suffices),
        GATEWAY(a_store_that_is_gone_stops_uploads_and_no_playback),
        GATEWAY(an_emptied_second_store_is_filled_under_a_running_gateway),
        GATEWAY(an_emptied_first_store_is_filled_under_a_running_gateway),
    };
    rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : rounds;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    return server_verdict(cmocka_run_group_tests(tests, NULL, NULL));
}
