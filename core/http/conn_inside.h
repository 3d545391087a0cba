/* SPDX-License-Identifier: Apache-2.0
 *
 * What conn.c and conn_sweep.c share. Everything but the atomics is under the list's lock. */
#ifndef HTTP_CONN_INSIDE_H
#define HTTP_CONN_INSIDE_H

#include "core/base/pool.h"
#include "core/http/conn.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#define CONN_PEER_SIZE 64
#define CONN_GIVEN_UP (-1)

struct conn {
    struct conns *owner;
    struct conn *next, **prev;
    int fd;
    char peer[CONN_PEER_SIZE];
    struct in6_addr address; /* "::" of a unix socket */
    bool local;              /* a unix socket: the kernel counts no bytes */
    bool proxy;              /* a trusted one: no limit per address */
    _Atomic uint64_t received;
    /* The phase in the low byte, above it the part: a number that each conn_set_phase changes. */
    _Atomic uint64_t phase;
    struct mgw_call *call; /* under the lock */

    _Atomic int64_t work_until; /* 0: no work is under way; CONN_GIVEN_UP: and it does not end */
    _Atomic int64_t
        inline_since; /* when this thread of libmicrohttpd's began it; 0: others do it */
    _Atomic(struct pool_worker *) worker; /* who has it; NULL: nobody yet, or no pool's thread */
    bool (*overdue)(void *ctx);
    void *overdue_ctx;
    int64_t given_up_at; /* the sweeper's own; 0: not */

    /* The sweeper's own: what it saw at `phase`. */
    uint64_t seen;       /* the part */
    int64_t since;       /* when it was first seen */
    int64_t looked_at;   /* the last tick */
    int64_t progress_at; /* when bytes last passed */
    int64_t window_ms;   /* of the minimum rate: how much of it is over */
    uint64_t bytes, window_bytes;
    int64_t header_since; /* when a header was seen to have begun; 0: not */
    int64_t gone_since;   /* when the client was seen to have hung up; 0: not */
    bool cut;
};

struct conns {
    struct conn_limits limits;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t sweeper;
    struct conn *first;
    _Atomic size_t count;
    _Atomic size_t given_up;
    _Atomic uint64_t blocked; /* bits of libmicrohttpd's threads, as the last tick found them */
    size_t most;              /* connections since memory was last given back */
    int64_t tick_ms;
    bool stopping, ending; /* no more requests; the sweeper ends */
};

/* One look at a connection: what is over its time is shut down. */
void conn_sweep(struct conn *conn, int64_t now);
/* Its thread's bit where that has been in the connection's work for too long; else 0. */
uint64_t conn_blocks(const struct conn *conn, int64_t now);
/* Shuts it down, once; WHY, unless NULL, is logged. */
void conn_cut(struct conn *conn, const char *why);

#endif
