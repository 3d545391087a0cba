/* SPDX-License-Identifier: Apache-2.0
 *
 * What the service makes of stores and repositories that fail: nothing acknowledged is lost,
 * nothing else is acknowledged, and what is left over is the reaper's. */
#include "tests/media/bench.h"

static void a_failed_write_leaves_the_row_failed(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant;
    memstore_fail(bench->store, MEMSTORE_PUT_WRITE, 1, 1, MGW_NO_SPACE);
    assert_int_equal(bench_create(bench, bench->call, NULL, "x", &grant), MGW_NO_SPACE);
    free(bench_only_id(bench, MGW_ROW_FAILED));
    assert_int_equal(memstore_blobs(bench->store), 0);
}

static void a_failed_begin_prepare_or_commit_leaves_the_row_failed(void **state)
{
    struct bench *bench = *state;
    const enum memstore_verb verbs[] = {MEMSTORE_PUT_BEGIN, MEMSTORE_PUT_PREPARE,
                                        MEMSTORE_PUT_COMMIT};
    for (size_t i = 0; i < 3; i++) {
        struct mgw_grant *grant;
        memstore_fail(bench->store, verbs[i], 1, 1, MGW_IO);
        assert_int_equal(bench_create(bench, bench->call, NULL, "x", &grant), MGW_IO);
        assert_int_equal(memrepo_row_count(bench->repo, MGW_ROW_FAILED), i + 1);
        assert_int_equal(memrepo_row_count(bench->repo, 0), i + 1);
        assert_int_equal(memstore_blobs(bench->store), 0);
    }
}

static void a_stores_refusal_does_not_read_as_the_clients_fault(void **state)
{
    struct bench *bench = *state;
    const enum mgw_status refusals[] = {MGW_DENIED, MGW_INVALID, MGW_CORRUPT, MGW_BUSY};
    for (size_t i = 0; i < 4; i++) {
        struct mgw_grant *grant;
        memstore_fail(bench->store, MEMSTORE_PUT_COMMIT, 1, 2, refusals[i]);
        enum mgw_status status = bench_create(bench, bench->call, NULL, "x", &grant);
        assert_true(status == MGW_UNAVAILABLE || status == MGW_IO);
    }
    assert_int_equal(memstore_blobs(bench->store), 0);
}

static void nothing_is_published_before_its_row_is_there(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant;
    struct memrepo_fault fault = {.times = 1, .status = MGW_UNAVAILABLE};
    memrepo_inject(bench->repo, MEMREPO_APPLY, &fault);
    assert_int_equal(bench_create(bench, bench->call, NULL, "x", &grant), MGW_UNAVAILABLE);
    assert_int_equal(memstore_calls(bench->store, MEMSTORE_PUT_COMMIT), 0);
    assert_int_equal(memrepo_row_count(bench->repo, 0), 0);
}

static void an_insert_whose_answer_is_lost_is_repeated(void **state)
{
    struct bench *bench = *state;
    struct memrepo_fault fault = {.times = 1, .status = MGW_UNKNOWN_OUTCOME, .after = true};
    memrepo_inject(bench->repo, MEMREPO_APPLY, &fault);
    struct mgw_grant *grant = bench_must_create(bench, "x");
    assert_true(grant->row->created_at > 0);
    assert_int_equal(memrepo_row_count(bench->repo, MGW_ROW_READY), 1);
    mgw_grant_free(grant);
}

static void a_commit_whose_answer_is_lost_is_repeated(void **state)
{
    struct bench *bench = *state;
    memstore_lose_answer(bench->store, MEMSTORE_PUT_COMMIT, 1, 1, MGW_UNKNOWN_OUTCOME);
    mgw_grant_free(bench_must_create(bench, "x"));
    assert_int_equal(memstore_calls(bench->store, MEMSTORE_PUT_COMMIT), 2);
    assert_int_equal(memstore_blobs(bench->store), 1);
}

static void a_commit_of_unknown_outcome_is_left_to_the_reaper(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant;
    memstore_lose_answer(bench->store, MEMSTORE_PUT_COMMIT, 1, 2, MGW_UNKNOWN_OUTCOME);
    assert_int_equal(bench_create(bench, bench->call, NULL, "x", &grant), MGW_UNKNOWN_OUTCOME);
    char *id = bench_only_id(bench, MGW_ROW_UPLOADING);
    assert_int_equal(bench_reap_later(bench), 1);
    assert_int_equal(bench_status(bench, id), MGW_ROW_FAILED);
    assert_int_equal(memstore_blobs(bench->store), 0);
    free(id);
}

static void a_ready_whose_answer_is_lost_is_found_out(void **state)
{
    struct bench *bench = *state;
    struct memrepo_fault fault = {
        .times = 1, .status = MGW_UNKNOWN_OUTCOME, .after = true, .row_status = MGW_ROW_READY};
    memrepo_inject(bench->repo, MEMREPO_APPLY, &fault);
    struct mgw_grant *grant = bench_must_create(bench, "x");
    assert_true(grant->row->updated_at >= grant->row->created_at);
    assert_int_equal(memrepo_row_count(bench->repo, MGW_ROW_READY), 1);
    mgw_grant_free(grant);
}

