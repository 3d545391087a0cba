/* SPDX-License-Identifier: Apache-2.0
 *
 * Resumable uploads in memory. The state is a serial number; a receipt is the part's own serial
 * number, so that complete() knows the very bytes that the caller recorded. */
#include "inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct part {
    struct part *next;
    uint32_t number;
    uint64_t offset, serial;
    unsigned char *bytes;
    size_t length;
};

struct upload {
    struct upload *next;
    uint64_t id, fence;
    uint32_t flags;
    uint64_t length;
    int64_t touched_ms;
    struct blob *blob; /* empty until complete */
    struct part *parts;
    bool complete;
};

enum mgw_status mem_upload_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                                struct mgw_upload_plan *plan)
{
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, instance, MEMSTORE_PLAN, &lost);
    if (status != MGW_OK) {
        return status;
    }
    (void)put;
    plan->part_min = 1;
    plan->part_max = 64u << 20;
    plan->part_align = 1;
    plan->max_parts = 10000;
    plan->uniform = 0;
    return mem_gate_leave(call, MGW_OK, lost);
}

static void part_free(struct part *part)
{
    if (part) {
        free(part->bytes);
        free(part);
    }
}

static void upload_drop_parts(struct memstore *store, struct upload *upload)
{
    while (upload->parts) {
        struct part *part = upload->parts;
        upload->parts = part->next;
        store->held -= part->length;
        part_free(part);
    }
}

static void upload_unlink(struct memstore *store, struct upload *upload)
{
    struct upload **at = &store->uploads;
    while (*at != upload) {
        at = &(*at)->next;
    }
    *at = upload->next;
    upload_drop_parts(store, upload);
    mem_blob_release(store, upload->blob);
    free(upload);
}

void mem_upload_free_all(struct memstore *store)
{
    while (store->uploads) {
        upload_unlink(store, store->uploads);
    }
}

size_t mem_upload_count(const struct memstore *store)
{
    size_t count = 0;
    for (const struct upload *upload = store->uploads; upload; upload = upload->next) {
        count += !upload->complete;
    }
    return count;
}

enum mgw_status mem_upload_create(struct mgw_call *call, void *instance,
                                  const struct mgw_blob *name, const struct mgw_put *put,
                                  struct mgw_opaque *state)
{
    struct memstore *store = instance;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, store, MEMSTORE_UPLOAD_CREATE, &lost);
    if (status != MGW_OK) {
        return status;
    }
    struct upload *upload = calloc(1, sizeof *upload);
    if (!upload || state->capacity < sizeof upload->id) {
        free(upload);
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    status = mem_blob_new(call, name, put, &upload->blob);
    if (status != MGW_OK) {
        free(upload);
        return status;
    }
    upload->flags = put->flags;
    upload->length = put->length;
    upload->touched_ms = mem_wall_ms();
    pthread_mutex_lock(&store->lock);
    upload->id = ++store->serial;
    upload->next = store->uploads;
    store->uploads = upload;
    memcpy(state->bytes, &upload->id, sizeof upload->id);
    state->length = sizeof upload->id;
    pthread_mutex_unlock(&store->lock);
    return mem_gate_leave(call, MGW_OK, lost);
}

/* Under the lock. */
static enum mgw_status upload_find(struct mgw_call *call, struct memstore *store,
                                   const struct mgw_opaque *state, uint64_t fence,
                                   struct upload **found)
{
    uint64_t id = 0;
    if (state->length == sizeof id) {
        memcpy(&id, state->bytes, sizeof id);
    }
    struct upload *upload = store->uploads;
    while (upload && upload->id != id) {
        upload = upload->next;
    }
    if (!upload) {
        return mgw_fail(call, MGW_NOT_FOUND, "there is no such upload");
    }
    if (fence < upload->fence) {
        return mgw_fail(call, MGW_STALE, "fence %" PRIu64 ": %" PRIu64 " has been seen", fence,
                        upload->fence);
    }
    upload->fence = fence;
    upload->touched_ms = mem_wall_ms();
    *found = upload;
    return MGW_OK;
}

