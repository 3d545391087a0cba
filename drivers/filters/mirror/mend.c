/* SPDX-License-Identifier: Apache-2.0
 *
 * See mend.h. The bytes are copied first; then, with the key locked against this process's own puts
 * and removals, it is looked whether both stores still are as they were, and the copy is committed.
 * Another process may remove the blob just then: so the source is looked at once more, and a copy
 * whose source went is taken away again (remove.c has the other half of this). */
#include "mend.h"

#include "read.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

enum { STEP = 256 * 1024, PATIENCE_MS = 60000 };

struct transfer {
    struct mirror *mirror;
    const struct mgw_blob *blob;
    int from;
    const struct mgw_stat *source; /* as the stores' own stats tell them */
    const struct mgw_stat *target; /* NULL: there is none */
    bool patient, copied;
};

static struct pass *pass_of(const struct transfer *transfer, int which)
{
    return &transfer->mirror->side[which].pass;
}

static enum mgw_status pump(struct mgw_call *call, const struct transfer *transfer, void *reader,
                            void *writer)
{
    struct pass *from = pass_of(transfer, transfer->from), *to = pass_of(transfer, !transfer->from);
    char *buffer = malloc(STEP);
    enum mgw_status status = buffer ? MGW_OK : mirror_no_memory(call);
    size_t got = 1;
    for (uint64_t at = 0; status == MGW_OK && at < transfer->source->bytes; at += got) {
        if (transfer->patient) {
            call->deadline_ms = transfer->mirror->host->monotonic_ms() + PATIENCE_MS;
        }
        status = from->lower.read(call, reader, at, buffer, STEP, &got);
        if (status == MGW_OK) {
            status = to->lower.put_write(call, writer, buffer, got);
        }
    }
    free(buffer);
    if (status == MGW_OK && transfer->patient) {
        call->deadline_ms = transfer->mirror->host->monotonic_ms() + PATIENCE_MS;
    }
    return status == MGW_OK && to->lower.put_prepare ? to->lower.put_prepare(call, writer) : status;
}

/* MGW_CONFLICT where store WHICH has not what it had. */
static enum mgw_status still(struct mgw_call *call, const struct transfer *transfer, int which,
                             const struct mgw_stat *was)
{
    struct mgw_stat is;
    enum mgw_status status = read_side_stat(call, transfer->mirror, which, transfer->blob, &is);
    if (!was) {
        return status == MGW_NOT_FOUND ? MGW_OK : status == MGW_OK ? MGW_CONFLICT : status;
    }
    return status == MGW_NOT_FOUND || (status == MGW_OK && strcmp(is.etag, was->etag) != 0)
               ? MGW_CONFLICT
               : status;
}

static enum mgw_status commit_locked(struct mgw_call *call, struct transfer *transfer,
                                     void **writer)
{
    struct pass *to = pass_of(transfer, !transfer->from);
    struct mgw_stat stat = {.size = sizeof stat};
    enum mgw_status status = still(call, transfer, transfer->from, transfer->source);
    if (status == MGW_OK) {
        status = still(call, transfer, !transfer->from, transfer->target);
    }
    if (status == MGW_OK) {
        status = to->lower.put_commit(call, *writer, &stat);
    }
    if (status != MGW_OK) {
        return status;
    }
    *writer = NULL;
    transfer->copied = true;
    status = read_side_stat(call, transfer->mirror, transfer->from, transfer->blob, &stat);
    return status == MGW_NOT_FOUND ? to->lower.remove(call, to->instance, transfer->blob) : MGW_OK;
}

static enum mgw_status commit(struct mgw_call *call, struct transfer *transfer, void **writer)
{
    pthread_mutex_t *lock;
    enum mgw_status status = mirror_lock(call, transfer->mirror, transfer->blob, &lock);
    if (status == MGW_OK) {
        status = commit_locked(call, transfer, writer);
        mirror_unlock(lock);
    }
    /* somebody was quicker, and wrote or removed both */
    return status == MGW_CONFLICT || status == MGW_EXISTS ? MGW_OK : status;
}