static void a_ready_that_may_not_have_been_is_not_acknowledged(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant;
    struct memrepo_fault fault = {.status = MGW_UNKNOWN_OUTCOME, .row_status = MGW_ROW_READY};
    memrepo_inject(bench->repo, MEMREPO_APPLY, &fault);
    assert_int_equal(bench_create(bench, bench->call, NULL, "x", &grant), MGW_UNKNOWN_OUTCOME);
    memrepo_inject(bench->repo, MEMREPO_APPLY, NULL);
    char *id = bench_only_id(bench, MGW_ROW_UPLOADING);
    assert_int_equal(memstore_blobs(bench->store), 1); /* for all we know the row says ready */
    bench_reap_later(bench);
    assert_int_equal(bench_status(bench, id), MGW_ROW_FAILED);
    assert_int_equal(memstore_blobs(bench->store), 0);
    free(id);
}

static void a_row_that_may_be_ready_keeps_its_blob(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant;
    struct memrepo_fault lost = {
        .times = 1, .status = MGW_UNKNOWN_OUTCOME, .after = true, .row_status = MGW_ROW_READY};
    struct memrepo_fault blind = {.times = 1, .status = MGW_UNAVAILABLE};
    memrepo_inject(bench->repo, MEMREPO_APPLY, &lost);
    memrepo_inject(bench->repo, MEMREPO_GET, &blind);
    assert_int_equal(bench_create(bench, bench->call, NULL, "x", &grant), MGW_UNKNOWN_OUTCOME);
    assert_int_equal(memrepo_row_count(bench->repo, MGW_ROW_READY), 1);
    assert_int_equal(memstore_blobs(bench->store), 1);
}

static void an_insert_that_may_have_been_is_no_conflict(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant;
    struct memrepo_fault lost = {
        .times = 1, .status = MGW_UNKNOWN_OUTCOME, .after = true, .row_status = MGW_ROW_UPLOADING};
    struct memrepo_fault blind = {.times = 1, .status = MGW_UNAVAILABLE};
    memrepo_inject(bench->repo, MEMREPO_APPLY, &lost);
    memrepo_inject(bench->repo, MEMREPO_GET, &blind);
    assert_int_equal(bench_create(bench, bench->call, NULL, "x", &grant), MGW_UNKNOWN_OUTCOME);
    assert_int_equal(memrepo_row_count(bench->repo, MGW_ROW_UPLOADING), 0);
    assert_int_equal(memstore_blobs(bench->store), 0);
}

static void a_commit_that_makes_no_sense_leaves_no_blob(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant;
    memstore_lose_answer(bench->store, MEMSTORE_PUT_COMMIT, 1, 1, MGW_CORRUPT);
    assert_int_equal(bench_create(bench, bench->call, NULL, "x", &grant), MGW_IO);
    bench_reap_later(bench);
    assert_int_equal(memrepo_row_count(bench->repo, MGW_ROW_FAILED), 1);
    assert_int_equal(memstore_blobs(bench->store), 0);
}

static void a_late_blob_that_cannot_be_removed_is_the_reapers(void **state)
{
    struct bench *bench = *state;
    struct mgw_create_options options = bench_options();
    struct mgw_recording recording = bench_recording();
    struct mgw_create *create;
    struct mgw_grant *grant = NULL;
    assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_OK);
    assert_int_equal(mgw_create_write(create, bench->call, "abc", 3), MGW_OK);
    while (memrepo_row_count(bench->repo, MGW_ROW_UPLOADING) == 0) {
    }
    bench_reap_later(bench);
    bench_reap_later(bench);
    bench_reap_later(bench); /* long enough that the row is left alone */
    memstore_fail(bench->store, MEMSTORE_REMOVE, 1, 1, MGW_UNAVAILABLE);
    assert_int_equal(mgw_create_finish(create, bench->call, &recording, &grant), MGW_STALE);
    for (int i = 0; i < 10 && memstore_blobs(bench->store) > 0; i++) {
        bench_reap_later(bench);
    }
    assert_int_equal(memstore_blobs(bench->store), 0);
}

static void an_owner_that_was_reaped_does_no_harm(void **state)
{
    struct bench *bench = *state;
    struct mgw_create_options options = bench_options();
    struct mgw_create *create;
    struct mgw_grant *grant = NULL;
    assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_OK);
    assert_int_equal(mgw_create_write(create, bench->call, "abc", 3), MGW_OK);
    while (memrepo_row_count(bench->repo, MGW_ROW_UPLOADING) == 0) {
    }
    assert_int_equal(bench_reap_later(bench), 1); /* it slept, the reaper did not */
    struct mgw_recording recording = bench_recording();
    assert_int_equal(mgw_create_finish(create, bench->call, &recording, &grant), MGW_STALE);
    assert_int_equal(memstore_blobs(bench->store), 0);
    free(bench_only_id(bench, MGW_ROW_FAILED));
}

