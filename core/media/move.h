/* SPDX-License-Identifier: Apache-2.0
 *
 * Moving house: all recordings of one store and repository into another pair, whatever their
 * drivers. What has arrived is seen from the target alone, so that a move that was killed is gone
 * on with by doing it again, and a later move brings what has changed since. The source is only
 * read.
 *
 * `ready` rows come with their blob, which is there, verified by size and SHA-256, before its row
 * is; `failed` and `deleted` rows come alone; `uploading` rows stay behind. A row that was changed
 * at the target later than at the source, or deleted there, is the target's own and stays. API keys
 * and what Idempotency-Keys remember come too; leases, nodes and the store's id do not. */
#ifndef MEDIA_MOVE_H
#define MEDIA_MOVE_H

#include "core/config/config.h"

#include <mediagw/media.h>

struct move_counts {
    uint64_t rows;      /* seen so far */
    uint64_t copied;    /* blob and row, or a blob that had been missing */
    uint64_t bytes;     /* of what was copied */
    uint64_t rows_only; /* `failed` and `deleted` ones that were not there yet */
    uint64_t changed;   /* rows that had changed at the source */
    uint64_t unchanged;
    uint64_t kept;      /* changed later, or deleted, at the target */
    uint64_t uploading; /* left behind */
    uint64_t records;   /* API keys and others, new or changed */
    uint64_t failed;
    uint64_t rows_total, bytes_total; /* at the source, when the move began */
    uint64_t bytes_passed;            /* copied or found to be there, also of what is under way */
};

struct move_options {
    const struct config *from, *to;
    unsigned jobs; /* blobs in flight */
    bool dry_run;  /* counts what would be done, writes nothing */
    bool init;     /* sets the target up where there is none yet */
    /* A recording that could not be moved; one call at a time, on any thread. */
    void (*failure)(void *ctx, const char *id, enum mgw_status status, const char *text);
    /* Ten times a second, on the caller's thread. False: stop. */
    bool (*tick)(void *ctx, const struct move_counts *counts);
    void *ctx;
};

/* MGW_OK where the walk came to its end, whatever failed on the way. MGW_CANCELLED: tick() stopped
 * it. MGW_NO_SPACE: the target is full. MGW_UNAVAILABLE and the like: one side is gone for longer
 * than patience lasts. MGW_INVALID: nothing was done; ERROR says why. */
enum mgw_status move_run(const struct move_options *options, struct move_counts *counts,
                         struct mgw_error *error);

#endif
