/* SPDX-License-Identifier: Apache-2.0
 *
 * Compare-and-set on rows: what is compared, in which order, and what each failure answers. */
#include "core/kit/repo/bench.h"

static const uint32_t statuses[] = {MGW_ROW_UPLOADING, MGW_ROW_READY, MGW_ROW_DELETED,
                                    MGW_ROW_FAILED};

static void only_the_named_fields_are_set(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL), update = row;
    row.kind = "video";
    row.metadata = "{\"old\":1}";
    insert(&row);
    update.kind = "audio";
    update.metadata = "{\"new\":1}";
    update.size_bytes = 42;
    update.bucket = "elsewhere"; /* never changes */
    struct mgw_change_result result;
    assert_status(apply_one(change_update(&update, MGW_FIELD_KIND | MGW_FIELD_SIZE_BYTES), &result),
                  MGW_OK);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    assert_same_text(found.rows[0].kind, "audio");
    assert_same_text(found.rows[0].metadata, "{\"old\":1}");
    assert_same_text(found.rows[0].bucket, "bucket");
    assert_true(found.rows[0].size_bytes == 42);
    assert_true(found.rows[0].updated_at == result.updated_at);
    assert_true(result.updated_at >= result.created_at);
    assert_true(found.rows[0].created_at == result.created_at);
}

static void every_field_can_be_set_and_cleared(void **state)
{
    (void)state;
    const uint32_t all = (1 << 14) - 1;
    struct mgw_row row = bench_row(NULL), update = row;
    insert(&row);
    update.owner_email = "a@b";
    update.mime_type = "audio/ogg";
    update.size_bytes = 1;
    update.duration_ms = 2;
    update.kind = "audio";
    update.status = MGW_ROW_READY;
    update.session_id = "s";
    update.take_index = 3;
    update.checksum = "sha256:00";
    update.metadata = "{}";
    update.owner = "node";
    update.fence = 4;
    update.fingerprint = "f";
    struct mgw_change change = change_update(&update, all);
    change.lease_ms = 1000;
    assert_status(apply_one(change, NULL), MGW_OK);
    AUTO_FOUND struct found set;
    get(row.id, &set);
    const struct mgw_row *got = &set.rows[0];
    assert_same_text(got->owner_email, "a@b");
    assert_same_text(got->mime_type, "audio/ogg");
    assert_same_text(got->kind, "audio");
    assert_same_text(got->session_id, "s");
    assert_same_text(got->checksum, "sha256:00");
    assert_same_text(got->metadata, "{}");
    assert_same_text(got->owner, "node");
    assert_same_text(got->fingerprint, "f");
    assert_true(got->size_bytes == 1 && got->duration_ms == 2 && got->take_index == 3);
    assert_true(got->fence == 4 && got->status == MGW_ROW_READY);
    assert_true(got->lease_until == got->updated_at + 1000);
    update = row;
    change = change_update(&update, all);
    assert_status(apply_one(change, NULL), MGW_OK);
    AUTO_FOUND struct found cleared;
    get(row.id, &cleared);
    got = &cleared.rows[0];
    assert_null(got->owner_email);
    assert_null(got->mime_type);
    assert_null(got->kind);
    assert_null(got->session_id);
    assert_null(got->checksum);
    assert_null(got->metadata);
    assert_null(got->owner);
    assert_null(got->fingerprint);
    assert_true(got->size_bytes == MGW_ABSENT && got->duration_ms == MGW_ABSENT);
    assert_true(got->take_index == MGW_ABSENT && got->lease_until == MGW_ABSENT);
}

static void a_status_is_compared_with_any_of_the_bits(void **state)
{
    (void)state;
    for (uint32_t expect = 1; expect < 16; expect++) {
        for (size_t i = 0; i < 4; i++) {
            struct mgw_row row = bench_row(NULL);
            row.status = statuses[i];
            insert(&row);
            struct mgw_change change = change_update(&row, MGW_FIELD_KIND);
            change.expect_status = expect;
            assert_status(apply_one(change, NULL), expect & statuses[i] ? MGW_OK : MGW_CONFLICT);
        }
    }
}

