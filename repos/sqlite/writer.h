/* SPDX-License-Identifier: Apache-2.0
 *
 * The one thread that changes the database. It takes all requests that wait into one transaction,
 * each behind a savepoint of its own, and answers them after the commit: one sync serves them all.
 * Any thread may ask. */
#ifndef SQLITE_WRITER_H
#define SQLITE_WRITER_H

#include "clock.h"
#include "file.h"

#include <mediagw/repo.h>

struct writer;

struct writer_options {
    sqlite3 *db; /* taken over, also when it fails */
    struct clock *clock;
    const struct mgw_host *host;
    const char *instance, *path; /* the caller's, must outlive the writer */
    struct file_identity identity;
};

enum mgw_status writer_new(const struct writer_options *options, struct writer **writer,
                           struct fault *fault);
/* Ends the thread. Nobody may be waiting. */
void writer_free(struct writer *writer);

/* repo.h's apply(). Leaves at the call's deadline or when it is cancelled; a request that had been
 * begun by then is still carried out. */
enum mgw_status writer_apply(struct writer *writer, struct mgw_call *call,
                             const struct mgw_change *changes, size_t change_stride,
                             struct mgw_change_result *results, size_t result_stride, size_t count);
/* Has the thread delete expired records and move the WAL into the database, when it is next idle or
 * between two batches. Does not wait. */
void writer_maintain(struct writer *writer);
/* MGW_OK, or why no change will be made any more. */
enum mgw_status writer_health(struct writer *writer, struct fault *fault);

#endif
