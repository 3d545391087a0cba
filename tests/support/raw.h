/* SPDX-License-Identifier: Apache-2.0
 *
 * A client on a bare socket: exact bytes out, one answer after the other in. Every wait is bounded;
 * what fails ends the running test. One thread. */
#ifndef TESTS_SUPPORT_RAW_H
#define TESTS_SUPPORT_RAW_H

#include "tests/support/http.h"

struct raw;

/* Closed at the test's end, or by raw_close. */
struct raw *raw_open(const struct server *server);
void raw_close(struct raw *raw);
/* Closes with RST: what the peer sees of a process that died. */
void raw_reset(struct raw *raw);
/* A peer that is gone (EPIPE, ECONNRESET) is no failure: the answer tells. */
void raw_send(struct raw *raw, const void *bytes, size_t length);
void raw_text(struct raw *raw, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* No more bytes from us; answers may still come. */
void raw_half_close(struct raw *raw);
/* The next answer: 100 and other interim ones are answers of their own; status 0 where the
 * connection ends before one. HEAD: the answer has no body. */
struct http_answer *raw_read(struct raw *raw);
struct http_answer *raw_read_head(struct raw *raw);
/* True where nothing but the connection's end comes, within TIMEOUT_MS. */
bool raw_is_closed(struct raw *raw, int64_t timeout_ms);
/* All that still comes before the connection's end; NULL where it does not end in time. */
const char *raw_rest(struct raw *raw, int64_t timeout_ms);
/* True where bytes lie ready, or come within TIMEOUT_MS. */
bool raw_has_answer(struct raw *raw, int64_t timeout_ms);

#endif
