/* SPDX-License-Identifier: Apache-2.0
 *
 * See read.h. A row is emitted straight from the statement's own memory. */
#include "read.h"

#include "cleanup.h"
#include "columns.h"

#include <string.h>

/* A query under way: the reader that is lent for it, and its statement. */
struct query {
    struct reader_pool *pool;
    struct mgw_call *call;
    struct reader *reader;
    sqlite3_stmt *statement;
};

static enum mgw_status query_begin(struct query *query, struct reader_pool *pool,
                                   struct mgw_call *call, enum reader_query which)
{
    struct fault fault = {0};
    *query = (struct query){.pool = pool, .call = call};
    enum mgw_status status = reader_borrow(pool, &query->reader, &fault);
    if (status == MGW_OK) {
        status = reader_statement(query->reader, which, &query->statement, &fault);
    }
    return status == MGW_OK ? status : fault_answer(call, &fault);
}

static void query_reset(struct query *query)
{
    sqlite3_reset(query->statement);
    sqlite3_clear_bindings(query->statement);
}

static void query_end(struct query *query)
{
    if (query->statement) {
        query_reset(query);
    }
    if (query->reader) {
        reader_return(query->pool, query->reader);
    }
}
#define AUTO_QUERY AUTO(query_end)

static void query_text(struct query *query, int at, const char *text)
{
    if (text) {
        sqlite3_bind_text64(query->statement, at, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8);
    }
}

/* True with a row under the cursor; false at the end, or with *STATUS set. */
static bool query_step(struct query *query, enum mgw_status *status)
{
    int rc = sqlite3_step(query->statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        struct fault fault;
        fault_sqlite(&fault, query->reader->db, rc, "a read");
        *status = fault_answer(query->call, &fault);
    } else if (rc == SQLITE_ROW && query->call->cancelled(query->call)) {
        *status = mgw_fail(query->call, MGW_CANCELLED, "nobody waits for this read any more");
        return false;
    }
    return rc == SQLITE_ROW;
}

static enum mgw_status emit_rows(struct query *query, mgw_row_emit *emit, void *ctx, bool *found)
{
    enum mgw_status status = MGW_OK;
    *found = false;
    while (query_step(query, &status)) {
        struct mgw_row row;
        columns_read_row(query->statement, &row);
        *found = true;
        if (!emit(ctx, &row)) {
            break;
        }
    }
    return status;
}

static enum mgw_status emit_records(struct query *query, mgw_record_emit *emit, void *ctx,
                                    bool *found)
{
    enum mgw_status status = MGW_OK;
    *found = false;
    while (query_step(query, &status)) {
        struct mgw_record record;
        columns_read_record(query->statement, &record);
        *found = true;
        if (!emit(ctx, &record)) {
            break;
        }
    }
    return status;
}

static enum mgw_status not_found(struct mgw_call *call, const char *what, const char *name)
{
    return mgw_fail(call, MGW_NOT_FOUND, "there is no %s %s", what, name);
}

enum mgw_status read_row(struct reader_pool *pool, struct mgw_call *call, const char *id,
                         mgw_row_emit *emit, void *ctx)
{
    AUTO_QUERY struct query query;
    bool found = false;
    enum mgw_status status = query_begin(&query, pool, call, READER_GET);
    if (status == MGW_OK) {
        query_text(&query, 1, id);
        status = emit_rows(&query, emit, ctx, &found);
    }
    return status != MGW_OK || found ? status : not_found(call, "row", id);
}

enum mgw_status read_row_by_blob(struct reader_pool *pool, struct mgw_call *call,
                                 const char *bucket, const char *key, mgw_row_emit *emit, void *ctx)
{
    AUTO_QUERY struct query query;
    bool found = false;
    enum mgw_status status = query_begin(&query, pool, call, READER_GET_BY_BLOB);
    if (status == MGW_OK) {
        query_text(&query, 1, bucket);
        query_text(&query, 2, key);
        status = emit_rows(&query, emit, ctx, &found);
    }
    return status != MGW_OK || found ? status : not_found(call, "row of blob", key);
}

enum mgw_status read_list(struct reader_pool *pool, struct mgw_call *call,
                          const struct mgw_row_query *asked, mgw_row_emit *emit, void *ctx)
{
    static const uint32_t statuses[] = {MGW_ROW_UPLOADING, MGW_ROW_READY, MGW_ROW_DELETED,
                                        MGW_ROW_FAILED};
    const uint32_t all = MGW_ROW_UPLOADING | MGW_ROW_READY | MGW_ROW_DELETED | MGW_ROW_FAILED;
    uint32_t wanted = asked->status ? asked->status & all : all;
    bool cursor = asked->after_created_at != MGW_ABSENT;
    if (!asked->account_id || asked->limit < 1 || asked->limit > 1000 ||
        (cursor && !asked->after_id)) {
        return mgw_fail(call, MGW_INVALID,
                        "a list takes an account, a limit of 1 to 1000, and a whole cursor");
    }
    int count = __builtin_popcount(wanted);
    if (count == 0) {
        return MGW_OK; /* only statuses that no row of ours can have */
    }
    AUTO_QUERY struct query query;
    bool found = false;
    enum mgw_status status =
        query_begin(&query, pool, call, reader_list(count, asked->kind, asked->session_id));
    if (status != MGW_OK) {
        return status;
    }
    query_text(&query, 1, asked->account_id);
    if (asked->kind) {
        query_text(&query, 2, asked->kind);
    }
    if (asked->session_id) {
        query_text(&query, 3, asked->session_id);
    }
    sqlite3_bind_int64(query.statement, 4, cursor ? asked->after_created_at : INT64_MAX);
    query_text(&query, 5, cursor ? asked->after_id : "");
    sqlite3_bind_int64(query.statement, 6, asked->limit);
    for (int i = 0, at = 7; i < 4; i++) {
        if (wanted & statuses[i]) {
            sqlite3_bind_int64(query.statement, at++, statuses[i]);
        }
    }
    return emit_rows(&query, emit, ctx, &found);
}