static void every_transition_is_made_once(void **state)
{
    (void)state;
    static const struct {
        uint32_t from, to;
    } moves[] = {{MGW_ROW_UPLOADING, MGW_ROW_READY},
                 {MGW_ROW_UPLOADING, MGW_ROW_FAILED},
                 {MGW_ROW_UPLOADING, MGW_ROW_DELETED},
                 {MGW_ROW_READY, MGW_ROW_DELETED},
                 {MGW_ROW_FAILED, MGW_ROW_DELETED}};
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        struct mgw_row row = bench_row(NULL);
        row.status = moves[i].from;
        insert(&row);
        row.status = moves[i].to;
        struct mgw_change change = change_update(&row, MGW_FIELD_STATUS);
        change.expect_status = moves[i].from;
        assert_status(apply_one(change, NULL), MGW_OK);
        assert_status(apply_one(change, NULL), MGW_CONFLICT); /* the repeated verb */
        AUTO_FOUND struct found found;
        get(row.id, &found);
        assert_int_equal(found.rows[0].status, moves[i].to);
    }
}

static void another_fence_is_stale(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    row.fence = 5;
    insert(&row);
    struct mgw_change change = change_update(&row, MGW_FIELD_KIND);
    change.expect_fence = 4;
    assert_status(apply_one(change, NULL), MGW_STALE);
    change.expect_fence = 6;
    assert_status(apply_one(change, NULL), MGW_STALE);
    change.expect_fence = 5;
    assert_status(apply_one(change, NULL), MGW_OK);
}

static void a_lease_that_is_not_over_is_busy(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    struct mgw_change change = change_insert(&row);
    change.lease_ms = 3600000;
    assert_status(apply_one(change, NULL), MGW_OK);
    change = change_update(&row, MGW_FIELD_LEASE);
    change.expect_lease_over = 1;
    assert_status(apply_one(change, NULL), MGW_BUSY);
    change.expect_lease_over = 0;
    assert_status(apply_one(change, NULL), MGW_OK); /* clears it */
    change.expect_lease_over = 1;
    assert_status(apply_one(change, NULL), MGW_BUSY); /* no lease is none that is over */
}

static void status_is_compared_before_fence_before_lease(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    struct mgw_change change = change_insert(&row);
    change.lease_ms = 3600000;
    assert_status(apply_one(change, NULL), MGW_OK);
    change = change_update(&row, MGW_FIELD_KIND);
    change.expect_status = MGW_ROW_READY;
    change.expect_fence = row.fence + 1;
    change.expect_lease_over = 1;
    assert_status(apply_one(change, NULL), MGW_CONFLICT);
    change.expect_status = MGW_ROW_UPLOADING;
    assert_status(apply_one(change, NULL), MGW_STALE);
    change.expect_fence = row.fence;
    assert_status(apply_one(change, NULL), MGW_BUSY);
}

static void another_accounts_row_is_not_found(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL), foreign = row;
    insert(&row);
    foreign.account_id = bench_name("account");
    foreign.kind = "stolen";
    struct mgw_change change = change_update(&foreign, MGW_FIELD_KIND);
    assert_status(apply_one(change, NULL), MGW_NOT_FOUND);
    change.type = MGW_CHANGE_DELETE_ROW;
    assert_status(apply_one(change, NULL), MGW_NOT_FOUND);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    assert_null(found.rows[0].kind);
}

static void a_failed_comparison_changes_nothing(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    row.kind = "changed";
    struct mgw_change change = change_update(&row, MGW_FIELD_KIND);
    change.expect_status = MGW_ROW_READY;
    assert_status(apply_one(change, NULL), MGW_CONFLICT);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    assert_null(found.rows[0].kind);
    assert_true(found.rows[0].updated_at == MGW_ABSENT);
}

static void a_deleted_row_is_gone_for_good(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    struct mgw_change change = change_update(&row, 0);
    change.type = MGW_CHANGE_DELETE_ROW;
    change.expect_status = MGW_ROW_READY;
    assert_status(apply_one(change, NULL), MGW_CONFLICT);
    change.expect_status = MGW_ROW_UPLOADING;
    change.expect_fence = row.fence + 1;
    assert_status(apply_one(change, NULL), MGW_STALE);
    change.expect_fence = row.fence;
    assert_status(apply_one(change, NULL), MGW_OK);
    assert_status(apply_one(change, NULL), MGW_NOT_FOUND);
    AUTO_FOUND struct found found = {0};
    assert_status(bench.driver->get(bench_call(), bench.instance, row.id, found_row, &found),
                  MGW_NOT_FOUND);
    insert(&row); /* id and blob are free again */
}

static void an_update_of_nothing_known_is_invalid(void **state)
{
    (void)state;
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    row.status = 3;
    assert_status(apply_one(change_update(&row, MGW_FIELD_STATUS), NULL), MGW_INVALID);
    assert_status(apply_one(change_update(NULL, MGW_FIELD_KIND), NULL), MGW_INVALID);
}

