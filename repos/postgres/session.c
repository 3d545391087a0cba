/* SPDX-License-Identifier: Apache-2.0
 *
 * See session.h. A pooler in between is known by the process id that it made up for the client:
 * it is not the one that the server's own function tells. Behind one nothing may be left in a
 * server's session, which the next transaction may not meet again. */
#include "session.h"

#include "exchange.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 1000, LEAST_VERSION = 120000 };

/* The server's notices are not for standard error. */
static void receive_notice(void *ctx, const PGresult *notice)
{
    struct session *session = ctx;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    if (exchange_is_farewell(notice)) {
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
        exchange_ask(session, limit, &query, "a look at the database", &result, fault);
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
    return exchange_ask(session, limit, &query, "setting the session up", &result, fault);
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
