/* SPDX-License-Identifier: Apache-2.0
 *
 * See read.h. Behind a pooler the statement timeout goes along in the same implicit transaction:
 * everything up to one Sync is one. */
#include "read.h"

#include "cleanup.h"
#include "columns.h"
#include "exchange.h"

#include <string.h>

enum { KNOWN_AT_ONCE = 100, GRACE_MS = 5000, TRIES = 2 };

static struct limit read_limit(struct pool *pool, struct mgw_call *call)
{
    return limit_new(pool->options->host, call, pool->options->statement_ms + GRACE_MS);
}

/* QUERIES[0] is left free for the settings. Their results, COUNT of them, go to RESULTS. */
static enum mgw_status ask_once(struct pool *pool, const struct limit *limit, struct query *queries,
                                size_t count, PGresult **results, struct fault *fault)
{
    struct session *session;
    enum mgw_status status = pool_borrow(pool, limit, &session, fault);
    if (status != MGW_OK) {
        return status;
    }
    size_t settings = session->direct ? 0 : 1;
    if (settings) {
        query_init(&queries[0], STATEMENT_SETTINGS);
        query_number(&queries[0], pool->options->statement_ms);
        query_number(&queries[0], pool->options->statement_ms);
    }
    AUTO_FREE PGresult **all = calloc(count + 1, sizeof(PGresult *));
    if (!all) {
        pool_return(pool, session);
        return fault_set(fault, MGW_UNAVAILABLE, "out of memory");
    }
    status = exchange_run(session, limit, queries + 1 - settings, count + settings, all, fault);
    if (status == MGW_OK) {
        status = exchange_verdict(session, all, count + settings, "a read", fault);
    } else if (status == MGW_UNAVAILABLE) {
        fault->again = true;
    }
    if (status == MGW_OK) {
        memcpy(results, all + settings, count * sizeof(PGresult *));
        exchange_clear(all, settings);
    } else {
        exchange_clear(all, count + settings);
    }
    pool_return(pool, session);
    return status;
}

static enum mgw_status ask_many(struct pool *pool, struct mgw_call *call, struct query *queries,
                                size_t count, PGresult **results)
{
    struct limit limit = read_limit(pool, call);
    struct fault fault = {0};
    enum mgw_status status = MGW_OK;
    for (int i = 0; i < TRIES; i++) {
        fault = (struct fault){0};
        status = ask_once(pool, &limit, queries, count, results, &fault);
        if (!fault.again) {
            break;
        }
    }
    return status == MGW_OK ? status : fault_answer(call, &fault);
}

/* The query in QUERIES[1]. */
static enum mgw_status ask(struct pool *pool, struct mgw_call *call, struct query queries[2],
                           PGresult **result)
{
    *result = NULL;
    return ask_many(pool, call, queries, 1, result);
}

static void emit_rows(const PGresult *result, mgw_row_emit *emit, void *ctx)
{
    for (int i = 0; i < PQntuples(result); i++) {
        struct mgw_row row;
        columns_read_row(result, i, &row);
        if (!emit(ctx, &row)) {
            return;
        }
    }
}

static void emit_records(const PGresult *result, mgw_record_emit *emit, void *ctx)
{
    for (int i = 0; i < PQntuples(result); i++) {
        struct mgw_record record;
        columns_read_record(result, i, &record);
        if (!emit(ctx, &record)) {
            return;
        }
    }
}

static enum mgw_status ask_rows(struct pool *pool, struct mgw_call *call, struct query queries[2],
                                mgw_row_emit *emit, void *ctx, bool *found)
{
    AUTO_RESULT PGresult *result = NULL;
    enum mgw_status status = ask(pool, call, queries, &result);
    *found = status == MGW_OK && PQntuples(result) > 0;
    if (status == MGW_OK) {
        emit_rows(result, emit, ctx);
    }
    return status;
}

static enum mgw_status not_found(struct mgw_call *call, const char *what, const char *name)
{
    return mgw_fail(call, MGW_NOT_FOUND, "there is no %s %s", what, name);
}

