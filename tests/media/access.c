/* SPDX-License-Identifier: Apache-2.0
 *
 * Get, reissue, delete, list: whose is what. */
#include "tests/media/bench.h"

#include <stdio.h>

static void get_answers_row_and_a_fresh_url(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *made = bench_must_create(bench, "x"), *got;
    assert_int_equal(mgw_media_get(bench->media, bench->call, made->row->id, 60, NULL, &got),
                     MGW_OK);
    assert_string_equal(got->row->id, made->row->id);
    assert_true(got->signed_url_expires_at < made->signed_url_expires_at);
    mgw_grant_free(made);
    mgw_grant_free(got);
}

static void a_ttl_outside_its_bounds_is_invalid(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *made = bench_must_create(bench, "x"), *got;
    assert_int_equal(mgw_media_get(bench->media, bench->call, made->row->id, -1, NULL, &got),
                     MGW_INVALID);
    assert_int_equal(mgw_media_get(bench->media, bench->call, made->row->id, 604801, NULL, &got),
                     MGW_INVALID);
    assert_int_equal(mgw_media_get(bench->media, bench->call, made->row->id, 604800, NULL, &got),
                     MGW_OK);
    mgw_grant_free(got);
    mgw_grant_free(made);
}

static void another_accounts_recording_is_denied(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *made = bench_must_create(bench, "x"), *got;
    struct mgw_call *rival = mgw_call_new("rival", NULL, 0);
    assert_int_equal(mgw_media_get(bench->media, rival, made->row->id, 0, NULL, &got), MGW_DENIED);
    assert_int_equal(mgw_media_delete(bench->media, rival, made->row->id), MGW_DENIED);
    assert_int_equal(bench_status(bench, made->row->id), MGW_ROW_READY);
    mgw_call_free(rival);
    mgw_grant_free(made);
}

static void what_is_not_ready_is_not_found(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *made = bench_must_create(bench, "x"), *got;
    assert_int_equal(mgw_media_get(bench->media, bench->call, "nothing", 0, NULL, &got),
                     MGW_NOT_FOUND);
    assert_int_equal(mgw_media_get(bench->media, bench->call, "no/id", 0, NULL, &got),
                     MGW_NOT_FOUND);
    assert_int_equal(mgw_media_delete(bench->media, bench->call, made->row->id), MGW_OK);
    assert_int_equal(mgw_media_get(bench->media, bench->call, made->row->id, 0, NULL, &got),
                     MGW_NOT_FOUND);
    mgw_grant_free(made);
}

static void delete_is_repeatable_and_takes_the_bytes(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *made = bench_must_create(bench, "x");
    assert_int_equal(mgw_media_delete(bench->media, bench->call, made->row->id), MGW_OK);
    assert_int_equal(memstore_blobs(bench->store), 0);
    assert_int_equal(mgw_media_delete(bench->media, bench->call, made->row->id), MGW_OK);
    assert_int_equal(mgw_media_delete(bench->media, bench->call, "never-was"), MGW_OK);
    mgw_grant_free(made);
}

struct ids {
    char text[64][65];
    size_t count;
};

static bool collect(void *ctx, const struct mgw_row *row)
{
    struct ids *ids = ctx;
    assert_true(ids->count < 64);
    snprintf(ids->text[ids->count++], 65, "%s", row->id);
    return true;
}

static void a_list_pages_newest_first_without_gap_or_repeat(void **state)
{
    struct bench *bench = *state;
    struct ids made = {0}, seen = {0};
    for (int i = 0; i < 25; i++) {
        struct mgw_grant *grant = bench_must_create(bench, "x");
        snprintf(made.text[made.count++], 65, "%s", grant->row->id);
        mgw_grant_free(grant);
    }
    char *cursor = NULL, *next = NULL;
    do {
        struct mgw_list_query query = {.size = sizeof query, .limit = 5, .cursor = cursor};
        size_t before = seen.count;
        assert_int_equal(mgw_media_list(bench->media, bench->call, &query, collect, &seen, &next),
                         MGW_OK);
        assert_int_equal(seen.count - before, 5);
        free(cursor);
        cursor = next;
    } while (cursor);
    assert_int_equal(seen.count, 25);
    for (size_t i = 0; i < 25; i++) {
        size_t found = 0;
        for (size_t j = 0; j < 25; j++) {
            found += strcmp(made.text[i], seen.text[j]) == 0;
        }
        assert_int_equal(found, 1);
    }
}

static void a_list_shows_the_accounts_own_only(void **state)
{
    struct bench *bench = *state;
    mgw_grant_free(bench_must_create(bench, "x"));
    struct mgw_call *rival = mgw_call_new("rival", NULL, 0);
    struct ids seen = {0};
    char *next;
    struct mgw_list_query query = {.size = sizeof query};
    assert_int_equal(mgw_media_list(bench->media, rival, &query, collect, &seen, &next), MGW_OK);
    assert_int_equal(seen.count, 0);
    assert_null(next);
    mgw_call_free(rival);
}

static void a_cursor_serves_its_own_list_only(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 3; i++) {
        mgw_grant_free(bench_must_create(bench, "x"));
    }
    struct ids seen = {0};
    char *cursor, *next;
    struct mgw_list_query query = {.size = sizeof query, .limit = 1};
    assert_int_equal(mgw_media_list(bench->media, bench->call, &query, collect, &seen, &cursor),
                     MGW_OK);
    query.cursor = cursor;
    query.kind = "audio";
    assert_int_equal(mgw_media_list(bench->media, bench->call, &query, collect, &seen, &next),
                     MGW_INVALID);
    query.kind = NULL;
    struct mgw_call *rival = mgw_call_new("rival", NULL, 0);
    assert_int_equal(mgw_media_list(bench->media, rival, &query, collect, &seen, &next),
                     MGW_INVALID);
    mgw_call_free(rival);
    for (size_t i = 0; cursor[i]; i++) {
        char right = cursor[i];
        cursor[i] = right == 'A' ? 'B' : 'A';
        assert_int_equal(mgw_media_list(bench->media, bench->call, &query, collect, &seen, &next),
                         MGW_INVALID);
        cursor[i] = right;
    }
    assert_int_equal(seen.count, 1);
    free(cursor);
}

static void list_bounds_are_checked(void **state)
{
    struct bench *bench = *state;
    struct ids seen = {0};
    char *next;
    struct mgw_list_query query = {.size = sizeof query, .limit = 201};
    assert_int_equal(mgw_media_list(bench->media, bench->call, &query, collect, &seen, &next),
                     MGW_INVALID);
    query = (struct mgw_list_query){.size = sizeof query, .kind = "x'; --"};
    assert_int_equal(mgw_media_list(bench->media, bench->call, &query, collect, &seen, &next),
                     MGW_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(get_answers_row_and_a_fresh_url),
        BENCH_TEST(a_ttl_outside_its_bounds_is_invalid),
        BENCH_TEST(another_accounts_recording_is_denied),
        BENCH_TEST(what_is_not_ready_is_not_found),
        BENCH_TEST(delete_is_repeatable_and_takes_the_bytes),
        BENCH_TEST(a_list_pages_newest_first_without_gap_or_repeat),
        BENCH_TEST(a_list_shows_the_accounts_own_only),
        BENCH_TEST(a_cursor_serves_its_own_list_only),
        BENCH_TEST(list_bounds_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
