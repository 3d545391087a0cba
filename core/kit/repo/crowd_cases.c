/* SPDX-License-Identifier: Apache-2.0
 *
 * Many threads over all verbs and few rows: every answer is one that its verb may give, and no
 * change is lost. */
#include "core/kit/repo/bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { THREADS = 12, ROWS = 4, TURNS = 60 };

struct crowd {
    struct mgw_row rows[ROWS];
    struct mgw_record record;
    atomic_int counted; /* changes of the record that were acknowledged */
    atomic_int next;
    atomic_bool wrong;
    char text[300];
};

static void allow(struct crowd *crowd, const char *verb, enum mgw_status status,
                  enum mgw_status also, enum mgw_status or_also)
{
    if (status != MGW_OK && status != also && status != or_also &&
        !atomic_exchange(&crowd->wrong, true)) {
        snprintf(crowd->text, sizeof crowd->text, "%s answered %s: %.200s", verb,
                 kit_status(status), bench_error());
    }
}

static bool count_rows(void *ctx, const struct mgw_row *row)
{
    *(size_t *)ctx += row->id != NULL;
    return true;
}

static bool count_records(void *ctx, const struct mgw_record *record)
{
    *(size_t *)ctx += record->id != NULL;
    return true;
}

static void change_some(struct crowd *crowd, unsigned turn)
{
    struct mgw_row row = crowd->rows[turn % ROWS];
    row.take_index = (int64_t)turn;
    struct mgw_change changes[] = {change_update(&row, MGW_FIELD_TAKE_INDEX),
                                   change_put(&crowd->record, MGW_VERSION_ANY)};
    struct mgw_change_result results[2] = {{.size = sizeof results[0]},
                                           {.size = sizeof results[0]}};
    enum mgw_status status = bench.driver->apply(bench_call(), bench.instance, changes,
                                                 sizeof changes[0], results, sizeof results[0], 2);
    allow(crowd, "apply", status, MGW_BUSY, MGW_UNAVAILABLE);
    crowd->counted += status == MGW_OK;
}

static void read_some(struct crowd *crowd, unsigned turn)
{
    const struct mgw_row *row = &crowd->rows[turn % ROWS];
    struct mgw_row_query query = bench_query(row->account_id, 0, 3);
    struct mgw_known known = {.size = sizeof known, .bucket = row->bucket, .key = row->key};
    const struct mgw_repo_driver *driver = bench.driver;
    void *instance = bench.instance;
    size_t seen = 0;
    int64_t now;
    allow(crowd, "get", driver->get(bench_call(), instance, row->id, count_rows, &seen), MGW_OK,
          MGW_OK);
    allow(crowd, "get_by_blob",
          driver->get_by_blob(bench_call(), instance, row->bucket, row->key, count_rows, &seen),
          MGW_OK, MGW_OK);
    allow(crowd, "list", driver->list(bench_call(), instance, &query, count_rows, &seen), MGW_OK,
          MGW_OK);
    allow(crowd, "scan_due", driver->scan_due(bench_call(), instance, 10, count_rows, &seen),
          MGW_OK, MGW_OK);
    allow(crowd, "which_known",
          driver->which_known(bench_call(), instance, &known, 1, sizeof known), MGW_OK, MGW_OK);
    allow(crowd, "list_records",
          driver->list_records(bench_call(), instance, "crowd", NULL, NULL, NULL, 10, count_records,
                               &seen),
          MGW_OK, MGW_OK);
    allow(crowd, "health", driver->health(bench_call(), instance), MGW_OK, MGW_OK);
    allow(crowd, "now", driver->now(bench_call(), instance, &now), MGW_OK, MGW_OK);
    if (driver->maintain && turn % 8 == 0) {
        allow(crowd, "maintain", driver->maintain(bench_call(), instance), MGW_BUSY, MGW_OK);
    }
    if (seen < 5 && !atomic_exchange(&crowd->wrong, true)) {
        snprintf(crowd->text, sizeof crowd->text, "a row that is there was not found");
    }
}

static void *live(void *ctx)
{
    struct crowd *crowd = ctx;
    unsigned number = (unsigned)crowd->next++;
    for (unsigned turn = 0; turn < TURNS && !crowd->wrong; turn++) {
        if ((number + turn) % 3) {
            read_some(crowd, number + turn);
        } else {
            change_some(crowd, number + turn);
        }
    }
    bench_call();
    return NULL;
}

static void a_crowd_over_all_verbs_loses_no_change(void **state)
{
    (void)state;
    static struct crowd crowd;
    const char *account = bench_name("account");
    pthread_t threads[THREADS];
    crowd = (struct crowd){.record = bench_record("crowd", account, "id", "text")};
    for (size_t i = 0; i < ROWS; i++) {
        crowd.rows[i] = bench_row(account);
        insert(&crowd.rows[i]);
    }
    assert_status(apply_one(change_put(&crowd.record, MGW_VERSION_NONE), NULL), MGW_OK);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, live, &crowd), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    if (crowd.wrong) {
        print_error("%s\n", crowd.text);
        fail();
    }
    AUTO_FOUND struct found kept;
    assert_status(get_record(&crowd.record, &kept), MGW_OK);
    assert_true(kept.records[0].version == 1 + crowd.counted);
}

const struct kit_case repo_crowd_cases[] = {
    REPO_CASE(a_crowd_over_all_verbs_loses_no_change, "rules: many at once; mgw_record.version: +1",
              0),
    {0},
};
