/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows go in and come back as they were; batches are made whole or not at all. */
#include "core/kit/repo/bench.h"

static void assert_same_row(const struct mgw_row *got, const struct mgw_row *expected)
{
    assert_same_text(got->id, expected->id);
    assert_same_text(got->account_id, expected->account_id);
    assert_same_text(got->owner_email, expected->owner_email);
    assert_same_text(got->bucket, expected->bucket);
    assert_same_text(got->key, expected->key);
    assert_same_text(got->mime_type, expected->mime_type);
    assert_true(got->size_bytes == expected->size_bytes);
    assert_true(got->duration_ms == expected->duration_ms);
    assert_same_text(got->kind, expected->kind);
    assert_int_equal(got->status, expected->status);
    assert_same_text(got->session_id, expected->session_id);
    assert_true(got->take_index == expected->take_index);
    assert_same_text(got->checksum, expected->checksum);
    assert_same_text(got->metadata, expected->metadata);
    assert_same_text(got->owner, expected->owner);
    assert_true(got->fence == expected->fence);
    assert_same_text(got->fingerprint, expected->fingerprint);
}

static struct mgw_row full_row(void)
{
    struct mgw_row row = bench_row(NULL);
    row.owner_email = "j\xc3\xbcrgen+x'\"%_\\@example.com";
    row.mime_type = "video/webm;codecs=\"vp9,opus\"";
    row.size_bytes = INT64_MAX;
    row.duration_ms = INT64_MAX;
    row.kind = "video";
    row.status = MGW_ROW_READY;
    row.session_id = "session \xf0\x9f\x8e\xa5";
    row.take_index = INT32_MAX;
    row.checksum = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    row.metadata = "{\"z\":1e2,\"a\":0.10,\"n\":1.0E+400, \"b\" : -0 ,\"u\":\"\\u00e4\xc3\xa4\"}";
    row.owner = "node-1";
    row.fence = INT64_MAX;
    row.fingerprint = "POST /x \n\t 1";
    return row;
}

static void every_field_comes_back_as_it_was(void **state)
{
    (void)state;
    struct mgw_row row = full_row();
    insert(&row);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    assert_same_row(&found.rows[0], &row);
}

static void absent_fields_come_back_absent(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    assert_same_row(&found.rows[0], &row);
    assert_true(found.rows[0].updated_at == MGW_ABSENT);
    assert_true(found.rows[0].lease_until == MGW_ABSENT);
}

static void empty_texts_and_zeroes_are_not_absent(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    row.owner_email = row.kind = row.session_id = row.metadata = row.fingerprint = "";
    row.size_bytes = row.duration_ms = row.take_index = row.fence = 0;
    insert(&row);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    assert_same_row(&found.rows[0], &row);
}

static void negative_numbers_come_back(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    row.size_bytes = row.duration_ms = row.take_index = INT64_MIN + 1;
    row.fence = -1;
    insert(&row);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    assert_same_row(&found.rows[0], &row);
}

static void metadata_of_64_kib_comes_back_byte_for_byte(void **state)
{
    (void)state;
    enum { SIZE = 64 * 1024 };
    char *text = malloc(SIZE + 1);
    assert_non_null(text);
    for (size_t i = 0; i < SIZE; i++) {
        text[i] = (char)(' ' + i * 7 % 95);
    }
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + SIZE - 2, "\"}", 3);
    struct mgw_row row = bench_row(NULL);
    row.metadata = text;
    insert(&row);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    assert_same_text(found.rows[0].metadata, text);
    free(text);
}

static void texts_differ_by_every_byte(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL), other = row;
    row.key = bench_name("Key");
    insert(&row);
    char *upper = strdup(row.key);
    upper[0] = 'k';
    other.id = bench_name("id");
    other.key = upper;
    insert(&other); /* "Key…" and "key…" are two keys */
    AUTO_FOUND struct found found = {0};
    assert_status(bench.driver->get_by_blob(bench_call(), bench.instance, row.bucket, upper,
                                            found_row, &found),
                  MGW_OK);
    assert_string_equal(found.rows[0].id, other.id);
    free(upper);
}

static void a_row_is_found_by_its_blob(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    AUTO_FOUND struct found found = {0};
    assert_status(bench.driver->get_by_blob(bench_call(), bench.instance, row.bucket, row.key,
                                            found_row, &found),
                  MGW_OK);
    assert_string_equal(found.rows[0].id, row.id);
    assert_status(bench.driver->get_by_blob(bench_call(), bench.instance, "other", row.key,
                                            found_row, &found),
                  MGW_NOT_FOUND);
}

static void an_unknown_row_is_not_found(void **state)
{
    (void)state;
    AUTO_FOUND struct found found = {0};
    assert_status(
        bench.driver->get(bench_call(), bench.instance, bench_name("id"), found_row, &found),
        MGW_NOT_FOUND);
    assert_int_equal(found.count, 0);
}

