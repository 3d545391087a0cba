/* SPDX-License-Identifier: Apache-2.0
 *
 * Leases, and the scan for those that are over. */
#include "core/kit/repo/bench.h"

/* A row whose lease is over by the time this returns. */
static struct mgw_row lapsed_row(void)
{
    struct mgw_row row = bench_row(NULL);
    struct mgw_change change = change_insert(&row);
    change.lease_ms = 1;
    assert_status(apply_one(change, NULL), MGW_OK);
    bench_sleep(5);
    return row;
}

static void scan(uint32_t limit, struct found *found)
{
    *found = (struct found){0};
    assert_status(bench.driver->scan_due(bench_call(), bench.instance, limit, found_row, found),
                  MGW_OK);
    assert_true(found->count <= limit);
}

static void clear(const struct mgw_row *row)
{
    assert_status(apply_one(change_update(row, MGW_FIELD_LEASE), NULL), MGW_OK);
}

static void only_leases_that_are_over_are_due(void **state)
{
    (void)state;
    struct mgw_row lapsed = lapsed_row(), running = bench_row(NULL), none = bench_row(NULL);
    struct mgw_change change = change_insert(&running);
    change.lease_ms = 3600000;
    assert_status(apply_one(change, NULL), MGW_OK);
    insert(&none);
    AUTO_FOUND struct found found;
    scan(1000, &found);
    assert_true(found_at(&found, lapsed.id) >= 0);
    assert_true(found_at(&found, running.id) < 0);
    assert_true(found_at(&found, none.id) < 0);
    clear(&lapsed);
    AUTO_FOUND struct found after;
    scan(1000, &after);
    assert_true(found_at(&after, lapsed.id) < 0);
}

static void the_oldest_lease_comes_first_within_the_limit(void **state)
{
    (void)state;
    struct mgw_row rows[4];
    for (size_t i = 0; i < 4; i++) {
        rows[i] = lapsed_row();
    }
    AUTO_FOUND struct found all, two;
    scan(1000, &all);
    for (size_t i = 1; i < all.count; i++) {
        assert_true(all.rows[i - 1].lease_until <= all.rows[i].lease_until);
    }
    assert_true(found_at(&all, rows[0].id) < found_at(&all, rows[3].id));
    scan(2, &two);
    assert_int_equal(two.count, 2);
    assert_string_equal(two.rows[0].id, all.rows[0].id);
    assert_string_equal(two.rows[1].id, all.rows[1].id);
    for (size_t i = 0; i < 4; i++) {
        clear(&rows[i]);
    }
}

static void a_renewed_lease_is_not_due(void **state)
{
    (void)state;
    struct mgw_row row = lapsed_row();
    struct mgw_change change = change_update(&row, MGW_FIELD_LEASE);
    change.lease_ms = 3600000;
    change.expect_fence = row.fence;
    struct mgw_change_result result;
    assert_status(apply_one(change, &result), MGW_OK);
    assert_true(result.lease_until == result.updated_at + change.lease_ms);
    AUTO_FOUND struct found found;
    scan(1000, &found);
    assert_true(found_at(&found, row.id) < 0);
}

static void a_takeover_leaves_the_old_owner_stale(void **state)
{
    (void)state;
    struct mgw_row row = lapsed_row(), taken = row;
    taken.owner = "node-2";
    taken.fence = row.fence + 1;
    struct mgw_change change =
        change_update(&taken, MGW_FIELD_OWNER | MGW_FIELD_FENCE | MGW_FIELD_LEASE);
    change.expect_lease_over = 1;
    change.lease_ms = 3600000;
    struct mgw_change_result result;
    assert_status(apply_one(change, &result), MGW_OK);
    assert_true(result.fence == taken.fence);
    assert_status(apply_one(change, NULL), MGW_BUSY); /* the second one to try */
    struct mgw_change old = change_update(&row, MGW_FIELD_LEASE);
    old.expect_fence = row.fence;
    assert_status(apply_one(old, NULL), MGW_STALE);
}

static void now_and_leases_use_one_clock(void **state)
{
    (void)state;
    int64_t now;
    struct mgw_row row = lapsed_row();
    assert_status(bench.driver->now(bench_call(), bench.instance, &now), MGW_OK);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    assert_true(found.rows[0].lease_until <= now);
    clear(&row);
}

const struct kit_case due_cases[] = {
    REPO_CASE(only_leases_that_are_over_are_due, "scan_due: lease_until is set and over", 0),
    REPO_CASE(the_oldest_lease_comes_first_within_the_limit,
              "scan_due: oldest lease first, at most LIMIT", 0),
    REPO_CASE(a_renewed_lease_is_not_due, "scan_due; MGW_FIELD_LEASE: now + lease_ms", 0),
    REPO_CASE(a_takeover_leaves_the_old_owner_stale, "expect_fence, expect_lease_over", 0),
    REPO_CASE(now_and_leases_use_one_clock, "rules: all times are the repository's own clock", 0),
    {0},
};
