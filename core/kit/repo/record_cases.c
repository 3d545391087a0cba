/* SPDX-License-Identifier: Apache-2.0
 *
 * Versioned records. */
#include "core/kit/repo/bench.h"

static void a_record_counts_its_versions(void **state)
{
    (void)state;
    struct mgw_record record = bench_record("test", bench_name("account"), "id", "{\"a\": 1e2}");
    struct mgw_change_result result;
    for (int64_t version = 0; version < 3; version++) {
        assert_status(apply_one(change_put(&record, version), &result), MGW_OK);
        assert_true(result.version == version + 1);
    }
    AUTO_FOUND struct found found;
    assert_status(get_record(&record, &found), MGW_OK);
    assert_true(found.records[0].version == 3);
    assert_true(found.records[0].expires_at == MGW_ABSENT);
    assert_same_text(found.records[0].text, record.text);
    assert_same_text(found.records[0].kind, "test");
    assert_same_text(found.records[0].account, record.account);
}

static void another_version_conflicts_and_is_told(void **state)
{
    (void)state;
    struct mgw_record record = bench_record("test", "", bench_name("id"), "1");
    struct mgw_change_result result;
    assert_status(apply_one(change_put(&record, 1), &result), MGW_CONFLICT);
    assert_true(result.version == 0);
    assert_status(apply_one(change_put(&record, MGW_VERSION_NONE), NULL), MGW_OK);
    assert_status(apply_one(change_put(&record, MGW_VERSION_NONE), &result), MGW_CONFLICT);
    assert_true(result.version == 1);
    assert_status(apply_one(change_put(&record, MGW_VERSION_ANY), &result), MGW_OK);
    assert_true(result.version == 2);
    assert_status(apply_one(change_delete_record(&record, 1), &result), MGW_CONFLICT);
    assert_true(result.version == 2);
    assert_status(apply_one(change_delete_record(&record, 2), NULL), MGW_OK);
    AUTO_FOUND struct found found;
    assert_status(get_record(&record, &found), MGW_NOT_FOUND);
    assert_status(apply_one(change_delete_record(&record, 2), NULL), MGW_CONFLICT);
    assert_status(apply_one(change_delete_record(&record, MGW_VERSION_ANY), NULL), MGW_OK);
}

static void an_expired_record_reads_as_absent(void **state)
{
    (void)state;
    struct mgw_record record = bench_record("test_expiry", bench_name("account"), "id", "1");
    struct mgw_change change = change_put(&record, MGW_VERSION_NONE);
    change.expire_ms = 1;
    assert_status(apply_one(change, NULL), MGW_OK);
    bench_sleep(5);
    AUTO_FOUND struct found found, listed = {0};
    assert_status(get_record(&record, &found), MGW_NOT_FOUND);
    assert_status(bench.driver->list_records(bench_call(), bench.instance, record.kind,
                                             record.account, NULL, NULL, 10, found_record, &listed),
                  MGW_OK);
    assert_int_equal(listed.count, 0);
    struct mgw_change_result result;
    assert_status(apply_one(change_put(&record, 1), &result), MGW_CONFLICT);
    assert_true(result.version == 0);
    assert_status(apply_one(change_put(&record, MGW_VERSION_NONE), &result), MGW_OK);
    assert_true(result.version == 1);
}

static void expiry_comes_from_the_record_or_the_duration(void **state)
{
    (void)state;
    struct mgw_record record = bench_record("test", bench_name("account"), "id", "1");
    record.expires_at = INT64_C(4102444800000);
    AUTO_FOUND struct found absolute, relative;
    assert_status(apply_one(change_put(&record, MGW_VERSION_ANY), NULL), MGW_OK);
    assert_status(get_record(&record, &absolute), MGW_OK);
    assert_true(absolute.records[0].expires_at == record.expires_at);
    struct mgw_change change = change_put(&record, MGW_VERSION_ANY);
    change.expire_ms = 3600000;
    int64_t before, after;
    assert_status(bench.driver->now(bench_call(), bench.instance, &before), MGW_OK);
    assert_status(apply_one(change, NULL), MGW_OK);
    assert_status(bench.driver->now(bench_call(), bench.instance, &after), MGW_OK);
    assert_status(get_record(&record, &relative), MGW_OK);
    assert_true(relative.records[0].expires_at >= before + 3600000 &&
                relative.records[0].expires_at <= after + 3600000);
}

static void maintenance_takes_only_what_expired(void **state)
{
    (void)state;
    struct mgw_record stays = bench_record("test", bench_name("account"), "stays", "1");
    struct mgw_record goes = bench_record("test", stays.account, "goes", "1");
    struct mgw_change change = change_put(&goes, MGW_VERSION_NONE);
    change.expire_ms = 1;
    assert_status(apply_one(change, NULL), MGW_OK);
    assert_status(apply_one(change_put(&stays, MGW_VERSION_NONE), NULL), MGW_OK);
    bench_sleep(5);
    if (bench.driver->maintain) {
        assert_status(bench.driver->maintain(bench_call(), bench.instance), MGW_OK);
    }
    AUTO_FOUND struct found kept, gone;
    assert_status(get_record(&stays, &kept), MGW_OK);
    assert_status(get_record(&goes, &gone), MGW_NOT_FOUND);
    assert_status(apply_one(change_put(&goes, MGW_VERSION_NONE), NULL), MGW_OK);
}

