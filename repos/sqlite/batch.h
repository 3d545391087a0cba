/* SPDX-License-Identifier: Apache-2.0
 *
 * One transaction for many requests. After batch_run every request has its answer in its fault and
 * results, and is durable where that is MGW_OK. The writer thread alone. */
#ifndef SQLITE_BATCH_H
#define SQLITE_BATCH_H

#include "change.h"
#include "clock.h"
#include "request.h"

struct batch_tools {
    sqlite3 *db;
    struct clock *clock;
    struct changer *changer;
    sqlite3_stmt *begin, *commit, *rollback, *save, *undo, *release, *read_clock, *write_clock;
};

enum mgw_status batch_prepare(struct batch_tools *tools, sqlite3 *db, struct clock *clock,
                              struct fault *fault);
void batch_release(struct batch_tools *tools);
/* REQUESTS is a list, by `next`. */
void batch_run(struct batch_tools *tools, struct request *requests);
/* Gives all of them FAULT as their answer. */
void batch_fail(struct request *requests, const struct fault *fault);

#endif
