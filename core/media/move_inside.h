/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of move.h share. */
#ifndef MEDIA_MOVE_INSIDE_H
#define MEDIA_MOVE_INSIDE_H

#include "core/media/house.h"
#include "core/media/move.h"

#include <pthread.h>
#include <stdatomic.h>

struct move {
    const struct move_options *options;
    struct house from, to;
    _Atomic uint64_t passed; /* bytes */
    pthread_mutex_t lock;    /* of what follows */
    struct move_counts counts;
    unsigned failed_in_a_row; /* by what should pass, and did not */
    enum mgw_status over;     /* MGW_OK: the walk goes on; else why it would be of no use */
    char over_text[512];
};

enum move_outcome {
    MOVE_COPIED,
    MOVE_ROW_ONLY,
    MOVE_CHANGED,
    MOVE_UNCHANGED,
    MOVE_KEPT,
    MOVE_UPLOADING
};

/* One row as the source has it now. */
enum mgw_status move_row(struct move *move, struct mgw_call *call, const struct mgw_row *row,
                         enum move_outcome *outcome);
/* The blob of ROW into the target, unless it is there with the row's size and digest. */
enum mgw_status move_blob(struct move *move, struct mgw_call *call, const struct mgw_row *row);
/* API keys and the like. */
enum mgw_status move_records(struct move *move, struct mgw_call *call);

/* MGW_INVALID where both configs name the same store or repository. */
enum mgw_status move_check_configs(const struct move_options *options, struct mgw_error *error);
enum mgw_status move_check_houses(struct move *move, struct mgw_call *call);

/* Puts "the SIDE: " before the call's error text; answers STATUS. */
enum mgw_status move_side(struct mgw_call *call, const char *side, enum mgw_status status);

#endif
