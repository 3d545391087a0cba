/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the credentials share: a host whose clocks they move, the environment, files,
 * an endpoint, calls. A test that ends begins the next one clean. Every text is searched for
 * secrets as it comes by. */
#ifndef TESTS_S3CREDS_BENCH_H
#define TESTS_S3CREDS_BENCH_H

#include "drivers/s3/creds.h"
#include "tests/s3creds/endpoint.h"
#include "tests/unit/unit.h"

#define START_MS INT64_C(1795478400000) /* 2026-11-24T00:00:00Z */
#define MINUTE_MS INT64_C(60000)

struct bench {
    struct endpoint *endpoint;
    char *home; /* a folder, with .aws in it */
    struct creds *creds;
    struct mgw_call *call; /* the last one */
    struct credential got; /* by it */
};

int bench_setup(void **state); /* for cmocka; *STATE is a struct bench */
int bench_teardown(void **state);

/* Moves both clocks on: they stand still otherwise. */
void bench_pass(int64_t ms);
/* From now on the monotonic one is the real one, by which calls have their deadlines. */
void bench_run_clock(void);
extern const struct mgw_host bench_host;
/* How many lines with TEXT in them were logged so far. */
unsigned int bench_logged(const char *text);

/* $NAME; VALUE NULL takes it away. All of AWS's are gone when a test begins, but for
 * AWS_EC2_METADATA_DISABLED=true and a timeout that a slow machine keeps. */
void bench_env(const char *name, const char *value);
/* A file below the home, with its folder; its path is kept until the next call. */
const char *bench_file(struct bench *bench, const char *name, const char *text);

/* The credentials of a config with these keys (NULL at the end; name, value, …). */
enum mgw_status bench_open(struct bench *bench, ...) __attribute__((sentinel));
enum mgw_status bench_get(struct bench *bench);
/* As the call before said it. */
const char *bench_text(const struct bench *bench);

#define assert_got(bench, key)                                                                     \
    do {                                                                                           \
        assert_status(bench, bench_get(bench), MGW_OK);                                            \
        assert_string_equal((bench)->got.access_key, key);                                         \
    } while (0)
#define assert_status(bench, got_, wanted)                                                         \
    do {                                                                                           \
        enum mgw_status status_ = (got_);                                                          \
        if (status_ != (wanted)) {                                                                 \
            fail_msg("status %d, not %d: %s", status_, wanted, bench_text(bench));                 \
        }                                                                                          \
    } while (0)
#define assert_says(bench, words)                                                                  \
    do {                                                                                           \
        if (!strstr(bench_text(bench), words)) {                                                   \
            fail_msg("\"%s\" does not say \"%s\"", bench_text(bench), words);                      \
        }                                                                                          \
    } while (0)

#endif
