/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk over all rows, and rows that are brought in with the times they had. */
#include "core/kit/repo/bench.h"

/* All rows of ACCOUNT by pages of LIMIT; BETWEEN runs after every page. */
static void walk(const char *account, uint32_t limit, struct found *mine, void (*between)(void *),
                 void *ctx)
{
    AUTO_FOUND struct found last = {0};
    char *after = NULL;
    *mine = (struct found){0};
    do {
        found_free(&last);
        last = (struct found){0};
        assert_status(
            bench.driver->scan(bench_call(), bench.instance, after, limit, found_row, &last),
            MGW_OK);
        assert_true(last.count <= limit);
        for (size_t i = 0; i < last.count; i++) {
            assert_true(!after || strcmp(last.rows[i].id, after) > 0);
            free(after);
            after = strdup(last.rows[i].id);
            if (strcmp(last.rows[i].account_id, account) == 0) {
                found_row(mine, &last.rows[i]);
            }
        }
        if (between) {
            between(ctx);
        }
    } while (last.count == limit);
    free(after);
}

static void a_scan_finds_every_row_once_in_order(void **state)
{
    (void)state;
    const char *account = bench_name("account");
    enum { ROWS = 40 };
    struct mgw_row rows[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        rows[i] = bench_row(account);
        rows[i].status = 1u << i % 4;
        insert(&rows[i]);
    }
    static const uint32_t limits[] = {7, 1000};
    for (size_t i = 0; i < 2; i++) {
        AUTO_FOUND struct found mine;
        walk(account, limits[i], &mine, NULL, NULL);
        assert_int_equal(mine.count, ROWS);
        for (size_t j = 0; j < ROWS; j++) {
            assert_true(found_at(&mine, rows[j].id) >= 0);
        }
    }
}

struct churn {
    const char *account;
    struct mgw_row victims[8];
    size_t gone;
};

static void churn_rows(void *ctx)
{
    struct churn *churn = ctx;
    if (churn->gone < 8) {
        struct mgw_row row = bench_row(churn->account);
        struct mgw_change change = change_update(&churn->victims[churn->gone++], 0);
        insert(&row);
        change.type = MGW_CHANGE_DELETE_ROW;
        assert_status(apply_one(change, NULL), MGW_OK);
    }
}

static void a_scan_finds_what_stays_exactly_once(void **state)
{
    (void)state;
    struct churn churn = {.account = bench_name("account")};
    struct mgw_row stay[16];
    for (size_t i = 0; i < 16; i++) {
        stay[i] = bench_row(churn.account);
        insert(&stay[i]);
        if (i % 2) {
            churn.victims[i / 2] = bench_row(churn.account);
            insert(&churn.victims[i / 2]);
        }
    }
    AUTO_FOUND struct found mine;
    walk(churn.account, 5, &mine, churn_rows, &churn);
    for (size_t i = 0; i < 16; i++) {
        int at = found_at(&mine, stay[i].id);
        assert_true(at >= 0);
        for (size_t j = (size_t)at + 1; j < mine.count; j++) {
            assert_string_not_equal(mine.rows[j].id, stay[i].id);
        }
    }
}

static void a_scan_without_a_limit_is_invalid(void **state)
{
    (void)state;
    static const uint32_t limits[] = {0, 1001};
    for (size_t i = 0; i < 2; i++) {
        AUTO_FOUND struct found found = {0};
        assert_status(
            bench.driver->scan(bench_call(), bench.instance, NULL, limits[i], found_row, &found),
            MGW_INVALID);
    }
}

static struct mgw_change change_import(const struct mgw_row *row)
{
    struct mgw_change change = change_insert(row);
    change.type = MGW_CHANGE_IMPORT_ROW;
    return change;
}

static struct mgw_row old_row(void)
{
    struct mgw_row row = bench_row(NULL);
    row.status = MGW_ROW_DELETED;
    row.created_at = 1;
    row.updated_at = 2;
    row.lease_until = 3;
    row.fence = 7;
    return row;
}