static void a_taken_id_exists(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL), again = bench_row(NULL);
    insert(&row);
    again.id = row.id;
    assert_status(apply_one(change_insert(&again), NULL), MGW_EXISTS);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    assert_same_text(found.rows[0].key, row.key);
}

static void a_taken_blob_exists_also_for_another_account(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL), again = bench_row(NULL);
    insert(&row);
    again.key = row.key;
    assert_status(apply_one(change_insert(&again), NULL), MGW_EXISTS);
    again.bucket = "another";
    assert_status(apply_one(change_insert(&again), NULL), MGW_OK);
}

static void an_insert_answers_its_times(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    struct mgw_change change = change_insert(&row);
    change.lease_ms = 3600000;
    row.created_at = 1; /* ignored */
    row.lease_until = 2;
    struct mgw_change_result result;
    int64_t before, after;
    assert_status(bench.driver->now(bench_call(), bench.instance, &before), MGW_OK);
    assert_status(apply_one(change, &result), MGW_OK);
    assert_status(bench.driver->now(bench_call(), bench.instance, &after), MGW_OK);
    assert_true(before <= result.created_at && result.created_at <= after);
    assert_true(result.lease_until - result.created_at == change.lease_ms);
    assert_true(result.updated_at == MGW_ABSENT && result.fence == row.fence);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    assert_true(found.rows[0].created_at == result.created_at);
    assert_true(found.rows[0].lease_until == result.lease_until);
}

static void created_at_never_goes_back(void **state)
{
    (void)state;
    int64_t last = 0;
    for (int i = 0; i < 50; i++) {
        struct mgw_row row = bench_row(NULL);
        struct mgw_change_result result;
        assert_status(apply_one(change_insert(&row), &result), MGW_OK);
        assert_true(result.created_at >= last);
        last = result.created_at;
    }
}

static void a_row_without_what_is_required_is_invalid(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct mgw_row row = bench_row(NULL);
        const char **texts[] = {&row.id, &row.account_id, &row.bucket, &row.key};
        if (i < 4) {
            *texts[i] = NULL;
        } else {
            row.status = i == 4 ? 0 : MGW_ROW_READY | MGW_ROW_FAILED;
        }
        assert_status(apply_one(change_insert(&row), NULL), MGW_INVALID);
    }
}

/* ---- Batches ---- */

static void a_batch_with_one_bad_change_does_nothing(void **state)
{
    (void)state;
    for (size_t bad = 0; bad < 4; bad++) {
        struct mgw_row rows[4], taken = bench_row(NULL);
        struct mgw_change changes[4];
        struct mgw_change_result results[4];
        insert(&taken);
        for (size_t i = 0; i < 4; i++) {
            rows[i] = bench_row(NULL);
            rows[i].id = i == bad ? taken.id : rows[i].id;
            changes[i] = change_insert(&rows[i]);
        }
        assert_status(apply(changes, results, 4), MGW_EXISTS);
        for (size_t i = 0; i < 4; i++) {
            AUTO_FOUND struct found found = {0};
            assert_int_equal(results[i].status, i == bad ? MGW_EXISTS : MGW_OK);
            assert_status(
                bench.driver->get(bench_call(), bench.instance, rows[i].id, found_row, &found),
                i == bad ? MGW_OK : MGW_NOT_FOUND);
        }
    }
}

static void a_batch_answers_the_first_failure(void **state)
{
    (void)state;
    struct mgw_row fine = bench_row(NULL), gone = bench_row(NULL), taken = bench_row(NULL);
    insert(&taken);
    struct mgw_change changes[] = {change_insert(&fine), change_update(&gone, 0),
                                   change_insert(&taken)};
    struct mgw_change_result results[3];
    assert_status(apply(changes, results, 3), MGW_NOT_FOUND);
    assert_int_equal(results[0].status, MGW_OK);
    assert_int_equal(results[1].status, MGW_NOT_FOUND);
    assert_int_equal(results[2].status, MGW_EXISTS);
}

static void a_later_change_sees_the_earlier_ones(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL), ready = row;
    ready.status = MGW_ROW_READY;
    struct mgw_record record = bench_record("test", row.account_id, row.id, "1");
    struct mgw_change changes[] = {change_insert(&row), change_update(&ready, MGW_FIELD_STATUS),
                                   change_put(&record, MGW_VERSION_NONE), change_put(&record, 1)};
    changes[1].expect_status = MGW_ROW_UPLOADING;
    struct mgw_change_result results[4];
    assert_status(apply(changes, results, 4), MGW_OK);
    assert_true(results[3].version == 2);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    assert_int_equal(found.rows[0].status, MGW_ROW_READY);
}

