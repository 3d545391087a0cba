/* SPDX-License-Identifier: Apache-2.0
 *
 * Puts: a writer holds a blob that nobody else sees; commit publishes it under the lock. A commit
 * whose answer was lost may be repeated, and then answers the first one's stat. */
#include "inside.h"

#include <inttypes.h>
#include <stdlib.h>

struct writer {
    struct memstore *store;
    struct blob *blob;
    uint32_t flags;
    uint64_t length;
    bool published;
};

enum mgw_status mem_put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *name,
                              const struct mgw_put *put, void **writer)
{
    struct memstore *store = instance;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, store, MEMSTORE_PUT_BEGIN, &lost);
    if (status != MGW_OK || lost != MGW_OK) {
        return status != MGW_OK ? status : lost;
    }
    struct writer *made = calloc(1, sizeof *made);
    if (!made) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    status = mem_blob_new(call, name, put, &made->blob);
    if (status != MGW_OK) {
        free(made);
        return status;
    }
    made->store = store;
    made->flags = put->flags;
    made->length = put->length;
    pthread_mutex_lock(&store->lock);
    store->writers++;
    pthread_mutex_unlock(&store->lock);
    *writer = made;
    return MGW_OK;
}

enum mgw_status mem_put_write(struct mgw_call *call, void *writer, const void *bytes, size_t length)
{
    struct writer *put = writer;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, put->store, MEMSTORE_PUT_WRITE, &lost);
    if (status != MGW_OK) {
        return status;
    }
    bool known = put->flags & MGW_PUT_LENGTH_KNOWN;
    if ((known || put->length) && put->blob->length + length > put->length) {
        return mgw_fail(call, known ? MGW_INVALID : MGW_TOO_LARGE,
                        "more bytes than the %" PRIu64 " that were announced", put->length);
    }
    pthread_mutex_lock(&put->store->lock);
    status = mem_blob_append(call, put->store, put->blob, bytes, length);
    pthread_mutex_unlock(&put->store->lock);
    return mem_gate_leave(call, status, lost);
}

enum mgw_status mem_put_prepare(struct mgw_call *call, void *writer)
{
    struct writer *put = writer;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, put->store, MEMSTORE_PUT_PREPARE, &lost);
    return mem_gate_leave(call, status, lost);
}

static void writer_free(struct writer *put)
{
    put->store->writers--;
    free(put);
}

enum mgw_status mem_put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    struct writer *put = writer;
    struct memstore *store = put->store;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, store, MEMSTORE_PUT_COMMIT, &lost);
    if (status != MGW_OK) {
        return status;
    }
    if ((put->flags & MGW_PUT_LENGTH_KNOWN) && put->blob->length != put->length) {
        return mgw_fail(call, MGW_INVALID, "%zu bytes came, %" PRIu64 " were announced",
                        put->blob->length, put->length);
    }
    struct mgw_blob name = {sizeof name, put->blob->bucket, put->blob->key};
    pthread_mutex_lock(&store->lock);
    if (!put->published) {
        if ((put->flags & MGW_PUT_IF_ABSENT) && mem_blob_find(store, &name)) {
            status = mgw_fail(call, MGW_EXISTS, "%s/%s is there already", name.bucket, name.key);
        } else {
            put->blob->references++;
            status = mem_blob_publish(call, store, put->blob);
            if (status != MGW_OK) {
                put->blob->references--;
            }
            put->published = status == MGW_OK;
        }
    }
    if (status == MGW_OK && lost == MGW_OK) {
        status = mem_blob_stat(call, put->blob, stat);
    }
    if (status == MGW_OK && lost == MGW_OK) {
        mem_blob_release(store, put->blob);
        writer_free(put);
    }
    pthread_mutex_unlock(&store->lock);
    return mem_gate_leave(call, status, lost);
}

void mem_put_abort(struct mgw_call *call, void *writer)
{
    struct writer *put = writer;
    struct memstore *store = put->store;
    (void)call;
    pthread_mutex_lock(&store->lock);
    store->calls[MEMSTORE_PUT_ABORT]++;
    mem_blob_release(store, put->blob);
    writer_free(put);
    pthread_mutex_unlock(&store->lock);
}