static void hosts_of_other_ages_are_understood(void **state)
{
    (void)state;
    struct newer {
        struct mgw_change change;
        uint64_t unknown[5];
    } changes[3];
    struct newer_row {
        struct mgw_row row;
        uint64_t unknown[3];
    } rows[3];
    struct newer_result {
        struct mgw_change_result result;
        uint64_t unknown[2];
    } results[3];
    memset(changes, 0xff, sizeof changes);
    memset(rows, 0xff, sizeof rows);
    memset(results, 0, sizeof results);
    for (size_t i = 0; i < 3; i++) {
        rows[i].row = bench_row(NULL);
        rows[i].row.size = sizeof rows[i];
        changes[i].change = change_insert(&rows[i].row);
        changes[i].change.size = sizeof changes[i];
        results[i].result.size = sizeof results[i];
        results[i].unknown[0] = 4711;
    }
    assert_status(bench.driver->apply(bench_call(), bench.instance, &changes[0].change,
                                      sizeof changes[0], &results[0].result, sizeof results[0], 3),
                  MGW_OK);
    for (size_t i = 0; i < 3; i++) {
        AUTO_FOUND struct found found;
        get(rows[i].row.id, &found);
        assert_true(results[i].result.created_at == found.rows[0].created_at);
        assert_true(results[i].result.size == sizeof results[i]);
        assert_true(results[i].unknown[0] == 4711);
    }
}

static void smaller_results_are_not_overrun(void **state)
{
    (void)state;
    struct mgw_row rows[2] = {bench_row(NULL), bench_row(NULL)};
    struct mgw_change changes[2] = {change_insert(&rows[0]), change_insert(&rows[1])};
    enum { OLD = offsetof(struct mgw_change_result, lease_until) };
    _Alignas(struct mgw_change_result) unsigned char old[3 * OLD];
    memset(old, 0xa5, sizeof old);
    for (size_t i = 0; i < 2; i++) {
        memset(old + i * OLD, 0, OLD);
        memcpy(old + i * OLD, &(size_t){OLD}, sizeof(size_t));
    }
    assert_status(bench.driver->apply(bench_call(), bench.instance, changes, sizeof changes[0],
                                      (struct mgw_change_result *)(void *)old, OLD, 2),
                  MGW_OK);
    for (size_t i = 0; i < 2; i++) {
        int64_t created;
        memcpy(&created, old + i * OLD + offsetof(struct mgw_change_result, created_at), 8);
        AUTO_FOUND struct found found;
        get(rows[i].id, &found);
        assert_true(created == found.rows[0].created_at);
    }
    for (size_t i = 2 * OLD; i < sizeof old; i++) {
        assert_int_equal(old[i], 0xa5);
    }
}

const struct kit_case compare_cases[] = {
    REPO_CASE(only_the_named_fields_are_set,
              "mgw_row_field: fields that MGW_CHANGE_UPDATE_ROW sets", 0),
    REPO_CASE(every_field_can_be_set_and_cleared, "mgw_row_field; optional strings are NULL", 0),
    REPO_CASE(a_status_is_compared_with_any_of_the_bits,
              "expect_status: among these bits, else MGW_CONFLICT", 0),
    REPO_CASE(every_transition_is_made_once,
              "mgw_row_status; MGW_CHANGE_UPDATE_ROW: compare-and-set", 0),
    REPO_CASE(another_fence_is_stale, "expect_fence: must equal it, else MGW_STALE", 0),
    REPO_CASE(a_lease_that_is_not_over_is_busy, "expect_lease_over: else MGW_BUSY", 0),
    REPO_CASE(status_is_compared_before_fence_before_lease,
              "expect_fence: looked at after status; expect_lease_over: after the fence", 0),
    REPO_CASE(another_accounts_row_is_not_found,
              "mgw_change.row: another account's row is MGW_NOT_FOUND", 0),
    REPO_CASE(a_failed_comparison_changes_nothing, "apply: nothing has been changed then", 0),
    REPO_CASE(a_deleted_row_is_gone_for_good, "MGW_CHANGE_DELETE_ROW: gone for good", 0),
    REPO_CASE(an_update_of_nothing_known_is_invalid, "mgw_change.set: enum mgw_row_field bits", 0),
    REPO_CASE(hosts_of_other_ages_are_understood, "plugin.h: Growth", 0),
    REPO_CASE(smaller_results_are_not_overrun, "plugin.h: Growth", 0),
    {0},
};
