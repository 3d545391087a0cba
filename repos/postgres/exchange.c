/* SPDX-License-Identifier: Apache-2.0
 *
 * See exchange.h. */
#include "exchange.h"

#include "cleanup.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { POLL_MS = 1000 };

/* ---- Waiting ---- */

static bool nap(PGconn *conn, bool writes, const struct limit *limit)
{
    struct pollfd fd = {.fd = PQsocket(conn), .events = (short)(POLLIN | (writes ? POLLOUT : 0))};
    int ready = poll(&fd, 1, limit_nap_ms(limit, POLL_MS));
    return ready > 0 || (ready < 0 && errno != EINTR);
}

static enum mgw_status lost(struct session *session, const PGresult *result, const char *what,
                            struct fault *fault)
{
    const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    session->broken = true;
    return fault_lost(fault, session->conn, sqlstate ? sqlstate : "", what);
}

/* Until the next result is there, and all was sent that the server may wait for. */
static enum mgw_status wait_result(struct session *session, const struct limit *limit,
                                   struct fault *fault)
{
    PGconn *conn = session->conn;
    for (;;) {
        int unsent = PQflush(conn);
        if (unsent == 0 && !PQisBusy(conn)) {
            return MGW_OK;
        }
        enum mgw_status status = limit_check(limit, "the database", fault);
        if (status != MGW_OK) {
            session->broken = true;
            return status;
        }
        if (unsent < 0 || (nap(conn, unsent > 0, limit) && !PQconsumeInput(conn))) {
            return lost(session, NULL, "talking to the database", fault);
        }
    }
}

/* ---- Sending ---- */

/* The name under which a session has the query's statement; false: it is not to be prepared. */
static bool statement_name(const struct session *session, const struct query *query, char *name,
                           size_t size, bool *known)
{
    *known = false;
    if (!session->direct || query->statement <= STATEMENT_ROLLBACK) {
        return false;
    }
    if (query->statement != STATEMENT_UPDATE) {
        *known = session->prepared[query->statement];
        snprintf(name, size, "mgw_%d", (int)query->statement);
        return true;
    }
    for (int i = 0; i < session->update_count && !*known; i++) {
        *known = session->updates[i] == query->set;
    }
    snprintf(name, size, "mgw_set_%x", (unsigned)query->set);
    return *known || session->update_count < SESSION_UPDATES;
}

static void remember(struct session *session, const struct query *query)
{
    if (query->statement == STATEMENT_UPDATE) {
        session->updates[session->update_count++] = query->set;
    } else {
        session->prepared[query->statement] = true;
    }
}

/* *PREPARES: the server was asked to prepare it first, and answers that too. */
static bool send_query(struct session *session, const struct query *query, bool *prepares)
{
    const struct statements *statements = session->options->statements;
    char name[32];
    bool known, named = statement_name(session, query, name, sizeof name, &known);
    *prepares = false;
    if (!known) {
        AUTO_FREE char *made =
            query->statement == STATEMENT_UPDATE ? statements_update(statements, query->set) : NULL;
        const char *text = query->statement == STATEMENT_TEXT ? query->text
                           : query->statement == STATEMENT_UPDATE
                               ? made
                               : statements->texts[query->statement];
        if (!text) {
            return false;
        }
        if (!named) {
            return PQsendQueryParams(session->conn, text, query->count, NULL, query->values, NULL,
                                     NULL, 0) == 1;
        }
        if (!PQsendPrepare(session->conn, name, text, 0, NULL)) {
            return false;
        }
        *prepares = true;
        remember(session, query);
    }
    return PQsendQueryPrepared(session->conn, name, query->count, query->values, NULL, NULL, 0) ==
           1;
}

/* ---- Receiving ---- */

bool exchange_is_farewell(const PGresult *result)
{
    const char *severity =
        result ? PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED) : NULL;
    return severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

