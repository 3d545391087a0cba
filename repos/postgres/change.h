/* SPDX-License-Identifier: Apache-2.0
 *
 * One change as queries, and what their results say about it. Any thread. */
#ifndef POSTGRES_CHANGE_H
#define POSTGRES_CHANGE_H

#include "fault.h"
#include "query.h"

#include <mediagw/repo.h>

enum { CHANGE_QUERIES = 2 };

/* Fills at most CHANGE_QUERIES queries, *COUNT of them; none for a change that is MGW_INVALID. The
 * queries point into CHANGE. */
enum mgw_status change_queries(const struct mgw_change *change, struct query *queries,
                               size_t *count, struct fault *fault);
/* RESULTS are those queries', all without an error: the change's status, and RESULT's fields. */
enum mgw_status change_judge(const struct mgw_change *change, PGresult *const *results,
                             size_t count, struct mgw_change_result *result, struct fault *fault);

#endif