static void rows_and_records_share_one_batch(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    struct mgw_record record = bench_record("test", row.account_id, row.id, "1");
    struct mgw_change changes[] = {change_insert(&row), change_put(&record, 7)};
    struct mgw_change_result results[2];
    assert_status(apply(changes, results, 2), MGW_CONFLICT);
    AUTO_FOUND struct found found = {0};
    assert_status(bench.driver->get(bench_call(), bench.instance, row.id, found_row, &found),
                  MGW_NOT_FOUND);
}

static void the_largest_batch_is_made(void **state)
{
    (void)state;
    uint32_t most = bench.limits.max_batch;
    assert_true(most >= 16);
    struct mgw_row *rows = calloc(most, sizeof *rows);
    struct mgw_change *changes = calloc(most, sizeof *changes);
    struct mgw_change_result *results = calloc(most, sizeof *results);
    const char *account = bench_name("account");
    for (uint32_t i = 0; i < most; i++) {
        rows[i] = bench_row(account);
        changes[i] = change_insert(&rows[i]);
    }
    assert_status(apply(changes, results, most), MGW_OK);
    struct mgw_row_query query = bench_query(account, 0, 1000);
    AUTO_FOUND struct found found;
    list(&query, &found);
    assert_int_equal(found.count, most);
    free(rows);
    free(changes);
    free(results);
}

static void an_unknown_type_of_change_is_invalid(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    struct mgw_change change = change_insert(&row);
    change.type = 4711;
    assert_status(apply_one(change, NULL), MGW_INVALID);
}

static void which_known_tells_rows_from_strangers(void **state)
{
    (void)state;
    struct padded {
        struct mgw_known known;
        char pad[24]; /* a host of a later age */
    } asked[100] = {0};
    struct mgw_row rows[50];
    for (size_t i = 0; i < 100; i++) {
        asked[i].known.size = sizeof asked[i];
        asked[i].known.bucket = "bucket";
        asked[i].known.key = bench_name("stranger");
        asked[i].known.status = 77;
        memset(asked[i].pad, 0x5a, sizeof asked[i].pad);
        if (i % 2 == 0) {
            rows[i / 2] = bench_row(NULL);
            rows[i / 2].status = i % 4 ? MGW_ROW_DELETED : MGW_ROW_READY;
            insert(&rows[i / 2]);
            asked[i].known.key = rows[i / 2].key;
        }
    }
    assert_status(bench.driver->which_known(bench_call(), bench.instance, &asked[0].known, 100,
                                            sizeof asked[0]),
                  MGW_OK);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(asked[i].known.status, i % 2 ? 0 : rows[i / 2].status);
        assert_int_equal(asked[i].pad[0], 0x5a);
    }
}

const struct kit_case rows_cases[] = {
    REPO_CASE(every_field_comes_back_as_it_was, "rules: come back byte for byte", 0),
    REPO_CASE(absent_fields_come_back_absent, "mgw_row: NULL, MGW_ABSENT where there is nothing",
              0),
    REPO_CASE(empty_texts_and_zeroes_are_not_absent,
              "mgw_row: NULL, MGW_ABSENT where there is nothing", 0),
    REPO_CASE(negative_numbers_come_back, "mgw_row: int64_t", 0),
    REPO_CASE(metadata_of_64_kib_comes_back_byte_for_byte, "mgw_row.metadata: the text received",
              0),
    REPO_CASE(texts_differ_by_every_byte, "rules: compared byte by byte", 0),
    REPO_CASE(a_row_is_found_by_its_blob, "get_by_blob", 0),
    REPO_CASE(an_unknown_row_is_not_found, "get: MGW_NOT_FOUND", 0),
    REPO_CASE(a_taken_id_exists, "MGW_CHANGE_INSERT_ROW: MGW_EXISTS where the id is taken", 0),
    REPO_CASE(a_taken_blob_exists_also_for_another_account,
              "MGW_CHANGE_INSERT_ROW: MGW_EXISTS where (bucket, key) is taken", 0),
    REPO_CASE(an_insert_answers_its_times, "mgw_change_result: created_at, lease_until", 0),
    REPO_CASE(created_at_never_goes_back, "mgw_row.created_at: never goes backwards", 0),
    REPO_CASE(a_row_without_what_is_required_is_invalid, "mgw_row: required", 0),
    REPO_CASE(a_batch_with_one_bad_change_does_nothing, "apply: all COUNT changes, or none", 0),
    REPO_CASE(a_batch_answers_the_first_failure,
              "apply: the first change's status that is not MGW_OK", 0),
    REPO_CASE(a_later_change_sees_the_earlier_ones, "apply: a later change sees the earlier ones",
              0),
    REPO_CASE(rows_and_records_share_one_batch, "apply: all COUNT changes, in order", 0),
    REPO_CASE(the_largest_batch_is_made, "mgw_repo_limits.max_batch", 0),
    REPO_CASE(an_unknown_type_of_change_is_invalid, "mgw_change.type", 0),
    REPO_CASE(which_known_tells_rows_from_strangers, "which_known: the row's status, 0: no row", 0),
    {0},
};
