/* SPDX-License-Identifier: Apache-2.0
 *
 * The verbs of bench.h: rows, changes and reads with little to write. */
#include "core/kit/repo/bench.h"

#include "core/plugin/guard.h"

static const size_t row_texts[] = {
    offsetof(struct mgw_row, id),          offsetof(struct mgw_row, account_id),
    offsetof(struct mgw_row, owner_email), offsetof(struct mgw_row, bucket),
    offsetof(struct mgw_row, key),         offsetof(struct mgw_row, mime_type),
    offsetof(struct mgw_row, kind),        offsetof(struct mgw_row, session_id),
    offsetof(struct mgw_row, checksum),    offsetof(struct mgw_row, metadata),
    offsetof(struct mgw_row, owner),       offsetof(struct mgw_row, fingerprint),
};
static const size_t record_texts[] = {
    offsetof(struct mgw_record, kind),
    offsetof(struct mgw_record, account),
    offsetof(struct mgw_record, id),
    offsetof(struct mgw_record, text),
};
enum {
    ROW_TEXTS = sizeof row_texts / sizeof row_texts[0],
    RECORD_TEXTS = sizeof record_texts / sizeof record_texts[0]
};

static char **text_at(void *base, size_t offset)
{
    return (char **)(void *)((char *)base + offset);
}

static void keep_texts(void *base, const size_t *offsets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char **text = text_at(base, offsets[i]);
        *text = *text ? strdup(*text) : NULL;
    }
}

static void drop_texts(void *base, const size_t *offsets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(*text_at(base, offsets[i]));
    }
}

bool found_row(void *ctx, const struct mgw_row *row)
{
    struct found *found = ctx;
    assert_true(MGW_HAS(row, fingerprint)); /* as the first release's */
    found->rows = realloc(found->rows, (found->count + 1) * sizeof *row);
    assert_non_null(found->rows);
    struct_take(&found->rows[found->count], row, sizeof *row);
    keep_texts(&found->rows[found->count++], row_texts, ROW_TEXTS);
    return found->count != found->most;
}

bool found_record(void *ctx, const struct mgw_record *record)
{
    struct found *found = ctx;
    assert_true(MGW_HAS(record, expires_at));
    found->records = realloc(found->records, (found->count + 1) * sizeof *record);
    assert_non_null(found->records);
    struct_take(&found->records[found->count], record, sizeof *record);
    keep_texts(&found->records[found->count++], record_texts, RECORD_TEXTS);
    return found->count != found->most;
}

void found_free(struct found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        if (found->rows) {
            drop_texts(&found->rows[i], row_texts, ROW_TEXTS);
        } else {
            drop_texts(&found->records[i], record_texts, RECORD_TEXTS);
        }
    }
    free(found->rows);
    free(found->records);
    *found = (struct found){0};
}

int found_at(const struct found *found, const char *id)
{
    for (size_t i = 0; i < found->count; i++) {
        if (strcmp(found->rows ? found->rows[i].id : found->records[i].id, id) == 0) {
            return (int)i;
        }
    }
    return -1;
}

struct mgw_row bench_row(const char *account)
{
    return (struct mgw_row){.size = sizeof(struct mgw_row),
                            .id = bench_name("id"),
                            .account_id = account ? account : bench_name("account"),
                            .bucket = "bucket",
                            .key = bench_name("key"),
                            .size_bytes = MGW_ABSENT,
                            .duration_ms = MGW_ABSENT,
                            .status = MGW_ROW_UPLOADING,
                            .take_index = MGW_ABSENT,
                            .fence = 1,
                            .lease_until = MGW_ABSENT,
                            .updated_at = MGW_ABSENT};
}

static struct mgw_change change_new(enum mgw_change_type type)
{
    return (struct mgw_change){.size = sizeof(struct mgw_change),
                               .type = type,
                               .expect_fence = MGW_ABSENT,
                               .lease_ms = MGW_ABSENT,
                               .expire_ms = MGW_ABSENT};
}

struct mgw_change change_insert(const struct mgw_row *row)
{
    struct mgw_change change = change_new(MGW_CHANGE_INSERT_ROW);
    change.row = row;
    return change;
}

struct mgw_change change_update(const struct mgw_row *row, uint32_t set)
{
    struct mgw_change change = change_new(MGW_CHANGE_UPDATE_ROW);
    change.row = row;
    change.set = set;
    return change;
}

struct mgw_change change_put(const struct mgw_record *record, int64_t expect_version)
{
    struct mgw_change change = change_new(MGW_CHANGE_PUT_RECORD);
    change.record = record;
    change.expect_version = expect_version;
    return change;
}

struct mgw_change change_delete_record(const struct mgw_record *record, int64_t expect_version)
{
    struct mgw_change change = change_put(record, expect_version);
    change.type = MGW_CHANGE_DELETE_RECORD;
    return change;
}

struct mgw_record bench_record(const char *kind, const char *account, const char *id,
                               const char *text)
{
    return (struct mgw_record){.size = sizeof(struct mgw_record),
                               .kind = kind,
                               .account = account,
                               .id = id,
                               .text = text,
                               .expires_at = MGW_ABSENT};
}

enum mgw_status apply(const struct mgw_change *changes, struct mgw_change_result *results,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        results[i] = (struct mgw_change_result){.size = sizeof results[i]};
    }
    return bench.driver->apply(bench_call(), bench.instance, changes, sizeof *changes, results,
                               sizeof *results, count);
}

enum mgw_status apply_one(struct mgw_change change, struct mgw_change_result *result)
{
    struct mgw_change_result own;
    enum mgw_status status = apply(&change, result ? result : &own, 1);
    assert_int_equal((result ? result : &own)->status, status);
    return status;
}

void insert(const struct mgw_row *row)
{
    assert_status(apply_one(change_insert(row), NULL), MGW_OK);
}

void get(const char *id, struct found *found)
{
    *found = (struct found){0};
    assert_status(bench.driver->get(bench_call(), bench.instance, id, found_row, found), MGW_OK);
    assert_int_equal(found->count, 1);
    assert_string_equal(found->rows[0].id, id);
}

void list(const struct mgw_row_query *query, struct found *found)
{
    *found = (struct found){0};
    assert_status(bench.driver->list(bench_call(), bench.instance, query, found_row, found),
                  MGW_OK);
}

struct mgw_row_query bench_query(const char *account, uint32_t status, uint32_t limit)
{
    return (struct mgw_row_query){.size = sizeof(struct mgw_row_query),
                                  .account_id = account,
                                  .status = status,
                                  .limit = limit,
                                  .after_created_at = MGW_ABSENT};
}

enum mgw_status get_record(const struct mgw_record *record, struct found *found)
{
    *found = (struct found){0};
    return bench.driver->get_record(bench_call(), bench.instance, record->kind, record->account,
                                    record->id, found_record, found);
}

void assert_same_text(const char *got, const char *expected)
{
    if (!got || !expected) {
        assert_true(got == expected);
        return;
    }
    assert_int_equal(strlen(got), strlen(expected));
    assert_memory_equal(got, expected, strlen(expected));
}
