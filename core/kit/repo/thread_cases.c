/* SPDX-License-Identifier: Apache-2.0
 *
 * Many threads at once: each race has one winner, and what was acknowledged is seen. */
#include "core/kit/repo/bench.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 16, CROWD = 100, ROUNDS = 20 };

struct race {
    pthread_barrier_t start;
    void *instances[2];
    struct mgw_row rows[ROUNDS];
    struct mgw_record records[ROUNDS];
    const char *account;
    atomic_int wins[ROUNDS];
    atomic_int wrong;
    atomic_int next;
    enum mgw_status lost; /* what losers get */
    struct mgw_change (*change)(struct race *, int round, int thread);
};

static enum mgw_status apply_to(void *instance, const struct mgw_change *change,
                                struct mgw_change_result *result)
{
    *result = (struct mgw_change_result){.size = sizeof *result};
    return bench.driver->apply(bench_call(), instance, change, sizeof *change, result,
                               sizeof *result, 1);
}

static void *racer(void *ctx)
{
    struct race *race = ctx;
    int thread = race->next++;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&race->start);
        struct mgw_change change = race->change(race, round, thread);
        struct mgw_change_result result;
        enum mgw_status status = apply_to(race->instances[thread % 2], &change, &result);
        race->wins[round] += status == MGW_OK;
        race->wrong += status != MGW_OK && status != race->lost;
    }
    bench_call(); /* gives back what the thread's call holds */
    return NULL;
}

static void run_threads(int count, void *(*body)(void *), void *ctx)
{
    pthread_t threads[CROWD];
    for (int i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, body, ctx), 0);
    }
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void run_race(struct race *race, enum mgw_status lost,
                     struct mgw_change (*change)(struct race *, int, int))
{
    race->lost = lost;
    race->change = change;
    race->instances[0] = bench.instance;
    race->instances[1] = bench_second();
    pthread_barrier_init(&race->start, NULL, CROWD);
    run_threads(CROWD, racer, race);
    pthread_barrier_destroy(&race->start);
    bench_end_second(race->instances[1]);
    assert_int_equal(race->wrong, 0);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(race->wins[i], 1);
    }
}

static struct mgw_change race_insert(struct race *race, int round, int thread)
{
    (void)thread;
    return change_insert(&race->rows[round]);
}

static void one_insert_of_an_id_wins(void **state)
{
    (void)state;
    struct race race = {0};
    for (int i = 0; i < ROUNDS; i++) {
        race.rows[i] = bench_row(NULL);
    }
    run_race(&race, MGW_EXISTS, race_insert);
}

static struct mgw_change race_ready(struct race *race, int round, int thread)
{
    (void)thread;
    struct mgw_change change = change_update(&race->rows[round], MGW_FIELD_STATUS);
    change.expect_status = MGW_ROW_UPLOADING;
    return change;
}

static void one_transition_wins(void **state)
{
    (void)state;
    struct race race = {0};
    for (int i = 0; i < ROUNDS; i++) {
        race.rows[i] = bench_row(NULL);
        insert(&race.rows[i]);
        race.rows[i].status = MGW_ROW_READY;
    }
    run_race(&race, MGW_CONFLICT, race_ready);
}

static struct mgw_change race_takeover(struct race *race, int round, int thread)
{
    (void)thread;
    struct mgw_change change = change_update(&race->rows[round], MGW_FIELD_FENCE | MGW_FIELD_LEASE);
    change.expect_fence = 1;
    change.expect_lease_over = 1;
    change.lease_ms = 3600000;
    return change;
}

static void one_takeover_of_a_lease_wins(void **state)
{
    (void)state;
    struct race race = {0};
    for (int i = 0; i < ROUNDS; i++) {
        race.rows[i] = bench_row(NULL);
        struct mgw_change change = change_insert(&race.rows[i]);
        change.lease_ms = 1;
        assert_status(apply_one(change, NULL), MGW_OK);
        race.rows[i].fence = 2;
    }
    bench_sleep(5);
    run_race(&race, MGW_STALE, race_takeover);
}

static struct mgw_change race_record(struct race *race, int round, int thread)
{
    (void)thread;
    return change_put(&race->records[round], MGW_VERSION_NONE);
}

static void one_put_of_a_version_wins(void **state)
{
    (void)state;
    struct race race = {0};
    for (int i = 0; i < ROUNDS; i++) {
        race.records[i] = bench_record("test", "", bench_name("id"), "1");
    }
    run_race(&race, MGW_CONFLICT, race_record);
}

/* Each thread: what it was told is done it sees at once, on another instance too. */
static void *see_own_changes(void *ctx)
{
    struct race *race = ctx;
    for (int round = 0; round < ROUNDS; round++) {
        struct mgw_row row = bench_row(race->account);
        struct mgw_change change = change_insert(&row);
        struct mgw_change_result result;
        AUTO_FOUND struct found found = {0};
        race->wrong += apply_to(race->instances[0], &change, &result) != MGW_OK;
        race->wrong += bench.driver->get(bench_call(), race->instances[1], row.id, found_row,
                                         &found) != MGW_OK;
        struct mgw_row_query query = bench_query(race->account, 0, 1000);
        AUTO_FOUND struct found listed = {0};
        race->wrong += bench.driver->list(bench_call(), race->instances[0], &query, found_row,
                                          &listed) != MGW_OK;
        race->wrong += found_at(&listed, row.id) < 0;
    }
    bench_call();
    return NULL;
}

static void an_acknowledged_change_is_seen_by_every_read_after_it(void **state)
{
    (void)state;
    struct race race = {.account = bench_name("account")};
    race.instances[0] = bench.instance;
    race.instances[1] = bench_second();
    run_threads(THREADS, see_own_changes, &race);
    bench_end_second(race.instances[1]);
    assert_int_equal(race.wrong, 0);
    struct mgw_row_query query = bench_query(race.account, 0, 1000);
    AUTO_FOUND struct found found;
    list(&query, &found);
    assert_int_equal(found.count, THREADS * ROUNDS);
}

static void *count_up(void *ctx)
{
    struct race *race = ctx;
    for (int round = 0; round < ROUNDS; round++) {
        struct mgw_change change = change_put(&race->records[0], MGW_VERSION_ANY);
        struct mgw_change_result result;
        race->wrong += apply_to(race->instances[0], &change, &result) != MGW_OK;
    }
    bench_call();
    return NULL;
}

static void no_version_is_given_twice(void **state)
{
    (void)state;
    struct race race = {.instances = {bench.instance}};
    race.records[0] = bench_record("test", "", bench_name("id"), "1");
    run_threads(THREADS, count_up, &race);
    assert_int_equal(race.wrong, 0);
    AUTO_FOUND struct found found;
    assert_status(get_record(&race.records[0], &found), MGW_OK);
    assert_true(found.records[0].version == THREADS * ROUNDS);
}

const struct kit_case thread_cases[] = {
    REPO_CASE(one_insert_of_an_id_wins, "mgw_row.id: unique; rules: many at once", 0),
    REPO_CASE(one_transition_wins, "MGW_CHANGE_UPDATE_ROW: compare-and-set", 0),
    REPO_CASE(one_takeover_of_a_lease_wins, "expect_fence, expect_lease_over", 0),
    REPO_CASE(one_put_of_a_version_wins, "MGW_CHANGE_PUT_RECORD: else MGW_CONFLICT", 0),
    REPO_CASE(an_acknowledged_change_is_seen_by_every_read_after_it,
              "get: sees every change acknowledged before it", 0),
    REPO_CASE(no_version_is_given_twice, "mgw_record.version: +1 with each change", 0),
    {0},
};
