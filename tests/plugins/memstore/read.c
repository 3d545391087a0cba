/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading, removing, listing. A reader is a reference to one version. The list goes by bytes of the
 * key; its cursor is the last key in hexadecimal. */
#include "inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct memstore *store;
    struct blob *blob;
};

static enum mgw_status absent(struct mgw_call *call, const struct mgw_blob *name)
{
    return mgw_fail(call, MGW_NOT_FOUND, "%s/%s: no such blob", name->bucket, name->key);
}

enum mgw_status mem_read_open(struct mgw_call *call, void *instance, const struct mgw_blob *name,
                              const char *if_etag, void **reader, struct mgw_stat *stat)
{
    struct memstore *store = instance;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, store, MEMSTORE_OPEN, &lost);
    if (status != MGW_OK || lost != MGW_OK) {
        return status != MGW_OK ? status : lost;
    }
    struct reader *made = calloc(1, sizeof *made);
    if (!made) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    pthread_mutex_lock(&store->lock);
    struct blob *blob = mem_blob_find(store, name);
    status = blob ? mem_blob_stat(call, blob, stat) : absent(call, name);
    if (status == MGW_OK && if_etag && strcmp(if_etag, stat->etag) != 0) {
        status = mgw_fail(call, MGW_CONFLICT, "%s/%s: the etag is %s", name->bucket, name->key,
                          stat->etag);
    }
    if (status == MGW_OK) {
        blob->references++;
        store->readers++;
        made->store = store;
        made->blob = blob;
        *reader = made;
    } else {
        free(made);
    }
    pthread_mutex_unlock(&store->lock);
    return status;
}

enum mgw_status mem_read_read(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                              size_t length, size_t *got)
{
    struct reader *open = reader;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, open->store, MEMSTORE_READ, &lost);
    if (status != MGW_OK) {
        return status;
    }
    if (offset > open->blob->length) {
        return mgw_fail(call, MGW_RANGE, "offset %" PRIu64 " of %zu bytes", offset,
                        open->blob->length);
    }
    size_t left = open->blob->length - (size_t)offset;
    *got = length < left ? length : left;
    if (*got) {
        memcpy(buffer, open->blob->bytes + offset, *got);
    }
    return mem_gate_leave(call, MGW_OK, lost);
}

void mem_read_advise(struct mgw_call *call, void *reader, uint64_t offset, uint64_t length)
{
    struct reader *open = reader;
    (void)call;
    pthread_mutex_lock(&open->store->lock);
    open->store->calls[MEMSTORE_ADVISE]++;
    open->store->advised_offset = offset;
    open->store->advised_length = length;
    pthread_mutex_unlock(&open->store->lock);
}

void memstore_last_advice(struct memstore *store, uint64_t *offset, uint64_t *length)
{
    pthread_mutex_lock(&store->lock);
    *offset = store->advised_offset;
    *length = store->advised_length;
    pthread_mutex_unlock(&store->lock);
}

void mem_read_close(void *reader)
{
    struct reader *open = reader;
    struct memstore *store = open->store;
    pthread_mutex_lock(&store->lock);
    mem_blob_release(store, open->blob);
    store->readers--;
    pthread_mutex_unlock(&store->lock);
    free(open);
}

enum mgw_status mem_read_stat(struct mgw_call *call, void *instance, const struct mgw_blob *name,
                              struct mgw_stat *stat)
{
    struct memstore *store = instance;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, store, MEMSTORE_STAT, &lost);
    if (status != MGW_OK) {
        return status;
    }
    pthread_mutex_lock(&store->lock);
    const struct blob *blob = mem_blob_find(store, name);
    status = blob ? mem_blob_stat(call, blob, stat) : absent(call, name);
    pthread_mutex_unlock(&store->lock);
    return mem_gate_leave(call, status, lost);
}

enum mgw_status mem_read_remove(struct mgw_call *call, void *instance, const struct mgw_blob *name)
{
    struct memstore *store = instance;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, store, MEMSTORE_REMOVE, &lost);
    if (status != MGW_OK) {
        return status;
    }
    bool found;
    pthread_mutex_lock(&store->lock);
    size_t position = mem_blob_position(store, name->bucket, name->key, &found);
    if (found) {
        mem_blob_unpublish(store, position);
    }
    pthread_mutex_unlock(&store->lock);
    return mem_gate_leave(call, MGW_OK, lost);
}

static bool cursor_key(const char *cursor, char key[MGW_KEY_MAX + 1])
{
    size_t length = strlen(cursor);
    if (length == 0 || length % 2 || length > 2 * (size_t)MGW_KEY_MAX ||
        cursor[strspn(cursor, "0123456789abcdef")] != '\0') {
        return false;
    }
    for (size_t i = 0; i < length; i += 2) {
        char pair[3] = {cursor[i], cursor[i + 1], '\0'};
        key[i / 2] = (char)strtoul(pair, NULL, 16);
        if (key[i / 2] == '\0') {
            return false;
        }
    }
    key[length / 2] = '\0';
    return true;
}

static void cursor_make(const char *key, char cursor[2 * MGW_KEY_MAX + 1])
{
    size_t length = strlen(key);
    for (size_t i = 0; i < length; i++) {
        snprintf(cursor + 2 * i, 3, "%02x", (unsigned char)key[i]);
    }
    cursor[2 * length] = '\0';
}

enum mgw_status mem_read_list(struct mgw_call *call, void *instance, const char *bucket,
                              const char *prefix, const char *cursor, uint32_t limit,
                              mgw_list_emit *emit, void *ctx)
{
    struct memstore *store = instance;
    char behind[MGW_KEY_MAX + 1] = "", mark[2 * MGW_KEY_MAX + 1], etag[32];
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, store, MEMSTORE_LIST, &lost);
    if (status != MGW_OK) {
        return status;
    }
    if (*cursor && !cursor_key(cursor, behind)) {
        return mgw_fail(call, MGW_INVALID, "cursor: not one of this store's");
    }
    bool go = true;
    for (uint32_t emitted = 0; go && emitted < limit; emitted++) {
        bool found;
        const char *start = *behind && strcmp(behind, prefix) >= 0 ? behind : prefix;
        pthread_mutex_lock(&store->lock);
        size_t position = mem_blob_position(store, bucket, start, &found);
        position += found && start == behind;
        struct blob *blob = position < store->count ? store->blobs[position] : NULL;
        if (blob && strcmp(blob->bucket, bucket) == 0 &&
            strncmp(blob->key, prefix, strlen(prefix)) == 0) {
            blob->references++;
        } else {
            blob = NULL;
        }
        pthread_mutex_unlock(&store->lock);
        if (!blob) {
            break;
        }
        cursor_make(blob->key, mark);
        snprintf(behind, sizeof behind, "%s", blob->key);
        snprintf(etag, sizeof etag, "m%" PRIx64, blob->serial);
        struct mgw_list_entry entry = {.size = sizeof entry,
                                       .key = behind,
                                       .bytes = blob->length,
                                       .modified_ms = blob->modified_ms,
                                       .etag = etag,
                                       .cursor = mark};
        pthread_mutex_lock(&store->lock);
        mem_blob_release(store, blob);
        pthread_mutex_unlock(&store->lock);
        go = emit(ctx, &entry);
    }
    return mem_gate_leave(call, MGW_OK, lost);
}
