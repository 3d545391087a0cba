/* SPDX-License-Identifier: Apache-2.0
 *
 * What instances and calls leave behind when they have ended: nothing. */
#include "core/kit/growth.h"
#include "core/kit/repo/bench.h"

enum { INSTANCE_ROUNDS = 5, CALL_ROUNDS = 40 };

/* Reads, refusals and changes of one row that is there; no round adds to what is stored. */
static void use(void *ctx)
{
    const struct mgw_row *row = ctx;
    struct mgw_record record = bench_record("leak", row->account_id, row->id, "text");
    struct mgw_row_query query = bench_query(row->account_id, 0, 10);
    struct mgw_change change = change_update(row, MGW_FIELD_STATUS);
    AUTO_FOUND struct found found, listed, kept;
    get(row->id, &found);
    list(&query, &listed);
    assert_status(apply_one(change_insert(row), NULL), MGW_EXISTS);
    assert_status(apply_one(change, NULL), MGW_OK);
    assert_status(apply_one(change_put(&record, MGW_VERSION_ANY), NULL), MGW_OK);
    assert_status(get_record(&record, &kept), MGW_OK);
    assert_status(bench.driver->get(bench_call(), bench.instance, "no such id", found_row, NULL),
                  MGW_NOT_FOUND);
    bench_call(); /* gives back what the call holds */
}

static void live_once(void *ctx)
{
    bench_take_again();
    use(ctx);
    bench_let_go();
}

static void a_destroyed_instance_leaves_nothing(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    bench_let_go();
    growth_check(live_once, &row, INSTANCE_ROUNDS);
    bench_take_again();
}

static void calls_that_ended_hold_nothing(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    growth_check(use, &row, CALL_ROUNDS);
}

#define COUNTED(function, clause_, needs_)                                                         \
    {                                                                                              \
        .name = #function, .clause = clause_, .needs = needs_, .counts = true, .run = function     \
    }
const struct kit_case repo_leak_cases[] = {
    COUNTED(a_destroyed_instance_leaves_nothing, "destroy: memory, descriptors, threads",
            KIT_SURVIVES),
    COUNTED(calls_that_ended_hold_nothing, "plugin.h: Memory", 0),
    {0},
};
