/* SPDX-License-Identifier: Apache-2.0
 *
 * apply() as repo.h has it: a request's transaction, made again where it met a deadlock. Any
 * thread. */
#ifndef POSTGRES_APPLY_H
#define POSTGRES_APPLY_H

#include "pool.h"
#include "request.h"

/* Answers REQUEST within LIMIT. */
void apply_request(struct pool *pool, const struct limit *limit, struct request *request);

#endif
