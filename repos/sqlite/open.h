/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections to the database, with the settings that every one of them needs. A connection is used
 * by one thread at a time. */
#ifndef SQLITE_OPEN_H
#define SQLITE_OPEN_H

#include "fault.h"

struct open_options {
    const char *path;
    int busy_ms; /* how long to wait for another process */
    int cache_kib;
};

/* A connection that may write. The file must exist; it is ours, or empty (*EMPTY), else refused
 * without a change to it. Not in WAL mode yet. */
enum mgw_status open_writer(const struct open_options *options, sqlite3 **db, bool *empty,
                            struct fault *fault);
/* A connection that only reads. */
enum mgw_status open_reader(const struct open_options *options, sqlite3 **db, struct fault *fault);
/* Sets WAL and synchronous=FULL, and checks that they hold. */
enum mgw_status open_set_journal(sqlite3 *db, struct fault *fault);

/* Runs SQL that answers nothing. */
enum mgw_status open_exec(sqlite3 *db, const char *sql, struct fault *fault);
/* The integer that SQL answers. */
enum mgw_status open_number(sqlite3 *db, const char *sql, int64_t *number, struct fault *fault);

#endif