/* One statement's result; what follows it up to its end is dropped. */
static enum mgw_status take_result(struct session *session, const struct limit *limit,
                                   PGresult **result, struct fault *fault)
{
    *result = NULL;
    for (;;) {
        enum mgw_status status = wait_result(session, limit, fault);
        if (status != MGW_OK) {
            return status;
        }
        PGresult *next = PQgetResult(session->conn);
        if (PQstatus(session->conn) == CONNECTION_BAD || exchange_is_farewell(next)) {
            status = lost(session, next, "talking to the database", fault);
            PQclear(next);
            return status;
        }
        if (!next) {
            if (*result) {
                return MGW_OK;
            }
            continue;
        }
        if (*result) {
            PQclear(next);
        } else {
            *result = next;
            if (PQresultStatus(next) == PGRES_PIPELINE_SYNC) {
                return MGW_OK;
            }
        }
    }
}

/* A statement that the server could not prepare shows its own error, not that of the query. */
static enum mgw_status take_answer(struct session *session, const struct limit *limit,
                                   const struct query *query, bool prepares, PGresult **result,
                                   struct fault *fault)
{
    AUTO_RESULT PGresult *prepared = NULL;
    enum mgw_status status = MGW_OK;
    if (prepares) {
        status = take_result(session, limit, &prepared, fault);
        if (status == MGW_OK && PQresultStatus(prepared) != PGRES_COMMAND_OK) {
            if (query->statement == STATEMENT_UPDATE) {
                session->update_count = 0; /* which of them are there is not worth knowing */
                session->broken = true;
            } else {
                session->prepared[query->statement] = false;
            }
        }
    }
    if (status == MGW_OK) {
        status = take_result(session, limit, result, fault);
    }
    if (status == MGW_OK && prepared && PQresultStatus(prepared) == PGRES_FATAL_ERROR) {
        PQclear(*result);
        *result = TAKE(prepared);
    }
    return status;
}

enum mgw_status exchange_run(struct session *session, const struct limit *limit,
                             const struct query *queries, size_t count, PGresult **results,
                             struct fault *fault)
{
    AUTO_FREE bool *prepares = calloc(count, sizeof *prepares);
    memset(results, 0, count * sizeof(PGresult *));
    if (!prepares) {
        return fault_set(fault, MGW_UNAVAILABLE, "out of memory");
    }
    bool sent = true;
    for (size_t i = 0; i < count && sent; i++) {
        sent = send_query(session, &queries[i], &prepares[i]);
    }
    if (!sent || !PQpipelineSync(session->conn)) {
        return lost(session, NULL, "sending to the database", fault);
    }
    enum mgw_status status = MGW_OK;
    for (size_t i = 0; i < count && status == MGW_OK; i++) {
        status = take_answer(session, limit, &queries[i], prepares[i], &results[i], fault);
    }
    AUTO_RESULT PGresult *sync = NULL;
    if (status == MGW_OK) {
        status = take_result(session, limit, &sync, fault);
    }
    if (status == MGW_OK && PQresultStatus(sync) != PGRES_PIPELINE_SYNC) {
        session->broken = true;
        status = fault_set(fault, MGW_IO, "the database answered out of turn");
    }
    if (status != MGW_OK) {
        exchange_clear(results, count);
    }
    return status;
}

enum mgw_status exchange_verdict(struct session *session, PGresult *const *results, size_t count,
                                 const char *what, struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        ExecStatusType is = PQresultStatus(results[i]);
        if (is == PGRES_TUPLES_OK || is == PGRES_COMMAND_OK) {
            continue;
        }
        fault_result(fault, results[i], what);
        /* Somebody in between has swapped the server's session under us. */
        if (strcmp(fault->code, "26000") == 0 || strcmp(fault->code, "42P05") == 0) {
            session->direct = false;
            fault->again = true;
        }
        return fault->status;
    }
    return MGW_OK;
}

enum mgw_status exchange_ask(struct session *session, const struct limit *limit,
                             const struct query *query, const char *what, PGresult **result,
                             struct fault *fault)
{
    enum mgw_status status = exchange_run(session, limit, query, 1, result, fault);
    if (status == MGW_OK) {
        status = exchange_verdict(session, result, 1, what, fault);
    }
    if (status != MGW_OK) {
        exchange_clear(result, 1);
    }
    return status;
}
