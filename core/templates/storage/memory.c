/* SPDX-License-Identifier: Apache-2.0
 *
 * See memory.h. Gone once the last callback has a real store behind it. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

void memory_open(struct memory *memory)
{
    *memory = (struct memory){0};
    pthread_mutex_init(&memory->lock, NULL);
}

static void blob_release(struct blob *blob)
{
    if (!blob || --blob->references > 0) {
        return;
    }
    for (size_t i = 0; blob->metadata && blob->metadata[i]; i++) {
        free(blob->metadata[i]);
    }
    free(blob->metadata);
    free(blob->content_type);
    free(blob->bucket);
    free(blob->key);
    free(blob->bytes);
    free(blob);
}

void memory_close(struct memory *memory)
{
    for (size_t i = 0; i < memory->count; i++) {
        blob_release(memory->blobs[i]);
    }
    free(memory->blobs);
    pthread_mutex_destroy(&memory->lock);
}

void memory_release(struct memory *memory, struct blob *blob)
{
    pthread_mutex_lock(&memory->lock);
    blob_release(blob);
    pthread_mutex_unlock(&memory->lock);
}

static bool copy_metadata(struct blob *blob, const char *const *metadata)
{
    size_t count = 0;
    while (metadata && metadata[count]) {
        count++;
    }
    blob->metadata = calloc(count + 1, sizeof *blob->metadata);
    for (size_t i = 0; blob->metadata && i < count; i++) {
        if (!(blob->metadata[i] = strdup(metadata[i]))) {
            return false;
        }
    }
    return blob->metadata != NULL;
}

struct blob *memory_new(const struct mgw_blob *name, const char *content_type,
                        const char *const *metadata)
{
    struct blob *blob = calloc(1, sizeof *blob);
    if (!blob) {
        return NULL;
    }
    blob->references = 1;
    if (!(blob->bucket = strdup(name->bucket)) || !(blob->key = strdup(name->key)) ||
        (content_type && !(blob->content_type = strdup(content_type))) ||
        !copy_metadata(blob, metadata)) {
        blob_release(blob);
        return NULL;
    }
    return blob;
}

bool memory_append(struct blob *blob, const void *bytes, size_t length)
{
    if (blob->length + length > blob->capacity) {
        size_t capacity = 2 * (blob->length + length);
        unsigned char *grown = realloc(blob->bytes, capacity);
        if (!grown) {
            return false;
        }
        blob->bytes = grown;
        blob->capacity = capacity;
    }
    if (length) {
        memcpy(blob->bytes + blob->length, bytes, length);
    }
    blob->length += length;
    return true;
}

/* Where the blob is, or would be. Under the lock. */
static size_t find(const struct memory *memory, const char *bucket, const char *key, bool *found)
{
    size_t low = 0, high = memory->count;
    for (*found = false; low < high && !*found;) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(memory->blobs[middle]->bucket, bucket);
        order = order ? order : strcmp(memory->blobs[middle]->key, key);
        *found = order == 0;
        low = order < 0 ? middle + 1 : *found ? middle : low;
        high = order > 0 ? middle : high;
    }
    return low;
}

/* Copies TEXT (NULL stays NULL) to *AT, and moves that behind it. */
static const char *lay(char **at, const char *text)
{
    size_t size = text ? strlen(text) + 1 : 0;
    char *laid = size ? memcpy(*at, text, size) : NULL;
    *at += size;
    return laid;
}

/* Strings of an answer come from call->alloc(): the host frees them. A host that is older
 * than your header gives smaller structs: ask MGW_HAS before you write. */
