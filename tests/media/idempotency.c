/* SPDX-License-Identifier: Apache-2.0
 *
 * Idempotency keys: however often a create is repeated, there is one recording. */
#include "tests/media/bench.h"

#include <pthread.h>
#include <stdatomic.h>

static void the_same_again_answers_the_first_row(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *first, *again;
    assert_int_equal(bench_create(bench, bench->call, "k1", "hello", &first), MGW_OK);
    assert_int_equal(bench_create(bench, bench->call, "k1", "hello", &again), MGW_OK);
    assert_true(again->replayed);
    assert_string_equal(first->row->id, again->row->id);
    assert_string_equal(first->row->checksum, again->row->checksum);
    assert_non_null(again->signed_url);
    assert_int_equal(memrepo_row_count(bench->repo, 0), 1);
    assert_int_equal(memstore_blobs(bench->store), 1);
    mgw_grant_free(first);
    mgw_grant_free(again);
}

static void other_content_is_a_conflict_and_changes_nothing(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *first, *other = NULL;
    assert_int_equal(bench_create(bench, bench->call, "k1", "hello", &first), MGW_OK);
    assert_int_equal(bench_create(bench, bench->call, "k1", "hullo", &other), MGW_CONFLICT);
    assert_null(other);
    assert_int_equal(bench_status(bench, first->row->id), MGW_ROW_READY);
    assert_int_equal(memrepo_row_count(bench->repo, 0), 1);
    mgw_grant_free(first);
}

static void another_field_is_other_content(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *first, *other;
    assert_int_equal(bench_create(bench, bench->call, "k1", "hello", &first), MGW_OK);
    struct mgw_create_options options = bench_options();
    options.idempotency_key = "k1";
    struct mgw_create *create;
    assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_OK);
    assert_int_equal(mgw_create_write(create, bench->call, "hello", 5), MGW_OK);
    struct mgw_recording recording = bench_recording();
    recording.duration_ms = 1;
    assert_int_equal(mgw_create_finish(create, bench->call, &recording, &other), MGW_CONFLICT);
    mgw_grant_free(first);
}

static void a_key_is_an_accounts_own(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *first, *other;
    struct mgw_call *call = mgw_call_new("rival", NULL, 0);
    assert_int_equal(bench_create(bench, bench->call, "k1", "hello", &first), MGW_OK);
    assert_int_equal(bench_create(bench, call, "k1", "hullo", &other), MGW_OK);
    assert_string_not_equal(first->row->id, other->row->id);
    mgw_call_free(call);
    mgw_grant_free(first);
    mgw_grant_free(other);
}

static void while_the_first_runs_others_are_told_to_wait(void **state)
{
    struct bench *bench = *state;
    struct mgw_create_options options = bench_options();
    options.idempotency_key = "k1";
    struct mgw_create *create, *second = NULL;
    assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_OK);
    struct mgw_call *call = mgw_call_new("acme", NULL, 0);
    assert_int_equal(mgw_create_begin(bench->media, call, &options, &second), MGW_BUSY);
    assert_true(mgw_call_error(call)->retry_after_ms > 0);
    mgw_create_abort(create, bench->call);
    /* given up: the key is free at once */
    struct mgw_grant *grant;
    assert_int_equal(bench_create(bench, call, "k1", "hello", &grant), MGW_OK);
    assert_false(grant->replayed);
    assert_int_equal(memrepo_row_count(bench->repo, MGW_ROW_READY), 1);
    mgw_call_free(call);
    mgw_grant_free(grant);
}

static void an_owner_that_died_is_replaced_once_its_lease_is_over(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant = NULL;
    /* as after kill -9: row and record are there, nobody renews */
    memstore_lose_answer(bench->store, MEMSTORE_PUT_COMMIT, 1, 2, MGW_UNKNOWN_OUTCOME);
    assert_int_equal(bench_create(bench, bench->call, "k1", "hello", &grant), MGW_UNKNOWN_OUTCOME);
    assert_int_equal(bench_create(bench, bench->call, "k1", "hello", &grant), MGW_BUSY);
    memrepo_set_clock_offset(bench->repo, 100000);
    assert_int_equal(bench_create(bench, bench->call, "k1", "hello", &grant), MGW_OK);
    assert_int_equal(memrepo_row_count(bench->repo, MGW_ROW_READY), 1);
    assert_int_equal(memrepo_row_count(bench->repo, MGW_ROW_UPLOADING), 0);
    mgw_grant_free(grant);
    memrepo_set_clock_offset(bench->repo, 300000);
    struct mgw_call *call = mgw_call_new(NULL, NULL, 0);
    assert_int_equal(mgw_media_reap(bench->media, call, NULL), MGW_OK);
    mgw_call_free(call);
    assert_int_equal(memstore_blobs(bench->store), 1); /* the dead one's blob went */
}

