/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache: copies of blobs in a local folder, in front of a store that is far away. What its
 * rooms share.
 *
 *   PATH/ledger        the marker, the disk space in use (shared memory): ledger.h
 *   PATH/XX/NAME       the copy of one version of a blob: entry.h; NAME: name.h
 *   PATH/tmp-…         a copy in the making
 *
 * Any number of processes share a folder. Nothing in it is needed: whatever is lost, damaged or
 * full costs a request to the layer below and nothing else, so that nothing is ever synced. */
#ifndef CACHE_H
#define CACHE_H

#include "drivers/filters/common/pass.h"

#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define CACHE_BLOCK ((size_t)256 * 1024) /* what is fetched, checked and marked as one */

struct ledger;
struct flights;
struct seen;

struct cache {
    struct pass pass; /* first */
    const struct mgw_host *host;
    char *path;
    char *store_id;
    int dir;
    uint64_t max;
    EVP_MD *digest;         /* of names and versions */
    EVP_CIPHER *cipher;     /* of the blocks' tags */
    unsigned char boot[16]; /* the machine's since its last start */
    struct ledger *ledger;
    struct flights *flights;
    struct seen *seen; /* NULL: every open asks the layer below */
    atomic_llong warned_ms;
};

enum mgw_status cache_no_memory(struct mgw_call *call);
/* MGW_OK, or MGW_TIMEOUT, MGW_CANCELLED where nobody waits any more. */
enum mgw_status cache_over(struct mgw_call *call, const struct cache *cache);
/* A line in the log about the folder, with errno's text; one a minute at most. */
void cache_warn(struct cache *cache, const char *what, int error);

static inline void cache_cleanup_free(void *pointer)
{
    free(*(void **)pointer);
}
static inline void cache_cleanup_close(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}
#define AUTO_FREE __attribute__((cleanup(cache_cleanup_free)))
#define AUTO_CLOSE __attribute__((cleanup(cache_cleanup_close)))

static inline int cache_take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

#endif