static enum mgw_status answer_stat(struct mgw_call *call, const struct blob *blob,
                                   struct mgw_stat *stat)
{
    size_t texts = 0, bytes = 32 + (blob->content_type ? strlen(blob->content_type) + 1 : 0);
    for (; blob->metadata[texts]; texts++) {
        bytes += strlen(blob->metadata[texts]) + 1;
    }
    const char **map = call->alloc(call, (texts + 1) * sizeof *map + bytes);
    if (!map) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    char *at = (char *)(map + texts + 1);
    for (size_t i = 0; i < texts; i++) {
        map[i] = lay(&at, blob->metadata[i]);
    }
    if (MGW_HAS(stat, content_type)) {
        stat->content_type = lay(&at, blob->content_type);
    }
    if (MGW_HAS(stat, metadata)) {
        stat->metadata = texts ? map : NULL;
    }
    snprintf(at, 32, "%llx", (unsigned long long)blob->serial);
    stat->etag = at;
    stat->bytes = blob->length;
    stat->modified_ms = blob->modified_ms;
    return MGW_OK;
}

/* Room for one more blob AT its place. Under the lock. */
static bool make_room(struct memory *memory, size_t at)
{
    if (memory->count == memory->capacity) {
        size_t capacity = memory->capacity ? 2 * memory->capacity : 64;
        struct blob **grown = realloc(memory->blobs, capacity * sizeof(struct blob *));
        if (!grown) {
            return false;
        }
        memory->blobs = grown;
        memory->capacity = capacity;
    }
    size_t behind = memory->count++ - at;
    memmove(memory->blobs + at + 1, memory->blobs + at, behind * sizeof(struct blob *));
    return true;
}

enum mgw_status memory_publish(struct mgw_call *call, struct memory *memory, struct blob *blob,
                               bool if_absent, int64_t now_ms, struct mgw_stat *stat)
{
    bool found;
    pthread_mutex_lock(&memory->lock);
    size_t at = find(memory, blob->bucket, blob->key, &found);
    blob->serial = ++memory->serial;
    blob->modified_ms = now_ms;
    enum mgw_status status =
        found && if_absent
            ? mgw_fail(call, MGW_EXISTS, "%s/%s is there already", blob->bucket, blob->key)
            : answer_stat(call, blob, stat);
    if (status == MGW_OK && !found && !make_room(memory, at)) {
        status = mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    if (status == MGW_OK) {
        if (found) {
            blob_release(memory->blobs[at]);
        }
        memory->blobs[at] = blob;
        blob->references++;
    }
    pthread_mutex_unlock(&memory->lock);
    return status;
}

enum mgw_status memory_find(struct mgw_call *call, struct memory *memory,
                            const struct mgw_blob *name, struct blob **blob, struct mgw_stat *stat)
{
    bool found;
    pthread_mutex_lock(&memory->lock);
    size_t at = find(memory, name->bucket, name->key, &found);
    enum mgw_status status =
        found ? answer_stat(call, memory->blobs[at], stat)
              : mgw_fail(call, MGW_NOT_FOUND, "%s/%s: no such blob", name->bucket, name->key);
    if (status == MGW_OK) {
        *blob = memory->blobs[at];
        (*blob)->references++;
    }
    pthread_mutex_unlock(&memory->lock);
    return status;
}

void memory_remove(struct memory *memory, const struct mgw_blob *name)
{
    bool found;
    pthread_mutex_lock(&memory->lock);
    size_t at = find(memory, name->bucket, name->key, &found);
    if (found) {
        blob_release(memory->blobs[at]);
        size_t behind = --memory->count - at;
        memmove(memory->blobs + at, memory->blobs + at + 1, behind * sizeof(struct blob *));
    }
    pthread_mutex_unlock(&memory->lock);
}

struct blob *memory_next(struct memory *memory, const char *bucket, const char *prefix,
                         const char *last)
{
    bool found, behind = *last && strcmp(last, prefix) >= 0;
    pthread_mutex_lock(&memory->lock);
    size_t at = find(memory, bucket, behind ? last : prefix, &found);
    at += found && behind;
    struct blob *blob = at < memory->count ? memory->blobs[at] : NULL;
    if (blob && strcmp(blob->bucket, bucket) == 0 &&
        strncmp(blob->key, prefix, strlen(prefix)) == 0) {
        blob->references++;
    } else {
        blob = NULL;
    }
    pthread_mutex_unlock(&memory->lock);
    return blob;
}