enum mgw_status read_row(struct pool *pool, struct mgw_call *call, const char *id,
                         mgw_row_emit *emit, void *ctx)
{
    struct query queries[2];
    bool found;
    query_init(&queries[1], STATEMENT_GET);
    query_text(&queries[1], id);
    enum mgw_status status = ask_rows(pool, call, queries, emit, ctx, &found);
    return status != MGW_OK || found ? status : not_found(call, "row", id);
}

enum mgw_status read_row_by_blob(struct pool *pool, struct mgw_call *call, const char *bucket,
                                 const char *key, mgw_row_emit *emit, void *ctx)
{
    struct query queries[2];
    bool found;
    query_init(&queries[1], STATEMENT_GET_BY_BLOB);
    query_text(&queries[1], bucket);
    query_text(&queries[1], key);
    enum mgw_status status = ask_rows(pool, call, queries, emit, ctx, &found);
    return status != MGW_OK || found ? status : not_found(call, "row of blob", key);
}

static void list_query(const struct mgw_row_query *asked, uint32_t wanted, struct query *query)
{
    static const uint32_t statuses[] = {MGW_ROW_UPLOADING, MGW_ROW_READY, MGW_ROW_DELETED,
                                        MGW_ROW_FAILED};
    bool cursor = asked->after_created_at != MGW_ABSENT;
    query_init(query, statement_list(__builtin_popcount(wanted), asked->kind, asked->session_id));
    query_text(query, asked->account_id);
    query_number(query, cursor ? asked->after_created_at : INT64_MAX);
    query_text(query, cursor ? asked->after_id : "");
    query_number(query, asked->limit);
    for (int i = 0; i < 4; i++) {
        if (wanted & statuses[i]) {
            query_number(query, statuses[i]);
        }
    }
    if (asked->kind) {
        query_text(query, asked->kind);
    }
    if (asked->session_id) {
        query_text(query, asked->session_id);
    }
}

enum mgw_status read_list(struct pool *pool, struct mgw_call *call,
                          const struct mgw_row_query *asked, mgw_row_emit *emit, void *ctx)
{
    const uint32_t all = MGW_ROW_UPLOADING | MGW_ROW_READY | MGW_ROW_DELETED | MGW_ROW_FAILED;
    uint32_t wanted = asked->status ? asked->status & all : all;
    if (!asked->account_id || asked->limit < 1 || asked->limit > 1000 ||
        (asked->after_created_at != MGW_ABSENT && !asked->after_id)) {
        return mgw_fail(call, MGW_INVALID,
                        "a list takes an account, a limit of 1 to 1000, and a whole cursor");
    }
    if (wanted == 0) {
        return MGW_OK; /* only statuses that no row of ours can have */
    }
    struct query queries[2];
    bool found;
    list_query(asked, wanted, &queries[1]);
    return ask_rows(pool, call, queries, emit, ctx, &found);
}

enum mgw_status read_due(struct pool *pool, struct mgw_call *call, uint32_t limit,
                         mgw_row_emit *emit, void *ctx)
{
    struct query queries[2];
    bool found;
    query_init(&queries[1], STATEMENT_DUE);
    query_number(&queries[1], limit);
    return ask_rows(pool, call, queries, emit, ctx, &found);
}

enum mgw_status read_scan(struct pool *pool, struct mgw_call *call, const char *after_id,
                          uint32_t limit, mgw_row_emit *emit, void *ctx)
{
    if (limit < 1 || limit > 1000) {
        return mgw_fail(call, MGW_INVALID, "a scan takes a limit of 1 to 1000");
    }
    struct query queries[2];
    bool found;
    query_init(&queries[1], STATEMENT_SCAN);
    query_text(&queries[1], after_id ? after_id : "");
    query_number(&queries[1], limit);
    return ask_rows(pool, call, queries, emit, ctx, &found);
}

static struct mgw_known *known_at(struct mgw_known *known, size_t stride, size_t i)
{
    return (struct mgw_known *)(void *)((char *)known + i * stride);
}

