/* SPDX-License-Identifier: Apache-2.0
 *
 * See read.h. A blob is "not found" only where both stores say so: while one is down, what the
 * other lacks may be in it. */
#include "read.h"

#include "mender.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    struct mirror *mirror;
    int which;
    void *lower;
    uint64_t bytes;
    char etag[257]; /* as the mirror shows it */
    char *bucket;
    char key[];
};

/* Where the store that was asked first did not answer: what the two together say. FIRST and SECOND
 * are in the order of asking. */
static enum mgw_status verdict(const struct side_call calls[STORES],
                               const enum mgw_status answers[STORES])
{
    int told = answers[1] == MGW_NOT_FOUND ? 0 : 1;
    side_tell(&calls[told]);
    return answers[told];
}

/* Whether the other store is to be asked too. */
static bool goes_on(enum mgw_status status)
{
    return status == MGW_NOT_FOUND || side_failed(status);
}

enum mgw_status read_side_stat(struct mgw_call *call, struct mirror *mirror, int which,
                               const struct mgw_blob *blob, struct mgw_stat *stat)
{
    struct pass *pass = &mirror->side[which].pass;
    *stat = (struct mgw_stat){.size = sizeof *stat};
    enum mgw_status status = pass->lower.stat(call, pass->instance, blob, stat);
    side_saw(mirror, which, status, call);
    return status;
}

enum mgw_status read_side_has(struct mgw_call *call, struct mirror *mirror, int which,
                              const struct mgw_blob *blob, const struct version *version,
                              struct mgw_stat *stat)
{
    struct version there;
    enum mgw_status status = read_side_stat(call, mirror, which, blob, stat);
    if (status != MGW_OK) {
        return status == MGW_NOT_FOUND ? MGW_EXISTS : status;
    }
    version_of(stat, &there);
    return there.own && strcmp(there.etag, version->etag) == 0 ? MGW_OK : MGW_EXISTS;
}

enum mgw_status read_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          struct mgw_stat *stat)
{
    struct mirror *mirror = instance;
    struct side_call calls[STORES];
    enum mgw_status answers[STORES];
    int first = side_preferred(mirror);
    if (strcmp(blob->bucket, mirror->notes) == 0) {
        return mgw_fail(call, MGW_NOT_FOUND, "there is no such blob");
    }
    for (int i = 0; i < STORES; i++) {
        struct mgw_stat found;
        int which = i ? !first : first;
        answers[i] =
            read_side_stat(side_call(&calls[i], call, i == 0), mirror, which, blob, &found);
        if (answers[i] == MGW_OK) {
            if (i && answers[0] == MGW_NOT_FOUND) {
                mender_key(mirror->mender, blob);
            }
            mender_learn(mirror->mender, blob->bucket);
            enum mgw_status status = version_show(call, &found);
            size_t size = stat->size < sizeof found ? stat->size : sizeof found;
            found.size = stat->size;
            memcpy(stat, &found, size);
            return status;
        }
        if (!goes_on(answers[i])) {
            side_tell(&calls[i]);
            return answers[i];
        }
    }
    return verdict(calls, answers);
}

/* ---- Open ---- */

static enum mgw_status reader_new(struct mgw_call *call, struct mirror *mirror,
                                  const struct mgw_blob *blob, struct reader **made)
{
    size_t key = strlen(blob->key) + 1, bucket = strlen(blob->bucket) + 1;
    struct reader *reader = calloc(1, sizeof *reader + key + bucket);
    if (!reader) {
        return mirror_no_memory(call);
    }
    reader->mirror = mirror;
    memcpy(reader->key, blob->key, key);
    reader->bucket = memcpy(reader->key + key, blob->bucket, bucket);
    *made = reader;
    return MGW_OK;
}

/* Opens the blob in one store; IF_ETAG is the mirror's. */
static enum mgw_status open_in(struct mgw_call *call, struct reader *reader, int which,
                               const char *if_etag, struct mgw_stat *stat)
{
    struct mirror *mirror = reader->mirror;
    struct pass *pass = &mirror->side[which].pass;
    struct mgw_blob blob = {sizeof blob, reader->bucket, reader->key};
    void *lower = NULL;
    *stat = (struct mgw_stat){.size = sizeof *stat};
    enum mgw_status status = pass->lower.open(call, pass->instance, &blob, NULL, &lower, stat);
    side_saw(mirror, which, status, call);
    if (status == MGW_OK) {
        status = version_show(call, stat);
        if (status == MGW_OK && if_etag && strcmp(if_etag, stat->etag) != 0) {
            status = mgw_fail(call, MGW_CONFLICT, "the blob is another version now");
        }
        if (status != MGW_OK) {
            pass->lower.close(lower);
            return status;
        }
        reader->lower = lower;
        reader->which = which;
        reader->bytes = stat->bytes;
        snprintf(reader->etag, sizeof reader->etag, "%s", stat->etag);
    }
    return status;
}

