/* SPDX-License-Identifier: Apache-2.0
 *
 * What memstore's files share: the instance, blobs (counted references, immutable once published)
 * and the gate that every callback passes first. */
#ifndef MEMSTORE_INSIDE_H
#define MEMSTORE_INSIDE_H

#include "memstore.h"

#include <pthread.h>

struct blob {
    unsigned references; /* under the store's lock */
    char *bucket, *key;
    char *content_type;
    char **metadata; /* as struct mgw_put */
    unsigned char *bytes;
    size_t length, capacity;
    uint64_t serial; /* the etag */
    int64_t modified_ms;
};

struct rule {
    uint64_t from, to; /* calls by their count; to 0: for ever */
    enum mgw_status status;
    bool after; /* what was asked is done first */
    unsigned delay_ms;
};

struct ticket;
struct upload;

struct memstore {
    pthread_mutex_t lock;
    struct blob **blobs; /* sorted by bucket, key */
    size_t count, capacity;
    struct upload *uploads;
    uint64_t serial;
    uint64_t held, limit; /* bytes */
    size_t writers, readers;
    uint64_t calls[MEMSTORE_VERBS];
    struct rule rules[MEMSTORE_VERBS];
    char id[33];
    uint64_t presigns; /* capabilities */
    int64_t max_ttl_sec, credentials_end;
    struct ticket *tickets;
    uint64_t advised_offset, advised_length;
};

/* Counts the call, sleeps and fails as told. MGW_OK: go on; *LOST: what to answer in place of
 * MGW_OK. */
enum mgw_status mem_gate_enter(struct mgw_call *call, struct memstore *store,
                               enum memstore_verb verb, enum mgw_status *lost);
/* STATUS, or LOST where it is MGW_OK. */
enum mgw_status mem_gate_leave(struct mgw_call *call, enum mgw_status status, enum mgw_status lost);

/* blob.c; all under the store's lock but mem_blob_new. */
enum mgw_status mem_blob_new(struct mgw_call *call, const struct mgw_blob *name,
                             const struct mgw_put *put, struct blob **blob);
void mem_blob_release(struct memstore *store, struct blob *blob);
enum mgw_status mem_blob_append(struct mgw_call *call, struct memstore *store, struct blob *blob,
                                const void *bytes, size_t length);
size_t mem_blob_position(const struct memstore *store, const char *bucket, const char *key,
                         bool *found);
struct blob *mem_blob_find(const struct memstore *store, const struct mgw_blob *name);
/* Takes over one reference to BLOB. */
enum mgw_status mem_blob_publish(struct mgw_call *call, struct memstore *store, struct blob *blob);
void mem_blob_unpublish(struct memstore *store, size_t position);
enum mgw_status mem_blob_stat(struct mgw_call *call, const struct blob *blob,
                              struct mgw_stat *stat);

/* put.c */
enum mgw_status mem_put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *name,
                              const struct mgw_put *put, void **writer);
enum mgw_status mem_put_write(struct mgw_call *call, void *writer, const void *bytes,
                              size_t length);
enum mgw_status mem_put_prepare(struct mgw_call *call, void *writer);
enum mgw_status mem_put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat);
void mem_put_abort(struct mgw_call *call, void *writer);

/* read.c */
enum mgw_status mem_read_open(struct mgw_call *call, void *instance, const struct mgw_blob *name,
                              const char *if_etag, void **reader, struct mgw_stat *stat);
enum mgw_status mem_read_read(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                              size_t length, size_t *got);
void mem_read_advise(struct mgw_call *call, void *reader, uint64_t offset, uint64_t length);
void mem_read_close(void *reader);
enum mgw_status mem_read_stat(struct mgw_call *call, void *instance, const struct mgw_blob *name,
                              struct mgw_stat *stat);
enum mgw_status mem_read_remove(struct mgw_call *call, void *instance, const struct mgw_blob *name);
enum mgw_status mem_read_list(struct mgw_call *call, void *instance, const char *bucket,
                              const char *prefix, const char *cursor, uint32_t limit,
                              mgw_list_emit *emit, void *ctx);

/* upload.c */
enum mgw_status mem_upload_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                                struct mgw_upload_plan *plan);
enum mgw_status mem_upload_create(struct mgw_call *call, void *instance,
                                  const struct mgw_blob *name, const struct mgw_put *put,
                                  struct mgw_opaque *state);
enum mgw_status mem_upload_part(struct mgw_call *call, void *instance,
                                const struct mgw_opaque *state, const struct mgw_part *part,
                                const struct mgw_source *source, uint64_t fence,
                                struct mgw_opaque *receipt);
enum mgw_status mem_upload_complete(struct mgw_call *call, void *instance,
                                    const struct mgw_opaque *state, const struct mgw_part *parts,
                                    size_t count, size_t stride, uint64_t fence,
                                    struct mgw_stat *stat);
enum mgw_status mem_upload_abort(struct mgw_call *call, void *instance,
                                 const struct mgw_opaque *state, uint64_t fence);
enum mgw_status mem_upload_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                                 struct mgw_sweep_result *result);
void mem_upload_free_all(struct memstore *store);
/* A part that came by a presigned URL: an HTTP status. The lock is held. */
int mem_upload_take(struct memstore *store, uint64_t id, uint32_t number, const void *bytes,
                    size_t length);
size_t mem_upload_count(const struct memstore *store);

/* presign.c */
enum mgw_status mem_presign(struct mgw_call *call, void *instance, const struct mgw_blob *name,
                            const struct mgw_presign *presign, struct mgw_presigned *presigned);
void mem_presign_free_all(struct memstore *store);

int64_t mem_wall_ms(void);

#endif
