/* SPDX-License-Identifier: Apache-2.0
 *
 * Stores of the fs driver in scratch folders, on the conformance suite's kit. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "core/kit/storage/kit.h"

#include <limits.h>
#include <sys/types.h>

struct store {
    char folder[PATH_MAX]; /* scratch; removed in the end */
    char root[PATH_MAX];   /* folder/store */
};

/* How the next instances are opened. */
extern bool use_tmpfile, use_xattr, use_openat2;

enum mgw_status open_root(struct mgw_call *call, const char *root, uint32_t flags, void **opened);
/* setup and teardown of cases: a new store, opened as `instance`; *state is a struct store. */
int store_setup(void **state);
int store_teardown(void **state);
/* A scratch folder only. */
int folder_setup(void **state);
int folder_teardown(void **state);

void write_text(const char *folder, const char *name, const char *text);
/* All names and sizes under PATH, one a line; to be freed. */
char *snapshot(const char *path);
/* Runs BODY in a child process; its status as of waitpid. */
pid_t spawn(void (*body)(void *), void *argument);
int wait_for(pid_t child);

extern const struct CMUnitTest marker_tests[], escape_tests[], failure_tests[], crash_tests[],
    large_tests[];
extern const size_t marker_count, escape_count, failure_count, crash_count, large_count;

#endif