static void an_imported_row_keeps_its_times(void **state)
{
    (void)state;
    struct mgw_row row = old_row(), bare = bench_row(NULL);
    bare.created_at = 5;
    bare.updated_at = MGW_ABSENT;
    bare.lease_until = MGW_ABSENT;
    struct mgw_change_result result;
    assert_status(apply_one(change_import(&row), &result), MGW_OK);
    assert_true(result.created_at == 1 && result.updated_at == 2 && result.lease_until == 3);
    assert_true(result.fence == 7);
    assert_status(apply_one(change_import(&bare), NULL), MGW_OK);
    AUTO_FOUND struct found found, second;
    get(row.id, &found);
    get(bare.id, &second);
    assert_true(found.rows[0].created_at == 1 && found.rows[0].updated_at == 2);
    assert_true(found.rows[0].lease_until == 3 && found.rows[0].fence == 7);
    assert_int_equal(found.rows[0].status, MGW_ROW_DELETED);
    assert_true(second.rows[0].created_at == 5 && second.rows[0].updated_at == MGW_ABSENT);
    assert_true(second.rows[0].lease_until == MGW_ABSENT);
    assert_status(apply_one(change_update(&row, MGW_FIELD_LEASE), NULL), MGW_OK);
}

static void an_import_that_is_there_exists(void **state)
{
    (void)state;
    struct mgw_row row = old_row(), blob = old_row();
    row.lease_until = blob.lease_until = MGW_ABSENT;
    assert_status(apply_one(change_import(&row), NULL), MGW_OK);
    assert_status(apply_one(change_import(&row), NULL), MGW_EXISTS);
    blob.key = row.key;
    assert_status(apply_one(change_import(&blob), NULL), MGW_EXISTS);
    assert_status(apply_one(change_insert(&row), NULL), MGW_EXISTS);
}

static void an_import_without_its_time_is_invalid(void **state)
{
    (void)state;
    struct mgw_row row = old_row();
    row.created_at = MGW_ABSENT;
    assert_status(apply_one(change_import(&row), NULL), MGW_INVALID);
}

static void no_row_is_older_than_one_imported_before(void **state)
{
    (void)state;
    int64_t now;
    assert_status(bench.driver->now(bench_call(), bench.instance, &now), MGW_OK);
    struct mgw_row ahead = bench_row(NULL), after = bench_row(NULL), same = bench_row(NULL);
    ahead.created_at = now + 300; /* the clock it had was ahead */
    ahead.updated_at = MGW_ABSENT;
    ahead.lease_until = MGW_ABSENT;
    struct mgw_change both[] = {change_import(&ahead), change_insert(&same)};
    struct mgw_change_result results[2], result;
    assert_status(apply(both, results, 2), MGW_OK);
    assert_true(results[1].created_at >= ahead.created_at);
    assert_status(apply_one(change_insert(&after), &result), MGW_OK);
    assert_true(result.created_at >= ahead.created_at);
    struct mgw_change gone = change_update(&ahead, 0);
    gone.type = MGW_CHANGE_DELETE_ROW;
    assert_status(apply_one(gone, NULL), MGW_OK);
    struct mgw_row last = bench_row(NULL);
    assert_status(apply_one(change_insert(&last), &result), MGW_OK);
    assert_true(result.created_at >= ahead.created_at);
}

const struct kit_case scan_cases[] = {
    REPO_CASE(a_scan_finds_every_row_once_in_order, "scan: by id, ascending, behind AFTER_ID",
              KIT_SCAN),
    REPO_CASE(a_scan_finds_what_stays_exactly_once, "scan", KIT_SCAN),
    REPO_CASE(a_scan_without_a_limit_is_invalid, "scan: LIMIT 1 to 1,000", KIT_SCAN),
    REPO_CASE(an_imported_row_keeps_its_times,
              "MGW_CHANGE_IMPORT_ROW: with its created_at, updated_at, lease_until", KIT_SCAN),
    REPO_CASE(an_import_that_is_there_exists, "MGW_CHANGE_IMPORT_ROW: MGW_EXISTS", KIT_SCAN),
    REPO_CASE(an_import_without_its_time_is_invalid, "MGW_CHANGE_IMPORT_ROW", KIT_SCAN),
    REPO_CASE(no_row_is_older_than_one_imported_before,
              "MGW_CHANGE_IMPORT_ROW: inserted afterwards is no older", KIT_SCAN),
    {0},
};
