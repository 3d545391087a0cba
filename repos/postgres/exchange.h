/* SPDX-License-Identifier: Apache-2.0
 *
 * Queries out and results in, over one session, never longer than a limit. One thread at a time. */
#ifndef POSTGRES_EXCHANGE_H
#define POSTGRES_EXCHANGE_H

#include "session.h"

/* Sends COUNT queries and waits for all their results, which may be errors: the first, and those
 * behind it PGRES_PIPELINE_ABORTED. The caller clears RESULTS, which are NULL where none came.
 * Anything but MGW_OK leaves the session broken. */
enum mgw_status exchange_run(struct session *session, const struct limit *limit,
                             const struct query *queries, size_t count, PGresult **results,
                             struct fault *fault);
/* The same for one query whose error is the answer. *RESULT only with MGW_OK. */
enum mgw_status exchange_ask(struct session *session, const struct limit *limit,
                             const struct query *query, const char *what, PGresult **result,
                             struct fault *fault);
/* The first error among RESULTS; MGW_OK where there is none. */
enum mgw_status exchange_verdict(struct session *session, PGresult *const *results, size_t count,
                                 const char *what, struct fault *fault);

/* RESULT (may be NULL) ends the session, whatever was asked: it is no statement's own answer. */
bool exchange_is_farewell(const PGresult *result);

static inline void exchange_clear(PGresult **results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PQclear(results[i]);
        results[i] = NULL;
    }
}
static inline void cleanup_result(PGresult **result)
{
    PQclear(*result);
}
#define AUTO_RESULT __attribute__((cleanup(cleanup_result)))

#endif