static void accounts_and_kinds_are_apart(void **state)
{
    (void)state;
    const char *id = bench_name("id");
    struct mgw_record records[] = {bench_record("test", "", id, "0"),
                                   bench_record("test", "a", id, "1"),
                                   bench_record("test_b", "a", id, "2")};
    for (size_t i = 0; i < 3; i++) {
        assert_status(apply_one(change_put(&records[i], MGW_VERSION_NONE), NULL), MGW_OK);
    }
    for (size_t i = 0; i < 3; i++) {
        AUTO_FOUND struct found found;
        assert_status(get_record(&records[i], &found), MGW_OK);
        assert_same_text(found.records[0].text, records[i].text);
    }
}

/* "<kind>" must be [a-z_]+: digits and '-' of a name become letters. */
static const char *own_kind(void)
{
    char *kind = (char *)(uintptr_t)bench_name("kind");
    for (char *at = kind; *at; at++) {
        *at = *at >= 'a' && *at <= 'z' ? *at : *at == '-' ? '_' : (char)('g' + *at - '0');
    }
    return kind;
}

static void records_are_listed_by_account_and_id_in_pages(void **state)
{
    (void)state;
    static const char *const accounts[] = {"", "B", "a", "a", "\xc3\xa4"};
    static const char *const ids[] = {"z", "a", "A", "\xc3\xb6", "0"};
    const char *kind = own_kind();
    for (size_t i = 5; i-- > 0;) {
        struct mgw_record record = bench_record(kind, accounts[i], ids[i], "1");
        assert_status(apply_one(change_put(&record, MGW_VERSION_NONE), NULL), MGW_OK);
    }
    for (uint32_t limit = 1; limit <= 6; limit++) {
        size_t seen = 0;
        const char *account = NULL, *id = NULL;
        for (int page = 0; page < 10; page++) {
            AUTO_FOUND struct found found = {0};
            assert_status(bench.driver->list_records(bench_call(), bench.instance, kind, NULL,
                                                     account, id, limit, found_record, &found),
                          MGW_OK);
            assert_true(found.count <= limit);
            for (size_t i = 0; i < found.count; i++, seen++) {
                assert_true(seen < 5);
                assert_same_text(found.records[i].account, accounts[seen]);
                assert_same_text(found.records[i].id, ids[seen]);
            }
            if (found.count == 0) {
                break;
            }
            account = accounts[seen - 1];
            id = ids[seen - 1];
        }
        assert_int_equal(seen, 5);
    }
}

static void records_of_one_account_are_listed_alone(void **state)
{
    (void)state;
    const char *kind = own_kind();
    static const char *const accounts[] = {"a", "b", "c"};
    for (int i = 0; i < 9; i++) {
        struct mgw_record record = bench_record(kind, accounts[i % 3], bench_name("id"), "1");
        assert_status(apply_one(change_put(&record, MGW_VERSION_NONE), NULL), MGW_OK);
    }
    AUTO_FOUND struct found all = {0}, rest = {0};
    assert_status(bench.driver->list_records(bench_call(), bench.instance, kind, "b", NULL, NULL,
                                             10, found_record, &all),
                  MGW_OK);
    assert_int_equal(all.count, 3);
    assert_status(bench.driver->list_records(bench_call(), bench.instance, kind, "b", "b",
                                             all.records[0].id, 10, found_record, &rest),
                  MGW_OK);
    assert_int_equal(rest.count, 2);
    assert_same_text(rest.records[0].id, all.records[1].id);
}

const struct kit_case record_cases[] = {
    REPO_CASE(a_record_counts_its_versions, "mgw_record.version: 1 at first, +1 with each change",
              0),
    REPO_CASE(another_version_conflicts_and_is_told,
              "mgw_change_result.version: on MGW_CONFLICT the one that is there", 0),
    REPO_CASE(an_expired_record_reads_as_absent, "mgw_record.expires_at: behind it reads as absent",
              0),
    REPO_CASE(expiry_comes_from_the_record_or_the_duration,
              "expire_ms: now + expire_ms, or record->expires_at", 0),
    REPO_CASE(maintenance_takes_only_what_expired, "maintain: expired records go", 0),
    REPO_CASE(accounts_and_kinds_are_apart, "mgw_record: kind, account, id", 0),
    REPO_CASE(records_are_listed_by_account_and_id_in_pages,
              "list_records: ordered by (account, id), behind", 0),
    REPO_CASE(records_of_one_account_are_listed_alone, "list_records: ACCOUNT", 0),
    {0},
};