static void a_recording_deleted_while_it_comes_in_is_not_acknowledged(void **state)
{
    struct bench *bench = *state;
    struct mgw_create_options options = bench_options();
    struct mgw_create *create;
    struct mgw_grant *grant = NULL;
    assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_OK);
    assert_int_equal(mgw_create_write(create, bench->call, "abc", 3), MGW_OK);
    while (memrepo_row_count(bench->repo, MGW_ROW_UPLOADING) == 0) {
    }
    char *id = bench_only_id(bench, MGW_ROW_UPLOADING);
    assert_int_equal(mgw_media_delete(bench->media, bench->call, id), MGW_OK);
    struct mgw_recording recording = bench_recording();
    assert_int_equal(mgw_create_finish(create, bench->call, &recording, &grant), MGW_STALE);
    assert_int_equal(bench_status(bench, id), MGW_ROW_DELETED);
    assert_int_equal(memstore_blobs(bench->store), 0);
    free(id);
}

static void a_delete_whose_purge_fails_is_finished_by_the_reaper(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant = bench_must_create(bench, "x");
    memstore_fail(bench->store, MEMSTORE_REMOVE, 1, 2, MGW_UNAVAILABLE);
    assert_int_equal(mgw_media_delete(bench->media, bench->call, grant->row->id), MGW_OK);
    assert_int_equal(bench_status(bench, grant->row->id), MGW_ROW_DELETED);
    assert_int_equal(memstore_blobs(bench->store), 1);
    bench_reap_later(bench); /* fails once more, and comes back later */
    assert_int_equal(memstore_blobs(bench->store), 1);
    for (int i = 0; i < 10 && memstore_blobs(bench->store) > 0; i++) {
        bench_reap_later(bench);
    }
    assert_int_equal(memstore_blobs(bench->store), 0);
    for (int i = 0; i < 10; i++) { /* once done, it is left alone */
        bench_reap_later(bench);
    }
    assert_int_equal(bench_reap_later(bench), 0);
    mgw_grant_free(grant);
}

static void a_delete_that_fails_deletes_nothing(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant = bench_must_create(bench, "x");
    struct memrepo_fault fault = {.times = 1, .status = MGW_UNAVAILABLE};
    memrepo_inject(bench->repo, MEMREPO_APPLY, &fault);
    assert_int_equal(mgw_media_delete(bench->media, bench->call, grant->row->id), MGW_UNAVAILABLE);
    assert_int_equal(bench_status(bench, grant->row->id), MGW_ROW_READY);
    assert_int_equal(memstore_blobs(bench->store), 1);
    mgw_grant_free(grant);
}

static void health_names_what_is_ill(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(mgw_media_health(bench->media, bench->call), MGW_OK);
    memstore_fail(bench->store, MEMSTORE_HEALTH, 1, 0, MGW_UNAVAILABLE);
    assert_int_equal(mgw_media_health(bench->media, bench->call), MGW_UNAVAILABLE);
    assert_string_not_equal(mgw_call_error(bench->call)->text, "");
    memstore_heal(bench->store);
    assert_int_equal(mgw_media_health(bench->media, bench->call), MGW_OK);
}

static void another_store_under_the_same_rows_is_refused(void **state)
{
    struct bench *bench = *state;
    struct memstore *other = memstore_new();
    struct mgw_storage storage = memstore_storage(other);
    struct mgw_media_options options = bench->options;
    options.storage = &storage;
    struct mgw_error error = {.size = sizeof error};
    struct mgw_media *media = NULL;
    assert_int_equal(mgw_media_new(&options, &media, &error), MGW_INVALID);
    assert_non_null(strstr(error.text, "belongs to the store"));
    memstore_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_failed_write_leaves_the_row_failed),
        BENCH_TEST(a_failed_begin_prepare_or_commit_leaves_the_row_failed),
        BENCH_TEST(a_stores_refusal_does_not_read_as_the_clients_fault),
        BENCH_TEST(nothing_is_published_before_its_row_is_there),
        BENCH_TEST(an_insert_whose_answer_is_lost_is_repeated),
        BENCH_TEST(a_commit_whose_answer_is_lost_is_repeated),
        BENCH_TEST(a_commit_of_unknown_outcome_is_left_to_the_reaper),
        BENCH_TEST(a_ready_whose_answer_is_lost_is_found_out),
        BENCH_TEST(a_ready_that_may_not_have_been_is_not_acknowledged),
        BENCH_TEST(a_row_that_may_be_ready_keeps_its_blob),
        BENCH_TEST(an_insert_that_may_have_been_is_no_conflict),
        BENCH_TEST(a_commit_that_makes_no_sense_leaves_no_blob),
        BENCH_TEST(a_late_blob_that_cannot_be_removed_is_the_reapers),
        BENCH_TEST(an_owner_that_was_reaped_does_no_harm),
        BENCH_TEST(a_recording_deleted_while_it_comes_in_is_not_acknowledged),
        BENCH_TEST(a_delete_whose_purge_fails_is_finished_by_the_reaper),
        BENCH_TEST(a_delete_that_fails_deletes_nothing),
        BENCH_TEST(health_names_what_is_ill),
        BENCH_TEST(another_store_under_the_same_rows_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
