/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists: order, filters, pages that stay true while rows come and go. */
#include "core/kit/repo/bench.h"

/* Walks QUERY page by page; *PAGES counts them. */
static void walk(struct mgw_row_query query, struct found *all, void (*between)(void *), void *ctx)
{
    *all = (struct found){0};
    for (int page = 0; page < 1000; page++) {
        AUTO_FOUND struct found found;
        list(&query, &found);
        assert_true(found.count <= query.limit);
        for (size_t i = 0; i < found.count; i++) {
            found_row(all, &found.rows[i]);
        }
        if (found.count < query.limit) {
            return;
        }
        query.after_created_at = all->rows[all->count - 1].created_at;
        query.after_id = all->rows[all->count - 1].id;
        if (between) {
            between(ctx);
        }
    }
    fail_msg("the walk does not end");
}

static void assert_newest_first(const struct found *found)
{
    for (size_t i = 1; i < found->count; i++) {
        const struct mgw_row *a = &found->rows[i - 1], *b = &found->rows[i];
        assert_true(a->created_at > b->created_at ||
                    (a->created_at == b->created_at && strcmp(a->id, b->id) > 0));
    }
}

/* COUNT rows of one batch, so that many share their created_at. */
static void insert_tied(const char *account, struct mgw_row *rows, size_t count)
{
    struct mgw_change changes[16];
    struct mgw_change_result results[16];
    assert_true(count <= 16);
    for (size_t i = 0; i < count; i++) {
        rows[i] = bench_row(account);
        changes[i] = change_insert(&rows[i]);
    }
    assert_status(apply(changes, results, count), MGW_OK);
}

static void a_list_is_newest_first(void **state)
{
    (void)state;
    const char *account = bench_name("account");
    for (int i = 0; i < 5; i++) {
        struct mgw_row row = bench_row(account);
        insert(&row);
        bench_sleep(2);
    }
    struct mgw_row_query query = bench_query(account, 0, 50);
    AUTO_FOUND struct found found;
    list(&query, &found);
    assert_int_equal(found.count, 5);
    assert_newest_first(&found);
}

static void ties_are_broken_by_id_on_every_page_size(void **state)
{
    (void)state;
    const char *account = bench_name("account");
    struct mgw_row rows[16];
    insert_tied(account, rows, 16);
    insert_tied(account, rows, 16);
    for (uint32_t limit = 1; limit <= 33; limit++) {
        AUTO_FOUND struct found all;
        walk(bench_query(account, 0, limit), &all, NULL, NULL);
        assert_int_equal(all.count, 32);
        assert_newest_first(&all);
    }
}

struct churn {
    const char *account;
    struct mgw_row victims[16];
    size_t gone;
};

static void churn_rows(void *ctx)
{
    struct churn *churn = ctx;
    struct mgw_row row = bench_row(churn->account);
    insert(&row); /* newer than the cursor */
    if (churn->gone < 16) {
        struct mgw_change change = change_update(&churn->victims[churn->gone++], 0);
        change.type = MGW_CHANGE_DELETE_ROW;
        assert_status(apply_one(change, NULL), MGW_OK);
    }
}

static void a_walk_finds_what_stays_exactly_once(void **state)
{
    (void)state;
    struct churn churn = {.account = bench_name("account")};
    struct mgw_row stay[16];
    insert_tied(churn.account, stay, 16);
    insert_tied(churn.account, churn.victims, 16);
    bench_sleep(2);
    AUTO_FOUND struct found all;
    walk(bench_query(churn.account, 0, 3), &all, churn_rows, &churn);
    assert_newest_first(&all);
    for (size_t i = 0; i < 16; i++) {
        assert_true(found_at(&all, stay[i].id) >= 0);
    }
}

static void a_cursor_need_not_be_a_row(void **state)
{
    (void)state;
    const char *account = bench_name("account");
    struct mgw_row rows[8];
    insert_tied(account, rows, 8);
    struct mgw_row_query query = bench_query(account, 0, 50);
    query.after_created_at = INT64_MAX;
    query.after_id = "";
    AUTO_FOUND struct found all;
    list(&query, &all);
    assert_int_equal(all.count, 8);
    query.after_created_at = 0;
    AUTO_FOUND struct found none;
    list(&query, &none);
    assert_int_equal(none.count, 0);
}

static const uint32_t statuses[] = {MGW_ROW_UPLOADING, MGW_ROW_READY, MGW_ROW_DELETED,
                                    MGW_ROW_FAILED};
static const char *const kinds[] = {"video", "audio", NULL};
static const char *const sessions[] = {"s1", "s2", NULL};

static size_t count_expected(uint32_t status, const char *kind, const char *session)
{
    size_t count = 0;
    for (size_t i = 0; i < 4 * 3 * 3; i++) {
        const char *k = kinds[i / 3 % 3], *s = sessions[i % 3];
        count += (!status || status & statuses[i / 9]) && (!kind || (k && !strcmp(k, kind))) &&
                 (!session || (s && !strcmp(s, session)));
    }
    return count * 2;
}

