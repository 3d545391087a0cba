/* SPDX-License-Identifier: Apache-2.0
 *
 * See conn.h. One lock guards the list, and with it the descriptors: libmicrohttpd gives its notice
 * before it closes one, so that shutdown(2) under the lock never hits another file. */
#include "core/http/conn.h"

#include "core/base/clock.h"
#include "core/base/log.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { TICK_MAX_MS = 1000, TICK_MIN_MS = 50, LINGER_MS = 5000, PEER_SIZE = 64, HUNG_UP_MS = 1000 };

struct conn {
    struct conns *owner;
    struct conn *next, **prev;
    int fd;
    char peer[PEER_SIZE];
    struct in6_addr address;
    /* The phase in the low byte, above it the part: a number that each conn_set_phase changes. */
    _Atomic uint64_t phase;
    struct mgw_call *call; /* under the lock */

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
    int64_t tick_ms;
    bool stopping, ending; /* no more requests; the sweeper ends */
};

static enum conn_phase phase_of(uint64_t phase)
{
    return (enum conn_phase)(phase & 0xff);
}

/* Bytes that have passed the socket: received, or sent and acknowledged. */
static uint64_t conn_bytes(const struct conn *conn, bool sent)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
        return 0;
    }
    return sent ? info.tcpi_bytes_acked : info.tcpi_bytes_received;
}

static void conn_cut(struct conn *conn, const char *why)
{
    if (!conn->cut) {
        conn->cut = true;
        shutdown(conn->fd, SHUT_RDWR);
        if (why) {
            log_event(LOG_LEVEL_INFO, "connection cut", LOG_TEXT("client", conn->peer),
                      LOG_TEXT("reason", why));
        }
    }
}

static void sweep_transfer(struct conn *conn, int64_t now, bool sent)
{
    const struct conn_limits *limits = &conn->owner->limits;
    uint64_t bytes = conn_bytes(conn, sent);
    if (bytes != conn->bytes) {
        conn->bytes = bytes;
        conn->progress_at = now;
    }
    if (now - conn->progress_at > limits->idle_ms) {
        conn_cut(conn, "idle");
        return;
    }
    conn->window_ms += now - conn->looked_at;
    if (conn->window_ms < limits->idle_ms) {
        return;
    }
    uint64_t least = limits->min_rate * (uint64_t)conn->window_ms / 1000;
    if (bytes - conn->window_bytes < least) {
        conn_cut(conn, "below the minimum rate");
    }
    conn->window_ms = 0;
    conn->window_bytes = bytes;
}

static void sweep_idle(struct conn *conn, int64_t now)
{
    const struct conn_limits *limits = &conn->owner->limits;
    if (conn->owner->stopping) {
        conn_cut(conn, NULL);
    } else if (conn->header_since == 0 && conn_bytes(conn, false) != conn->bytes) {
        conn->header_since = now;
    } else if (conn->header_since != 0 && now - conn->header_since > limits->header_deadline_ms) {
        conn_cut(conn, "header too slow");
    } else if (now - conn->since > limits->idle_ms) {
        conn_cut(conn, NULL);
    }
}

/* A client that hangs up looks at first like one that only ended its sending side, so that it gets
 * a moment: what it waits for may be about to come. */
static void sweep_work(struct conn *conn, int64_t now)
{
    struct pollfd poll_fd = {.fd = conn->fd, .events = POLLRDHUP};
    conn->progress_at = now;
    if (!conn->call || poll(&poll_fd, 1, 0) <= 0) {
        return;
    }
    if (conn->gone_since == 0) {
        conn->gone_since = now;
    }
    bool reset = (poll_fd.revents & (POLLERR | POLLHUP)) != 0;
    if (reset || now - conn->gone_since >= HUNG_UP_MS) {
        mgw_call_cancel(conn->call);
    }
}

