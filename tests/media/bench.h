/* SPDX-License-Identifier: Apache-2.0
 *
 * A service over fakes, and the few verbs that its tests are made of. One a test, by cmocka's
 * setup. */
#ifndef TESTS_MEDIA_BENCH_H
#define TESTS_MEDIA_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/plugins/memrepo/memrepo.h"
#include "tests/plugins/memstore/memstore.h"

#include <mediagw/media.h>

#include <stdlib.h>
#include <string.h>

enum { BENCH_LEASE_MS = 600 };

struct bench {
    struct memstore *store;
    struct memrepo *repo;
    struct mgw_media_options options;
    struct mgw_storage storage;
    struct mgw_repo rows;
    struct mgw_media *media;
    struct mgw_call *call; /* of the account "acme" */
};

int bench_setup(void **state);
int bench_teardown(void **state);
/* The same fakes under a service with `options` as they are now. */
void bench_restart(struct bench *bench);

/* Options and a recording in which nothing is said but the type video/webm. */
struct mgw_create_options bench_options(void);
struct mgw_recording bench_recording(void);
/* Create of BYTES in one go. */
enum mgw_status bench_create(struct bench *bench, struct mgw_call *call,
                             const char *idempotency_key, const char *bytes,
                             struct mgw_grant **grant);
/* As bench_create for "acme"; it must work. */
struct mgw_grant *bench_must_create(struct bench *bench, const char *bytes);
/* The status of row ID as the repository has it. */
uint32_t bench_status(struct bench *bench, const char *id);
/* The only row's id, to be freed. */
char *bench_only_id(struct bench *bench, uint32_t status);
/* Time passes for the repository: every lease is over. Then one round of the reaper. */
uint64_t bench_reap_later(struct bench *bench);

/* Takes a signed URL apart, for mgw_content_open. Freed by free(request.bucket). */
struct mgw_content_request bench_parse_url(const char *url);

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

#endif