enum mgw_status read_known(struct pool *pool, struct mgw_call *call, struct mgw_known *known,
                           size_t count, size_t stride)
{
    AUTO_FREE struct query *queries = calloc(KNOWN_AT_ONCE + 1, sizeof *queries);
    if (!queries) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    for (size_t done = 0; done < count;) {
        size_t step = count - done < KNOWN_AT_ONCE ? count - done : KNOWN_AT_ONCE;
        PGresult *results[KNOWN_AT_ONCE] = {0};
        for (size_t i = 0; i < step; i++) {
            const struct mgw_known *at = known_at(known, stride, done + i);
            query_init(&queries[i + 1], STATEMENT_STATUS);
            query_text(&queries[i + 1], at->bucket);
            query_text(&queries[i + 1], at->key);
        }
        enum mgw_status status = ask_many(pool, call, queries, step, results);
        if (status != MGW_OK) {
            return status;
        }
        for (size_t i = 0; i < step; i++) {
            bool there = PQntuples(results[i]) > 0;
            known_at(known, stride, done + i)->status =
                there ? (uint32_t)columns_number(results[i], 0, 0) : 0;
        }
        exchange_clear(results, step);
        done += step;
    }
    return MGW_OK;
}

enum mgw_status read_record(struct pool *pool, struct mgw_call *call, const char *kind,
                            const char *account, const char *id, mgw_record_emit *emit, void *ctx)
{
    struct query queries[2];
    AUTO_RESULT PGresult *result = NULL;
    query_init(&queries[1], STATEMENT_RECORD);
    query_text(&queries[1], kind);
    query_text(&queries[1], account);
    query_text(&queries[1], id);
    enum mgw_status status = ask(pool, call, queries, &result);
    if (status == MGW_OK && PQntuples(result) == 0) {
        return not_found(call, kind, id);
    }
    if (status == MGW_OK) {
        emit_records(result, emit, ctx);
    }
    return status;
}

enum mgw_status read_records(struct pool *pool, struct mgw_call *call, const char *kind,
                             const char *account, const char *after_account, const char *after_id,
                             uint32_t limit, mgw_record_emit *emit, void *ctx)
{
    if (account && after_account && strcmp(account, after_account) != 0) {
        if (strcmp(account, after_account) < 0) {
            return MGW_OK; /* all of ACCOUNT lies before the cursor */
        }
        after_account = after_id = NULL;
    }
    struct query queries[2];
    AUTO_RESULT PGresult *result = NULL;
    query_init(&queries[1], account ? STATEMENT_RECORDS_OF : STATEMENT_RECORDS);
    query_text(&queries[1], kind);
    query_text(&queries[1], account ? account : after_account ? after_account : "");
    query_text(&queries[1], after_account && after_id ? after_id : "");
    query_number(&queries[1], limit);
    enum mgw_status status = ask(pool, call, queries, &result);
    if (status == MGW_OK) {
        emit_records(result, emit, ctx);
    }
    return status;
}

enum mgw_status read_now(struct pool *pool, struct mgw_call *call, int64_t *now_ms)
{
    struct query queries[2];
    AUTO_RESULT PGresult *result = NULL;
    query_init(&queries[1], STATEMENT_NOW);
    enum mgw_status status = ask(pool, call, queries, &result);
    if (status == MGW_OK) {
        *now_ms = columns_number(result, 0, 0);
    }
    return status;
}

enum mgw_status read_health(struct pool *pool, struct mgw_call *call)
{
    struct query queries[2];
    AUTO_RESULT PGresult *result = NULL;
    query_init(&queries[1], STATEMENT_PING);
    return ask(pool, call, queries, &result);
}

enum mgw_status read_expire(struct pool *pool, struct mgw_call *call, uint32_t limit, bool *more)
{
    struct query queries[2];
    AUTO_RESULT PGresult *result = NULL;
    query_init(&queries[1], STATEMENT_EXPIRE);
    query_number(&queries[1], limit);
    enum mgw_status status = ask(pool, call, queries, &result);
    *more = status == MGW_OK && strtoul(PQcmdTuples(result), NULL, 10) == limit;
    return status;
}
