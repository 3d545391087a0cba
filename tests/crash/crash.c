/* SPDX-License-Identifier: Apache-2.0
 *
 * `crash ROUNDS [SEED]`: the gateway is killed with -9 under load and started again, ROUNDS times.
 * Nothing acknowledged is lost, by SHA-256 through its signed URL; what was deleted stays deleted;
 * a keyed create leaves one recording however often it was sent; nothing `ready` lacks bytes;
 * nothing stays `uploading`; in the end no file is left that no row knows. */
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

static unsigned rounds = 15;
static uint64_t seed;
static struct gateway *gw;
static struct judge judge;
static size_t files; /* of an empty store */

static int start(void **state)
{
    (void)state;
    gw = gateway_new("{\"media\": {\"lease_sec\": 2, \"reap_interval_sec\": 1}, "
                     "\"log\": {\"access\": false}}");
    files = server_blobs(gw->server);
    judge = (struct judge){{gw->client, gw->other}, gw->nobody, 0};
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ledger_free();
    return gateway_free(gw);
}

/* Under load for a random while, killed, started again; then all of this round and some of before
 * must hold. */
static void kill_round(unsigned round, char *const tokens[LOAD_ACCOUNTS], size_t from)
{
    struct load_plan plan = {.server = gw->server, .tokens = tokens, .round = round, .seed = seed};
    struct load *load = load_start(&plan);
    wait_ms((int64_t)((seed + round * 7919u) % 450) * slowness());
    server_kill(gw->server);
    size_t wrong = load_stop(load, NULL);
    assert_int_equal(wrong, 0);
    server_start(gw->server);
    gateway_follow(gw);
    judge_newest(&judge, from, seed + round * 104729u);
    keep_release();
}

static void nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    char *const tokens[LOAD_ACCOUNTS] = {gw->token, gw->other_token};
    size_t from = 0;
    for (unsigned round = 0; ledger_wants_round(round, rounds); round++) {
        size_t before = ledger_count();
        kill_round(round, tokens, from);
        from = before;
    }
    judge_all(&judge);
    size_t kept = ledger_count_state(LEDGER_KEPT);
    print_message("%u rounds, %zu creates sent: %zu kept, %zu deleted, %zu unanswered\n", rounds,
                  ledger_count(), kept, ledger_count_state(LEDGER_DELETED),
                  ledger_count_state(LEDGER_SENT));
    assert_true(kept >= rounds);
}

static void nothing_stays_uploading(void **state)
{
    (void)state;
    assert_true(rows_settle(gw->rows, 30000));
}

static void a_keyed_create_leaves_one_recording(void **state)
{
    (void)state;
    judge_keys(&judge, rounds);
}

struct walk {
    size_t count;
};

static void has_its_bytes(void *ctx, const char *id, const char *key, const char *checksum)
{
    (void)key;
    struct walk *walk = ctx;
    walk->count++;
    for (size_t i = 0; i < LOAD_ACCOUNTS; i++) {
        struct http_answer *got = http_get(judge.accounts[i], keep_text("/api/media/%s", id), NULL);
        if (got->status == 403) {
            continue;
        }
        char actual[SHA256_TEXT];
        json_t *answer = api_expect(got, 200);
        struct http_answer *content = http_get_checksum(gw->nobody, api_url(answer), actual);
        if (content->status != 200 || strcmp(actual, checksum) != 0) {
            fail_msg("%s is ready, but %ld %s", id, content->status, actual);
        }
        return;
    }
    fail_msg("%s belongs to nobody", id);
}

static void every_ready_row_has_its_bytes(void **state)
{
    (void)state;
    struct walk walk = {0};
    rows_each(gw->rows, "ready", has_its_bytes, &walk);
    assert_int_equal(walk.count, rows_count(gw->rows, NULL, "ready"));
    assert_true(walk.count >= ledger_count_state(LEDGER_KEPT));
}

static void delete_it(void *ctx, const char *id, const char *key, const char *checksum)
{
    (void)ctx;
    (void)key;
    (void)checksum;
    for (size_t i = 0; i < LOAD_ACCOUNTS; i++) {
        char *path = keep_text("/api/media/%s", id);
        long status = http_send(judge.accounts[i], "DELETE", path, NULL, NULL, 0)->status;
        assert_true(status == 200 || status == 403);
    }
}

static bool only_the_empty_store_is_left(void *ctx)
{
    (void)ctx;
    return server_blobs(gw->server) <= files;
}

static void no_file_is_left_that_no_row_knows(void **state)
{
    (void)state;
    rows_each(gw->rows, "ready", delete_it, NULL);
    assert_int_equal(rows_count(gw->rows, NULL, "ready"), 0);
    if (!wait_for(only_the_empty_store_is_left, NULL, 60000)) {
        fail_msg("%zu files, not %zu", server_blobs(gw->server), files);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_acknowledged_is_lost),        TEST(nothing_stays_uploading),
        TEST(a_keyed_create_leaves_one_recording), TEST(every_ready_row_has_its_bytes),
        TEST(no_file_is_left_that_no_row_knows),
    };
    rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : rounds;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
