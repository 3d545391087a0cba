/* SPDX-License-Identifier: Apache-2.0
 *
 * Scratch folders, files, programs run to their end, and waiting for something to become true. */
#ifndef TESTS_SUPPORT_SCRATCH_H
#define TESTS_SUPPORT_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A new folder under the working directory, to be freed; removed by scratch_remove. */
char *scratch_new(void);
void scratch_remove(const char *path);
/* A file's content, kept until the test's end, with a NUL behind it; NULL: cannot be read. */
char *scratch_read(const char *path, size_t *length);
void scratch_write(const char *path, const char *text);
/* Regular files under PATH, at any depth, that are longer than 0 bytes or not. */
size_t scratch_count_files(const char *path);

/* Runs ARGV (NULL-terminated) to its end, at most 10 minutes; its output is kept until the test's
 * end.
 */
struct run {
    int status; /* exit status; 128 + signal */
    char *out;
    char *err;
};
struct run run_command(const char *const argv[]);
/* The command's path: the environment's MEDIAGW_COMMAND, or else the one that was built. */
const char *mediagw_command(void);
/* The gateway's command with these arguments: run_mediagw("key", "list"). */
#define run_mediagw(...) run_command((const char *const[]){mediagw_command(), __VA_ARGS__, NULL})

int64_t wait_now_ms(void);
void wait_ms(int64_t ms);
/* Asks until TRUE_ is, at most TIMEOUT_MS. */
bool wait_for(bool (*true_)(void *ctx), void *ctx, int64_t timeout_ms);

/* How much longer than usual things may take: 1, or more under a sanitizer. */
int slowness(void);

#endif
