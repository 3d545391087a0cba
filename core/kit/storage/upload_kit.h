/* SPDX-License-Identifier: Apache-2.0
 *
 * Shorthands for resumable uploads. */
#ifndef UPLOAD_KIT_H
#define UPLOAD_KIT_H

#include "core/kit/storage/kit.h"

#define MAX_PARTS 8

/* An upload and what its caller would have recorded. */
struct upload {
    void *on; /* the instance that acts */
    unsigned char state_bytes[MGW_UPLOAD_STATE_MAX];
    struct mgw_opaque state;
    struct mgw_upload_plan plan;
    struct mgw_part parts[MAX_PARTS];
    unsigned char receipts[MAX_PARTS][MGW_UPLOAD_RECEIPT_MAX];
    size_t part_bytes; /* of every part but the last */
};

void upload_begin(struct upload *upload, const char *key, const struct mgw_put *put);
/* Sends part NUMBER (from 1) of LENGTH bytes of SEED, and records the receipt where it is MGW_OK.
 */
enum mgw_status upload_send(struct mgw_call *call, struct upload *upload, uint32_t number,
                            size_t length, uint64_t seed, uint64_t fence);
void upload_send_ok(struct upload *upload, uint32_t number, size_t length, uint64_t seed,
                    uint64_t fence);
enum mgw_status upload_end(struct mgw_call *call, struct upload *upload, size_t count,
                           uint64_t fence, struct mgw_stat *stat);
void upload_end_ok(struct upload *upload, size_t count, uint64_t fence);
/* The blob is the parts of SEEDS, the last one LAST bytes long. */
void assert_parts(const struct upload *upload, const char *key, const uint64_t *seeds, size_t count,
                  size_t last);

#endif
