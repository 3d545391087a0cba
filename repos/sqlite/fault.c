/* SPDX-License-Identifier: Apache-2.0
 *
 * See fault.h. */
#include "fault.h"

#include <errno.h>
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

static enum mgw_status status_of_errno(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
        return MGW_DENIED;
    case ENOSPC:
    case EFBIG:
        return MGW_NO_SPACE;
    case EDQUOT:
        return MGW_QUOTA;
    case ENOENT:
    case ENOTDIR:
        return MGW_NOT_FOUND;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return MGW_UNAVAILABLE;
    default:
        return MGW_IO;
    }
}

struct named {
    int rc;
    const char *name;
    enum mgw_status status;
};

static const struct named *name_of(int rc)
{
    static const struct named names[] = {
        {SQLITE_FULL, "SQLITE_FULL", MGW_NO_SPACE},
        {SQLITE_BUSY, "SQLITE_BUSY", MGW_UNAVAILABLE},
        {SQLITE_LOCKED, "SQLITE_LOCKED", MGW_UNAVAILABLE},
        {SQLITE_NOMEM, "SQLITE_NOMEM", MGW_UNAVAILABLE},
        {SQLITE_INTERRUPT, "SQLITE_INTERRUPT", MGW_CANCELLED},
        {SQLITE_CORRUPT, "SQLITE_CORRUPT", MGW_CORRUPT},
        {SQLITE_NOTADB, "SQLITE_NOTADB", MGW_CORRUPT},
        {SQLITE_READONLY, "SQLITE_READONLY", MGW_DENIED},
        {SQLITE_PERM, "SQLITE_PERM", MGW_DENIED},
        {SQLITE_AUTH, "SQLITE_AUTH", MGW_DENIED},
        {SQLITE_TOOBIG, "SQLITE_TOOBIG", MGW_TOO_LARGE},
        {SQLITE_CONSTRAINT, "SQLITE_CONSTRAINT", MGW_INVALID},
        {SQLITE_IOERR, "SQLITE_IOERR", MGW_IO},
        {SQLITE_CANTOPEN, "SQLITE_CANTOPEN", MGW_IO},
        {0, "SQLITE_ERROR", MGW_IO},
    };
    const struct named *at = names;
    while (at->rc && at->rc != (rc & 0xff)) {
        at++;
    }
    return at;
}

/* The errno behind an I/O error. A commit's is not kept by SQLite: then the thread's own, which the
 * roll-back after it does not touch, where that is one of a full disk. */
static int errno_of(sqlite3 *db, int rc)
{
    int last = errno;
    if (rc == SQLITE_CANTOPEN && db) {
        return sqlite3_system_errno(db);
    }
    return rc == SQLITE_IOERR && (last == ENOSPC || last == EFBIG || last == EDQUOT) ? last : 0;
}

enum mgw_status fault_sqlite(struct fault *fault, sqlite3 *db, int rc, const char *what)
{
    const struct named *name = name_of(rc);
    int error = errno_of(db, name->rc);
    enum mgw_status status = name->status;
    if (status == MGW_IO && error != 0) {
        status = status_of_errno(error);
        /* Of what is open already, a missing file is no answer about rows. */
        status = status == MGW_NOT_FOUND ? MGW_UNAVAILABLE : status;
    }
    char message[256]; /* errmsg lives in DB, and TEXT may be printed after its next use */
    snprintf(message, sizeof message, "%s", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
    fault_set(fault, status, "%s failed: %s%s%s", what, message, error ? ": " : "",
              error ? strerror(error) : "");
    snprintf(fault->code, sizeof fault->code, rc & ~0xff ? "%s(%d)" : "%s", name->name, rc >> 8);
    fault->retry_after_ms = status == MGW_UNAVAILABLE ? RETRY_AFTER_MS : 0;
    return status;
}

enum mgw_status fault_errno(struct fault *fault, int error, const char *what, const char *path)
{
    fault_set(fault, status_of_errno(error), "cannot %s %s: %s", what, path, strerror(error));
    snprintf(fault->code, sizeof fault->code, "errno %d", error);
    return fault->status;
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
