/* SPDX-License-Identifier: Apache-2.0
 *
 * What the cases stand on: the module under test, a host of their own, calls, and the few verbs
 * that every case needs. Cases share one repository, which may hold the rows of earlier runs: each
 * makes its ids, accounts and keys with bench_name(). */
#ifndef CONFORMANCE_BENCH_H
#define CONFORMANCE_BENCH_H

#include <mediagw/repo.h>

/* cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kit/case.h"
#include "core/kit/host.h"
#include "core/kit/status.h"

/* The groups end with a case without a name. */
#define REPO_CASE(function, clause_, needs_)                                                       \
    {                                                                                              \
        .name = #function, .clause = clause_, .needs = needs_, .run = function                     \
    }

struct bench {
    const struct mgw_repo_driver *driver;
    void *instance;
    struct mgw_repo_limits limits;
};
extern struct bench bench;

/* bench_reopen ends the instance and makes it again; bench_second makes another one beside it (or
 * is the first, where there cannot be two), bench_end_second ends it. */
void bench_reopen(void);
/* Its two halves. */
void bench_let_go(void);
void bench_take_again(void);
void *bench_second(void);
void bench_end_second(void *second);
void bench_sleep(int64_t ms);

/* A text that no other case uses, "<what>-<random>-<number>"; lives until the case ends. */
const char *bench_name(const char *what);
/* What all names of this process have in common. */
const char *bench_run(void);
void bench_forget_names(void);

/* The thread's call, as new: no deadline, not cancelled. */
struct mgw_call *bench_call(void);
/* The same for a call that is over after MS, or cancelled from the start. */
struct mgw_call *bench_call_timeout(int64_t ms);
struct mgw_call *bench_call_cancelled(void);
const char *bench_error(void);

/* Copies of what a read emitted. */
struct found {
    size_t count;
    size_t most; /* stop after so many; 0: never */
    struct mgw_row *rows;
    struct mgw_record *records;
};
void found_free(struct found *found);
#define AUTO_FOUND __attribute__((cleanup(found_free)))
bool found_row(void *found, const struct mgw_row *row);
bool found_record(void *found, const struct mgw_record *record);
/* Where the row of this id is, or -1. */
int found_at(const struct found *found, const char *id);

/* A row with only what is required, `uploading`, of ACCOUNT (NULL: a new one). */
struct mgw_row bench_row(const char *account);
struct mgw_change change_insert(const struct mgw_row *row);
struct mgw_change change_update(const struct mgw_row *row, uint32_t set);
struct mgw_change change_put(const struct mgw_record *record, int64_t expect_version);
struct mgw_change change_delete_record(const struct mgw_record *record, int64_t expect_version);
struct mgw_record bench_record(const char *kind, const char *account, const char *id,
                               const char *text);

enum mgw_status apply(const struct mgw_change *changes, struct mgw_change_result *results,
                      size_t count);
enum mgw_status apply_one(struct mgw_change change, struct mgw_change_result *result);
/* Must succeed. */
void insert(const struct mgw_row *row);
void get(const char *id, struct found *found);
void list(const struct mgw_row_query *query, struct found *found);
struct mgw_row_query bench_query(const char *account, uint32_t status, uint32_t limit);
enum mgw_status get_record(const struct mgw_record *record, struct found *found);

#define assert_status(status, expected)                                                            \
    do {                                                                                           \
        enum mgw_status got_ = (status);                                                           \
        if (got_ != (expected)) {                                                                  \
            print_error("%s\n  expected %s, got %s: %s\n", #status, kit_status(expected),          \
                        kit_status(got_), bench_error());                                          \
            fail();                                                                                \
        }                                                                                          \
    } while (0)
void assert_same_text(const char *got, const char *expected);

extern const struct kit_case rows_cases[], compare_cases[], query_cases[], due_cases[],
    record_cases[], scan_cases[], limit_cases[], thread_cases[], node_cases[], life_cases[],
    repo_crash_cases[], repo_leak_cases[], repo_crowd_cases[];

#endif
