/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes that share a transaction: each has its own answer, and nobody pays for another. */
#include "kit.h"
#include "proxy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { THREADS = 32, ROUNDS = 25 };

static const struct mgw_plugin *plugin;
static struct proxy *proxy;

struct crowd {
    atomic_int next, unknown, unavailable, wrong;
    atomic_bool stop;
    struct mgw_row locked;
};
static struct crowd crowd;

static int setup(void **state)
{
    static char through[64];
    kit_setup(state);
    proxy = proxy_new(kit_port());
    snprintf(through, sizeof through, "port=%d sslmode=disable", proxy_port(proxy));
    kit_open(plugin, &(struct kit_config){.conninfo = through, .pool_size = 8});
    crowd.next = crowd.unknown = crowd.unavailable = crowd.wrong = 0;
    crowd.stop = false;
    return 0;
}

static int teardown(void **state)
{
    kit_close();
    proxy_free(proxy);
    return kit_teardown(state);
}

static void run_crowd(void *(*body)(void *))
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, body, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(crowd.wrong, 0);
}

static enum mgw_status make(struct mgw_change change)
{
    struct mgw_change_result result = {.size = sizeof result};
    enum mgw_status status = bench.driver->apply(bench_call_timeout(60000), bench.instance, &change,
                                                 sizeof change, &result, sizeof result, 1);
    crowd.wrong += result.status != status;
    return status;
}

/* Some are refused by comparison, some by the server itself, all others are made. */
static void *insert_mixed(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < ROUNDS; i++) {
        struct mgw_row row = bench_row(NULL);
        enum mgw_status expected = MGW_OK;
        int kind = crowd.next++ % 10;
        struct mgw_change change = change_insert(&row);
        if (kind == 3) {
            row.owner_email = "\xff";
            expected = MGW_INVALID;
        } else if (kind == 5) {
            row.id = crowd.locked.id;
            expected = MGW_EXISTS;
        } else if (kind == 7) {
            change.row = NULL;
            expected = MGW_INVALID;
        }
        AUTO_FOUND struct found found = {0};
        crowd.wrong += make(change) != expected;
        if (kind != 5) {
            crowd.wrong +=
                bench.driver->get(bench_call(), bench.instance, row.id, found_row, &found) !=
                (expected == MGW_OK ? MGW_OK : MGW_NOT_FOUND);
        }
    }
    bench_call();
    return NULL;
}

static void each_gets_its_own_answer(void **state)
{
    (void)state;
    crowd.locked = bench_row(NULL);
    insert(&crowd.locked);
    run_crowd(insert_mixed);
}

static void *insert_or_wait(void *ctx)
{
    (void)ctx;
    bool waits = crowd.next++ == 0;
    if (waits) {
        crowd.wrong += make(change_update(&crowd.locked, MGW_FIELD_KIND)) != MGW_OK;
    }
    for (int i = 0; i < ROUNDS && !waits; i++) {
        struct mgw_row row = bench_row(NULL);
        crowd.wrong += make(change_insert(&row)) != MGW_OK;
    }
    crowd.unknown++; /* who is done */
    bench_call();
    return NULL;
}

static void *hold_until_the_others_are_done(void *ctx)
{
    PGconn *holder = ctx;
    while (crowd.unknown < THREADS - 1) {
        bench_sleep(5);
    }
    PQclear(PQexec(holder, "COMMIT"));
    return NULL;
}

static void one_that_waits_for_a_lock_holds_nobody_up(void **state)
{
    (void)state;
    char conninfo[512], sql[256];
    crowd.locked = bench_row(NULL);
    insert(&crowd.locked);
    snprintf(conninfo, sizeof conninfo, "%s dbname=mediagw", kit_line("conninfo.admin"));
    PGconn *holder = PQconnectdb(conninfo);
    PQclear(PQexec(holder, "BEGIN"));
    snprintf(sql, sizeof sql, "SELECT 1 FROM \"%s\".rows WHERE id='%s' FOR UPDATE", kit_schema(),
             crowd.locked.id);
    PGresult *result = PQexec(holder, sql);
    assert_int_equal(PQntuples(result), 1);
    PQclear(result);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, hold_until_the_others_are_done, holder), 0);
    run_crowd(insert_or_wait);
    pthread_join(thread, NULL);
    PQfinish(holder);
}

/* As the service does it: an unknown outcome is followed by the same verb. */
static void *insert_through_cuts(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < ROUNDS || (i < 500 && (!crowd.unknown || !crowd.unavailable)); i++) {
        struct mgw_row row = bench_row(NULL);
        enum mgw_status status = make(change_insert(&row));
        AUTO_FOUND struct found found = {0};
        if (status == MGW_UNAVAILABLE) {
            crowd.unavailable++;
            crowd.wrong += bench.driver->get(bench_call(), bench.instance, row.id, found_row,
                                             &found) != MGW_NOT_FOUND;
        } else if (status == MGW_UNKNOWN_OUTCOME) {
            crowd.unknown++;
            while ((status = make(change_insert(&row))) == MGW_UNAVAILABLE ||
                   status == MGW_UNKNOWN_OUTCOME) {
            }
            crowd.wrong += status != MGW_OK && status != MGW_EXISTS;
        } else {
            crowd.wrong += status != MGW_OK;
        }
    }
    bench_call();
    return NULL;
}

static void *cut_now_and_then(void *ctx)
{
    (void)ctx;
    static const enum proxy_cut cuts[] = {PROXY_COMMIT_ANSWER, PROXY_CHANGES_ANSWER, PROXY_COMMIT,
                                          PROXY_CHANGES};
    for (int i = 0; !crowd.stop; i++) {
        proxy_set(proxy, cuts[i % 4]);
        bench_sleep(5);
    }
    proxy_set(proxy, PROXY_PASS);
    return NULL;
}

static void what_a_cut_means_is_told_to_each(void **state)
{
    (void)state;
    pthread_t cutter;
    assert_int_equal(pthread_create(&cutter, NULL, cut_now_and_then, NULL), 0);
    run_crowd(insert_through_cuts);
    crowd.stop = true;
    pthread_join(cutter, NULL);
    assert_true(crowd.unknown > 0);
    assert_true(crowd.unavailable > 0);
}

/* Callers that leave while their change is queued or under way. */
static void *insert_and_leave(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < ROUNDS; i++) {
        struct mgw_row row = bench_row(NULL);
        struct mgw_change change = change_insert(&row);
        struct mgw_change_result result = {.size = sizeof result};
        enum mgw_status status =
            bench.driver->apply(bench_call_timeout(1 + i % 3), bench.instance, &change,
                                sizeof change, &result, sizeof result, 1);
        crowd.wrong += status != MGW_OK && status != MGW_TIMEOUT;
        status = make(change);
        crowd.wrong += status != MGW_OK && status != MGW_EXISTS;
    }
    bench_call();
    return NULL;
}

static void a_caller_may_leave_at_any_time(void **state)
{
    (void)state;
    run_crowd(insert_and_leave);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return 2;
    }
    plugin = kit_load(argv[1]);
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest cases[] = {
        CASE(each_gets_its_own_answer),
        CASE(one_that_waits_for_a_lock_holds_nobody_up),
        CASE(what_a_cut_means_is_told_to_each),
        CASE(a_caller_may_leave_at_any_time),
    };
    return cmocka_run_group_tests_name("postgres: crowd", cases, NULL, NULL);
}
