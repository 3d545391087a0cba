/* SPDX-License-Identifier: Apache-2.0
 *
 * See put.h. A writer of each store; under require "one" one of them may be given up on the way,
 * but only for a key that is new. */
#include "put.h"

#include "mender.h"
#include "read.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

struct writer {
    struct mirror *mirror;
    struct version version;
    void *lower[STORES]; /* NULL: given up, or published */
    bool published[STORES];
    bool unknown;  /* what is there of a given up writer nobody knows */
    bool replaces; /* the key had a blob when the put began; asked where that matters */
    bool if_absent;
    uint64_t length;
    char *bucket;
    char key[];
};

static struct mgw_blob blob_of(const struct writer *writer)
{
    return (struct mgw_blob){sizeof(struct mgw_blob), writer->bucket, writer->key};
}

static struct pass *pass_of(const struct writer *writer, int which)
{
    return &writer->mirror->side[which].pass;
}

static void end(struct mgw_call *call, struct writer *writer, int which)
{
    if (writer->lower[which]) {
        pass_of(writer, which)->lower.put_abort(call, writer->lower[which]);
        writer->lower[which] = NULL;
    }
}

/* True where store WHICH may be given up and the put goes on with the other. */
static bool may_give_up(const struct writer *writer, int which, enum mgw_status status)
{
    return writer->mirror->one && !writer->replaces && side_failed(status) &&
           (writer->lower[!which] || writer->published[!which]);
}

static void give_up(struct writer *writer, int which, enum mgw_status status,
                    struct side_call *said)
{
    side_saw(writer->mirror, which, status, &said->call);
    end(&said->call, writer, which);
}

/* ---- Begin ---- */

static enum mgw_status writer_new(struct mgw_call *call, struct mirror *mirror,
                                  const struct mgw_blob *blob, const struct mgw_put *put,
                                  struct writer **made)
{
    size_t key = strlen(blob->key) + 1, bucket = strlen(blob->bucket) + 1;
    struct writer *writer = calloc(1, sizeof *writer + key + bucket);
    if (!writer) {
        return mirror_no_memory(call);
    }
    writer->mirror = mirror;
    writer->if_absent = put->flags & MGW_PUT_IF_ABSENT;
    version_new(mirror, &writer->version);
    memcpy(writer->key, blob->key, key);
    writer->bucket = memcpy(writer->key + key, blob->bucket, bucket);
    *made = writer;
    return MGW_OK;
}

/* Whether any store that can be asked has the key already: then "one" does not suffice, and what
 * one store published and the other refuses cannot be taken back. */
static void look_for_old(struct mgw_call *call, struct writer *writer)
{
    struct mgw_blob blob = blob_of(writer);
    int first = side_preferred(writer->mirror);
    bool answered = false;
    for (int i = 0; i < STORES && !writer->replaces; i++) {
        struct side_call said;
        struct mgw_stat stat;
        int which = i ? !first : first;
        if (answered && side_is_down(writer->mirror, which)) {
            return; /* what it has nobody can tell */
        }
        enum mgw_status status =
            read_side_stat(side_call(&said, call, true), writer->mirror, which, &blob, &stat);
        writer->replaces = status == MGW_OK;
        answered = !side_failed(status);
    }
}

static enum mgw_status begin_in(struct mgw_call *call, struct writer *writer, int which,
                                const struct mgw_put *put)
{
    struct mgw_blob blob = blob_of(writer);
    struct pass *pass = pass_of(writer, which);
    enum mgw_status status =
        pass->lower.put_begin(call, pass->instance, &blob, put, &writer->lower[which]);
    side_saw(writer->mirror, which, status, call);
    return status;
}

/* A store that failed a moment ago is left out where one suffices, unless the other fails too. */
static enum mgw_status begin_both(struct mgw_call *call, struct writer *writer,
                                  const struct mgw_put *put)
{
    struct mirror *mirror = writer->mirror;
    struct side_call said[STORES];
    enum mgw_status status[STORES];
    int first = side_preferred(mirror);
    bool skip = mirror->one && !writer->replaces && side_is_down(mirror, !first);
    status[first] = begin_in(side_call(&said[first], call, false), writer, first, put);
    if (skip && status[first] == MGW_OK) {
        return MGW_OK;
    }
    status[!first] = begin_in(side_call(&said[!first], call, false), writer, !first, put);
    for (int i = 0; i < STORES; i++) {
        if (status[i] != MGW_OK && !may_give_up(writer, i, status[i])) {
            end(call, writer, !i);
            side_tell(&said[i]);
            return status[i];
        }
    }
    return MGW_OK;
}

