/* SPDX-License-Identifier: Apache-2.0
 *
 * A bounded number of connections, lent to one thread at a time. A connection whose state is not
 * known is closed, never lent again. While the server is away, one borrower at a time tries it, at
 * growing intervals; the others wait for its luck. Any thread. */
#ifndef POSTGRES_POOL_H
#define POSTGRES_POOL_H

#include "session.h"

#include <pthread.h>

struct pool {
    const struct session_options *options;
    int most;
    int64_t patience_ms; /* how long borrowers wait for a server that went away */
    pthread_mutex_t lock;
    pthread_cond_t freed;
    struct session *idle; /* the last returned first */
    int open;             /* lent, idle or being opened */
    bool trying;          /* the server is away, and somebody is trying it */
    int failures;         /* in a row */
    int64_t away_since_ms, retry_at_ms;
    struct fault last; /* why, while failures > 0 */
};

void pool_init(struct pool *pool, const struct session_options *options, int most,
               int64_t patience_ms);
/* No connection may be lent. */
void pool_end(struct pool *pool);
/* Closes idle connections that were not needed for a while. */
void pool_shrink(struct pool *pool);

enum mgw_status pool_borrow(struct pool *pool, const struct limit *limit, struct session **session,
                            struct fault *fault);
void pool_return(struct pool *pool, struct session *session);

#endif
