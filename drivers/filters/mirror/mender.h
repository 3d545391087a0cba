/* SPDX-License-Identifier: Apache-2.0
 *
 * The mender: one thread of an instance, made when there is something to do. It mends the keys that
 * readers and writers found wanting, at most 1,024 waiting; more, or a store's failure, makes a
 * walk over everything due. Buckets are known by notes in the filter's own bucket, and by having
 * been named since. Any thread. */
#ifndef MIRROR_MENDER_H
#define MIRROR_MENDER_H

#include "mirror.h"

#define MENDER_BUCKET_NOTE "bucket/"

struct mender *mender_new(struct mirror *mirror);
/* Ends the thread, in the middle of a copy if need be. */
void mender_free(struct mender *mender);

/* BUCKET is used: walks look into it. */
void mender_learn(struct mender *mender, const char *bucket);
/* BLOB's copies differ; it is seen to soon. */
void mender_key(struct mender *mender, const struct mgw_blob *blob);
/* Something is missing that nobody can name: a walk after the time of retries. */
void mender_walk_later(struct mender *mender);
/* A store is back: a walk after the time of retries, however long the next one was put off. */
void mender_walk_soon(struct mender *mender);
/* A walk now, unless one has found nothing wanting within the time between walks. */
void mender_walk_now(struct mender *mender);
/* In the caller's own time. */
enum mgw_status mender_now(struct mgw_call *call, struct mirror *mirror,
                           const struct mgw_blob *blob);

#endif
