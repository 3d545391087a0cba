/* SPDX-License-Identifier: Apache-2.0
 *
 * Why something failed, apart from any call: the writing thread fails requests whose callers may be
 * gone. No text of libpq about the connection string goes in here. One thread at a time. */
#ifndef POSTGRES_FAULT_H
#define POSTGRES_FAULT_H

#include <libpq-fe.h>
#include <mediagw/plugin.h>

struct fault {
    enum mgw_status status;
    int64_t retry_after_ms;
    bool undone; /* the server refused a statement, and nothing of the transaction is left */
    bool again;  /* a deadlock or a failed serialization: the same may succeed at once */
    char code[8];
    char text[400];
};

MGW_PRINTF(3, 4)
enum mgw_status fault_set(struct fault *fault, enum mgw_status status, const char *format, ...);
/* The server's error RESULT in WHAT ("a read"), by its SQLSTATE (PostgreSQL, appendix A). */
enum mgw_status fault_result(struct fault *fault, const PGresult *result, const char *what);
/* The connection is lost, or was never made; SQLSTATE "" where the server said nothing. */
enum mgw_status fault_lost(struct fault *fault, const PGconn *conn, const char *sqlstate,
                           const char *what);
/* Hands it on to the call. */
enum mgw_status fault_answer(struct mgw_call *call, const struct fault *fault);

#endif
