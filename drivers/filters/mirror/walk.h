/* SPDX-License-Identifier: Apache-2.0
 *
 * A walk over a bucket of both stores that mends what differs. */
#ifndef MIRROR_WALK_H
#define MIRROR_WALK_H

#include "mirror.h"

struct walk {
    struct mirror *mirror;
    uint64_t seen, mended, failed;
    /* A call that is good for one key. */
    struct mgw_call *(*fresh)(void *ctx);
    void *ctx;
};

enum mgw_status walk_bucket(struct walk *walk, const char *bucket);
/* Each key of BUCKET in store WHICH; FOUND answers false to stop. */
enum mgw_status walk_side(struct walk *walk, int which, const char *bucket, const char *prefix,
                          bool (*found)(void *ctx, const char *key), void *ctx);

#endif
