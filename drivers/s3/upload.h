/* SPDX-License-Identifier: Apache-2.0
 *
 * Resumable uploads: storage.h's plan and upload_*. An upload is a multipart upload and a note
 * (note.h) with its fence. Each part has SLOTS numbers of S3's 10,000, and each new owner writes to
 * the next one: what a paused owner still sends hits a number that nobody completes. Any thread,
 * any process. */
#ifndef S3_UPLOAD_H
#define S3_UPLOAD_H

#include "note.h"

#define UPLOAD_SLOTS 10u
#define UPLOAD_PARTS_MAX (S3_PARTS_MAX / UPLOAD_SLOTS)

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

/* What an upload's state says; strings in the call's memory. MGW_INVALID for another's. */
struct upload_state {
    const char *bucket, *id; /* of the note */
    const char *upload_id;
    struct object object;
    uint32_t flags;
    uint64_t length;
    bool loose;
};
enum mgw_status upload_read_state(struct mgw_call *call, const struct mgw_opaque *state,
                                  struct upload_state *out);
/* Reads the upload's note for the owner with FENCE; a higher one than was seen takes the upload
 * over. MGW_NOT_FOUND, MGW_STALE, MGW_BUSY. */
enum mgw_status upload_take(struct mgw_call *call, struct s3 *s3, const struct upload_state *state,
                            uint64_t fence, struct note *note);
/* The number at S3 of part NUMBER in GENERATION. */
uint32_t upload_number(uint32_t number, uint64_t generation);

#endif
