/* SPDX-License-Identifier: Apache-2.0
 *
 * See change.h. A change that cannot be made does nothing, but is no error to the server: the
 * transaction goes on, and the changes behind it are judged too. */
#include "change.h"

#include "columns.h"

#include <string.h>

enum { ALL_FIELDS = (1 << 14) - 1 };

static bool one_status(uint32_t status)
{
    return status == MGW_ROW_UPLOADING || status == MGW_ROW_READY || status == MGW_ROW_DELETED ||
           status == MGW_ROW_FAILED;
}

/* ---- Queries ---- */

static enum mgw_status insert_queries(const struct mgw_change *change, struct query *query,
                                      struct fault *fault)
{
    const struct mgw_row *row = change->row;
    bool import = change->type == MGW_CHANGE_IMPORT_ROW;
    if (!row->id || !row->account_id || !row->bucket || !row->key || !one_status(row->status) ||
        (import && row->created_at == MGW_ABSENT)) {
        return fault_set(fault, MGW_INVALID,
                         "a new row has an id, an account, a bucket, a key and one status");
    }
    query_init(query, import ? STATEMENT_IMPORT : STATEMENT_INSERT);
    for (int i = 0; i < COLUMNS_OF_ROW; i++) {
        if (import || !columns_of_row[i].timed) {
            columns_bind(query, &columns_of_row[i], row);
        }
    }
    if (!import) {
        query_optional(query, change->lease_ms);
    }
    return MGW_OK;
}

static enum mgw_status compare_queries(const struct mgw_change *change, struct query *query,
                                       struct fault *fault)
{
    const struct mgw_row *row = change->row;
    bool update = change->type == MGW_CHANGE_UPDATE_ROW;
    if (update && (change->set & ~(uint32_t)ALL_FIELDS ||
                   (change->set & MGW_FIELD_STATUS && !one_status(row->status)))) {
        return fault_set(fault, MGW_INVALID, "an unknown field or status is set (0x%x)",
                         change->set);
    }
    if (!row->id || !row->account_id) {
        return fault_set(fault, MGW_INVALID, "a changed row has an id and an account");
    }
    query_init(query, update ? STATEMENT_UPDATE : STATEMENT_DELETE);
    query->set = update ? change->set : 0;
    query_text(query, row->id);
    query_text(query, row->account_id);
    query_number(query, change->expect_status);
    query_optional(query, change->expect_fence);
    query_number(query, change->expect_lease_over);
    if (update) {
        query_optional(query, change->lease_ms);
    }
    for (int i = 0; i < COLUMNS_OF_ROW && update; i++) {
        if (columns_of_row[i].field & change->set & ~(uint32_t)MGW_FIELD_LEASE) {
            columns_bind(query, &columns_of_row[i], row);
        }
    }
    return MGW_OK;
}

static enum mgw_status record_queries(const struct mgw_change *change, struct query *queries,
                                      struct fault *fault)
{
    const struct mgw_record *record = change->record;
    bool put = change->type == MGW_CHANGE_PUT_RECORD;
    if (!record->kind || !record->account || !record->id || (put && !record->text)) {
        return fault_set(fault, MGW_INVALID, "a record has a kind, an account, an id, a text");
    }
    query_init(&queries[0], STATEMENT_LOCK_RECORD);
    query_init(&queries[1], put ? STATEMENT_PUT_RECORD : STATEMENT_DELETE_RECORD);
    for (int i = 0; i < 2; i++) {
        query_text(&queries[i], record->kind);
        query_text(&queries[i], record->account);
        query_text(&queries[i], record->id);
    }
    query_number(&queries[1], change->expect_version);
    if (put) {
        query_text(&queries[1], record->text);
        query_optional(&queries[1], record->expires_at);
        query_optional(&queries[1], change->expire_ms);
    }
    return MGW_OK;
}