enum mgw_status put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const struct mgw_put *put, void **begun)
{
    struct mirror *mirror = instance;
    struct writer *writer = NULL;
    struct mgw_put marked;
    mgw_take(&marked, put, sizeof marked);
    enum mgw_status status = mirror_check_bucket(call, mirror, blob->bucket);
    if (status == MGW_OK && version_is_among(marked.metadata)) {
        return mgw_fail(call, MGW_INVALID, "the metadata's name %s is the mirror's own",
                        VERSION_NAME);
    }
    if (status == MGW_OK) {
        status = writer_new(call, mirror, blob, &marked, &writer);
    }
    if (status != MGW_OK) {
        return status;
    }
    marked.metadata = version_add(call, marked.metadata, &writer->version);
    if (!marked.metadata) {
        free(writer);
        return mirror_no_memory(call);
    }
    if (mirror->one || !writer->if_absent) {
        look_for_old(call, writer);
    }
    status = begin_both(call, writer, &marked);
    if (status != MGW_OK) {
        free(writer);
        return status;
    }
    mender_learn(mirror->mender, blob->bucket);
    *begun = writer;
    return MGW_OK;
}

/* ---- Bytes ---- */

typedef enum mgw_status in_one(struct mgw_call *call, struct pass *pass, void *lower,
                               const void *bytes, size_t length);

static enum mgw_status step_write(struct mgw_call *call, struct pass *pass, void *lower,
                                  const void *bytes, size_t length)
{
    return pass->lower.put_write(call, lower, bytes, length);
}

static enum mgw_status step_prepare(struct mgw_call *call, struct pass *pass, void *lower,
                                    const void *bytes, size_t length)
{
    (void)bytes;
    (void)length;
    return pass->lower.put_prepare ? pass->lower.put_prepare(call, lower) : MGW_OK;
}

/* STEP in each store that is still with us. */
static enum mgw_status in_both(struct mgw_call *call, struct writer *writer, in_one *step,
                               const void *bytes, size_t length)
{
    for (int i = 0; i < STORES; i++) {
        struct side_call said;
        if (!writer->lower[i]) {
            continue;
        }
        enum mgw_status status = step(side_call(&said, call, false), pass_of(writer, i),
                                      writer->lower[i], bytes, length);
        if (status != MGW_OK && may_give_up(writer, i, status)) {
            give_up(writer, i, status, &said);
        } else if (status != MGW_OK) {
            side_saw(writer->mirror, i, status, &said.call);
            side_tell(&said);
            return status;
        }
    }
    return MGW_OK;
}

enum mgw_status put_write(struct mgw_call *call, void *begun, const void *bytes, size_t length)
{
    struct writer *writer = begun;
    writer->length += length;
    return in_both(call, writer, step_write, bytes, length);
}

enum mgw_status put_prepare(struct mgw_call *call, void *begun)
{
    return in_both(call, begun, step_prepare, NULL, 0);
}

/* ---- Commit ---- */

/* Whether store WHICH has this very put: read_side_has. */
static enum mgw_status has(struct mgw_call *call, const struct writer *writer, int which,
                           struct mgw_stat *stat)
{
    struct mgw_blob blob = blob_of(writer);
    struct side_call said;
    return read_side_has(side_call(&said, call, false), writer->mirror, which, &blob,
                         &writer->version, stat);
}

/* A store loses what the other one refuses, or what was given up; what others put since stays. */
static void take_back(struct mgw_call *call, struct writer *writer, int which)
{
    struct mgw_blob blob = blob_of(writer);
    struct side_call said;
    struct mgw_stat stat;
    struct pass *pass = pass_of(writer, which);
    enum mgw_status status = has(call, writer, which, &stat);
    if (status == MGW_OK) {
        status = pass->lower.remove(side_call(&said, call, false), pass->instance, &blob);
    }
    if (status == MGW_OK || status == MGW_EXISTS) {
        writer->published[which] = false;
    } else {
        mender_key(writer->mirror->mender, &blob);
    }
}

/* Store WHICH says that the key is there, and the other one has the put already: then it may be the
 * mender's copy, made since an earlier commit, and the put is whole. */
static enum mgw_status is_mended(struct mgw_call *call, struct writer *writer, int which,
                                 struct mgw_stat *stat)
{
    struct mgw_stat there;
    enum mgw_status status = has(call, writer, which, &there);
    if (status == MGW_OK) {
        end(call, writer, which);
        writer->published[which] = true;
        *stat = there;
    }
    return status;
}

