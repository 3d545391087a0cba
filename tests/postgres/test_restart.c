/* SPDX-License-Identifier: Apache-2.0
 *
 * A server that is restarted, killed and paused under calls. It is this test's own: others go on.
 */
#include "kit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { THREADS = 8 };

static const struct mgw_plugin *plugin;

struct load {
    atomic_bool stop;
    atomic_int made, lost, wrong, next;
    char ids[1 << 16][48]; /* of acknowledged rows */
};

/* Inserts, each with its answer: acknowledged, or one that says to come again. */
static void *insert_on(void *ctx)
{
    struct load *load = ctx;
    while (!load->stop && load->next < 60000) {
        char id[48];
        snprintf(id, sizeof id, "row-%s-%d", bench_run(), load->next++);
        struct mgw_row row = {.size = sizeof row,
                              .id = id,
                              .account_id = "a",
                              .bucket = "b",
                              .key = id,
                              .status = MGW_ROW_READY,
                              .size_bytes = MGW_ABSENT,
                              .duration_ms = MGW_ABSENT,
                              .take_index = MGW_ABSENT};
        struct mgw_change change = change_insert(&row);
        struct mgw_change_result result = {.size = sizeof result};
        enum mgw_status status =
            bench.driver->apply(bench_call_timeout(30000), bench.instance, &change, sizeof change,
                                &result, sizeof result, 1);
        if (status == MGW_OK) {
            memcpy(load->ids[load->made++], id, sizeof id);
        } else if (status == MGW_UNAVAILABLE || status == MGW_UNKNOWN_OUTCOME) {
            load->lost++;
        } else {
            print_error("status %d: %s\n", status, bench_error());
            load->wrong++;
        }
    }
    bench_call();
    return NULL;
}

static void wait_for_more(struct load *load, int more)
{
    int64_t end = kit_host.monotonic_ms() + 60000;
    for (int before = load->made; load->made < before + more;) {
        assert_true(kit_host.monotonic_ms() < end);
        bench_sleep(5);
    }
}

static void nothing_acknowledged_is_lost(const char *mode)
{
    static struct load all;
    struct load *load = &all;
    pthread_t threads[THREADS];
    load->stop = false;
    load->made = load->lost = load->wrong = 0;
    kit_open(plugin, &(struct kit_config){.pool_size = THREADS});
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, insert_on, load), 0);
    }
    for (int round = 0; round < 2; round++) {
        wait_for_more(load, 50);
        kit_control("stop", mode);
        kit_control("start", NULL);
        wait_for_more(load, 50);
    }
    load->stop = true;
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(load->wrong, 0);
    assert_true(load->made >= 200);
    for (int i = 0; i < load->made; i++) {
        AUTO_FOUND struct found found;
        get(load->ids[i], &found);
    }
}

static void a_restart_under_load_loses_nothing_acknowledged(void **state)
{
    (void)state;
    nothing_acknowledged_is_lost("fast");
}

static void a_crash_under_load_loses_nothing_acknowledged(void **state)
{
    (void)state;
    nothing_acknowledged_is_lost("immediate");
}

static void a_server_that_is_away_is_unavailable_at_once(void **state)
{
    (void)state;
    int64_t now;
    kit_open(plugin, &(struct kit_config){.patience_ms = 100});
    kit_control("stop", "fast");
    bench_sleep(200);
    bench.driver->now(bench_call_timeout(30000), bench.instance, &now); /* notices */
    struct mgw_call *call = bench_call_timeout(60000);
    int64_t start = kit_host.monotonic_ms();
    enum mgw_status status = bench.driver->now(call, bench.instance, &now);
    int64_t took = kit_host.monotonic_ms() - start;
    enum mgw_status health = bench.driver->health(bench_call_timeout(60000), bench.instance);
    kit_control("start", NULL);
    assert_status(status, MGW_UNAVAILABLE);
    assert_status(health, MGW_UNAVAILABLE);
    assert_true(took < 20000);
    for (int i = 0; i < 600 && status != MGW_OK; i++) {
        status = bench.driver->now(bench_call_timeout(60000), bench.instance, &now);
        bench_sleep(50);
    }
    assert_status(status, MGW_OK);
}

static void a_call_waits_for_a_server_that_is_soon_back(void **state)
{
    (void)state;
    int64_t now;
    kit_open(plugin, &(struct kit_config){.patience_ms = 60000});
    kit_control("stop", "fast");
    int pid = fork();
    if (pid == 0) {
        bench_sleep(500);
        kit_control("start", NULL);
        _exit(0);
    }
    assert_status(bench.driver->now(bench_call_timeout(60000), bench.instance, &now), MGW_OK);
    assert_int_equal(kit_wait(pid), 0);
}

/* Every process of the server. */
static void signal_server(int number)
{
    char path[64], line[1024] = "";
    int postmaster = atoi(kit_line("postmaster.pid"));
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", postmaster, postmaster);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    kill(postmaster, number);
    char *rest = NULL;
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        kill(atoi(word), number);
    }
}

static void a_paused_server_costs_no_more_than_the_deadline(void **state)
{
    (void)state;
    kit_open(plugin, &(struct kit_config){.pool_size = 2});
    struct mgw_row row = bench_row(NULL), next = bench_row(NULL);
    insert(&row);
    signal_server(SIGSTOP);
    int64_t start = kit_host.monotonic_ms();
    AUTO_FOUND struct found found = {0};
    struct mgw_change change = change_insert(&next);
    struct mgw_change_result result = {.size = sizeof result};
    enum mgw_status read =
        bench.driver->get(bench_call_timeout(300), bench.instance, row.id, found_row, &found);
    enum mgw_status write =
        bench.driver->apply(bench_call_timeout(300), bench.instance, &change, sizeof change,
                            &result, sizeof result, 1); /* on a new connection */
    enum mgw_status health = bench.driver->health(bench_call_timeout(300), bench.instance);
    int64_t took = kit_host.monotonic_ms() - start;
    signal_server(SIGCONT);
    assert_status(read, MGW_TIMEOUT);
    assert_status(write, MGW_TIMEOUT);
    assert_status(health, MGW_TIMEOUT);
    assert_true(took < 20000);
    enum mgw_status status = apply_one(change, NULL);
    assert_true(status == MGW_OK || status == MGW_EXISTS);
}

static int start_server(void **state)
{
    (void)state;
    kit_control("up", NULL);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    kit_control("down", NULL);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return 2;
    }
    kit_server("postgresql_restart");
    plugin = kit_load(argv[1]);
#define CASE(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)
    const struct CMUnitTest cases[] = {
        CASE(a_restart_under_load_loses_nothing_acknowledged),
        CASE(a_crash_under_load_loses_nothing_acknowledged),
        CASE(a_server_that_is_away_is_unavailable_at_once),
        CASE(a_call_waits_for_a_server_that_is_soon_back),
        CASE(a_paused_server_costs_no_more_than_the_deadline),
    };
    return cmocka_run_group_tests_name("postgres: restart", cases, start_server, stop_server);
}