/* The copy shows the source's version. */
static enum mgw_status begin(struct mgw_call *call, const struct transfer *transfer, void **writer)
{
    struct side *to = &transfer->mirror->side[!transfer->from];
    struct version version, old = {.mended_ms = transfer->mirror->host->wall_ms()};
    bool conditional = !transfer->target && (to->capabilities & MGW_STORAGE_IF_ABSENT);
    version_of(transfer->source, &version);
    if (transfer->target) {
        version_of(transfer->target, &old);
    } else if (old.mended_ms <= version.mended_ms) { /* never before its source: list.c */
        old.mended_ms = version.mended_ms + 1;
    }
    version.mended_ms = old.mended_ms;
    struct mgw_put put = {.size = sizeof put,
                          .flags = MGW_PUT_LENGTH_KNOWN | (conditional ? MGW_PUT_IF_ABSENT : 0),
                          .length = transfer->source->bytes,
                          .content_type = transfer->source->content_type};
    put.metadata = version_add(call, transfer->source->metadata, &version);
    return put.metadata
               ? to->pass.lower.put_begin(call, to->pass.instance, transfer->blob, &put, writer)
               : mirror_no_memory(call);
}

static enum mgw_status run(struct mgw_call *call, struct transfer *transfer)
{
    struct pass *from = pass_of(transfer, transfer->from), *to = pass_of(transfer, !transfer->from);
    struct mgw_stat opened = {.size = sizeof opened};
    void *reader = NULL, *writer = NULL;
    enum mgw_status status = from->lower.open(call, from->instance, transfer->blob,
                                              transfer->source->etag, &reader, &opened);
    if (status != MGW_OK) {
        return status == MGW_NOT_FOUND || status == MGW_CONFLICT ? MGW_OK : status;
    }
    if (from->lower.advise) {
        from->lower.advise(call, reader, 0, opened.bytes);
    }
    status = begin(call, transfer, &writer);
    if (status == MGW_OK) {
        status = pump(call, transfer, reader, writer);
    }
    if (status == MGW_OK) {
        status = commit(call, transfer, &writer);
    }
    if (writer) {
        to->lower.put_abort(call, writer);
    }
    from->lower.close(reader);
    return status;
}

enum mgw_status mend_key(struct mgw_call *call, struct mirror *mirror, const struct mgw_blob *blob,
                         bool patient, bool *copied)
{
    struct mgw_stat stat[STORES];
    enum mgw_status status[STORES];
    for (int i = 0; i < STORES; i++) {
        status[i] = read_side_stat(call, mirror, i, blob, &stat[i]);
        if (status[i] != MGW_OK && status[i] != MGW_NOT_FOUND) {
            return status[i];
        }
    }
    if (status[FIRST] != MGW_OK && status[SECOND] != MGW_OK) {
        return MGW_OK;
    }
    bool both = status[FIRST] == MGW_OK && status[SECOND] == MGW_OK;
    int order = both ? version_compare(&stat[FIRST], &stat[SECOND]) : 0;
    if (both && order == 0) {
        return stat[FIRST].bytes == stat[SECOND].bytes
                   ? MGW_OK
                   : mgw_fail(call, MGW_CORRUPT,
                              "%s/%s has one version and two sizes: %llu and %llu bytes",
                              blob->bucket, blob->key, (unsigned long long)stat[FIRST].bytes,
                              (unsigned long long)stat[SECOND].bytes);
    }
    int from = both ? (order > 0 ? FIRST : SECOND) : status[FIRST] == MGW_OK ? FIRST : SECOND;
    struct transfer transfer = {.mirror = mirror,
                                .blob = blob,
                                .from = from,
                                .source = &stat[from],
                                .target = both ? &stat[!from] : NULL,
                                .patient = patient};
    enum mgw_status done = run(call, &transfer);
    if (copied) {
        *copied = transfer.copied;
    }
    return done;
}
