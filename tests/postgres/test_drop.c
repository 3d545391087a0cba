/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections that break: what certainly did not happen is told apart from what may have happened,
 * and the verb is repeated. */
#include "kit.h"
#include "proxy.h"

#include <stdio.h>

static const struct mgw_plugin *plugin;
static struct proxy *proxy;
static char through[64];

static int setup(void **state)
{
    kit_setup(state);
    proxy = proxy_new(kit_port());
    snprintf(through, sizeof through, "port=%d sslmode=disable application_name=dropped",
             proxy_port(proxy));
    kit_open(plugin, &(struct kit_config){.conninfo = through, .statement_ms = 5000});
    return 0;
}

static int teardown(void **state)
{
    kit_close();
    proxy_free(proxy);
    return kit_teardown(state);
}

static bool is_there(const char *id)
{
    AUTO_FOUND struct found found = {0};
    enum mgw_status status = bench.driver->get(bench_call(), bench.instance, id, found_row, &found);
    assert_true(status == MGW_OK || status == MGW_NOT_FOUND);
    return status == MGW_OK;
}

/* An insert that is cut at CUT answers LOST, leaves the row there or not, and may be repeated. */
static void cut_insert(enum proxy_cut cut, enum mgw_status lost, bool there, const char *code)
{
    struct mgw_row row = bench_row(NULL);
    proxy_set(proxy, cut);
    struct mgw_call *call = bench_call();
    struct mgw_change change = change_insert(&row);
    struct mgw_change_result result = {.size = sizeof result};
    assert_status(bench.driver->apply(call, bench.instance, &change, sizeof change, &result,
                                      sizeof result, 1),
                  lost);
    assert_int_equal(result.status, lost);
    assert_string_equal(call->error->foreign_code, code);
    assert_int_equal(is_there(row.id), there);
    assert_status(apply_one(change, NULL), there ? MGW_EXISTS : MGW_OK);
    assert_true(is_there(row.id));
}

static void before_the_commit_it_certainly_did_not_happen(void **state)
{
    (void)state;
    cut_insert(PROXY_CHANGES, MGW_UNAVAILABLE, false, "08006");
    cut_insert(PROXY_CHANGES_ANSWER, MGW_UNAVAILABLE, false, "08006");
}

static void behind_the_commit_nobody_knows(void **state)
{
    (void)state;
    cut_insert(PROXY_COMMIT, MGW_UNKNOWN_OUTCOME, false, "08006");
    cut_insert(PROXY_COMMIT_ANSWER, MGW_UNKNOWN_OUTCOME, true, "08006");
}

static void a_batch_is_cut_as_a_whole(void **state)
{
    (void)state;
    static const enum proxy_cut cuts[] = {PROXY_CHANGES, PROXY_CHANGES_ANSWER, PROXY_COMMIT,
                                          PROXY_COMMIT_ANSWER};
    for (size_t i = 0; i < 4; i++) {
        struct mgw_row row = bench_row(NULL), other = bench_row(NULL);
        struct mgw_record record = bench_record("test", row.account_id, row.id, "1");
        struct mgw_change changes[] = {change_insert(&row), change_put(&record, MGW_VERSION_NONE),
                                       change_insert(&other)};
        struct mgw_change_result results[3];
        proxy_set(proxy, cuts[i]);
        assert_status(apply(changes, results, 3), i < 2 ? MGW_UNAVAILABLE : MGW_UNKNOWN_OUTCOME);
        AUTO_FOUND struct found found;
        bool there = i == 3;
        assert_int_equal(is_there(row.id), there);
        assert_int_equal(is_there(other.id), there);
        assert_status(get_record(&record, &found), there ? MGW_OK : MGW_NOT_FOUND);
        assert_status(apply(changes, results, 3), there ? MGW_EXISTS : MGW_OK);
    }
}

static void a_read_is_made_again(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    int before = proxy_connections(proxy);
    proxy_set(proxy, PROXY_READ);
    assert_true(is_there(row.id));
    assert_true(proxy_connections(proxy) > before);
}

static void a_connection_closed_while_idle_is_not_lent(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    kit_run("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name='dropped'");
    bench_sleep(100);
    struct mgw_row next = bench_row(NULL);
    insert(&next);
}

static void a_peer_that_vanished_costs_no_more_than_the_deadline(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    proxy_set(proxy, PROXY_HOLD);
    int64_t start = kit_host.monotonic_ms();
    AUTO_FOUND struct found found = {0};
    assert_status(
        bench.driver->get(bench_call_timeout(200), bench.instance, row.id, found_row, &found),
        MGW_TIMEOUT);
    struct mgw_row next = bench_row(NULL);
    struct mgw_change change = change_insert(&next);
    struct mgw_change_result result = {.size = sizeof result};
    assert_status(bench.driver->apply(bench_call_timeout(200), bench.instance, &change,
                                      sizeof change, &result, sizeof result, 1),
                  MGW_TIMEOUT);
    int64_t now = 0;
    assert_status(bench.driver->now(bench_call_cancelled(), bench.instance, &now), MGW_CANCELLED);
    assert_status(bench.driver->health(bench_call_timeout(200), bench.instance), MGW_TIMEOUT);
    assert_true(kit_host.monotonic_ms() - start < 20000);
    proxy_set(proxy, PROXY_PASS);
    assert_status(apply_one(change, NULL), MGW_OK);
    assert_true(is_there(row.id));
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return 2;
    }
    plugin = kit_load(argv[1]);
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest cases[] = {
        CASE(before_the_commit_it_certainly_did_not_happen),
        CASE(behind_the_commit_nobody_knows),
        CASE(a_batch_is_cut_as_a_whole),
        CASE(a_read_is_made_again),
        CASE(a_connection_closed_while_idle_is_not_lent),
        CASE(a_peer_that_vanished_costs_no_more_than_the_deadline),
    };
    return cmocka_run_group_tests_name("postgres: drops", cases, NULL, NULL);
}
