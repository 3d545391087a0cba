/* SPDX-License-Identifier: Apache-2.0
 *
 * See session.h. A pooler in between is known by the process id that it made up for the client:
 * it is not the one that the server's own function tells. Behind one nothing may be left in a
 * server's session, which the next transaction may not meet again. */
#include "session.h"

#include "cleanup.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { POLL_MS = 1000, LEAST_VERSION = 120000 };

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

/* The server ends the session with it, whatever it was asked: no statement's own answer. */
static bool is_farewell(const PGresult *result)
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
        if (PQstatus(session->conn) == CONNECTION_BAD || is_farewell(next)) {
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

enum mgw_status session_exchange(struct session *session, const struct limit *limit,
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
        session_clear(results, count);
    }
    return status;
}

enum mgw_status session_verdict(struct session *session, PGresult *const *results, size_t count,
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

enum mgw_status session_ask(struct session *session, const struct limit *limit,
                            const struct query *query, const char *what, PGresult **result,
                            struct fault *fault)
{
    enum mgw_status status = session_exchange(session, limit, query, 1, result, fault);
    if (status == MGW_OK) {
        status = session_verdict(session, result, 1, what, fault);
    }
    if (status != MGW_OK) {
        session_clear(result, 1);
    }
    return status;
}

/* ---- Its life ---- */

/* The server's notices are not for standard error. */
static void receive_notice(void *ctx, const PGresult *notice)
{
    struct session *session = ctx;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    if (is_farewell(notice)) {
        session->broken = true;
    } else if (severity && strcmp(severity, "WARNING") == 0) {
        session->warned = true;
        session->options->host->log(session->options->name, MGW_LOG_WARN, "the database says: %s",
                                    message ? message : "");
    }
}

/* Later ones win: the user's own settings stand above the defaults before them, and nobody's above
 * the encoding. */
static PGconn *connect_start(const struct session_options *options)
{
    char connect_sec[24], user_timeout_ms[24];
    snprintf(connect_sec, sizeof connect_sec, "%lld",
             (long long)(options->connect_ms + 999) / 1000);
    snprintf(user_timeout_ms, sizeof user_timeout_ms, "%lld", (long long)options->statement_ms);
    const char *const keys[] = {
        "connect_timeout",           "keepalives_idle",  "keepalives_interval",
        "keepalives_count",          "tcp_user_timeout", "dbname",
        "fallback_application_name", "client_encoding",  NULL};
    const char *const values[] = {connect_sec,       "30",      "10",   "3", user_timeout_ms,
                                  options->conninfo, "mediagw", "UTF8", NULL};
    return PQconnectStartParams(keys, values, 1);
}

static enum mgw_status connect_wait(struct session *session, const struct limit *limit,
                                    struct fault *fault)
{
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;
    while (want != PGRES_POLLING_OK) {
        enum mgw_status status = limit_check(limit, "a connection to the database", fault);
        if (status != MGW_OK) {
            return status;
        }
        if (want == PGRES_POLLING_FAILED || PQstatus(session->conn) == CONNECTION_BAD) {
            return MGW_UNAVAILABLE;
        }
        struct pollfd fd = {.fd = PQsocket(session->conn),
                            .events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (poll(&fd, 1, limit_nap_ms(limit, POLL_MS)) != 0) {
            want = PQconnectPoll(session->conn);
        }
    }
    return MGW_OK;
}

/* libpq hands out no code when it cannot connect, but verbose errors carry it: "FATAL:  28P01: …".
 */
static enum mgw_status refused(const struct session *session, struct fault *fault)
{
    static const char code[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char sqlstate[6] = "08001";
    for (const char *at = PQerrorMessage(session->conn); (at = strstr(at, ":  ")); at += 3) {
        if (strspn(at + 3, code) == 5 && at[8] == ':') {
            memcpy(sqlstate, at + 3, 5);
        }
    }
    return fault_lost(fault, session->conn, sqlstate, "connecting to the database");
}

static enum mgw_status check_server(struct session *session, const struct limit *limit,
                                    struct fault *fault)
{
    struct query query;
    AUTO_RESULT PGresult *result = NULL;
    query_init(&query, STATEMENT_TEXT);
    query.text = "SELECT pg_backend_pid(),pg_is_in_recovery(),current_setting('server_encoding'),"
                 "current_setting('server_version_num')::int";
    enum mgw_status status =
        session_ask(session, limit, &query, "a look at the database", &result, fault);
    if (status != MGW_OK) {
        return status;
    }
    if (strcmp(PQgetvalue(result, 0, 1), "t") == 0) {
        fault_set(fault, MGW_UNAVAILABLE, "the database is a read-only standby");
        snprintf(fault->code, sizeof fault->code, "25006");
        return fault->status;
    }
    if (strcmp(PQgetvalue(result, 0, 2), "UTF8") != 0) {
        return fault_set(fault, MGW_INVALID,
                         "the database's encoding is %s; make one with ENCODING 'UTF8'",
                         PQgetvalue(result, 0, 2));
    }
    if (atol(PQgetvalue(result, 0, 3)) < LEAST_VERSION) {
        return fault_set(fault, MGW_INVALID, "the server has version %s; 12 or later is needed",
                         PQgetvalue(result, 0, 3));
    }
    session->direct = session->options->prepare == SESSION_PREPARE_AUTO &&
                      atol(PQgetvalue(result, 0, 0)) == PQbackendPID(session->conn);
    return MGW_OK;
}

static enum mgw_status settle(struct session *session, const struct limit *limit,
                              struct fault *fault)
{
    struct query query;
    AUTO_RESULT PGresult *result = NULL;
    if (!session->direct) {
        return MGW_OK;
    }
    query_init(&query, STATEMENT_SESSION);
    query_number(&query, session->options->statement_ms);
    query_number(&query, session->options->statement_ms);
    return session_ask(session, limit, &query, "setting the session up", &result, fault);
}

enum mgw_status session_open(const struct session_options *options, const struct limit *limit,
                             struct session **session, struct fault *fault)
{
    struct session *made = calloc(1, sizeof *made);
    if (!made || !(made->conn = connect_start(options))) {
        free(made);
        return fault_set(fault, MGW_UNAVAILABLE, "out of memory");
    }
    made->options = options;
    PQsetNoticeReceiver(made->conn, receive_notice, made);
    PQsetErrorVerbosity(made->conn, PQERRORS_VERBOSE);
    /* libpq's own connect_timeout is not looked at by its asynchronous functions. */
    struct limit own = limit_new(options->host, limit->call, options->connect_ms);
    own.until_ms = own.until_ms < limit->until_ms ? own.until_ms : limit->until_ms;
    enum mgw_status status = connect_wait(made, &own, fault);
    if (status == MGW_UNAVAILABLE) {
        status = refused(made, fault);
    } else if (status == MGW_TIMEOUT && own.until_ms < limit->until_ms) {
        status = fault_set(fault, MGW_UNAVAILABLE, "the database does not answer within %lld ms",
                           (long long)options->connect_ms);
    }
    PQsetErrorVerbosity(made->conn, PQERRORS_DEFAULT);
    if (status == MGW_OK &&
        (PQsetnonblocking(made->conn, 1) != 0 || PQenterPipelineMode(made->conn) != 1)) {
        status = fault_lost(fault, made->conn, "", "setting the connection up");
    }
    if (status == MGW_OK) {
        status = check_server(made, limit, fault);
    }
    if (status == MGW_OK) {
        status = settle(made, limit, fault);
    }
    if (status != MGW_OK) {
        session_close(made);
        return status;
    }
    *session = made;
    return MGW_OK;
}

void session_close(struct session *session)
{
    if (session) {
        PQfinish(session->conn);
        free(session);
    }
}

bool session_sound(struct session *session)
{
    PGconn *conn = session->conn;
    struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};
    if (session->broken || PQstatus(conn) != CONNECTION_OK ||
        PQtransactionStatus(conn) != PQTRANS_IDLE) {
        return false;
    }
    /* A notice, a changed setting, a farewell or the end: only a look tells. */
    while (poll(&fd, 1, 0) != 0) {
        if (!PQconsumeInput(conn) || (PQisBusy(conn), PQstatus(conn) != CONNECTION_OK)) {
            return false;
        }
    }
    return !session->broken;
}