enum mgw_status change_queries(const struct mgw_change *change, struct query *queries,
                               size_t *count, struct fault *fault)
{
    enum mgw_status status = MGW_INVALID;
    fault_set(fault, MGW_INVALID, "a change of type %u lacks its row or record, or is unknown",
              change->type);
    *count = 1;
    switch (change->type) {
    case MGW_CHANGE_INSERT_ROW:
    case MGW_CHANGE_IMPORT_ROW:
        status = change->row ? insert_queries(change, queries, fault) : MGW_INVALID;
        break;
    case MGW_CHANGE_UPDATE_ROW:
    case MGW_CHANGE_DELETE_ROW:
        status = change->row ? compare_queries(change, queries, fault) : MGW_INVALID;
        break;
    case MGW_CHANGE_PUT_RECORD:
    case MGW_CHANGE_DELETE_RECORD:
        *count = CHANGE_QUERIES;
        status = change->record ? record_queries(change, queries, fault) : MGW_INVALID;
        break;
    default:
        break;
    }
    *count = status == MGW_OK ? *count : 0;
    return status;
}

/* ---- Results ---- */

static void take_times(const PGresult *answer, int column, struct mgw_change_result *result)
{
    result->created_at = columns_number(answer, 0, column);
    result->updated_at = columns_number(answer, 0, column + 1);
    result->lease_until = columns_number(answer, 0, column + 2);
    result->fence = columns_number(answer, 0, column + 3);
}

static enum mgw_status judge_insert(const struct mgw_change *change, const PGresult *answer,
                                    struct mgw_change_result *result, struct fault *fault)
{
    if (PQntuples(answer) == 0) {
        return fault_set(fault, MGW_EXISTS, "row %s, or its bucket and key, is there already",
                         change->row->id);
    }
    take_times(answer, 0, result);
    return MGW_OK;
}

static enum mgw_status judge_compare(const struct mgw_change *change, const PGresult *answer,
                                     struct mgw_change_result *result, struct fault *fault)
{
    const char *id = change->row->id;
    int64_t verdict =
        PQntuples(answer) == 0 ? (int64_t)VERDICT_FOREIGN : columns_number(answer, 0, 0);
    switch (verdict) {
    case VERDICT_MADE:
        if (change->type == MGW_CHANGE_UPDATE_ROW) {
            take_times(answer, 2, result);
        }
        return MGW_OK;
    case VERDICT_FOREIGN:
        return fault_set(fault, MGW_NOT_FOUND, "there is no row %s", id);
    case VERDICT_STATUS:
        return fault_set(fault, MGW_CONFLICT, "row %s has another status (%lld)", id,
                         (long long)columns_number(answer, 0, 1));
    case VERDICT_FENCE:
        return fault_set(fault, MGW_STALE, "row %s has another owner by now", id);
    default:
        return fault_set(fault, MGW_BUSY, "the lease of row %s is not over", id);
    }
}

static enum mgw_status judge_record(const struct mgw_change *change, const PGresult *answer,
                                    struct mgw_change_result *result, struct fault *fault)
{
    int64_t before = columns_number(answer, 0, 0), after = columns_number(answer, 0, 1);
    if (after == MGW_ABSENT) {
        result->version = before;
        return fault_set(fault, MGW_CONFLICT, "record %s %s has version %lld, expected %lld",
                         change->record->kind, change->record->id, (long long)before,
                         (long long)change->expect_version);
    }
    result->version = after;
    return MGW_OK;
}

enum mgw_status change_judge(const struct mgw_change *change, PGresult *const *results,
                             size_t count, struct mgw_change_result *result, struct fault *fault)
{
    const PGresult *answer = results[count - 1];
    switch (change->type) {
    case MGW_CHANGE_INSERT_ROW:
    case MGW_CHANGE_IMPORT_ROW:
        return judge_insert(change, answer, result, fault);
    case MGW_CHANGE_UPDATE_ROW:
    case MGW_CHANGE_DELETE_ROW:
        return judge_compare(change, answer, result, fault);
    default:
        return judge_record(change, answer, result, fault);
    }
}
