/* SPDX-License-Identifier: Apache-2.0
 *
 * A walk over all rows of a repository by several threads, each with one row at a time: what copy
 * and verify do. Rows come in order of their id; a row that is there during the whole walk comes
 * exactly once. */
#ifndef MEDIA_WALK_H
#define MEDIA_WALK_H

#include "core/plugin/call.h"
#include "core/plugin/rows.h"

enum { WALK_JOBS_MAX = 64 };

struct walk {
    struct rows *rows;
    unsigned jobs; /* threads, 1 to WALK_JOBS_MAX */
    /* On one of the threads. CALL is the row's own, without a deadline, and is cancelled when the
     * walk is to stop. False: no further rows. */
    bool (*row)(void *ctx, struct mgw_call *call, const struct mgw_row *row);
    /* On the thread that asked for the walk, ten times a second. False: stop, as soon as the calls
     * under way have come back. NULL: nothing. */
    bool (*tick)(void *ctx);
    void *ctx;
};

/* MGW_OK where every row was seen; MGW_CANCELLED where tick() or row() stopped it. Another status,
 * with the text in CALL: the rows could not be read to their end. */
enum mgw_status walk_run(const struct walk *walk, struct mgw_call *call);

#endif
