/* SPDX-License-Identifier: Apache-2.0
 *
 * What comes back must be what went in, bit for bit, at the ends of what can go in. */
#include "core/kit/repo/bench.h"

#include <stdio.h>

static const int64_t numbers[] = {0,
                                  1,
                                  -1,
                                  INT32_MAX,
                                  INT32_MIN,
                                  INT64_MAX,
                                  INT64_MAX - 1,
                                  INT64_MIN + 1,
                                  (INT64_C(1) << 53) + 1,
                                  UINT32_MAX};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

static void numbers_at_their_limits_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUMBERS; i++) {
        struct mgw_row row = bench_row(NULL);
        row.size_bytes = row.duration_ms = row.take_index = row.fence = numbers[i];
        insert(&row);
        AUTO_FOUND struct found found, after;
        get(row.id, &found);
        assert_true(found.rows[0].size_bytes == numbers[i]);
        assert_true(found.rows[0].duration_ms == numbers[i]);
        assert_true(found.rows[0].take_index == numbers[i]);
        assert_true(found.rows[0].fence == numbers[i]);
        row.size_bytes = row.fence = numbers[NUMBERS - 1 - i];
        struct mgw_change change = change_update(&row, MGW_FIELD_SIZE_BYTES | MGW_FIELD_FENCE);
        struct mgw_change_result result;
        change.expect_fence = numbers[i];
        assert_status(apply_one(change, &result), MGW_OK);
        assert_true(result.fence == row.fence);
        get(row.id, &after);
        assert_true(after.rows[0].size_bytes == row.size_bytes);
        assert_true(after.rows[0].fence == row.fence);
    }
}

static void a_lease_longer_than_time_ends_with_it(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    struct mgw_change change = change_insert(&row);
    struct mgw_change_result result;
    change.lease_ms = INT64_MAX;
    assert_status(apply_one(change, &result), MGW_OK);
    assert_true(result.lease_until == INT64_MAX);
    change = change_update(&row, MGW_FIELD_LEASE);
    change.lease_ms = INT64_MAX - 1;
    assert_status(apply_one(change, &result), MGW_OK);
    assert_true(result.lease_until == INT64_MAX);
    struct mgw_record record = bench_record("test", row.account_id, "id", "1");
    change = change_put(&record, MGW_VERSION_NONE);
    change.expire_ms = INT64_MAX;
    assert_status(apply_one(change, NULL), MGW_OK);
    AUTO_FOUND struct found found;
    assert_status(get_record(&record, &found), MGW_OK);
    assert_true(found.records[0].expires_at == INT64_MAX);
}

static void a_lease_of_nothing_is_over_at_once(void **state)
{
    (void)state;
    static const int64_t leases[] = {0, -1, -3600000};
    for (size_t i = 0; i < 3; i++) {
        struct mgw_row row = bench_row(NULL);
        struct mgw_change change = change_insert(&row);
        change.lease_ms = leases[i];
        assert_status(apply_one(change, NULL), MGW_OK);
        change = change_update(&row, MGW_FIELD_LEASE); /* and clears it */
        change.expect_lease_over = 1;
        assert_status(apply_one(change, NULL), MGW_OK);
    }
}

