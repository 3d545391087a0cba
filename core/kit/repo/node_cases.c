/* SPDX-License-Identifier: Apache-2.0
 *
 * Several nodes on one repository: one order of creation, one clock, and owners that are fenced
 * off. */
#include "core/kit/repo/bench.h"

#include <pthread.h>

enum { NODES = 4 };

struct nodes {
    void *instances[NODES];
};

static void open_nodes(struct nodes *nodes)
{
    nodes->instances[0] = bench.instance;
    for (size_t i = 1; i < NODES; i++) {
        nodes->instances[i] = bench_second();
    }
}

static void close_nodes(struct nodes *nodes)
{
    for (size_t i = 1; i < NODES; i++) {
        bench_end_second(nodes->instances[i]);
    }
}

static enum mgw_status apply_on(void *instance, struct mgw_change change,
                                struct mgw_change_result *result)
{
    *result = (struct mgw_change_result){.size = sizeof *result};
    return bench.driver->apply(bench_call(), instance, &change, sizeof change, result,
                               sizeof *result, 1);
}

static void created_at_never_goes_back_from_node_to_node(void **state)
{
    (void)state;
    struct nodes nodes;
    open_nodes(&nodes);
    int64_t last = 0;
    for (size_t i = 0; i < 200; i++) {
        struct mgw_row row = bench_row(NULL);
        struct mgw_change_result result;
        assert_status(apply_on(nodes.instances[i % NODES], change_insert(&row), &result), MGW_OK);
        assert_true(result.created_at >= last);
        last = result.created_at;
    }
    close_nodes(&nodes);
}

/* As the service does it: whoever finds the lease over takes the row with the next fence. */
static void a_paused_owner_does_no_harm(void **state)
{
    (void)state;
    struct nodes nodes;
    struct mgw_change_result result;
    open_nodes(&nodes);
    struct mgw_row old = bench_row(NULL);
    old.owner = "node-0";
    struct mgw_change change = change_insert(&old);
    change.lease_ms = 1;
    assert_status(apply_on(nodes.instances[0], change, &result), MGW_OK);
    bench_sleep(5);
    struct mgw_row taken = old;
    for (size_t i = 1; i < NODES; i++) {
        taken.owner = i == 1 ? "node-1" : "node-2";
        taken.fence = old.fence + 1;
        change = change_update(&taken, MGW_FIELD_OWNER | MGW_FIELD_FENCE | MGW_FIELD_LEASE);
        change.expect_status = MGW_ROW_UPLOADING;
        change.expect_fence = old.fence;
        change.expect_lease_over = 1;
        change.lease_ms = 3600000;
        assert_status(apply_on(nodes.instances[i], change, &result), i == 1 ? MGW_OK : MGW_STALE);
    }
    old.status = MGW_ROW_READY;
    change = change_update(&old, MGW_FIELD_STATUS | MGW_FIELD_LEASE);
    change.expect_status = MGW_ROW_UPLOADING;
    change.expect_fence = old.fence;
    assert_status(apply_on(nodes.instances[0], change, &result), MGW_STALE);
    taken.status = MGW_ROW_READY;
    change = change_update(&taken, MGW_FIELD_STATUS | MGW_FIELD_LEASE);
    change.expect_status = MGW_ROW_UPLOADING;
    change.expect_fence = taken.fence;
    assert_status(apply_on(nodes.instances[1], change, &result), MGW_OK);
    AUTO_FOUND struct found found;
    get(old.id, &found);
    assert_int_equal(found.rows[0].status, MGW_ROW_READY);
    assert_same_text(found.rows[0].owner, "node-1");
    close_nodes(&nodes);
}

struct walker {
    pthread_t thread;
    void *instance;
    const char *account;
    int wrong;
    _Atomic bool stop;
};

/* New rows without end, at the front of every page. */
static void *insert_on(void *ctx)
{
    struct walker *walker = ctx;
    for (int i = 0; i < 500 && !walker->stop; i++) {
        struct mgw_row row = bench_row(walker->account);
        struct mgw_change_result result;
        walker->wrong += apply_on(walker->instance, change_insert(&row), &result) != MGW_OK;
    }
    bench_call();
    return NULL;
}

static void a_walk_is_steady_while_another_node_inserts(void **state)
{
    (void)state;
    struct nodes nodes;
    open_nodes(&nodes);
    struct walker walker = {.instance = nodes.instances[1], .account = bench_name("account")};
    struct mgw_row stay[40];
    for (size_t i = 0; i < 40; i++) {
        stay[i] = bench_row(walker.account);
        insert(&stay[i]);
    }
    assert_int_equal(pthread_create(&walker.thread, NULL, insert_on, &walker), 0);
    for (int round = 0; round < 10; round++) {
        size_t seen = 0;
        AUTO_FOUND struct found page = {0};
        struct mgw_row_query query = bench_query(walker.account, 0, 3);
        do {
            AUTO_FOUND struct found next;
            list(&query, &next);
            for (size_t i = 0; i < next.count; i++) {
                assert_int_equal(found_at(&page, next.rows[i].id), -1);
                found_row(&page, &next.rows[i]);
            }
            seen = next.count;
            query.after_created_at = page.rows[page.count - 1].created_at;
            query.after_id = page.rows[page.count - 1].id;
        } while (seen == query.limit);
        for (size_t i = 0; i < 40; i++) {
            assert_true(found_at(&page, stay[i].id) >= 0);
        }
    }
    walker.stop = true;
    pthread_join(walker.thread, NULL);
    assert_int_equal(walker.wrong, 0);
    close_nodes(&nodes);
}

/* ---- With a clock of the repository's own ---- */

static void the_nodes_clock_does_not_count(void **state)
{
    (void)state;
    static const int64_t offsets[] = {-86400000, 86400000};
    for (size_t i = 0; i < 2; i++) {
        int64_t before, after;
        struct mgw_row row = bench_row(NULL);
        struct mgw_change change = change_insert(&row);
        struct mgw_change_result result;
        change.lease_ms = 60000;
        assert_status(bench.driver->now(bench_call(), bench.instance, &before), MGW_OK);
        kit_set_clock_offset(offsets[i]);
        assert_status(apply_one(change, &result), MGW_OK);
        assert_status(bench.driver->now(bench_call(), bench.instance, &after), MGW_OK);
        assert_true(after - before >= 0 && after - before < 3600000);
        assert_true(result.lease_until >= before + 60000 && result.lease_until <= after + 60000);
        change = change_update(&row, MGW_FIELD_LEASE);
        change.expect_lease_over = 1;
        assert_status(apply_one(change, NULL), MGW_BUSY);
        kit_set_clock_offset(0);
    }
}

const struct kit_case node_cases[] = {
    REPO_CASE(created_at_never_goes_back_from_node_to_node,
              "mgw_row.created_at: never goes backwards; MGW_REPO_SHARED", KIT_SECOND),
    REPO_CASE(a_paused_owner_does_no_harm, "expect_fence: MGW_STALE; MGW_REPO_SHARED", KIT_SECOND),
    REPO_CASE(a_walk_is_steady_while_another_node_inserts,
              "list: found exactly once; MGW_REPO_SHARED", KIT_SECOND),
    REPO_CASE(the_nodes_clock_does_not_count, "rules: the repository's own clock; MGW_REPO_SHARED",
              MGW_REPO_SHARED),
    {0},
};
