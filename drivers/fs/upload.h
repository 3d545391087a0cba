/* SPDX-License-Identifier: Apache-2.0
 *
 * Resumable uploads: storage.h's plan and upload_*. Parts of any length are written at their offset
 * into one file, so that completing copies nothing. ROOT/uploads/ID/:
 *
 *   put      the blob's name, flags, length and properties
 *   lock     a record of the fence, locked while it is read or changed
 *   data.G   the bytes, generation G; locked (shared) while a part is being written
 *   parts    what lies there: a record a part
 *   done     the identity of the finished file, written before it is published
 *
 * A new owner (a higher fence) goes on in the same generation if nobody is in the middle of a part;
 * else it begins the next one, and whatever the old owner still writes hits nothing: completing
 * copies the recorded parts of the older generation. Any thread, any process. */
#ifndef FS_UPLOAD_H
#define FS_UPLOAD_H

#include "bucket.h"
#include "temp.h"

enum mgw_status upload_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                            struct mgw_upload_plan *plan);
enum mgw_status upload_create(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                              const struct mgw_put *put, struct mgw_opaque *state);
enum mgw_status upload_part(struct mgw_call *call, void *instance, const struct mgw_opaque *state,
                            const struct mgw_part *part, const struct mgw_source *source,
                            uint64_t fence, struct mgw_opaque *receipt);
enum mgw_status upload_complete(struct mgw_call *call, void *instance,
                                const struct mgw_opaque *state, const struct mgw_part *parts,
                                size_t count, size_t stride, uint64_t fence, struct mgw_stat *stat);
enum mgw_status upload_abort(struct mgw_call *call, void *instance, const struct mgw_opaque *state,
                             uint64_t fence);

/* ---- for complete.c and sweep.c ---- */

#define UPLOAD_PARTS_MAX 100000u

/* The record in "lock". */
struct upload_fence {
    uint64_t fence, generation;
};

/* What is known of a part: in "parts" at its number, and as its receipt. */
struct upload_receipt {
    uint64_t nonce, generation, offset, length;
    uint32_t number, version;
};

struct upload {
    const struct fs *fs;
    int dir, lock;
    char id[FS_ID_LENGTH + 1];
    struct upload_fence fence;
    uint32_t flags;
    uint64_t length;
    char *bucket, *key, *props; /* of "put" */
    size_t props_length;
};

/* Opens the upload and takes its lock; MGW_NOT_FOUND, MGW_STALE, MGW_BUSY. A higher FENCE is made
 * durable. To be closed in any case. */
enum mgw_status upload_open(struct mgw_call *call, const struct fs *fs,
                            const struct mgw_opaque *state, uint64_t fence, struct upload *upload);
void upload_close(struct upload *upload);
#define AUTO_UPLOAD __attribute__((cleanup(upload_close)))
void upload_data_name(uint64_t generation, char name[32]);
/* Writes a small file of the upload: all or nothing, synced. */
bool upload_write_file(const struct upload *upload, const char *name, const void *bytes,
                       size_t length);
/* Removes the upload's folder, its lock being held. */
void upload_remove(const struct upload *upload, uint64_t *bytes);

#endif