static void metadata_is_the_text_received(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        " \t\r\n{ \"a\" :\t1 }\n ",
        "{\"z\":1,\"a\":2,\"m\":3}", /* order */
        "{\"n\":[1e2,1E+2,100.0,0.10000000000000001,-0,-0.0,1e400,12345678901234567890123]}",
        "{\"u\":\"\\u00e9\\ud83d\\ude00\\/\\\"\\\\\"}", /* as escaped */
        "{\"u\":\"\xc3\xa9\xf0\x9f\x98\x80/\"}",        /* the same, not escaped */
        "{\"e\\u0301\":\"e\xcc\x81\",\"\xc3\xa9\":1}",  /* two forms of one letter */
        "{\"rtl\":\"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d\",\"zwj\":\"\xf0\x9f\x91\xa9\xe2\x80\x8d\"}",
        "{\"last\":\"\xf4\x8f\xbf\xbf\",\"bom\":\"\xef\xbb\xbf\",\"sep\":\"\xe2\x80\xa8\"}",
        "{\"sql\":\"'; DROP TABLE rows; -- $1 ?1 \\\\x00 {a,b} NULL\"}",
        "{\"c1\":\"\x7f\xc2\x85\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct mgw_row row = bench_row(NULL);
        row.metadata = texts[i];
        row.fingerprint = row.owner_email = texts[sizeof texts / sizeof texts[0] - 1 - i];
        insert(&row);
        AUTO_FOUND struct found found;
        get(row.id, &found);
        assert_same_text(found.rows[0].metadata, row.metadata);
        assert_same_text(found.rows[0].fingerprint, row.fingerprint);
        struct mgw_record record = bench_record("test", row.account_id, row.id, texts[i]);
        assert_status(apply_one(change_put(&record, MGW_VERSION_NONE), NULL), MGW_OK);
        AUTO_FOUND struct found kept;
        assert_status(get_record(&record, &kept), MGW_OK);
        assert_same_text(kept.records[0].text, texts[i]);
    }
}

/* Ids whose order differs between bytes and any language's alphabet. */
static void ties_are_broken_by_the_ids_bytes(void **state)
{
    (void)state;
    static const char *const ends[] = {
        "", "-", ".", "0", "A", "Z", "_", "a", "aa", "z", "~", "\xc3\xa4", "\xf0\x9f\x98\x80"};
    enum { ENDS = sizeof ends / sizeof ends[0] };
    const char *account = bench_name("account"), *stem = bench_name("tie");
    struct mgw_row rows[ENDS];
    struct mgw_change changes[ENDS];
    struct mgw_change_result results[ENDS];
    char ids[ENDS][128];
    for (size_t i = 0; i < ENDS; i++) {
        size_t at = i * 5 % ENDS; /* not in their order */
        snprintf(ids[at], sizeof ids[at], "%s%s", stem, ends[at]);
        rows[at] = bench_row(account);
        rows[at].id = ids[at];
        rows[at].created_at = 1000;
        rows[at].updated_at = rows[at].lease_until = MGW_ABSENT;
        changes[i] = change_insert(&rows[at]);
        changes[i].type = MGW_CHANGE_IMPORT_ROW;
    }
    assert_status(apply(changes, results, ENDS), MGW_OK);
    struct mgw_row_query query = bench_query(account, 0, 1);
    for (size_t i = ENDS; i-- > 0;) {
        AUTO_FOUND struct found found;
        list(&query, &found);
        assert_int_equal(found.count, 1);
        assert_string_equal(found.rows[0].id, ids[i]);
        query.after_created_at = 1000;
        query.after_id = ids[i];
    }
    AUTO_FOUND struct found none;
    list(&query, &none);
    assert_int_equal(none.count, 0);
}

static void text_that_is_no_utf8_never_comes_back_altered(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    row.owner_email = "\xff\xfe";
    enum mgw_status status = apply_one(change_insert(&row), NULL);
    AUTO_FOUND struct found found = {0};
    if (status == MGW_OK) {
        get(row.id, &found);
        assert_same_text(found.rows[0].owner_email, row.owner_email);
    } else {
        assert_status(status, MGW_INVALID);
        assert_status(bench.driver->get(bench_call(), bench.instance, row.id, found_row, &found),
                      MGW_NOT_FOUND);
    }
}

const struct kit_case limit_cases[] = {
    REPO_CASE(numbers_at_their_limits_come_back, "mgw_row: int64_t; rules: come back", 0),
    REPO_CASE(a_lease_longer_than_time_ends_with_it, "lease_ms, expire_ms: now + it", 0),
    REPO_CASE(a_lease_of_nothing_is_over_at_once, "lease_ms; expect_lease_over: set and over", 0),
    REPO_CASE(metadata_is_the_text_received, "mgw_row.metadata: given back as the text received",
              0),
    REPO_CASE(ties_are_broken_by_the_ids_bytes, "mgw_row_query: id descending; rules: byte by byte",
              0),
    REPO_CASE(text_that_is_no_utf8_never_comes_back_altered,
              "rules: strings come back byte for byte", 0),
    {0},
};
