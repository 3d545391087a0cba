/* SPDX-License-Identifier: Apache-2.0
 *
 * Instances that come and go, verbs that are repeated, calls that are over, clocks that are set. */
#include "core/kit/repo/bench.h"

static void reopening_keeps_everything(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    row.metadata = "{\"kept\": 1.0}";
    struct mgw_record record = bench_record("test", row.account_id, row.id, "kept");
    struct mgw_change changes[] = {change_insert(&row), change_put(&record, MGW_VERSION_NONE)};
    struct mgw_change_result results[2];
    assert_status(apply(changes, results, 2), MGW_OK);
    bench_reopen();
    AUTO_FOUND struct found found, kept;
    get(row.id, &found);
    assert_same_text(found.rows[0].metadata, row.metadata);
    assert_true(found.rows[0].created_at == results[0].created_at);
    assert_status(get_record(&record, &kept), MGW_OK);
    assert_same_text(kept.records[0].text, "kept");
}

static void created_at_does_not_go_back_over_a_reopening(void **state)
{
    (void)state;
    struct mgw_row before = bench_row(NULL), after = bench_row(NULL);
    struct mgw_change_result first, second;
    assert_status(apply_one(change_insert(&before), &first), MGW_OK);
    bench_reopen();
    assert_status(apply_one(change_insert(&after), &second), MGW_OK);
    assert_true(second.created_at >= first.created_at);
}

static void a_repeated_insert_shows_what_was_made(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    row.fingerprint = "mine";
    insert(&row);
    assert_status(apply_one(change_insert(&row), NULL), MGW_EXISTS);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    assert_same_text(found.rows[0].fingerprint, "mine");
}

/* Answers TIMEOUT or CANCELLED, or is done; never half of it. */
static void assert_over(enum mgw_status status, enum mgw_status over, const char *id)
{
    AUTO_FOUND struct found found = {0};
    assert_true(status == MGW_OK || status == over);
    enum mgw_status there = bench.driver->get(bench_call(), bench.instance, id, found_row, &found);
    assert_true(there == MGW_OK || there == MGW_NOT_FOUND);
    assert_true(status != MGW_OK || there == MGW_OK);
}

static void a_change_whose_call_is_over_may_be_repeated(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct mgw_row row = bench_row(NULL);
        struct mgw_change change = change_insert(&row);
        struct mgw_change_result result = {.size = sizeof result};
        bool cancel = i % 2;
        struct mgw_call *call = cancel ? bench_call_cancelled() : bench_call_timeout(i / 2 - 2);
        enum mgw_status status = bench.driver->apply(call, bench.instance, &change, sizeof change,
                                                     &result, sizeof result, 1);
        assert_over(status, cancel ? MGW_CANCELLED : MGW_TIMEOUT, row.id);
        status = apply_one(change, NULL);
        assert_true(status == MGW_OK || status == MGW_EXISTS);
        AUTO_FOUND struct found found;
        get(row.id, &found);
    }
}

static void a_deadline_far_away_does_no_harm(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    struct mgw_change change = change_insert(&row);
    struct mgw_change_result result = {.size = sizeof result};
    assert_status(bench.driver->apply(bench_call_timeout(60000), bench.instance, &change,
                                      sizeof change, &result, sizeof result, 1),
                  MGW_OK);
}

static void a_healthy_repository_says_so(void **state)
{
    (void)state;
    assert_status(bench.driver->health(bench_call(), bench.instance), MGW_OK);
}

static void now_is_near_the_wall_clock_and_goes_on(void **state)
{
    (void)state;
    int64_t last = 0;
    for (int i = 0; i < 100; i++) {
        int64_t now;
        assert_status(bench.driver->now(bench_call(), bench.instance, &now), MGW_OK);
        assert_true(now >= last && now > INT64_C(1500000000000));
        last = now;
    }
}

/* ---- With the host's clock ---- */

static void a_clock_set_back_leaves_created_at_where_it_was(void **state)
{
    (void)state;
    struct mgw_row rows[3] = {bench_row(NULL), bench_row(NULL), bench_row(NULL)};
    struct mgw_change_result results[3];
    assert_status(apply_one(change_insert(&rows[0]), &results[0]), MGW_OK);
    kit_set_clock_offset(-3600000);
    assert_status(apply_one(change_insert(&rows[1]), &results[1]), MGW_OK);
    bench_reopen();
    assert_status(apply_one(change_insert(&rows[2]), &results[2]), MGW_OK);
    assert_true(results[1].created_at >= results[0].created_at);
    assert_true(results[2].created_at >= results[1].created_at);
}

static void leases_end_while_the_clock_is_behind(void **state)
{
    (void)state;
    kit_set_clock_offset(-3600000);
    struct mgw_row row = bench_row(NULL);
    struct mgw_change change = change_insert(&row);
    change.lease_ms = 10;
    assert_status(apply_one(change, NULL), MGW_OK);
    bench_sleep(50);
    change = change_update(&row, MGW_FIELD_LEASE);
    change.expect_lease_over = 1;
    assert_status(apply_one(change, NULL), MGW_OK);
}

static void a_clock_set_forward_ends_leases(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    struct mgw_change change = change_insert(&row);
    change.lease_ms = 60000;
    assert_status(apply_one(change, NULL), MGW_OK);
    change = change_update(&row, MGW_FIELD_LEASE);
    change.expect_lease_over = 1;
    assert_status(apply_one(change, NULL), MGW_BUSY);
    kit_set_clock_offset(61000);
    assert_status(apply_one(change, NULL), MGW_OK);
}

const struct kit_case life_cases[] = {
    REPO_CASE(reopening_keeps_everything, "apply: durable when it answers MGW_OK", KIT_SURVIVES),
    REPO_CASE(created_at_does_not_go_back_over_a_reopening,
              "mgw_row.created_at: never goes backwards", KIT_SURVIVES),
    REPO_CASE(a_repeated_insert_shows_what_was_made,
              "rules: a change that had been made shows as MGW_EXISTS", 0),
    REPO_CASE(a_change_whose_call_is_over_may_be_repeated,
              "rules: may be repeated after MGW_TIMEOUT, MGW_CANCELLED", 0),
    REPO_CASE(a_deadline_far_away_does_no_harm, "mgw_call.deadline_ms", 0),
    REPO_CASE(a_healthy_repository_says_so, "health: MGW_OK where reads and changes would work", 0),
    REPO_CASE(now_is_near_the_wall_clock_and_goes_on,
              "now: the repository's clock, ms since the epoch", 0),
    REPO_CASE(a_clock_set_back_leaves_created_at_where_it_was,
              "mgw_row.created_at: never goes backwards", KIT_HOST_CLOCK | KIT_SURVIVES),
    REPO_CASE(leases_end_while_the_clock_is_behind, "lease_ms: a duration", KIT_HOST_CLOCK),
    REPO_CASE(a_clock_set_forward_ends_leases, "rules: all times are the repository's own clock",
              KIT_HOST_CLOCK),
    {0},
};