static enum mgw_status open_any(struct mgw_call *call, struct reader *reader, const char *if_etag,
                                struct mgw_stat *stat)
{
    struct side_call calls[STORES];
    enum mgw_status answers[STORES];
    int first = side_preferred(reader->mirror);
    for (int i = 0; i < STORES; i++) {
        int which = i ? !first : first;
        answers[i] = open_in(side_call(&calls[i], call, i == 0), reader, which, if_etag, stat);
        if (answers[i] == MGW_OK && i && answers[0] == MGW_NOT_FOUND) {
            struct mgw_blob blob = {sizeof blob, reader->bucket, reader->key};
            mender_key(reader->mirror->mender, &blob);
        }
        if (!goes_on(answers[i])) {
            side_tell(&calls[i]);
            return answers[i];
        }
    }
    return verdict(calls, answers);
}

enum mgw_status read_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const char *if_etag, void **opened, struct mgw_stat *stat)
{
    struct mirror *mirror = instance;
    struct reader *reader = NULL;
    struct mgw_stat found;
    if (strcmp(blob->bucket, mirror->notes) == 0) {
        return mgw_fail(call, MGW_NOT_FOUND, "there is no such blob");
    }
    enum mgw_status status = reader_new(call, mirror, blob, &reader);
    if (status == MGW_OK) {
        status = open_any(call, reader, if_etag, &found);
    }
    if (status != MGW_OK) {
        free(reader);
        return status;
    }
    mender_learn(mirror->mender, blob->bucket);
    size_t size = stat->size < sizeof found ? stat->size : sizeof found;
    found.size = stat->size;
    memcpy(stat, &found, size);
    *opened = reader;
    return MGW_OK;
}

/* ---- Read ---- */

/* The other store takes over, where it has the same version. */
static bool take_over(struct mgw_call *call, struct reader *reader)
{
    struct side_call other;
    struct mgw_stat stat;
    void *lower = reader->lower;
    int which = reader->which;
    uint64_t bytes = reader->bytes;
    char etag[sizeof reader->etag];
    memcpy(etag, reader->etag, sizeof etag);
    if (open_in(side_call(&other, call, false), reader, !which, etag, &stat) != MGW_OK) {
        return false;
    }
    if (stat.bytes != bytes) {
        reader->mirror->side[reader->which].pass.lower.close(reader->lower);
        reader->lower = lower;
        reader->which = which;
        reader->bytes = bytes;
        return false;
    }
    reader->mirror->side[which].pass.lower.close(lower);
    return true;
}

enum mgw_status read_bytes(struct mgw_call *call, void *opened, uint64_t offset, void *buffer,
                           size_t length, size_t *got)
{
    struct reader *reader = opened;
    struct side_call first;
    struct pass *pass = &reader->mirror->side[reader->which].pass;
    enum mgw_status status =
        pass->lower.read(side_call(&first, call, true), reader->lower, offset, buffer, length, got);
    side_saw(reader->mirror, reader->which, status, &first.call);
    if (status == MGW_OK || !side_failed(status) || !take_over(call, reader)) {
        side_tell(&first);
        return status;
    }
    pass = &reader->mirror->side[reader->which].pass;
    return pass->lower.read(call, reader->lower, offset, buffer, length, got);
}

enum mgw_status read_descriptor(struct mgw_call *call, void *opened, struct mgw_local_file *file)
{
    struct reader *reader = opened;
    struct pass *pass = &reader->mirror->side[reader->which].pass;
    return reader->mirror->side[reader->which].capabilities & MGW_STORAGE_LOCAL_FD
               ? pass->lower.descriptor(call, reader->lower, file)
               : mgw_fail(call, MGW_UNSUPPORTED, "the blob was found in a store without files");
}

void read_advise(struct mgw_call *call, void *opened, uint64_t offset, uint64_t length)
{
    struct reader *reader = opened;
    struct pass *pass = &reader->mirror->side[reader->which].pass;
    if (pass->lower.advise) {
        pass->lower.advise(call, reader->lower, offset, length);
    }
}

void read_close(void *opened)
{
    struct reader *reader = opened;
    reader->mirror->side[reader->which].pass.lower.close(reader->lower);
    free(reader);
}