static void sweep(struct conn *conn, int64_t now)
{
    uint64_t phase = atomic_load_explicit(&conn->phase, memory_order_acquire);
    if (phase >> 8 != conn->seen) {
        conn->seen = phase >> 8;
        conn->since = conn->progress_at = conn->looked_at = now;
        conn->window_ms = 0;
        conn->bytes = conn->window_bytes = conn_bytes(conn, phase_of(phase) == CONN_SEND);
        conn->header_since = conn->gone_since = 0;
    }
    switch (phase_of(phase)) {
    case CONN_HEAD:
        if (now - conn->since > conn->owner->limits.header_deadline_ms) {
            conn_cut(conn, "header too slow");
        }
        break;
    case CONN_BODY:
    case CONN_SEND:
        sweep_transfer(conn, now, phase_of(phase) == CONN_SEND);
        break;
    case CONN_WORK:
        sweep_work(conn, now);
        break;
    case CONN_IDLE:
        sweep_idle(conn, now);
        break;
    case CONN_LINGER:
        if (now - conn->since > LINGER_MS) {
            conn_cut(conn, NULL);
        }
        break;
    }
    conn->looked_at = now;
}

static void *conns_sweep(void *argument)
{
    struct conns *conns = argument;
    pthread_setname_np(pthread_self(), "mgw-sweeper");
    pthread_mutex_lock(&conns->lock);
    while (!conns->ending) {
        if (!conns->first) {
            pthread_cond_wait(&conns->wake, &conns->lock);
            continue;
        }
        int64_t now = clock_mono_ms();
        for (struct conn *conn = conns->first; conn; conn = conn->next) {
            sweep(conn, now);
        }
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += conns->tick_ms % 1000 * 1000000;
        until.tv_sec += conns->tick_ms / 1000 + until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        bool early = false;
        while (!early && !conns->ending) {
            /* only the clock, or the end, ends a tick: new connections wake nobody */
            early = pthread_cond_timedwait(&conns->wake, &conns->lock, &until) != 0;
        }
    }
    pthread_mutex_unlock(&conns->lock);
    return NULL;
}

struct conns *conns_new(const struct conn_limits *limits)
{
    struct conns *conns = calloc(1, sizeof *conns);
    if (!conns) {
        return NULL;
    }
    conns->limits = *limits;
    int64_t least =
        limits->idle_ms < limits->header_deadline_ms ? limits->idle_ms : limits->header_deadline_ms;
    int64_t tick = least / 10;
    conns->tick_ms = tick > TICK_MAX_MS ? TICK_MAX_MS : tick < TICK_MIN_MS ? TICK_MIN_MS : tick;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&conns->lock, NULL);
    pthread_cond_init(&conns->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&conns->sweeper, NULL, conns_sweep, conns) != 0) {
        free(conns);
        return NULL;
    }
    return conns;
}

void conns_free(struct conns *conns)
{
    if (!conns) {
        return;
    }
    pthread_mutex_lock(&conns->lock);
    conns->ending = true;
    pthread_cond_signal(&conns->wake);
    pthread_mutex_unlock(&conns->lock);
    pthread_join(conns->sweeper, NULL);
    pthread_mutex_destroy(&conns->lock);
    pthread_cond_destroy(&conns->wake);
    free(conns);
}

/* IPv4 as its IPv6 form, so that addresses compare as one kind. */
static bool address_of(const struct sockaddr *address, struct in6_addr *out, unsigned *port)
{
    memset(out, 0, sizeof *out);
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)address;
        *out = in6->sin6_addr;
        *port = ntohs(in6->sin6_port);
        return true;
    }
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        out->s6_addr[10] = out->s6_addr[11] = 0xff;
        memcpy(&out->s6_addr[12], &in->sin_addr, 4);
        *port = ntohs(in->sin_port);
        return true;
    }
    return false;
}

static void peer_text(const struct in6_addr *address, unsigned port, char out[PEER_SIZE])
{
    char text[INET6_ADDRSTRLEN] = "";
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        inet_ntop(AF_INET, &address->s6_addr[12], text, sizeof text);
        snprintf(out, PEER_SIZE, "%s:%u", text, port);
    } else {
        inet_ntop(AF_INET6, address, text, sizeof text);
        snprintf(out, PEER_SIZE, "[%s]:%u", text, port);
    }
}

