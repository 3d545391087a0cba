/* SPDX-License-Identifier: Apache-2.0
 *
 * What must have happened before what, held against a tape. "Before" is strict: the earlier call
 * had ended when the later one began. A write is safe once a sync of its file has worked that began
 * after the write's end; a name, once one of its folder has. */
#ifndef DURABILITY_ORDER_H
#define DURABILITY_ORDER_H

#include "tests/durability/play.h"

/* What was wrong. */
enum order_breach {
    NO_ANSWER = 1 << 0,          /* the answer is not on the tape */
    NO_PUBLISH = 1 << 1,         /* no name was made (or, on delete, removed) among the buckets */
    NO_ROW = 1 << 2,             /* nothing about the row (or key) was written where it must be */
    BYTES_MISSING = 1 << 3,      /* published before all its bytes were written */
    FILE_UNSYNCED = 1 << 4,      /* published before its bytes were safe */
    UPLOADING_UNSYNCED = 1 << 5, /* published before the row `uploading` was safe */
    FOLDER_UNSYNCED = 1 << 6,    /* answered before the blob's name was safe */
    FOLDER_LATE = 1 << 7,        /* the row `ready` was written before the blob's name was safe */
    READY_UNSYNCED = 1 << 8,     /* answered before the row `ready` was safe */
    SIDECAR_UNSYNCED = 1 << 9,   /* the same as FILE_, FOLDER_UNSYNCED for a blob's sidecar */
    DELETED_UNSYNCED = 1 << 10,  /* the blob went before the row `deleted` was safe */
    REMOVAL_UNSYNCED = 1 << 11,  /* answered before the blob's going was safe */
    KEY_UNSYNCED = 1 << 12,      /* answered before an API key's record was safe */
    DONE_UNSYNCED = 1 << 13,     /* published before the upload's own "done" was safe */
    LEFT_FILE_DIRTY = 1 << 14,   /* answered while bytes of some other file were not safe */
    LEFT_FOLDER_DIRTY = 1 << 15, /* answered while a name in some other folder was not safe */
    BUCKET_UNSYNCED = 1 << 16    /* answered before a bucket, or one of its shards, was safe */
};
/* The names of BREACHES, "nothing" for 0; kept until the test's end. */
const char *order_names(uint32_t breaches);

struct order {
    const struct play *play;
    const char *answer; /* text that the answer holds: "HTTP/1.1 201" */
    const char *id;     /* text that the row's page holds */
    uint64_t bytes;     /* of the blob */
};

uint32_t order_create(const struct order *order);
uint32_t order_delete(const struct order *order);
/* A record (an API key) and nothing else. */
uint32_t order_record(const struct order *order);
/* Whatever answers (a part of an upload, a created one); with no `answer`, ends: `mediagw init`. */
uint32_t order_storage(const struct order *order);
/* The same for one that publishes a blob. */
uint32_t order_complete(const struct order *order);

/* A sync that was tried again on a descriptor on which one had failed, without a new open between;
 * SQLite's own files apart (their bytes are written anew before: see disk.h). */
const struct tape_record *order_retried_sync(const struct play *play);

#endif
