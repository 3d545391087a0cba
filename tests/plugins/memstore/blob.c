/* SPDX-License-Identifier: Apache-2.0
 *
 * Blobs in a sorted array, by bucket and key. A published blob never changes (but by
 * memstore_flip), so a reader needs no more than a reference. */
#include "inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t mem_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool name_is_valid(const char *text, const char *allowed)
{
    return *text && text[strspn(text, allowed)] == '\0';
}

static enum mgw_status check_metadata(struct mgw_call *call, const char *const *metadata,
                                      size_t *count)
{
    size_t bytes = 0;
    for (*count = 0; metadata && metadata[*count]; *count += 2) {
        const char *name = metadata[*count], *value = metadata[*count + 1];
        if (!value || !name_is_valid(name, "abcdefghijklmnopqrstuvwxyz0123456789-")) {
            return mgw_fail(call, MGW_INVALID, "metadata: a name is not [a-z0-9-]+");
        }
        bytes += strlen(name) + strlen(value);
    }
    if (bytes > MGW_METADATA_MAX) {
        return mgw_fail(call, MGW_INVALID, "metadata: %zu bytes, at most %u", bytes,
                        MGW_METADATA_MAX);
    }
    return MGW_OK;
}

static void blob_free(struct blob *blob)
{
    if (blob) {
        for (size_t i = 0; blob->metadata && blob->metadata[i]; i++) {
            free(blob->metadata[i]);
        }
        free(blob->metadata);
        free(blob->content_type);
        free(blob->bytes);
        free(blob->bucket);
        free(blob->key);
        free(blob);
    }
}

