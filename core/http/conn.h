/* SPDX-License-Identifier: Apache-2.0
 *
 * Open connections and their deadlines. libmicrohttpd knows idleness only and forgets a suspended
 * connection altogether; here a sweeper thread looks at every connection a few times a second and
 * shuts down (2) those that are over their time. It takes what has passed from the kernel
 * (TCP_INFO), so that neither headers nor transfers have to be counted. */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <mediagw/media.h>

#include <microhttpd.h>
#include <netinet/in.h>

struct conn;
struct conns;

/* What a connection is waiting for, which says which deadline holds. */
enum conn_phase {
    CONN_HEAD,  /* the first request's header */
    CONN_BODY,  /* a request's body: idleness, minimum rate */
    CONN_WORK,  /* suspended: the worker's own deadline; looked at for the client's hanging up */
    CONN_SEND,  /* the client takes the answer: idleness, minimum rate */
    CONN_IDLE,  /* the next request: idleness, and the header's deadline once it has begun */
    CONN_LINGER /* refused in mid-body: a few seconds for the client to notice */
};

struct conn_limits {
    uint32_t connections;
    uint32_t per_address; /* 0: no limit */
    int64_t header_deadline_ms;
    int64_t idle_ms;
    uint64_t min_rate; /* bytes a second, over one idle_ms */
    unsigned threads; /* libmicrohttpd's, at most 64: a socket is that of its number modulo these */
    /* Whether the peer is a trusted proxy, whose connections no address limits. */
    bool (*is_proxy)(void *ctx, const struct in6_addr *address);
    void *is_proxy_ctx;
};

/* Starts the sweeper. NULL when it cannot. */
struct conns *conns_new(const struct conn_limits *limits);
/* All connections are closed. */
void conns_free(struct conns *conns);

/* libmicrohttpd's callbacks (accept policy, connection notice); the first argument is the conns. */
enum MHD_Result conns_accept(void *conns, const struct sockaddr *address, socklen_t length);
void conns_notice(void *conns, struct MHD_Connection *mhd, void **socket_context,
                  enum MHD_ConnectionNotificationCode code);

/* FD, a new connection's socket, or a duplicate of it, FD closed, whose thread is not one that is
 * blocked by a plugin's call. */
int conns_place(const struct conns *conns, int fd);

/* The connection's conn, valid until it is closed. */
struct conn *conn_of(struct MHD_Connection *mhd);
/* The next part of a request: all deadlines start anew. */
void conn_set_phase(struct conn *conn, enum conn_phase phase);
/* Between CONN_WORK and the transfer that it interrupts: the transfer's deadlines go on, without
 * the time of the work. */
void conn_alternate(struct conn *conn, enum conn_phase phase);
/* CALL is cancelled when the client hangs up; NULL: none any more. */
void conn_set_call(struct conn *conn, struct mgw_call *call);

/* Work for this connection begins, on this thread (HERE) or another, and should be over by UNTIL_MS
 * (CLOCK_MONOTONIC). Where it is not, it is given up: its call is cancelled, its worker counts as
 * lost, and OVERDUE is called with CTX to answer past libmicrohttpd (false: it could not; NULL:
 * there is nothing to answer), from the sweeper's thread; then the connection ends for the client.
 * All that the work uses stays as it is until conn_work_end. Called by the connection's own thread.
 */
void conn_work_begin(struct conn *conn, bool here, int64_t until_ms, bool (*overdue)(void *ctx),
                     void *ctx);
/* A pool's thread takes the work up; false: it was given up already. */
bool conn_work_take(struct conn *conn);
/* It is over. False: it was given up, so that nothing can be answered any more. */
bool conn_work_end(struct conn *conn);
/* How many are given up and not over. */
size_t conns_given_up(const struct conns *conns);
/* RECEIVED bytes of a body so far: where the kernel cannot tell (a unix socket). */
void conn_progress(struct conn *conn, uint64_t received);
/* Whether bytes have come that libmicrohttpd has not read yet. */
bool conn_has_more(const struct conn *conn);
/* The peer's address and port as text; "unix". */
const char *conn_peer(const struct conn *conn);
/* The peer's address, IPv4 in its IPv6 form; "::" of a unix socket. */
const struct in6_addr *conn_address(const struct conn *conn);

/* Stopping: connections that wait for a request are shut down, now and from now on. */
void conns_stop(struct conns *conns);
/* The end of patience: all calls are cancelled, all connections shut down. */
void conns_abort(struct conns *conns);

#endif