static void a_lost_answer_of_the_first_change_is_found_out(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant;
    struct memrepo_fault fault = {.times = 1, .status = MGW_UNKNOWN_OUTCOME, .after = true};
    memrepo_inject(bench->repo, MEMREPO_APPLY, &fault);
    assert_int_equal(bench_create(bench, bench->call, "k1", "hello", &grant), MGW_OK);
    assert_int_equal(memrepo_row_count(bench->repo, 0), 1);
    assert_true(grant->row->created_at > 0);
    mgw_grant_free(grant);
}

static void a_deleted_first_is_answered_without_a_url(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *first, *again;
    assert_int_equal(bench_create(bench, bench->call, "k1", "hello", &first), MGW_OK);
    assert_int_equal(mgw_media_delete(bench->media, bench->call, first->row->id), MGW_OK);
    assert_int_equal(bench_create(bench, bench->call, "k1", "hello", &again), MGW_OK);
    assert_int_equal(again->row->status, MGW_ROW_DELETED);
    assert_null(again->signed_url);
    assert_int_equal(memstore_blobs(bench->store), 0);
    mgw_grant_free(first);
    mgw_grant_free(again);
}

static void bad_keys_are_invalid(void **state)
{
    struct bench *bench = *state;
    char longest[130];
    memset(longest, 'k', sizeof longest - 1);
    longest[129] = '\0';
    const char *const keys[] = {"", "a b", "caf\xc3\xa9", "a\n", longest};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct mgw_grant *grant;
        assert_int_equal(bench_create(bench, bench->call, keys[i], "x", &grant), MGW_INVALID);
    }
    assert_int_equal(memrepo_row_count(bench->repo, 0), 0);
}

struct racer {
    struct bench *bench;
    pthread_t thread;
    char id[65];
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    struct mgw_call *call = mgw_call_new("acme", NULL, 0);
    enum mgw_status status;
    struct mgw_grant *grant = NULL;
    do {
        status = bench_create(racer->bench, call, "k1", "hello", &grant);
    } while (status == MGW_BUSY);
    if (status == MGW_OK) {
        strcpy(racer->id, grant->row->id); /* NOLINT: ids have at most 64 bytes */
    }
    mgw_grant_free(grant);
    mgw_call_free(call);
    return NULL;
}

static void sixteen_at_once_leave_one_recording(void **state)
{
    struct bench *bench = *state;
    struct racer racers[16] = {0};
    memstore_delay(bench->store, MEMSTORE_PUT_COMMIT, 20);
    for (size_t i = 0; i < 16; i++) {
        racers[i].bench = bench;
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < 16; i++) {
        pthread_join(racers[i].thread, NULL);
    }
    for (size_t i = 0; i < 16; i++) {
        assert_string_not_equal(racers[i].id, "");
        assert_string_equal(racers[i].id, racers[0].id);
    }
    assert_int_equal(memrepo_row_count(bench->repo, MGW_ROW_READY), 1);
    assert_int_equal(memstore_blobs(bench->store), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(the_same_again_answers_the_first_row),
        BENCH_TEST(other_content_is_a_conflict_and_changes_nothing),
        BENCH_TEST(another_field_is_other_content),
        BENCH_TEST(a_key_is_an_accounts_own),
        BENCH_TEST(while_the_first_runs_others_are_told_to_wait),
        BENCH_TEST(an_owner_that_died_is_replaced_once_its_lease_is_over),
        BENCH_TEST(a_lost_answer_of_the_first_change_is_found_out),
        BENCH_TEST(a_deleted_first_is_answered_without_a_url),
        BENCH_TEST(bad_keys_are_invalid),
        BENCH_TEST(sixteen_at_once_leave_one_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
