/* SPDX-License-Identifier: Apache-2.0
 *
 * A repository driver in memory, for tests only: it keeps the whole contract of repo.h, counts its
 * calls, and fails or waits where it is told to. Any thread; the tests' own functions too. */
#ifndef MEMREPO_H
#define MEMREPO_H

#include <mediagw/repo.h>

struct memrepo;

enum memrepo_callback {
    MEMREPO_GET,
    MEMREPO_GET_BY_BLOB,
    MEMREPO_LIST,
    MEMREPO_SCAN_DUE,
    MEMREPO_WHICH_KNOWN,
    MEMREPO_APPLY,
    MEMREPO_GET_RECORD,
    MEMREPO_LIST_RECORDS,
    MEMREPO_MAINTAIN,
    MEMREPO_HEALTH,
    MEMREPO_NOW,
    MEMREPO_SCAN,
    MEMREPO_CALLBACKS
};

/* What shall go wrong in one callback. All zero: nothing. */
struct memrepo_fault {
    uint64_t at;            /* the first call that is hit, 1: the next one; 0 reads as 1 */
    uint64_t times;         /* how many calls are hit; 0: all from there on */
    enum mgw_status status; /* what they answer; MGW_OK: only the delay */
    bool after;             /* the work is done first: the answer gets lost, not the request */
    bool deaf;              /* the delay does not end at the deadline or when cancelled */
    int64_t delay_ms;       /* before the work; with a deadline: MGW_TIMEOUT, nothing done */
    int64_t retry_after_ms; /* the advice in the error */
    /* apply only: bits of enum mgw_row_status; only batches that bring a row into one of these
     * statuses are counted and hit. 0: every batch. */
    uint32_t row_status;
};

/* The table, for mgw_media_options.repo and for tests of the host's side. */
const struct mgw_repo_driver *memrepo_driver(void);
/* The plugin's descriptor: config key `name` (instances of one name share their rows for the life
 * of the process; none: rows of its own). */
const struct mgw_plugin *memrepo_plugin(void);

/* An empty repository of its own: the instance that the table's callbacks take. */
struct memrepo *memrepo_new(void);
void memrepo_free(struct memrepo *repo);
struct mgw_repo memrepo_repo(struct memrepo *repo);

/* One fault a callback; NULL takes it away. The count towards `at` begins anew. */
void memrepo_inject(struct memrepo *repo, enum memrepo_callback callback,
                    const struct memrepo_fault *fault);
uint64_t memrepo_calls(struct memrepo *repo, enum memrepo_callback callback);
/* Calls inside the driver at this moment, over all callbacks. */
uint64_t memrepo_running(struct memrepo *repo);
/* Added to the wall clock. The repository's clock itself never goes backwards. */
void memrepo_set_clock_offset(struct memrepo *repo, int64_t ms);
/* Rows whose status is among the bits (0: all), and records of KIND (NULL: all), expired ones too.
 */
size_t memrepo_row_count(struct memrepo *repo, uint32_t status);
size_t memrepo_record_count(struct memrepo *repo, const char *kind);

#endif
