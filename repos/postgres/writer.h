/* SPDX-License-Identifier: Apache-2.0
 *
 * Where changes go. One that comes alone is made by its caller's own thread; in a crowd those that
 * are a single change each share transactions, so that many have one commit and two round trips
 * together. Any thread. */
#ifndef POSTGRES_WRITER_H
#define POSTGRES_WRITER_H

#include "pool.h"

#include <mediagw/repo.h>

struct writer;

enum mgw_status writer_new(struct pool *pool, struct writer **writer, struct fault *fault);
/* No apply may be under way. NULL is nothing. */
void writer_free(struct writer *writer);

/* As repo.h's apply. */
enum mgw_status writer_apply(struct writer *writer, struct mgw_call *call,
                             const struct mgw_change *changes, size_t change_stride,
                             struct mgw_change_result *results, size_t result_stride, size_t count);

#endif
