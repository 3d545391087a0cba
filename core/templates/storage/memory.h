/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands for a store until there is a real one: blobs in memory, sorted by bucket and key. A
 * published blob never changes, so that a reader needs no more than a reference. Any thread: the
 * functions lock. */
#ifndef MEMORY_H
#define MEMORY_H

#include <mediagw/storage.h>

#include <pthread.h>

struct blob {
    unsigned references; /* under the lock */
    char *bucket, *key, *content_type;
    char **metadata; /* name, value, name, value, ..., NULL */
    unsigned char *bytes;
    size_t length, capacity;
    uint64_t serial; /* the etag */
    int64_t modified_ms;
};

struct memory {
    pthread_mutex_t lock;
    struct blob **blobs;
    size_t count, capacity;
    uint64_t serial;
};

void memory_open(struct memory *memory);
void memory_close(struct memory *memory);

/* With one reference, and nobody else has it. NULL when memory is short. */
struct blob *memory_new(const struct mgw_blob *name, const char *content_type,
                        const char *const *metadata);
bool memory_append(struct blob *blob, const void *bytes, size_t length);
void memory_release(struct memory *memory, struct blob *blob);

/* Puts BLOB where it belongs, in place of an older one, with a reference of its own, and answers
 * its STAT. MGW_EXISTS: it has to be IF_ABSENT and is not. */
enum mgw_status memory_publish(struct mgw_call *call, struct memory *memory, struct blob *blob,
                               bool if_absent, int64_t now_ms, struct mgw_stat *stat);
/* A reference to it, and its stat; MGW_NOT_FOUND. */
enum mgw_status memory_find(struct mgw_call *call, struct memory *memory,
                            const struct mgw_blob *name, struct blob **blob, struct mgw_stat *stat);
void memory_remove(struct memory *memory, const struct mgw_blob *name);
/* A reference to the first of BUCKET that begins with PREFIX and comes behind LAST (""); or NULL.
 */
struct blob *memory_next(struct memory *memory, const char *bucket, const char *prefix,
                         const char *last);

#endif