/* Under the lock; takes PART over where it answers MGW_OK. */
static enum mgw_status store_part(struct mgw_call *call, struct memstore *store,
                                  struct upload *upload, struct part *part)
{
    if (upload->complete) {
        return mgw_fail(call, MGW_NOT_FOUND, "the upload is complete");
    }
    bool known = upload->flags & MGW_PUT_LENGTH_KNOWN;
    if ((known || upload->length) && part->offset + part->length > upload->length) {
        return mgw_fail(call, known ? MGW_INVALID : MGW_TOO_LARGE,
                        "part %" PRIu32 " ends behind the upload's length", part->number);
    }
    if (store->limit && store->held + part->length > store->limit) {
        return mgw_fail(call, MGW_NO_SPACE, "the store is full");
    }
    struct part **at = &upload->parts;
    while (*at && (*at)->number < part->number) {
        at = &(*at)->next;
    }
    if (*at && (*at)->number == part->number) {
        struct part *old = *at;
        *at = old->next;
        store->held -= old->length;
        part_free(old);
    }
    part->serial = ++store->serial;
    part->next = *at;
    *at = part;
    store->held += part->length;
    return MGW_OK;
}

enum mgw_status mem_upload_part(struct mgw_call *call, void *instance,
                                const struct mgw_opaque *state, const struct mgw_part *part,
                                const struct mgw_source *source, uint64_t fence,
                                struct mgw_opaque *receipt)
{
    struct memstore *store = instance;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, store, MEMSTORE_UPLOAD_PART, &lost);
    if (status != MGW_OK) {
        return status;
    }
    if (part->number < 1 || part->number > 10000 || part->length > 64u << 20 ||
        source->length != part->length) {
        return mgw_fail(call, MGW_INVALID, "part %" PRIu32 ": not as planned", part->number);
    }
    struct part *made = calloc(1, sizeof *made);
    unsigned char *bytes = malloc(part->length ? (size_t)part->length : 1);
    if (!made || !bytes) {
        free(made);
        free(bytes);
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    *made = (struct part){.number = part->number,
                          .offset = part->offset,
                          .bytes = bytes,
                          .length = (size_t)part->length};
    status = part->length ? source->read(source->ctx, 0, bytes, made->length) : MGW_OK;
    pthread_mutex_lock(&store->lock);
    struct upload *upload = NULL;
    if (status == MGW_OK) {
        status = upload_find(call, store, state, fence, &upload);
    }
    if (status == MGW_OK) {
        status = store_part(call, store, upload, made);
    }
    if (status == MGW_OK) {
        memcpy(receipt->bytes, &made->serial, sizeof made->serial);
        receipt->length = sizeof made->serial;
    } else {
        part_free(made);
    }
    pthread_mutex_unlock(&store->lock);
    return mem_gate_leave(call, status, lost);
}

int mem_upload_take(struct memstore *store, uint64_t id, uint32_t number, const void *bytes,
                    size_t length)
{
    struct upload *upload = store->uploads;
    while (upload && upload->id != id) {
        upload = upload->next;
    }
    if (!upload || upload->complete) {
        return 404;
    }
    struct part *part = calloc(1, sizeof *part);
    unsigned char *copy = malloc(length ? length : 1);
    if (!part || !copy) {
        free(part);
        free(copy);
        return 500;
    }
    memcpy(copy, bytes, length);
    *part = (struct part){.number = number, .bytes = copy, .length = length};
    enum mgw_status status = store_part(NULL, store, upload, part);
    if (status != MGW_OK) {
        part_free(part);
        return 400;
    }
    return 200;
}

/* The parts as the caller names them, against what is here; *BYTES: all of them together. */
static enum mgw_status check_parts(struct mgw_call *call, const struct upload *upload,
                                   const struct mgw_part *parts, size_t count, size_t stride,
                                   uint64_t *bytes)
{
    const struct part *here = upload->parts;
    *bytes = 0;
    for (size_t i = 0; i < count; i++, here = here->next) {
        const struct mgw_part *part =
            (const void *)((const char *)(const void *)parts + i * stride);
        bool presigned = part->receipt_length == 0; /* nobody has seen it come */
        uint64_t serial = 0;
        if (part->receipt_length == sizeof serial) {
            memcpy(&serial, part->receipt, sizeof serial);
        }
        if (!here || here->number != i + 1 || part->number != i + 1 ||
            here->length != part->length || part->offset != *bytes ||
            (!presigned && (here->serial != serial || here->offset != *bytes))) {
            return mgw_fail(call, MGW_INVALID, "part %zu is missing or another", i + 1);
        }
        *bytes += part->length;
    }
    if ((upload->flags & MGW_PUT_LENGTH_KNOWN) && *bytes != upload->length) {
        return mgw_fail(call, MGW_INVALID, "the parts are %" PRIu64 " bytes of %" PRIu64, *bytes,
                        upload->length);
    }
    return MGW_OK;
}

