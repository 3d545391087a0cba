/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of audit.h share. */
#ifndef MEDIA_AUDIT_INSIDE_H
#define MEDIA_AUDIT_INSIDE_H

#include "core/base/buf.h"
#include "core/media/audit.h"
#include "core/media/house.h"
#include "core/plugin/call.h"

#include <pthread.h>
#include <stdatomic.h>

struct audit {
    const struct audit_options *options;
    struct house house;
    struct mgw_call *call;   /* the caller's thread's */
    int64_t now;             /* the repository's clock at the start */
    _Atomic uint64_t passed; /* bytes */
    pthread_mutex_t lock;    /* of what follows */
    struct audit_counts counts;
    char **buckets; /* seen in rows */
    size_t bucket_count;
    bool short_of_memory;
};

void audit_report(struct audit *audit, const struct audit_found *found);
struct audit_counts audit_look(struct audit *audit);
bool audit_tick(void *ctx);

/* Blobs against rows, bucket by bucket. */
enum mgw_status audit_blobs(struct audit *audit);
void audit_remember_bucket(struct audit *audit, const char *bucket);
void audit_forget_buckets(struct audit *audit);

#endif