enum mgw_status read_due(struct reader_pool *pool, struct mgw_call *call, int64_t now,
                         uint32_t limit, mgw_row_emit *emit, void *ctx)
{
    AUTO_QUERY struct query query;
    bool found = false;
    enum mgw_status status = query_begin(&query, pool, call, READER_DUE);
    if (status == MGW_OK) {
        sqlite3_bind_int64(query.statement, 1, now);
        sqlite3_bind_int64(query.statement, 2, limit);
        status = emit_rows(&query, emit, ctx, &found);
    }
    return status;
}

enum mgw_status read_scan(struct reader_pool *pool, struct mgw_call *call, const char *after_id,
                          uint32_t limit, mgw_row_emit *emit, void *ctx)
{
    if (limit < 1 || limit > 1000) {
        return mgw_fail(call, MGW_INVALID, "a scan takes a limit of 1 to 1000");
    }
    AUTO_QUERY struct query query;
    bool found = false;
    enum mgw_status status = query_begin(&query, pool, call, READER_SCAN);
    if (status == MGW_OK) {
        query_text(&query, 1, after_id ? after_id : "");
        sqlite3_bind_int64(query.statement, 2, limit);
        status = emit_rows(&query, emit, ctx, &found);
    }
    return status;
}

enum mgw_status read_known(struct reader_pool *pool, struct mgw_call *call, struct mgw_known *known,
                           size_t count, size_t stride)
{
    AUTO_QUERY struct query query;
    enum mgw_status status = query_begin(&query, pool, call, READER_STATUS);
    for (size_t i = 0; i < count && status == MGW_OK; i++) {
        struct mgw_known *at = (struct mgw_known *)(void *)((char *)known + i * stride);
        query_text(&query, 1, at->bucket);
        query_text(&query, 2, at->key);
        bool found = query_step(&query, &status);
        at->status = found ? (uint32_t)sqlite3_column_int64(query.statement, 0) : 0;
        query_reset(&query);
    }
    return status;
}

enum mgw_status read_record(struct reader_pool *pool, struct mgw_call *call, int64_t now,
                            const char *kind, const char *account, const char *id,
                            mgw_record_emit *emit, void *ctx)
{
    AUTO_QUERY struct query query;
    bool found = false;
    enum mgw_status status = query_begin(&query, pool, call, READER_RECORD);
    if (status == MGW_OK) {
        query_text(&query, 1, kind);
        query_text(&query, 2, account);
        query_text(&query, 3, id);
        sqlite3_bind_int64(query.statement, 4, now);
        status = emit_records(&query, emit, ctx, &found);
    }
    return status != MGW_OK || found ? status : not_found(call, kind, id);
}

enum mgw_status read_records(struct reader_pool *pool, struct mgw_call *call, int64_t now,
                             const char *kind, const char *account, const char *after_account,
                             const char *after_id, uint32_t limit, mgw_record_emit *emit, void *ctx)
{
    if (account && after_account && strcmp(account, after_account) != 0) {
        if (strcmp(account, after_account) < 0) {
            return MGW_OK; /* all of ACCOUNT lies before the cursor */
        }
        after_account = after_id = NULL;
    }
    AUTO_QUERY struct query query;
    bool found = false;
    enum mgw_status status =
        query_begin(&query, pool, call, account ? READER_RECORDS_OF : READER_RECORDS);
    if (status != MGW_OK) {
        return status;
    }
    query_text(&query, 1, kind);
    if (account) {
        query_text(&query, 2, account);
    } else {
        query_text(&query, 3, after_account ? after_account : "");
    }
    query_text(&query, 4, after_account && after_id ? after_id : "");
    sqlite3_bind_int64(query.statement, 5, now);
    sqlite3_bind_int64(query.statement, 6, limit);
    return emit_records(&query, emit, ctx, &found);
}

enum mgw_status read_health(struct reader_pool *pool, struct mgw_call *call)
{
    AUTO_QUERY struct query query;
    enum mgw_status status = query_begin(&query, pool, call, READER_HEALTH);
    if (status == MGW_OK) {
        query_step(&query, &status);
    }
    return status;
}
