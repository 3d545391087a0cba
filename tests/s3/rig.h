/* SPDX-License-Identifier: Apache-2.0
 *
 * The s3 driver, through its table, against the fault server: what the tests of faults start from.
 * Calls, assertions and the host are the conformance kit's. */
#ifndef TESTS_S3_RIG_H
#define TESTS_S3_RIG_H

#include "core/kit/storage/kit.h"
#include "tests/s3/fault.h"

#define RIG_BUCKET "bucket1"
#define RIG_PATH "/" RIG_BUCKET "/"
#define RIG_KEY "AKIDRIGRIGRIG"
#define RIG_SECRET "rig/secret+0123456789abcdefghijklmnop"

/* An error as S3 says it, in a step. */
#define RIG_ERROR(code)                                                                            \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>" code                                 \
    "</Code><Message>words of " code "</Message><RequestId>REQ-1</RequestId></Error>"
/* The headers of an object that the driver itself has put. */
#define RIG_OURS                                                                                   \
    "ETag: \"e1\"\nLast-Modified: Tue, 24 Nov 2026 10:00:00 GMT\n"                                 \
    "x-amz-meta-mgw-put: {x-amz-meta-mgw-put}\n"
/* A put of up to a part: PUT, and HEAD that finds it. */
#define RIG_PUT_OK(key, size)                                                                      \
    {.request = "PUT " RIG_PATH key, .status = 200, .headers = "ETag: \"e1\"\n"},                  \
    {                                                                                              \
        .request = "HEAD " RIG_PATH key, .status = 200, .headers = RIG_OURS, .announced = size     \
    }

/* main of a test program: MODULE is its first argument. */
int rig_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count);
#define RIG_TEST(function)                                                                         \
    {                                                                                              \
        .name = #function, .test_func = function, .setup_func = rig_setup,                         \
        .teardown_func = rig_teardown                                                              \
    }
/* Starts a plain server. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* Opens the driver on the server, without a bucket of its own (each blob's bucket is S3's); each of
 * the arguments is KEY=VALUE, NULL at the end, over the defaults: path style, 3 retries. */
void rig_open(const char *first, ...) __attribute__((sentinel));
/* The same with MODULE's own defaults: only what is said. */
enum mgw_status rig_try_open(struct mgw_call *call, ...) __attribute__((sentinel));

/* Puts TEXT at KEY. */
enum mgw_status rig_put(struct mgw_call *call, const char *key, const char *text);
enum mgw_status rig_stat(struct mgw_call *call, const char *key, struct mgw_stat *stat);
/* Lists the bucket; how many came, or -1 - status. */
int rig_list(struct mgw_call *call);
/* The call's text has WORDS, and no secret. */
#define assert_says(call, words) rig_assert_says(call, words, __FILE__, __LINE__)
void rig_assert_says(const struct mgw_call *call, const char *words, const char *file, int line);
/* Every step was taken, and nothing else was asked. */
#define assert_done() assert_true(fault_is_done())
/* Request N that begins with LINE carries BODY, with its right digest. */
void rig_assert_sent(const char *line, size_t n, const void *body, size_t length);
int64_t rig_now_ms(void);

#endif
