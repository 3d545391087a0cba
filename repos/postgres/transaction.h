/* SPDX-License-Identifier: Apache-2.0
 *
 * One transaction for one or many requests. Two round trips: all changes, then COMMIT, so that what
 * was lost before the second went out certainly did not happen. One thread at a time. */
#ifndef POSTGRES_TRANSACTION_H
#define POSTGRES_TRANSACTION_H

#include "request.h"
#include "session.h"

/* REQUESTS is a list, by `next`; more than one only where each is a single change. MGW_OK: every
 * request has its answer in its fault and results, and is durable where that is MGW_OK. Anything
 * else is the answer of all: nothing was changed, or (MGW_UNKNOWN_OUTCOME, MGW_TIMEOUT,
 * MGW_CANCELLED) nobody knows. No lock is waited for longer than LOCK_MS. */
enum mgw_status transaction_run(struct session *session, const struct limit *limit, int64_t lock_ms,
                                struct request *requests, struct fault *fault);
/* Gives REQUEST the answer FAULT. */
void transaction_fail(struct request *request, const struct fault *fault);

#endif
