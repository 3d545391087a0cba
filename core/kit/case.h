/* SPDX-License-Identifier: Apache-2.0
 *
 * One case of a suite, and what it needs of the plugin under test: the capability bits that its
 * kind declares, and above them traits that the kit finds out by itself. Data; any thread. */
#ifndef KIT_CASE_H
#define KIT_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kit_case {
    const char *name;   /* states the behaviour */
    const char *clause; /* where the header demands it */
    uint64_t needs;     /* capabilities and traits, all of them */
    bool slow;          /* only with --slow */
    bool counts;        /* memory, by growth.h: the allocator must keep nothing for later */
    void (*run)(void **state);
    void (*script)(void); /* what crash_run runs; NULL: nothing */
};

/* Traits, beside the bits of enum mgw_storage_capability or mgw_repo_capability. */
#define KIT_WRITES (UINT64_C(1) << 40)     /* it is not read-only */
#define KIT_PREPARES (UINT64_C(1) << 41)   /* blobs can be put by it or by the layer below */
#define KIT_SURVIVES (UINT64_C(1) << 42)   /* what is stored outlives the instance */
#define KIT_ADVISE (UINT64_C(1) << 43)     /* the optional callback */
#define KIT_SWEEP (UINT64_C(1) << 44)      /* the same */
#define KIT_SCAN (UINT64_C(1) << 45)       /* the same, of a repository */
#define KIT_SECOND (UINT64_C(1) << 46)     /* two instances at once, in one process */
#define KIT_HOST_CLOCK (UINT64_C(1) << 47) /* the repository's clock is the host's */
#define KIT_PARALLEL (UINT64_C(1) << 48)   /* MGW_THREADS_PARALLEL */

#endif