enum MHD_Result conns_accept(void *argument, const struct sockaddr *address, socklen_t length)
{
    (void)length;
    struct conns *conns = argument;
    if (conns->count >= conns->limits.connections) {
        return MHD_NO;
    }
    struct in6_addr from;
    unsigned port;
    if (conns->limits.per_address == 0 || !address_of(address, &from, &port)) {
        return MHD_YES;
    }
    uint32_t same = 0;
    pthread_mutex_lock(&conns->lock);
    for (const struct conn *conn = conns->first; conn; conn = conn->next) {
        same += memcmp(&conn->address, &from, sizeof from) == 0;
    }
    pthread_mutex_unlock(&conns->lock);
    return same < conns->limits.per_address ? MHD_YES : MHD_NO;
}

static void conn_opened(struct conns *conns, struct MHD_Connection *mhd, void **context)
{
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct conn *conn = calloc(1, sizeof *conn);
    *context = conn;
    if (!conn || !fd) {
        return;
    }
    conn->owner = conns;
    conn->fd = fd->connect_fd;
    conn->seen = UINT64_MAX;
    unsigned port = 0;
    if (address && address->client_addr &&
        address_of(address->client_addr, &conn->address, &port)) {
        peer_text(&conn->address, port, conn->peer);
    }
    conns->count++;
    pthread_mutex_lock(&conns->lock);
    conn->next = conns->first;
    conn->prev = &conns->first;
    if (conn->next) {
        conn->next->prev = &conn->next;
    } else {
        pthread_cond_signal(&conns->wake);
    }
    conns->first = conn;
    pthread_mutex_unlock(&conns->lock);
}

static void conn_closed(struct conns *conns, struct conn *conn)
{
    pthread_mutex_lock(&conns->lock);
    *conn->prev = conn->next;
    if (conn->next) {
        conn->next->prev = conn->prev;
    }
    pthread_mutex_unlock(&conns->lock);
    conns->count--;
    free(conn);
}

void conns_notice(void *argument, struct MHD_Connection *mhd, void **context,
                  enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        conn_opened(argument, mhd, context);
    } else if (*context) {
        conn_closed(argument, *context);
        *context = NULL;
    }
}

struct conn *conn_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

void conn_set_phase(struct conn *conn, enum conn_phase phase)
{
    /* Only the thread that has the exchange writes. */
    uint64_t now = atomic_load_explicit(&conn->phase, memory_order_relaxed);
    atomic_store_explicit(&conn->phase, (((now >> 8) + 1) << 8) | phase, memory_order_release);
}

void conn_alternate(struct conn *conn, enum conn_phase phase)
{
    uint64_t now = atomic_load_explicit(&conn->phase, memory_order_relaxed);
    atomic_store_explicit(&conn->phase, (now & ~(uint64_t)0xff) | phase, memory_order_release);
}

void conn_set_call(struct conn *conn, struct mgw_call *call)
{
    pthread_mutex_lock(&conn->owner->lock);
    conn->call = call;
    pthread_mutex_unlock(&conn->owner->lock);
}

const char *conn_peer(const struct conn *conn)
{
    return conn->peer;
}

void conns_stop(struct conns *conns)
{
    pthread_mutex_lock(&conns->lock);
    conns->stopping = true;
    conns->tick_ms = TICK_MIN_MS;
    int64_t now = clock_mono_ms();
    for (struct conn *conn = conns->first; conn; conn = conn->next) {
        sweep(conn, now);
    }
    pthread_mutex_unlock(&conns->lock);
}

void conns_abort(struct conns *conns)
{
    pthread_mutex_lock(&conns->lock);
    for (struct conn *conn = conns->first; conn; conn = conn->next) {
        if (conn->call) {
            mgw_call_cancel(conn->call);
        }
        conn_cut(conn, "the gateway stops");
    }
    pthread_mutex_unlock(&conns->lock);
}
