/* SPDX-License-Identifier: Apache-2.0
 *
 * See transaction.h. */
#include "transaction.h"

#include "change.h"
#include "cleanup.h"
#include "exchange.h"

#include <string.h>

enum { BEFORE = 2 }; /* BEGIN, SETTINGS */

/* The queries of all changes in a row, and how many each has. */
struct script {
    struct query *queries;
    PGresult **results;
    size_t count, *of_change;
};

static void script_release(struct script *script)
{
    exchange_clear(script->results, script->count);
    free(script->queries);
    free(script->results);
    free(script->of_change);
}
#define AUTO_SCRIPT AUTO(script_release)

void transaction_fail(struct request *request, const struct fault *fault)
{
    request->fault = *fault;
    memset(request->results, 0, request->count * sizeof *request->results);
    for (size_t i = 0; i < request->count; i++) {
        request->results[i].status = (uint32_t)fault->status;
    }
}

/* The answer to change I of REQUEST; the request's is the first that is not MGW_OK. */
static void answer_change(struct request *request, size_t i, const struct fault *fault)
{
    request->results[i].status = (uint32_t)fault->status;
    if (fault->status != MGW_OK && request->fault.status == MGW_OK) {
        request->fault = *fault;
    }
}

static bool script_new(struct script *script, const struct request *requests)
{
    size_t changes = 0;
    for (const struct request *at = requests; at; at = at->next) {
        changes += at->count;
    }
    size_t most = BEFORE + changes * CHANGE_QUERIES;
    *script = (struct script){
        .queries = malloc(most * sizeof *script->queries),
        .results = calloc(most, sizeof(PGresult *)),
        .of_change = calloc(changes + 1, sizeof *script->of_change),
    };
    return script->queries && script->results && script->of_change;
}

/* A change that is MGW_INVALID has its answer at once, and no query. */
static void script_fill(struct script *script, struct request *requests, int64_t statement_ms,
                        int64_t lock_ms)
{
    query_init(&script->queries[0], STATEMENT_BEGIN);
    query_init(&script->queries[1], STATEMENT_SETTINGS);
    query_number(&script->queries[1], statement_ms);
    query_number(&script->queries[1], lock_ms);
    script->count = BEFORE;
    size_t *of_change = script->of_change;
    for (struct request *at = requests; at; at = at->next) {
        at->fault = (struct fault){0};
        memset(at->results, 0, at->count * sizeof *at->results);
        for (size_t i = 0; i < at->count; i++, of_change++) {
            struct fault fault = {0};
            if (change_queries(&at->changes[i], script->queries + script->count, of_change,
                               &fault) != MGW_OK) {
                answer_change(at, i, &fault);
            }
            script->count += *of_change;
        }
    }
}

/* True where something was changed that shall stay. */
static bool judge(const struct script *script, struct request *requests)
{
    PGresult *const *results = script->results + BEFORE;
    const size_t *of_change = script->of_change;
    bool keep = false;
    for (struct request *at = requests; at; at = at->next) {
        for (size_t i = 0; i < at->count; i++, of_change++) {
            struct fault fault = {0};
            if (*of_change > 0) {
                change_judge(&at->changes[i], results, *of_change, &at->results[i], &fault);
                answer_change(at, i, &fault);
            }
            results += *of_change;
        }
        keep = keep || at->fault.status == MGW_OK;
    }
    return keep;
}

/* What a commit's answer is worth: a warning is the word that a standby may not have it, and
 * "ROLLBACK" is no commit. */
static enum mgw_status judge_commit(struct session *session, PGresult *result, struct fault *fault)
{
    enum mgw_status status = exchange_verdict(session, &result, 1, "the commit", fault);
    if (status == MGW_OK && session->warned) {
        return fault_set(fault, MGW_UNKNOWN_OUTCOME,
                         "the commit was made, but the database warns of its standby");
    }
    if (status == MGW_OK && strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        return fault_set(fault, MGW_UNAVAILABLE, "the transaction was rolled back");
    }
    return status == MGW_TIMEOUT ? fault->status = MGW_UNAVAILABLE : status;
}

static enum mgw_status commit(struct session *session, const struct limit *limit,
                              struct fault *fault)
{
    struct query query;
    PGresult *result = NULL;
    query_init(&query, STATEMENT_COMMIT);
    session->warned = false;
    enum mgw_status status = exchange_run(session, limit, &query, 1, &result, fault);
    if (status == MGW_OK) {
        status = judge_commit(session, result, fault);
        PQclear(result);
    } else if (status != MGW_TIMEOUT && status != MGW_CANCELLED) {
        struct fault before = *fault;
        status =
            fault_set(fault, MGW_UNKNOWN_OUTCOME, "no answer to the commit: %.300s", before.text);
        memcpy(fault->code, before.code, sizeof fault->code);
    }
    return status;
}

/* Nothing hangs on its answer: a session that does not give it is closed. */
static void roll_back(struct session *session, const struct limit *limit)
{
    struct query query;
    struct fault fault;
    AUTO_RESULT PGresult *result = NULL;
    query_init(&query, STATEMENT_ROLLBACK);
    if (!session->broken) {
        exchange_ask(session, limit, &query, "the rollback", &result, &fault);
    }
}

enum mgw_status transaction_run(struct session *session, const struct limit *limit, int64_t lock_ms,
                                struct request *requests, struct fault *fault)
{
    AUTO_SCRIPT struct script script;
    if (!script_new(&script, requests)) {
        return fault_set(fault, MGW_UNAVAILABLE, "out of memory");
    }
    int64_t left_ms = limit_left_ms(limit), statement_ms = session->options->statement_ms;
    statement_ms = left_ms < statement_ms ? left_ms : statement_ms;
    script_fill(&script, requests, statement_ms, lock_ms < statement_ms ? lock_ms : statement_ms);
    if (script.count == BEFORE) {
        return MGW_OK; /* all of them were invalid */
    }
    enum mgw_status status =
        exchange_run(session, limit, script.queries, script.count, script.results, fault);
    if (status == MGW_OK) {
        status = exchange_verdict(session, script.results, script.count, "a change", fault);
        fault->undone = status != MGW_OK;
    }
    if (status != MGW_OK) {
        roll_back(session, limit);
        return status;
    }
    if (!judge(&script, requests)) {
        roll_back(session, limit);
        return MGW_OK;
    }
    return commit(session, limit, fault);
}
