/* SPDX-License-Identifier: Apache-2.0
 *
 * Stacks of filters out of a config's "storage" object, as the gateway makes them, and blobs put
 * and read through them by one line. On bench.h: bench_setup and bench_teardown around each test.
 * What fails ends the running test. */
#ifndef TESTS_FILTERS_STACK_H
#define TESTS_FILTERS_STACK_H

#include "tests/plugin/bench.h"

#include "core/base/cleanup.h"
#include "core/plugin/call.h"
#include "core/plugin/store.h"

#define STACK_BUCKET "bucket"

/* The filters FILTERS (a list's inside; "" is none) over fs in the test's folder, or over a
 * memstore that presigns. */
struct store *stack_over_fs(const char *filters);
struct store *stack_over_memory(const char *filters);
/* Refused with STATUS and a text that has WORDS in it. */
void stack_refused(const char *filters, enum mgw_status status, const char *words);

struct mgw_blob stack_blob(const char *key);
/* A put of these bytes, if absent, of type video/webm with the metadata id = KEY: its status. */
enum mgw_status stack_put(struct store *store, struct mgw_call *call, const char *key,
                          const void *bytes, size_t length);
/* The blob has these bytes, that type and that metadata. */
void stack_assert_blob(struct store *store, struct mgw_call *call, const char *key,
                       const void *bytes, size_t length);
enum mgw_status stack_stat(struct store *store, struct mgw_call *call, const char *key);
/* Text, to be freed: as many bytes as are asked for, other ones for each SEED. */
char *stack_bytes(size_t length, unsigned seed);
/* Names of a list, in its order, each with a space behind it; to be freed. */
char *stack_list(struct store *store, struct mgw_call *call, uint32_t limit,
                 enum mgw_status *status);

/* A resumable upload of two parts; *LENGTH bytes in all, as stack_bytes(…, 7) has them. The status
 * of the first verb that fails. */
enum mgw_status stack_upload(struct store *store, struct mgw_call *call, const char *key,
                             size_t *length);

#endif
