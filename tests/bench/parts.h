/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a run, each with a gateway of its own. */
#ifndef TESTS_BENCH_PARTS_H
#define TESTS_BENCH_PARTS_H

#include "tests/bench/series.h"

enum { CONNECTIONS = 16, PATTERN_BYTES = 1 << 20 };

/* PATTERN: a mebibyte that does not compress. */
void uploads_part(struct plan *plan, const char *pattern);
void reads_part(struct plan *plan, const char *pattern);
void lists_part(struct plan *plan, unsigned rows);
/* What layers cost that only pass on. */
void pass_part(struct plan *plan, const char *pattern);
void encrypt_part(struct plan *plan, const char *pattern);
void memory_part(struct plan *plan, const char *pattern);
/* LARGE_BYTES: of the one large recording. */
void s3_part(struct plan *plan, const char *pattern, uint64_t large_bytes);
void cache_part(struct plan *plan, const char *pattern);

#endif