static enum mgw_status check_name(struct mgw_call *call, const struct mgw_blob *name)
{
    size_t bucket = strlen(name->bucket), key = strlen(name->key);
    if (bucket < 2 || bucket > 63 || name->bucket[0] == '.' || name->bucket[0] == '-' ||
        !name_is_valid(name->bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-")) {
        return mgw_fail(call, MGW_INVALID, "bucket: not [a-z0-9][a-z0-9.-]{1,62}");
    }
    if (key < 1 || key > MGW_KEY_MAX) {
        return mgw_fail(call, MGW_INVALID, "key: %zu bytes, 1 to %u are allowed", key, MGW_KEY_MAX);
    }
    return MGW_OK;
}

enum mgw_status mem_blob_new(struct mgw_call *call, const struct mgw_blob *name,
                             const struct mgw_put *put, struct blob **blob)
{
    const char *const *map = MGW_HAS(put, metadata) ? put->metadata : NULL;
    const char *type = MGW_HAS(put, content_type) ? put->content_type : NULL;
    size_t count = 0;
    enum mgw_status status = check_name(call, name);
    if (status == MGW_OK) {
        status = check_metadata(call, map, &count);
    }
    if (status != MGW_OK) {
        return status;
    }
    struct blob *made = calloc(1, sizeof *made);
    if (!made) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    made->references = 1;
    made->bucket = strdup(name->bucket);
    made->key = strdup(name->key);
    made->content_type = type ? strdup(type) : NULL;
    made->metadata = count ? calloc(count + 1, sizeof(char *)) : NULL;
    bool ok =
        made->bucket && made->key && (!type || made->content_type) && (!count || made->metadata);
    for (size_t i = 0; ok && i < count; i++) {
        made->metadata[i] = strdup(map[i]);
        ok = made->metadata[i] != NULL;
    }
    if (!ok) {
        blob_free(made);
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    *blob = made;
    return MGW_OK;
}

void mem_blob_release(struct memstore *store, struct blob *blob)
{
    if (blob && --blob->references == 0) {
        store->held -= blob->length;
        blob_free(blob);
    }
}

enum mgw_status mem_blob_append(struct mgw_call *call, struct memstore *store, struct blob *blob,
                                const void *bytes, size_t length)
{
    if (store->limit && store->held + length > store->limit) {
        return mgw_fail(call, MGW_NO_SPACE, "the store is full: %" PRIu64 " of %" PRIu64 " bytes",
                        store->held, store->limit);
    }
    if (blob->length + length > blob->capacity) {
        size_t capacity = blob->capacity ? blob->capacity * 2 : 4096;
        while (capacity < blob->length + length) {
            capacity *= 2;
        }
        unsigned char *grown = realloc(blob->bytes, capacity);
        if (!grown) {
            return mgw_fail(call, MGW_NO_SPACE, "memory is short");
        }
        blob->bytes = grown;
        blob->capacity = capacity;
    }
    if (length) {
        memcpy(blob->bytes + blob->length, bytes, length);
    }
    blob->length += length;
    store->held += length;
    return MGW_OK;
}

size_t mem_blob_position(const struct memstore *store, const char *bucket, const char *key,
                         bool *found)
{
    size_t low = 0, high = store->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(store->blobs[middle]->bucket, bucket);
        if (order == 0) {
            order = strcmp(store->blobs[middle]->key, key);
        }
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct blob *mem_blob_find(const struct memstore *store, const struct mgw_blob *name)
{
    bool found;
    size_t position = mem_blob_position(store, name->bucket, name->key, &found);
    return found ? store->blobs[position] : NULL;
}

enum mgw_status mem_blob_publish(struct mgw_call *call, struct memstore *store, struct blob *blob)
{
    bool found;
    size_t position = mem_blob_position(store, blob->bucket, blob->key, &found);
    if (!found && store->count == store->capacity) {
        size_t capacity = store->capacity ? store->capacity * 2 : 64;
        struct blob **grown = realloc(store->blobs, capacity * sizeof *grown);
        if (!grown) {
            return mgw_fail(call, MGW_NO_SPACE, "memory is short");
        }
        store->blobs = grown;
        store->capacity = capacity;
    }
    blob->serial = ++store->serial;
    blob->modified_ms = mem_wall_ms();
    if (found) {
        mem_blob_release(store, store->blobs[position]);
    } else {
        memmove(&store->blobs[position + 1], &store->blobs[position],
                (store->count - position) * sizeof(struct blob *));
        store->count++;
    }
    store->blobs[position] = blob;
    return MGW_OK;
}

void mem_blob_unpublish(struct memstore *store, size_t position)
{
    mem_blob_release(store, store->blobs[position]);
    store->count--;
    memmove(&store->blobs[position], &store->blobs[position + 1],
            (store->count - position) * sizeof(struct blob *));
}

static char *call_text_copy(struct mgw_call *call, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = call->alloc(call, bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

/* The map of BLOB in the call's memory; NULL when memory is short. */
static const char *const *copy_map(struct mgw_call *call, const struct blob *blob)
{
    size_t count = 0;
    while (blob->metadata[count]) {
        count++;
    }
    const char **map = call->alloc(call, (count + 1) * sizeof *map);
    for (size_t i = 0; map && i < count; i++) {
        map[i] = call_text_copy(call, blob->metadata[i]);
        if (!map[i]) {
            return NULL;
        }
    }
    return map;
}

enum mgw_status mem_blob_stat(struct mgw_call *call, const struct blob *blob, struct mgw_stat *stat)
{
    char etag[32];
    snprintf(etag, sizeof etag, "m%" PRIx64, blob->serial);
    stat->bytes = blob->length;
    stat->modified_ms = blob->modified_ms;
    stat->etag = call_text_copy(call, etag);
    bool ok = stat->etag != NULL;
    if (ok && blob->content_type && MGW_HAS(stat, content_type)) {
        stat->content_type = call_text_copy(call, blob->content_type);
        ok = stat->content_type != NULL;
    }
    if (ok && blob->metadata && MGW_HAS(stat, metadata)) {
        stat->metadata = copy_map(call, blob);
        ok = stat->metadata != NULL;
    }
    return ok ? MGW_OK : mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
}
