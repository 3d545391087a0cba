/* SPDX-License-Identifier: Apache-2.0
 *
 * See remove.h. A removal that only one store knew of would be undone by the mender: so both must
 * have done it, and whoever asked asks again. */
#include "remove.h"

#include "mender.h"
#include "read.h"
#include "version.h"

static enum mgw_status remove_in(struct mgw_call *call, struct mirror *mirror, int which,
                                 const struct mgw_blob *blob)
{
    struct pass *pass = &mirror->side[which].pass;
    enum mgw_status status = pass->lower.remove(call, pass->instance, blob);
    side_saw(mirror, which, status, call);
    return status;
}

/* Another node's mender may have brought the blob from the second store into the first between the
 * two removals; it looks again after its commit, and what it then missed is seen here. */
static enum mgw_status look_again(struct mgw_call *call, struct mirror *mirror,
                                  const struct mgw_blob *blob)
{
    struct mgw_stat stat;
    enum mgw_status status = read_side_stat(call, mirror, FIRST, blob, &stat);
    return status == MGW_OK          ? remove_in(call, mirror, FIRST, blob)
           : status == MGW_NOT_FOUND ? MGW_OK
                                     : status;
}

static enum mgw_status remove_both(struct mgw_call *call, struct mirror *mirror,
                                   const struct mgw_blob *blob)
{
    struct side_call said[STORES];
    enum mgw_status status[STORES];
    for (int i = 0; i < STORES; i++) {
        status[i] = remove_in(side_call(&said[i], call, i == 0), mirror, i, blob);
    }
    if (status[FIRST] == MGW_OK && status[SECOND] == MGW_OK) {
        return mirror->capabilities & MGW_STORAGE_SHARED ? look_again(call, mirror, blob) : MGW_OK;
    }
    int failed = status[FIRST] != MGW_OK ? FIRST : SECOND;
    side_tell(&said[failed]);
    bool half = status[!failed] == MGW_OK && side_failed(status[failed]);
    return half ? MGW_UNKNOWN_OUTCOME : status[failed];
}

enum mgw_status remove_blob(struct mgw_call *call, void *instance, const struct mgw_blob *blob)
{
    struct mirror *mirror = instance;
    pthread_mutex_t *lock;
    enum mgw_status status = mirror_check_bucket(call, mirror, blob->bucket);
    if (status == MGW_OK) {
        status = mirror_lock(call, mirror, blob, &lock);
    }
    if (status == MGW_OK) {
        status = remove_both(call, mirror, blob);
        mirror_unlock(lock);
    }
    return status;
}

/* ---- Copy ---- */

static enum mgw_status copy_in(struct mgw_call *call, struct mirror *mirror, int which,
                               const struct mgw_blob *from, const struct mgw_blob *to)
{
    struct mgw_stat stat = {.size = sizeof stat};
    struct pass *pass = &mirror->side[which].pass;
    enum mgw_status status = pass->lower.copy(call, pass->instance, from, to, &stat);
    side_saw(mirror, which, status, call);
    return status;
}

/* The copy has its source's version: it has its bytes, too. *MENDS: the source was removed or
 * replaced after the first store's copy, which is whole: the second's comes from that one. */
static enum mgw_status copy_locked(struct mgw_call *call, struct mirror *mirror,
                                   const struct mgw_blob *from, const struct mgw_blob *to,
                                   bool *mends)
{
    struct side_call said;
    enum mgw_status status = copy_in(call, mirror, FIRST, from, to);
    if (status != MGW_OK) {
        return status;
    }
    status = copy_in(side_call(&said, call, false), mirror, SECOND, from, to);
    *mends = status == MGW_NOT_FOUND || status == MGW_CONFLICT;
    if (status != MGW_OK && !*mends) {
        mender_key(mirror->mender, to);
        return mgw_fail(call, MGW_UNKNOWN_OUTCOME,
                        "copied in the first store, not in the second: %s", said.error.text);
    }
    return MGW_OK;
}

/* The second store's copy out of the first's. */
static enum mgw_status copy_across(struct mgw_call *call, struct mirror *mirror,
                                   const struct mgw_blob *to)
{
    enum mgw_status status = mender_now(call, mirror, to);
    if (status == MGW_OK || status == MGW_CONFLICT || status == MGW_NOT_FOUND) {
        return MGW_OK; /* or a later change took its place, in both stores */
    }
    mender_key(mirror->mender, to);
    return MGW_UNKNOWN_OUTCOME;
}

enum mgw_status copy_blob(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                          const struct mgw_blob *to, struct mgw_stat *stat)
{
    struct mirror *mirror = instance;
    pthread_mutex_t *lock;
    bool mends = false;
    if (!(mirror->capabilities & MGW_STORAGE_COPY)) {
        return mgw_fail(call, MGW_UNSUPPORTED, "not both stores can copy");
    }
    enum mgw_status status = mirror_check_bucket(call, mirror, from->bucket);
    if (status == MGW_OK) {
        status = mirror_check_bucket(call, mirror, to->bucket);
    }
    if (status == MGW_OK) {
        status = mender_now(call, mirror, from);
    }
    if (status == MGW_OK) {
        status = mirror_lock(call, mirror, to, &lock);
    }
    if (status == MGW_OK) {
        status = copy_locked(call, mirror, from, to, &mends);
        mirror_unlock(lock);
    }
    if (mends) {
        status = copy_across(call, mirror, to);
    }
    if (status == MGW_OK) {
        mender_learn(mirror->mender, to->bucket);
        status = read_stat(call, mirror, to, stat);
        /* it is copied, and only its stat is not to be had */
        status = side_failed(status) ? MGW_UNKNOWN_OUTCOME : status;
    }
    return status;
}
