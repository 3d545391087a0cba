/* SPDX-License-Identifier: Apache-2.0
 *
 * kill -9 between any two changes, and within one: what was acknowledged is there, a batch is there
 * whole or not at all, and the next process goes on. */
#include "core/kit/crash.h"
#include "core/kit/repo/bench.h"
#include "core/kit/values.h"

#include <stdio.h>

enum { BATCHES = 4 };

static const int delays_us[] = {0, 200, 1000, 4000};

/* The Nth batch of a round: a row and a record, of the same text. */
struct batch {
    char id[96], key[96], account[96];
    struct mgw_row row;
    struct mgw_record record;
    struct mgw_change changes[2];
};

static void make_batch(struct batch *batch, const char *what, unsigned round, unsigned n)
{
    snprintf(batch->id, sizeof batch->id, "id-%s-%s-%u-%u", what, kit_unique(), round, n);
    snprintf(batch->key, sizeof batch->key, "key-%s-%s-%u-%u", what, kit_unique(), round, n);
    snprintf(batch->account, sizeof batch->account, "account-%s", kit_unique());
    batch->row = bench_row(batch->account);
    batch->row.id = batch->id;
    batch->row.key = batch->key;
    batch->row.metadata = "{\"whole\": true}";
    batch->record = bench_record("crash", batch->account, batch->id, "a record's text");
    batch->changes[0] = change_insert(&batch->row);
    batch->changes[1] = change_put(&batch->record, MGW_VERSION_NONE);
}

/* The batches, then an update of the first row and the removal of its record in one. */
static void run_script(const char *what)
{
    struct batch batch;
    struct mgw_change_result results[2];
    for (unsigned n = 0; n < BATCHES; n++) {
        make_batch(&batch, what, crash_round(), n);
        crash_step();
        assert_status(apply(batch.changes, results, 2), MGW_OK);
    }
    make_batch(&batch, what, crash_round(), 0);
    batch.row.status = MGW_ROW_READY;
    struct mgw_change changes[] = {change_update(&batch.row, MGW_FIELD_STATUS),
                                   change_delete_record(&batch.record, 1)};
    crash_step();
    assert_status(apply(changes, results, 2), MGW_OK);
    crash_step();
}

static void between_script(void)
{
    run_script("between");
}

static void within_script(void)
{
    run_script("within");
}

enum there { ABSENT, INSERTED, UPDATED };

/* What became of a batch; fails where it is half there. */
static enum there look(const struct batch *batch)
{
    AUTO_FOUND struct found row = {0}, record = {0};
    enum mgw_status status =
        bench.driver->get(bench_call(), bench.instance, batch->id, found_row, &row);
    assert_true(status == MGW_OK || status == MGW_NOT_FOUND);
    enum mgw_status also = get_record(&batch->record, &record);
    assert_true(also == MGW_OK || also == MGW_NOT_FOUND);
    if (status != MGW_OK) {
        assert_status(also, MGW_NOT_FOUND);
        return ABSENT;
    }
    assert_same_text(row.rows[0].metadata, batch->row.metadata);
    bool ready = row.rows[0].status == MGW_ROW_READY;
    assert_int_equal(also, ready ? MGW_NOT_FOUND : MGW_OK);
    return ready ? UPDATED : INSERTED;
}

static enum there expected(unsigned n, unsigned done)
{
    return n >= done ? ABSENT : n == 0 && done > BATCHES ? UPDATED : INSERTED;
}

/* After a kill: DONE steps were acknowledged, and the next one may have happened where WITHIN. */
static void check(const char *what, unsigned round, unsigned done, bool within)
{
    struct batch batch;
    struct mgw_change_result results[2];
    for (unsigned n = 0; n < BATCHES; n++) {
        make_batch(&batch, what, round, n);
        enum there is = look(&batch);
        if (is != expected(n, done) && !(within && is >= expected(n, done))) {
            print_error(
                "killed %s step %u: batch %u is %d, expected %d (0: absent, 1: inserted, 2: "
                "updated)\n",
                within ? "within" : "before", done, n, is, expected(n, done));
            fail();
        }
        /* the change is repeated, as after an unknown outcome */
        assert_status(apply(batch.changes, results, 2), is == ABSENT ? MGW_OK : MGW_EXISTS);
    }
}

static void kill_at(const char *what, unsigned round, unsigned step, int delay_us)
{
    bench_let_go();
    bool killed = crash_run(round, step, delay_us);
    bench_take_again();
    check(what, round, killed ? step : BATCHES + 1, delay_us != CRASH_BETWEEN);
}

static void changes_that_are_killed_between_calls_are_durable(void **state)
{
    (void)state;
    for (unsigned step = 0; step <= BATCHES + 1; step++) {
        kill_at("between", step, step, CRASH_BETWEEN);
    }
}

static void a_batch_that_is_killed_is_whole_or_not_at_all(void **state)
{
    (void)state;
    unsigned round = 0;
    for (unsigned step = 0; step <= BATCHES; step += 2) {
        for (size_t d = 0; d < sizeof delays_us / sizeof delays_us[0]; d++) {
            kill_at("within", round++, step, delays_us[d]);
        }
    }
}

#define KILLED(function, clause_, script_)                                                         \
    {                                                                                              \
        .name = #function, .clause = clause_, .needs = KIT_SURVIVES, .run = function,              \
        .script = script_                                                                          \
    }
const struct kit_case repo_crash_cases[] = {
    KILLED(changes_that_are_killed_between_calls_are_durable,
           "apply: durable when it answers MGW_OK", between_script),
    KILLED(a_batch_that_is_killed_is_whole_or_not_at_all, "apply: all COUNT changes, or none",
           within_script),
    {0},
};