/* Store WHICH did not commit. MGW_OK: the put goes on without it. */
static enum mgw_status uncommitted(struct mgw_call *call, struct writer *writer, int which,
                                   enum mgw_status status, struct side_call *said)
{
    bool again = status == MGW_UNAVAILABLE || status == MGW_UNKNOWN_OUTCOME;
    bool unsure = writer->unknown; /* of the other one */
    side_saw(writer->mirror, which, status, &said->call);
    writer->unknown |= side_failed(status) && status != MGW_UNAVAILABLE;
    if (may_give_up(writer, which, status)) {
        end(&said->call, writer, which);
        return MGW_OK;
    }
    side_tell(said);
    if (!writer->published[!which]) {
        return unsure ? MGW_UNKNOWN_OUTCOME : status;
    }
    bool refused = !side_failed(status) && status != MGW_CANCELLED;
    if (refused && (writer->if_absent || !writer->replaces)) {
        take_back(call, writer, !which);
        return status;
    }
    if (!again) {
        end(&said->call, writer, which);
    }
    return mgw_fail(call, MGW_UNKNOWN_OUTCOME, "published in %s, but not in %s: %.400s",
                    writer->mirror->side[!which].name, writer->mirror->side[which].name,
                    said->error.text);
}

static enum mgw_status commit_in(struct mgw_call *call, struct writer *writer, int which,
                                 struct mgw_stat *stat)
{
    struct side_call said;
    struct mgw_stat answered = {.size = sizeof answered};
    enum mgw_status status =
        pass_of(writer, which)
            ->lower.put_commit(side_call(&said, call, false), writer->lower[which], &answered);
    if (status == MGW_EXISTS && writer->published[!which]) {
        status = is_mended(&said.call, writer, which, stat);
        if (status == MGW_OK) {
            return MGW_OK;
        }
        status = status == MGW_EXISTS ? status : MGW_UNKNOWN_OUTCOME;
    }
    if (status != MGW_OK) {
        return uncommitted(call, writer, which, status, &said);
    }
    writer->lower[which] = NULL;
    writer->published[which] = true;
    *stat = answered;
    return MGW_OK;
}

static enum mgw_status commit_locked(struct mgw_call *call, struct writer *writer,
                                     struct mgw_stat *stat)
{
    for (int i = 0; i < STORES; i++) {
        enum mgw_status status = writer->lower[i] ? commit_in(call, writer, i, stat) : MGW_OK;
        if (status != MGW_OK) {
            return status;
        }
    }
    return writer->published[FIRST] || writer->published[SECOND]
               ? MGW_OK
               : mgw_fail(call, MGW_UNKNOWN_OUTCOME, "neither store tells what became of the blob");
}

static void writer_done(struct writer *writer)
{
    struct mgw_blob blob = blob_of(writer);
    if (!writer->published[FIRST] || !writer->published[SECOND]) {
        mender_key(writer->mirror->mender, &blob);
    }
    free(writer);
}

enum mgw_status put_commit(struct mgw_call *call, void *begun, struct mgw_stat *stat)
{
    struct writer *writer = begun;
    struct mgw_stat answered = {.size = sizeof answered};
    struct mgw_blob blob = blob_of(writer);
    pthread_mutex_t *lock;
    bool alone = writer->published[FIRST] != writer->published[SECOND] && !writer->lower[FIRST] &&
                 !writer->lower[SECOND];
    enum mgw_status status = mirror_lock(call, writer->mirror, &blob, &lock);
    if (status != MGW_OK) {
        return writer->published[FIRST] || writer->published[SECOND] || writer->unknown
                   ? MGW_UNKNOWN_OUTCOME
                   : status;
    }
    status = commit_locked(call, writer, &answered);
    mirror_unlock(lock);
    if (status == MGW_OK && alone) {
        /* one store published it in an earlier call, the other has no writer any more */
        status = mender_now(call, writer->mirror, &blob) == MGW_OK ? MGW_OK : MGW_UNKNOWN_OUTCOME;
        writer->published[FIRST] |= status == MGW_OK;
        writer->published[SECOND] |= status == MGW_OK;
    }
    if (status != MGW_OK) {
        return status;
    }
    answered.size = stat->size;
    answered.bytes = writer->length;
    if (version_show_as(call, &writer->version, &answered) != MGW_OK) {
        return MGW_UNKNOWN_OUTCOME; /* it is there, and there was no memory to say so */
    }
    memcpy(stat, &answered, answered.size < sizeof answered ? answered.size : sizeof answered);
    writer_done(writer);
    return MGW_OK;
}

void put_abort(struct mgw_call *call, void *begun)
{
    struct writer *writer = begun;
    struct mgw_blob blob = blob_of(writer);
    pthread_mutex_t *lock;
    for (int i = 0; i < STORES; i++) {
        end(call, writer, i);
    }
    bool alone = writer->published[FIRST] != writer->published[SECOND];
    if (alone && (writer->if_absent || !writer->replaces) &&
        mirror_lock(call, writer->mirror, &blob, &lock) == MGW_OK) {
        take_back(call, writer, FIRST); /* both: the mender may have been there */
        take_back(call, writer, SECOND);
        mirror_unlock(lock);
    } else if (alone || writer->unknown) {
        mender_key(writer->mirror->mender, &blob);
    }
    free(writer);
}