static void every_combination_of_filters_is_right(void **state)
{
    (void)state;
    const char *account = bench_name("account");
    for (size_t i = 0; i < 2 * 4 * 3 * 3; i++) {
        struct mgw_row row = bench_row(account);
        row.status = statuses[i / 9 % 4];
        row.kind = kinds[i / 3 % 3];
        row.session_id = sessions[i % 3];
        insert(&row);
    }
    for (uint32_t status = 0; status < 16; status++) {
        for (size_t i = 0; i < 9; i++) {
            struct mgw_row_query query = bench_query(account, status, 5);
            query.kind = kinds[i / 3];
            query.session_id = sessions[i % 3];
            AUTO_FOUND struct found all;
            walk(query, &all, NULL, NULL);
            assert_int_equal(all.count, count_expected(status, query.kind, query.session_id));
            assert_newest_first(&all);
            for (size_t j = 0; j < all.count; j++) {
                assert_true(!status || all.rows[j].status & status);
                assert_true(!query.kind || strcmp(all.rows[j].kind, query.kind) == 0);
                assert_true(!query.session_id ||
                            strcmp(all.rows[j].session_id, query.session_id) == 0);
            }
        }
    }
}

static void a_row_moves_between_filters_with_its_status(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    row.status = MGW_ROW_READY;
    assert_status(apply_one(change_update(&row, MGW_FIELD_STATUS), NULL), MGW_OK);
    struct mgw_row_query query = bench_query(row.account_id, MGW_ROW_UPLOADING, 5);
    AUTO_FOUND struct found before, after;
    list(&query, &before);
    query.status = MGW_ROW_READY;
    list(&query, &after);
    assert_int_equal(before.count, 0);
    assert_int_equal(after.count, 1);
}

static void other_accounts_are_invisible(void **state)
{
    (void)state;
    struct mgw_row mine = bench_row(NULL), other = bench_row(NULL);
    insert(&mine);
    insert(&other);
    struct mgw_row_query query = bench_query(mine.account_id, 0, 1000);
    AUTO_FOUND struct found found;
    list(&query, &found);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.rows[0].id, mine.id);
    query.account_id = "";
    AUTO_FOUND struct found nobody;
    list(&query, &nobody);
    assert_true(found_at(&nobody, mine.id) < 0);
}

static void an_emit_that_says_stop_is_obeyed(void **state)
{
    (void)state;
    const char *account = bench_name("account");
    struct mgw_row rows[8];
    insert_tied(account, rows, 8);
    struct mgw_row_query query = bench_query(account, 0, 50);
    AUTO_FOUND struct found found = {.most = 3};
    assert_status(bench.driver->list(bench_call(), bench.instance, &query, found_row, &found),
                  MGW_OK);
    assert_int_equal(found.count, 3);
}

static void a_limit_out_of_range_is_invalid(void **state)
{
    (void)state;
    static const uint32_t limits[] = {0, 1001};
    for (size_t i = 0; i < 2; i++) {
        struct mgw_row_query query = bench_query("account", 0, limits[i]);
        AUTO_FOUND struct found found = {0};
        assert_status(bench.driver->list(bench_call(), bench.instance, &query, found_row, &found),
                      MGW_INVALID);
    }
}

static bool read_within(void *ctx, const struct mgw_row *row)
{
    struct found *found = ctx;
    struct mgw_call *outer = bench_call();
    return bench.driver->get(outer, bench.instance, row->id, found_row, found) == MGW_OK;
}

static void a_read_may_be_made_while_emitting(void **state)
{
    (void)state;
    const char *account = bench_name("account");
    struct mgw_row rows[8];
    insert_tied(account, rows, 8);
    struct mgw_row_query query = bench_query(account, 0, 50);
    AUTO_FOUND struct found found = {0};
    assert_status(bench.driver->list(bench_call(), bench.instance, &query, read_within, &found),
                  MGW_OK);
    assert_int_equal(found.count, 8);
}

const struct kit_case query_cases[] = {
    REPO_CASE(a_list_is_newest_first, "mgw_row_query: newest first", 0),
    REPO_CASE(ties_are_broken_by_id_on_every_page_size,
              "mgw_row_query: created_at descending, id descending", 0),
    REPO_CASE(a_walk_finds_what_stays_exactly_once, "list: found exactly once", 0),
    REPO_CASE(a_cursor_need_not_be_a_row, "mgw_row_query.after_created_at: keyset cursor", 0),
    REPO_CASE(every_combination_of_filters_is_right, "mgw_row_query: status, kind, session_id", 0),
    REPO_CASE(a_row_moves_between_filters_with_its_status, "mgw_row_query.status", 0),
    REPO_CASE(other_accounts_are_invisible, "mgw_row_query.account_id: required", 0),
    REPO_CASE(an_emit_that_says_stop_is_obeyed,
              "mgw_row_emit: false to stop; the verb answers MGW_OK", 0),
    REPO_CASE(a_limit_out_of_range_is_invalid, "mgw_row_query.limit: 1 to 1,000", 0),
    REPO_CASE(a_read_may_be_made_while_emitting, "rules: many at once", KIT_PARALLEL),
    {0},
};
