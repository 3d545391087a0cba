/* SPDX-License-Identifier: Apache-2.0
 *
 * Why something failed, apart from any call: the writer thread fails requests whose callers may be
 * gone. One thread at a time. */
#ifndef SQLITE_FAULT_H
#define SQLITE_FAULT_H

#include <mediagw/plugin.h>
#include <sqlite3.h>

struct fault {
    enum mgw_status status;
    int64_t retry_after_ms;
    char code[40];
    char text[400];
};

MGW_PRINTF(3, 4)
enum mgw_status fault_set(struct fault *fault, enum mgw_status status, const char *format, ...);
/* SQLite's answer RC on DB (may be NULL) in WHAT ("the commit"). Full, busy, corrupt, read-only and
 * the like each have their status; whatever is not named is MGW_IO. */
enum mgw_status fault_sqlite(struct fault *fault, sqlite3 *db, int rc, const char *what);
/* The errno ERROR of doing WHAT on PATH. */
enum mgw_status fault_errno(struct fault *fault, int error, const char *what, const char *path);
/* Hands it on to the call. */
enum mgw_status fault_answer(struct mgw_call *call, const struct fault *fault);

#endif
