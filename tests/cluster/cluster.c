/* SPDX-License-Identifier: Apache-2.0
 *
 * `cluster [ROUNDS [SEED]]`: three gateways on one PostgreSQL and one S3 server behind HAProxy,
 * under load. In each round one is killed with -9 and started again; in two of them PostgreSQL is
 * restarted meanwhile. Clients see 503 with Retry-After, 504 or a cut connection, nothing else;
 * nothing acknowledged is lost, no key leaves two recordings, and afterwards all is in order. */
#include "tests/crash/judge.h"
#include "tests/crash/ledger.h"
#include "tests/crash/load.h"
#include "tests/support/api.h"
#include "tests/support/check.h"
#include "tests/support/haproxy.h"
#include "tests/support/keep.h"
#include "tests/support/objects.h"
#include "tests/support/rows.h"
#include "tests/support/scratch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NODES = 3 };

static const char *const names[NODES] = {"one", "two", "three"};
static const char *const places[NODES] = {"10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080"};

static unsigned rounds = 9;
static uint64_t seed;
static const char database[] = "postgresql_cluster"; /* a folder; this test's own server */
static struct server *nodes[NODES];
static struct haproxy *proxy;
static char *tokens[LOAD_ACCOUNTS];
static struct judge judge;
static struct rows *rows;
static struct load_tally seen;
static unsigned restarts;

static void postgres(const char *verb, const char *mode)
{
    struct run run =
        run_command((const char *const[]){POSTGRES_SERVER, verb, database, mode, NULL});
    if (run.status != 0) {
        fail_msg("%s %s: %d %s%s", POSTGRES_SERVER, verb, run.status, run.out, run.err);
    }
}

/* A port that stays a gateway's while that is away: below those that the kernel gives out. */
static unsigned free_port(void)
{
    for (int i = 0; i < 1000; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET};
        unsigned port = 10000 + (unsigned)(getpid() * 31 + wait_now_ms() + i * 7919) % 22000;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons((uint16_t)port);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool free_ = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
        close(fd);
        if (free_) {
            return port;
        }
    }
    fail_msg("no free port");
    return 0;
}

static void start_nodes(void)
{
    for (size_t i = 0; i < NODES; i++) {
        const char *own =
            keep_text("{\"node_id\": \"%s\", \"listen\": \"127.0.0.1:%u\"}", names[i], free_port());
        nodes[i] = i == 0 ? server_new("{\"media\": {\"lease_sec\": 2, \"reap_interval_sec\": 1}, "
                                       "\"log\": {\"access\": false}, "
                                       "\"trusted_proxies\": [\"127.0.0.1\"]}")
                          : server_new_beside(nodes[0], own);
        if (i == 0) {
            server_configure(nodes[0], own);
        }
        server_start(nodes[i]);
    }
}

static int start(void **state)
{
    (void)state;
    postgres("up", NULL);
    char *dir = keep(realpath(database, NULL));
    setenv("MEDIAGW_TEST_REPOSITORY", keep_text("%s/repository.json", dir), 1);
    start_nodes();
    proxy = haproxy_start(scratch_read(HAPROXY_CONFIG, NULL), places, nodes, NODES);
    const struct server *front = haproxy_server(proxy);
    for (size_t i = 0; i < LOAD_ACCOUNTS; i++) {
        tokens[i] = strdup(server_token(nodes[0], i == 0 ? "acct-a" : "acct-b"));
        judge.accounts[i] = http_new(front, tokens[i]);
    }
    judge.nobody = http_new(front, NULL);
    judge.deleted_within_ms = 10000;
    rows = rows_open(nodes[0]->database);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    int status = 0;
    http_free(judge.nobody);
    for (size_t i = 0; i < LOAD_ACCOUNTS; i++) {
        http_free(judge.accounts[i]);
        free(tokens[i]);
    }
    rows_close(rows);
    haproxy_stop(proxy);
    for (size_t i = 0; i < NODES; i++) {
        status += server_free(nodes[i]);
    }
    postgres("down", NULL);
    ledger_free();
    return status;
}

static bool is_ready(void *node)
{
    struct http_client *client = http_new(node, NULL);
    long status = http_get(client, "/readyz", NULL)->status;
    http_free(client);
    return status == 200;
}

static bool answers_through_the_proxy(void *ctx)
{
    (void)ctx;
    return http_get(judge.accounts[0], "/api/media?limit=1", NULL)->status == 200;
}

static void all_are_ready(void)
{
    for (size_t i = 0; i < NODES; i++) {
        if (!wait_for(is_ready, nodes[i], 60000)) {
            fail_msg("%s is not ready: %s", names[i], server_log(nodes[i]));
        }
    }
    assert_true(wait_for(answers_through_the_proxy, NULL, 60000));
}

