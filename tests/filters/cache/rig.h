/* SPDX-License-Identifier: Apache-2.0
 *
 * A cache over a store that looks far away: fs behind the filter "far", whose counts are in
 * rig.far. In the folder of tests/plugin/bench.h: blobs/ is the store, cache/ the cache's. */
#ifndef CACHE_RIG_H
#define CACHE_RIG_H

#include "tests/plugin/bench.h"
#include "tests/plugins/far/far.h"

#include "core/plugin/call.h"
#include "core/plugin/store.h"

#include <sys/stat.h>

#define KIB ((uint64_t)1024)
#define MIB (1024 * KIB)
#define BLOCK (256 * KIB) /* what the cache fetches at once */

struct rig {
    char cache[128]; /* its folder */
    struct far_shared *far;
};
extern struct rig rig;

int rig_setup(void **state);
int rig_teardown(void **state);

/* The stack FILTERS, of which CACHE is the cache with MORE keys in it (", \"max\": …", or ""). */
#define CACHE(more) "{\"filter\": \"cache\", \"path\": \"cache\"" more "}"
#define FAR "{\"filter\": \"far\", \"shared\": \"far\"}"
struct store *rig_open(const char *filters);
/* The status and, in bench.error, the text of a stack that must be refused. */
enum mgw_status rig_refused(const char *filters);
void rig_forget_counts(void);

/* A blob whose every byte follows from SEED and its offset. */
void rig_fill(unsigned seed, uint64_t offset, unsigned char *bytes, size_t length);
void rig_put(struct store *store, const char *key, unsigned seed, uint64_t bytes);
struct store_reader *rig_reader(struct store *store, struct mgw_call *call, const char *key);
/* Reads LENGTH bytes from OFFSET in pieces of STEP: right ones, of SEED, or a failure's status. */
enum mgw_status rig_read(struct store_reader *reader, struct mgw_call *call, unsigned seed,
                         uint64_t offset, uint64_t length, size_t step);
/* Opens the blob and reads all of it; fails the test where it is not SEED's. */
void rig_check(struct store *store, const char *key, unsigned seed, uint64_t bytes);
/* Whether a reader of it gets a local file, of the right bytes. */
bool rig_is_local(struct store *store, const char *key, unsigned seed, uint64_t bytes);
enum mgw_status rig_remove(struct store *store, const char *key);

/* The cache's files: how many, the disk space they take, and the path of one. With the folder's
 * lock, so that none is counted that has just made room for another. */
struct rig_files {
    unsigned count;
    uint64_t bytes;
    char path[256];
};
struct rig_files rig_files(void);

#endif