static enum mgw_status publish(struct mgw_call *call, struct memstore *store, struct upload *upload,
                               const struct mgw_part *parts, size_t count, size_t stride)
{
    uint64_t bytes;
    struct mgw_blob name = {sizeof name, upload->blob->bucket, upload->blob->key};
    enum mgw_status status = check_parts(call, upload, parts, count, stride, &bytes);
    if (status != MGW_OK) {
        return status;
    }
    if ((upload->flags & MGW_PUT_IF_ABSENT) && mem_blob_find(store, &name)) {
        return mgw_fail(call, MGW_EXISTS, "%s/%s is there already", name.bucket, name.key);
    }
    uint64_t limit = store->limit;
    store->limit = 0; /* the parts were counted already */
    const struct part *part = upload->parts;
    for (size_t i = 0; status == MGW_OK && i < count; i++, part = part->next) {
        status = mem_blob_append(call, store, upload->blob, part->bytes, part->length);
    }
    store->limit = limit;
    if (status == MGW_OK) {
        upload->blob->references++;
        status = mem_blob_publish(call, store, upload->blob);
        upload->complete = status == MGW_OK;
        if (status != MGW_OK) {
            upload->blob->references--;
        } else {
            upload_drop_parts(store, upload);
        }
    }
    if (status != MGW_OK) {
        store->held -= upload->blob->length;
        upload->blob->length = 0;
    }
    return status;
}

enum mgw_status mem_upload_complete(struct mgw_call *call, void *instance,
                                    const struct mgw_opaque *state, const struct mgw_part *parts,
                                    size_t count, size_t stride, uint64_t fence,
                                    struct mgw_stat *stat)
{
    struct memstore *store = instance;
    struct upload *upload;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, store, MEMSTORE_UPLOAD_COMPLETE, &lost);
    if (status != MGW_OK) {
        return status;
    }
    pthread_mutex_lock(&store->lock);
    status = upload_find(call, store, state, fence, &upload);
    if (status == MGW_OK && !upload->complete) {
        status = publish(call, store, upload, parts, count, stride);
    }
    if (status == MGW_OK) {
        status = mem_blob_stat(call, upload->blob, stat);
    }
    pthread_mutex_unlock(&store->lock);
    return mem_gate_leave(call, status, lost);
}

enum mgw_status mem_upload_abort(struct mgw_call *call, void *instance,
                                 const struct mgw_opaque *state, uint64_t fence)
{
    struct memstore *store = instance;
    struct upload *upload;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, store, MEMSTORE_UPLOAD_ABORT, &lost);
    if (status != MGW_OK) {
        return status;
    }
    pthread_mutex_lock(&store->lock);
    status = upload_find(call, store, state, fence, &upload);
    if (status == MGW_OK && !upload->complete) {
        upload_unlink(store, upload);
    }
    pthread_mutex_unlock(&store->lock);
    return mem_gate_leave(call, status == MGW_NOT_FOUND ? MGW_OK : status, lost);
}

enum mgw_status mem_upload_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                                 struct mgw_sweep_result *result)
{
    struct memstore *store = instance;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, store, MEMSTORE_SWEEP, &lost);
    if (status != MGW_OK) {
        return status;
    }
    pthread_mutex_lock(&store->lock);
    for (struct upload *upload = store->uploads, *next; upload; upload = next) {
        next = upload->next;
        if (upload->touched_ms < older_than_ms) {
            result->removed += !upload->complete;
            for (const struct part *part = upload->parts; part; part = part->next) {
                result->removed_bytes += part->length;
            }
            upload_unlink(store, upload);
        }
    }
    pthread_mutex_unlock(&store->lock);
    return mem_gate_leave(call, MGW_OK, lost);
}
