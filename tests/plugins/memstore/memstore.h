/* SPDX-License-Identifier: Apache-2.0
 *
 * A storage driver in memory, for tests: it keeps the whole contract of storage.h, counts calls and
 * injects failures. As a module it is the driver "memstore"; as the static library `memstore` a
 * test makes instances here and holds the strings itself. Any thread. */
#ifndef MEMSTORE_H
#define MEMSTORE_H

#include <mediagw/storage.h>

struct memstore;

/* The callbacks that are counted and can be made to fail. */
enum memstore_verb {
    MEMSTORE_PUT_BEGIN,
    MEMSTORE_PUT_WRITE,
    MEMSTORE_PUT_PREPARE,
    MEMSTORE_PUT_COMMIT,
    MEMSTORE_PUT_ABORT, /* counted only */
    MEMSTORE_OPEN,
    MEMSTORE_READ,
    MEMSTORE_STAT,
    MEMSTORE_REMOVE,
    MEMSTORE_LIST,
    MEMSTORE_PLAN,
    MEMSTORE_UPLOAD_CREATE,
    MEMSTORE_UPLOAD_PART,
    MEMSTORE_UPLOAD_COMPLETE,
    MEMSTORE_UPLOAD_ABORT,
    MEMSTORE_SWEEP,
    MEMSTORE_HEALTH,
    MEMSTORE_FREE_BYTES,
    MEMSTORE_PRESIGN,
    MEMSTORE_ADVISE, /* counted only */
    MEMSTORE_VERBS
};

/* An empty store. NULL when memory is short. Freed by memstore_free, once nobody calls any more. */
struct memstore *memstore_new(void);
void memstore_free(struct memstore *store);
/* What mgw_media_options.storage takes; valid as long as the store. destroy() of this table frees
 * the store too: whoever owns the instance calls one of the two. */
struct mgw_storage memstore_storage(struct memstore *store);
/* The table alone, as the module shows it. */
extern const struct mgw_storage_driver memstore_table;

/* Calls so far. */
uint64_t memstore_calls(struct memstore *store, enum memstore_verb verb);
/* The NTH call of VERB from now (1: the next) and the TIMES - 1 behind it (0: all) answer STATUS
 * and do nothing. One rule a verb: a later one replaces it. */
void memstore_fail(struct memstore *store, enum memstore_verb verb, unsigned nth, unsigned times,
                   enum mgw_status status);
/* The same, but what was asked is done: an answer lost on its way. */
void memstore_lose_answer(struct memstore *store, enum memstore_verb verb, unsigned nth,
                          unsigned times, enum mgw_status status);
/* Every call of VERB takes MS longer; it heeds deadline and cancellation. */
void memstore_delay(struct memstore *store, enum memstore_verb verb, unsigned ms);
/* Forgets all failures and delays. */
void memstore_heal(struct memstore *store);
/* Blobs and open writers together may hold BYTES (0: any number); beyond it MGW_NO_SPACE. */
void memstore_capacity(struct memstore *store, uint64_t bytes);

/* From the next describe() on it presigns what CAPABILITIES (MGW_STORAGE_PRESIGN_*) say, for
 * MAX_TTL_SEC at most. */
void memstore_presigns(struct memstore *store, uint64_t capabilities, int64_t max_ttl_sec);
/* No URL is granted beyond AT_MS; 0: as asked. */
void memstore_credentials_end(struct memstore *store, int64_t at_ms);
/* What the presigned URL answers a client that sends this: an HTTP status. HEADERS are name, value,
 * …, NULL. CALL is for errors only. */
int memstore_send(struct memstore *store, struct mgw_call *call, const char *url,
                  const char *const *headers, const void *bytes, size_t length);
/* The type and disposition that a presigned GET would be answered with; false: it is none. */
bool memstore_shown_as(struct memstore *store, const char *url, const char **type,
                       const char **disposition);
/* The last advice that a reader was given. */
void memstore_last_advice(struct memstore *store, uint64_t *offset, uint64_t *length);

size_t memstore_blobs(struct memstore *store);
size_t memstore_writers(struct memstore *store); /* begun, neither committed nor aborted */
size_t memstore_readers(struct memstore *store);
size_t memstore_uploads(struct memstore *store); /* created, neither completed nor aborted */
/* A copy of a blob's bytes, to be freed; NULL where there is none. */
void *memstore_bytes(struct memstore *store, const char *bucket, const char *key, size_t *length);
/* Changes a blob behind the store's back: flips the byte at OFFSET. False where there is none. */
bool memstore_flip(struct memstore *store, const char *bucket, const char *key, size_t offset);

#endif
