/* SPDX-License-Identifier: Apache-2.0
 *
 * See fault.h. */
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { RETRY_AFTER_MS = 1000 };

enum mgw_status fault_set(struct fault *fault, enum mgw_status status, const char *format, ...)
{
    *fault = (struct fault){.status = status};
    va_list args;
    va_start(args, format);
    vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
    return status;
}

/* The longest prefix that fits wins: they are in that order. None of them is MGW_NOT_FOUND, which
 * would say something about a row. */
static enum mgw_status status_of(const char *sqlstate)
{
    static const struct {
        const char *prefix;
        enum mgw_status status;
    } known[] = {
        {"25006", MGW_UNAVAILABLE}, /* read_only_sql_transaction: a standby */
        {"25P03", MGW_UNAVAILABLE}, /* idle_in_transaction_session_timeout */
        {"3D000", MGW_UNAVAILABLE}, /* the database is not there */
        {"40", MGW_UNAVAILABLE},    /* serialization failure, deadlock */
        {"53100", MGW_NO_SPACE},    /* disk_full */
        {"53", MGW_UNAVAILABLE},    /* too many connections, out of memory */
        {"54", MGW_TOO_LARGE},      /* program limits: an index entry of several KiB */
        {"55P03", MGW_UNAVAILABLE}, /* lock_not_available */
        {"57014", MGW_TIMEOUT},     /* query_canceled: the statement timeout */
        {"57", MGW_UNAVAILABLE},    /* starting up, shutting down, crashed */
        {"08", MGW_UNAVAILABLE},    /* the connection */
        {"22", MGW_INVALID},        /* text that is no UTF-8, a number out of range */
        {"23505", MGW_EXISTS},      /* unique_violation */
        {"23", MGW_INVALID},        /* what the tables' constraints refuse */
        {"28", MGW_DENIED},         /* who are you */
        {"42501", MGW_DENIED},      /* insufficient_privilege */
        {"XX001", MGW_CORRUPT},     /* data_corrupted */
        {"XX002", MGW_CORRUPT},     /* index_corrupted */
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strncmp(sqlstate, known[i].prefix, strlen(known[i].prefix)) == 0) {
            return known[i].status;
        }
    }
    return MGW_IO;
}

/* One line: libpq's own have several. */
static void set_line(struct fault *fault, const char *what, const char *message)
{
    size_t length = strcspn(message, "\n");
    fault_set(fault, fault->status, "%s failed: %.*s", what, (int)length, message);
    for (char *at = fault->text; *at; at++) {
        *at = (unsigned char)*at < ' ' ? ' ' : *at;
    }
}

static enum mgw_status set_code(struct fault *fault, enum mgw_status status, const char *sqlstate)
{
    fault->status = status;
    fault->again = strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0;
    fault->retry_after_ms = status == MGW_UNAVAILABLE ? RETRY_AFTER_MS : 0;
    snprintf(fault->code, sizeof fault->code, "%s", sqlstate);
    return status;
}

enum mgw_status fault_result(struct fault *fault, const PGresult *result, const char *what)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    set_line(fault, what, message ? message : PQresultErrorMessage(result));
    return set_code(fault, status_of(sqlstate ? sqlstate : ""), sqlstate ? sqlstate : "");
}

enum mgw_status fault_lost(struct fault *fault, const PGconn *conn, const char *sqlstate,
                           const char *what)
{
    const char *message = conn ? PQerrorMessage(conn) : "";
    set_line(fault, what, *message ? message : "the connection is lost");
    enum mgw_status status = *sqlstate ? status_of(sqlstate) : MGW_UNAVAILABLE;
    return set_code(fault, status == MGW_DENIED ? status : MGW_UNAVAILABLE,
                    *sqlstate ? sqlstate : "08006");
}

enum mgw_status fault_answer(struct mgw_call *call, const struct fault *fault)
{
    struct mgw_error *error = call->error;
    if (error && fault->status != MGW_OK) {
        error->retry_after_ms = fault->retry_after_ms;
        snprintf(error->foreign_code, sizeof error->foreign_code, "%s", fault->code);
        mgw_fail(call, fault->status, "%s", fault->text);
    }
    return fault->status;
}