static int64_t some_ms(unsigned round, unsigned which)
{
    return (int64_t)((seed + round * 7919u + which * 104729u) % 700) * slowness();
}

/* A gateway dies in each; the database while that one is away, in one round in the midst of each
 * half: told to end at once, or without warning. */
static void fail_something(unsigned round)
{
    struct server *node = nodes[round % NODES];
    wait_ms(300 + some_ms(round, 0));
    server_kill(node);
    wait_ms(200 + some_ms(round, 1));
    bool first = round == rounds / 4;
    if (first || round == rounds * 3 / 4) {
        postgres("stop", first ? "fast" : "immediate");
        wait_ms(some_ms(round, 2));
        postgres("start", NULL);
        restarts++;
    }
    server_start(node);
    wait_ms(1000);
}

static void nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    for (unsigned round = 0; round < rounds; round++) {
        struct load_plan plan = {haproxy_server(proxy), tokens, round, seed, .goes_on = true};
        struct load *load = load_start(&plan);
        fail_something(round);
        size_t wrong = load_stop(load, &seen);
        assert_int_equal(wrong, 0);
        all_are_ready();
        keep_release();
    }
    judge_all(&judge);
    size_t kept = ledger_count_state(LEDGER_KEPT);
    print_message("%u kills, %u restarts of the database; %zu requests: %zu served, %zu 503, "
                  "%zu 504, %zu cut, %lld ms the longest without any served; %zu recordings kept, "
                  "%zu deleted, %zu creates unanswered\n",
                  rounds, restarts, seen.requests, seen.served, seen.unavailable, seen.late,
                  seen.cut, (long long)seen.worst_gap_ms, kept, ledger_count_state(LEDGER_DELETED),
                  ledger_count_state(LEDGER_SENT));
    assert_true(kept >= rounds);
    assert_int_equal(restarts, 2);
}

static void nothing_stays_uploading(void **state)
{
    (void)state;
    assert_true(rows_settle(rows, 60000));
}

static void a_keyed_create_leaves_one_recording(void **state)
{
    (void)state;
    judge_keys(&judge, rounds);
}

static struct run last;

/* What killed uploads left is the reaper's: it may have to come once more. */
static bool verify_finds_nothing(void *ctx)
{
    (void)ctx;
    last = run_mediagw("verify", "--config", nodes[1]->config_path, "--deep", "--grace", "0s");
    return last.status == 0;
}

static void every_row_has_its_bytes_and_all_bytes_a_row(void **state)
{
    (void)state;
    if (!wait_for(verify_finds_nothing, NULL, 60000)) {
        fail_msg("verify: %d %s%s", last.status, last.out, last.err);
    }
    print_message("%s", last.out);
}

static bool no_upload_is_left(void *ctx)
{
    (void)ctx;
    return objects_uploads(server_storage(nodes[0])) == 0;
}

static void no_multipart_upload_is_left(void **state)
{
    (void)state;
    assert_true(wait_for(no_upload_is_left, NULL, 60000));
}

static void every_gateway_is_there_and_each_lease_is_ones(void **state)
{
    (void)state;
    all_are_ready();
    struct run run = run_mediagw("node", "list", "--json", "--config", nodes[2]->config_path);
    assert_int_equal(run.status, 0);
    json_t *list = keep_json(json_loads(run.out, 0, NULL));
    size_t i;
    const json_t *node;
    bool there[NODES] = {0};
    json_array_foreach(json_object_get(list, "nodes"), i, node)
    {
        for (size_t n = 0; n < NODES; n++) {
            there[n] |= strcmp(json_string_value(json_object_get(node, "id")), names[n]) == 0 &&
                        json_integer_value(json_object_get(node, "pid")) == nodes[n]->pid;
        }
    }
    assert_true(there[0] && there[1] && there[2]);
}

static void the_readme_shows_this_proxys_configuration(void **state)
{
    (void)state;
    const char *readme = scratch_read(README, NULL);
    assert_non_null(strstr(readme, scratch_read(HAPROXY_CONFIG, NULL)));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(the_readme_shows_this_proxys_configuration),
        TEST(nothing_acknowledged_is_lost),
        TEST(nothing_stays_uploading),
        TEST(a_keyed_create_leaves_one_recording),
        TEST(every_row_has_its_bytes_and_all_bytes_a_row),
        TEST(no_multipart_upload_is_left),
        TEST(every_gateway_is_there_and_each_lease_is_ones),
    };
    rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : rounds;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
