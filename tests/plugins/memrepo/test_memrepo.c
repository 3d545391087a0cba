/* SPDX-License-Identifier: Apache-2.0
 *
 * The fake does as it is told: the conformance suite sees to its rows, this to its faults. */
#include "memrepo.h"

#include "core/kit/repo/bench.h"

static struct memrepo *repo;

static int setup(void **state)
{
    (void)state;
    repo = memrepo_new();
    bench.driver = memrepo_driver();
    bench.instance = repo;
    return repo ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    memrepo_free(repo);
    bench_call();
    bench_forget_names();
    return 0;
}

static enum mgw_status insert_one(uint32_t status, const char **id)
{
    struct mgw_row row = bench_row("account");
    struct mgw_change change = change_insert(&row);
    struct mgw_change_result result;
    row.status = status;
    if (id) {
        *id = row.id;
    }
    return apply(&change, &result, 1);
}

static enum mgw_status get_any(const char *id)
{
    AUTO_FOUND struct found found = {0};
    return bench.driver->get(bench_call(), repo, id, found_row, &found);
}

static void calls_are_counted_by_callback(void **state)
{
    (void)state;
    assert_status(insert_one(MGW_ROW_READY, NULL), MGW_OK);
    assert_status(insert_one(MGW_ROW_FAILED, NULL), MGW_OK);
    assert_status(get_any("none"), MGW_NOT_FOUND);
    assert_int_equal(memrepo_calls(repo, MEMREPO_APPLY), 2);
    assert_int_equal(memrepo_calls(repo, MEMREPO_GET), 1);
    assert_int_equal(memrepo_calls(repo, MEMREPO_LIST), 0);
    assert_int_equal(memrepo_running(repo), 0);
    assert_int_equal(memrepo_row_count(repo, 0), 2);
    assert_int_equal(memrepo_row_count(repo, MGW_ROW_READY), 1);
}

static void the_named_calls_fail_and_do_nothing(void **state)
{
    (void)state;
    struct memrepo_fault fault = {
        .at = 2, .times = 2, .status = MGW_UNAVAILABLE, .retry_after_ms = 70};
    memrepo_inject(repo, MEMREPO_APPLY, &fault);
    static const enum mgw_status expected[] = {MGW_OK, MGW_UNAVAILABLE, MGW_UNAVAILABLE, MGW_OK};
    for (size_t i = 0; i < 4; i++) {
        assert_status(insert_one(MGW_ROW_READY, NULL), expected[i]);
    }
    assert_int_equal(memrepo_row_count(repo, 0), 2);
    assert_status(get_any("none"), MGW_NOT_FOUND); /* another callback */
    memrepo_inject(repo, MEMREPO_GET, &(struct memrepo_fault){.status = MGW_IO});
    assert_status(get_any("none"), MGW_IO);
    assert_status(get_any("none"), MGW_IO);
    memrepo_inject(repo, MEMREPO_GET, NULL);
    assert_status(get_any("none"), MGW_NOT_FOUND);
}

static void a_lost_answer_leaves_the_work_done(void **state)
{
    (void)state;
    const char *id;
    struct memrepo_fault fault = {.times = 1, .status = MGW_UNKNOWN_OUTCOME, .after = true};
    memrepo_inject(repo, MEMREPO_APPLY, &fault);
    assert_status(insert_one(MGW_ROW_READY, &id), MGW_UNKNOWN_OUTCOME);
    assert_status(get_any(id), MGW_OK);
}

static void a_fault_may_wait_for_a_status(void **state)
{
    (void)state;
    struct memrepo_fault fault = {.status = MGW_NO_SPACE, .row_status = MGW_ROW_READY};
    memrepo_inject(repo, MEMREPO_APPLY, &fault);
    assert_status(insert_one(MGW_ROW_UPLOADING, NULL), MGW_OK);
    assert_status(insert_one(MGW_ROW_READY, NULL), MGW_NO_SPACE);
}

static void a_delay_ends_at_the_deadline_unless_deaf(void **state)
{
    (void)state;
    const struct mgw_row row = bench_row("account");
    const struct mgw_change change = change_insert(&row);
    struct mgw_change_result result = {.size = sizeof result};
    memrepo_inject(repo, MEMREPO_APPLY, &(struct memrepo_fault){.delay_ms = 60000});
    assert_status(bench.driver->apply(bench_call_timeout(20), repo, &change, sizeof change, &result,
                                      sizeof result, 1),
                  MGW_TIMEOUT);
    assert_status(bench.driver->apply(bench_call_cancelled(), repo, &change, sizeof change, &result,
                                      sizeof result, 1),
                  MGW_CANCELLED);
    assert_int_equal(memrepo_row_count(repo, 0), 0);
    memrepo_inject(repo, MEMREPO_APPLY, &(struct memrepo_fault){.delay_ms = 60, .deaf = true});
    int64_t before = kit_host.monotonic_ms();
    assert_status(bench.driver->apply(bench_call_timeout(1), repo, &change, sizeof change, &result,
                                      sizeof result, 1),
                  MGW_OK);
    assert_true(kit_host.monotonic_ms() - before >= 60);
}

static void the_clock_is_set_forward_but_never_back(void **state)
{
    (void)state;
    int64_t before, after, last;
    assert_status(bench.driver->now(bench_call(), repo, &before), MGW_OK);
    memrepo_set_clock_offset(repo, 60000);
    assert_status(bench.driver->now(bench_call(), repo, &after), MGW_OK);
    memrepo_set_clock_offset(repo, 0);
    assert_status(bench.driver->now(bench_call(), repo, &last), MGW_OK);
    assert_true(after >= before + 60000 && last >= after);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest cases[] = {
        CASE(calls_are_counted_by_callback),
        CASE(the_named_calls_fail_and_do_nothing),
        CASE(a_lost_answer_leaves_the_work_done),
        CASE(a_fault_may_wait_for_a_status),
        CASE(a_delay_ends_at_the_deadline_unless_deaf),
        CASE(the_clock_is_set_forward_but_never_back),
    };
    return cmocka_run_group_tests_name("memrepo", cases, NULL, NULL);
}
