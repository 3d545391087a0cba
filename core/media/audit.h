/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a store and a repository still fit: every row against its blob, and every blob against
 * its row. Only reads. */
#ifndef MEDIA_AUDIT_H
#define MEDIA_AUDIT_H

#include "core/config/config.h"

#include <mediagw/media.h>

enum audit_problem {
    AUDIT_MISSING,    /* a `ready` row without its blob */
    AUDIT_WRONG_SIZE, /* the blob has another size than its row says */
    AUDIT_DAMAGED,    /* --deep: another digest */
    AUDIT_UNREADABLE, /* it could not be told */
    AUDIT_STUCK,      /* `uploading` past its lease */
    AUDIT_ORPHAN,     /* a blob without a row */
    AUDIT_LEFT,       /* the blob of a `failed` or `deleted` row that nobody comes back to */
    AUDIT_PROBLEMS
};
/* "missing", "wrong_size", … */
const char *audit_problem_name(enum audit_problem problem);

struct audit_found {
    enum audit_problem problem;
    const char *id; /* NULL: a blob without a row */
    const char *bucket, *key;
    const char *text; /* one line */
};

struct audit_counts {
    uint64_t rows, ready; /* seen so far */
    uint64_t blobs;       /* listed */
    uint64_t no_digest;   /* --deep: rows without a SHA-256; only their size was looked at */
    uint64_t bytes_passed;
    uint64_t problems[AUDIT_PROBLEMS];
};
uint64_t audit_problems(const struct audit_counts *counts);

struct audit_options {
    const struct config *config;
    unsigned jobs;
    bool deep;        /* the digest too: every byte is read */
    int64_t grace_ms; /* blobs without a row that are younger are nobody's business yet */
    /* One call at a time, on any thread. */
    void (*found)(void *ctx, const struct audit_found *found);
    /* Ten times a second while rows are walked, on the caller's thread. False: stop. */
    bool (*tick)(void *ctx, const struct audit_counts *counts);
    void *ctx;
};

/* MGW_OK where everything was looked at, whatever was found. MGW_CANCELLED: tick() stopped it. */
enum mgw_status audit_run(const struct audit_options *options, struct audit_counts *counts,
                          struct mgw_error *error);

#endif
