/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter "mirror": two stores that hold the same blobs. Both are written, the first that has a
 * blob is read, the other is mended. What its rooms share.
 *
 * What happens where one store is down (it answers UNAVAILABLE, TIMEOUT, IO, NO_SPACE, DENIED…):
 *
 *   verb                    require "both"                  require "one"
 *   put, new key            not acknowledged                acknowledged by the other; mended later
 *   put, replacing a blob   not acknowledged                not acknowledged
 *   remove                  not acknowledged                not acknowledged
 *   resumable upload        not acknowledged                not acknowledged
 *   copy                    not acknowledged                not acknowledged
 *   open, read, stat        answered by the other, where it has the blob; else the failure of the
 *                           one that is down: "not found" is what both say
 *   list                    fails: half a list would look like blobs lost
 *   health                  fails                           well
 *
 * New keys alone may be acknowledged by one store: so no store ever holds an acknowledged blob that
 * has been replaced or removed, whatever comes up again, and a copy may always be mended from the
 * other. A put that one store published and the other did not is MGW_UNKNOWN_OUTCOME: it can be
 * seen; a repeat of the commit writes the other, put_abort takes a new blob away again, and what
 * neither does is mended, the newer version over the older (version.h).
 *
 * Commits are made in the first store, then in the second, and the first decides MGW_PUT_IF_ABSENT;
 * commits, removals and the mender's copies of one key exclude each other (mirror_lock). Any
 * thread. */
#ifndef MIRROR_H
#define MIRROR_H

#include "drivers/filters/common/pass.h"

#include <pthread.h>
#include <stdatomic.h>

enum { FIRST = 0, SECOND = 1, STORES = 2, MIRROR_STRIPES = 256 };
/* Of a key, so that a list's cursor has room for a store's own. */
#define MIRROR_KEY_MAX 1000u

/* One of the two. */
struct side {
    struct pass pass;
    uint64_t capabilities;
    uint64_t max_blob_bytes;
    uint32_t max_key_bytes, max_metadata_bytes;
    const char *name;           /* for texts: "the first store" */
    _Atomic int64_t down_until; /* monotonic: it failed a moment ago and is asked last */
};

struct mender;
struct mirror {
    struct side side[STORES];
    const struct mgw_host *host;
    char *log_name;
    bool one;     /* require "one" */
    char *notes;  /* the bucket of the filter's own */
    char id[257]; /* the store id that both share by their notes */
    uint64_t capabilities;
    int64_t retry_ms, walk_every_ms;
    struct mender *mender;
    pthread_mutex_t stripes[MIRROR_STRIPES];
};

/* A call of the filter's own for one store, so that what it says does not end what the outer call
 * has to say; one thread with the outer call. */
struct side_call {
    struct mgw_call call; /* first */
    struct mgw_error error;
    struct mgw_call *outer;
};
/* HALF: it may take half the time that OUTER has left, since the other store is to be asked yet. */
struct mgw_call *side_call(struct side_call *side, struct mgw_call *outer, bool half);
/* The outer call says what SIDE's said. */
void side_tell(const struct side_call *side);

/* True where STATUS tells of the store, not of what was asked. */
bool side_failed(enum mgw_status status);
/* Remembers a failure; what the mirror misses by it is found by the mender. */
void side_saw(struct mirror *mirror, int which, enum mgw_status status,
              const struct mgw_call *call);
bool side_is_down(const struct mirror *mirror, int which);
/* The store to be asked first. */
int side_preferred(const struct mirror *mirror);

/* Nobody else commits, removes or mends BLOB's key until mirror_unlock. */
enum mgw_status mirror_lock(struct mgw_call *call, struct mirror *mirror,
                            const struct mgw_blob *blob, pthread_mutex_t **lock);
void mirror_unlock(pthread_mutex_t *lock);

/* MGW_INVALID for the bucket of the filter's own. */
enum mgw_status mirror_check_bucket(struct mgw_call *call, const struct mirror *mirror,
                                    const char *bucket);
char *mirror_keep(struct mgw_call *call, const char *text);
enum mgw_status mirror_no_memory(struct mgw_call *call);

#endif
