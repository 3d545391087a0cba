/* SPDX-License-Identifier: Apache-2.0
 *
 * See conn.h. One lock guards the list, and with it the descriptors: libmicrohttpd gives its notice
 * before it closes one, so that shutdown(2) under the lock never hits another file. */
#include "core/http/conn_inside.h"

#include "core/base/cidr.h"
#include "core/base/clock.h"
#include "core/base/thread.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MAX_MS = 1000, TICK_MIN_MS = 50, TIDY_FROM = 16 };

/* Half of the connections and more are gone: their memory goes back to the system. The lock is
 * held, but not meanwhile; false: nothing was to be done. */
static bool conns_tidy(struct conns *conns)
{
    size_t count = conns->count;
    if (conns->most < TIDY_FROM || count > conns->most / 2) {
        return false;
    }
    conns->most = count;
    pthread_mutex_unlock(&conns->lock);
    malloc_trim(0);
    pthread_mutex_lock(&conns->lock);
    return true;
}

/* The threads that are blocked at NOW. The lock is held. */
static uint64_t conns_blocked(const struct conns *conns, int64_t now)
{
    uint64_t blocked = 0;
    for (const struct conn *conn = conns->first; conn; conn = conn->next) {
        blocked |= conn_blocks(conn, now);
    }
    return blocked;
}

static void *conns_sweep(void *argument)
{
    struct conns *conns = argument;
    pthread_mutex_lock(&conns->lock);
    while (!conns->ending) {
        if (conns_tidy(conns)) {
            continue;
        }
        if (!conns->first) {
            conns->blocked = 0;
            pthread_cond_wait(&conns->wake, &conns->lock);
            continue;
        }
        int64_t now = clock_mono_ms();
        conns->blocked = conns_blocked(conns, now); /* first: a look goes by what holds now */
        for (struct conn *conn = conns->first; conn; conn = conn->next) {
            conn_sweep(conn, now);
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
    if (!thread_start(&conns->sweeper, "mgw-sweeper", conns_sweep, conns)) {
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

static void peer_text(const struct in6_addr *address, unsigned port, char out[CONN_PEER_SIZE])
{
    char text[INET6_ADDRSTRLEN];
    cidr_address_text(address, text);
    snprintf(out, CONN_PEER_SIZE, IN6_IS_ADDR_V4MAPPED(address) ? "%s:%u" : "[%s]:%u", text, port);
}

/* How many connections come from whom ADDRESS belongs to. The lock is held. */
static uint32_t conns_from(const struct conns *conns, const struct in6_addr *address)
{
    uint32_t same = 0;
    struct in6_addr client = cidr_client(address);
    for (const struct conn *conn = conns->first; conn; conn = conn->next) {
        struct in6_addr other = cidr_client(&conn->address);
        same += memcmp(&other, &client, sizeof client) == 0;
    }
    return same;
}

static bool is_proxy(const struct conns *conns, const struct in6_addr *address)
{
    return conns->limits.is_proxy && conns->limits.is_proxy(conns->limits.is_proxy_ctx, address);
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
    if (conns->limits.per_address == 0 || !address_of(address, &from, &port) ||
        is_proxy(conns, &from)) {
        return MHD_YES;
    }
    pthread_mutex_lock(&conns->lock);
    uint32_t same = conns_from(conns, &from);
    pthread_mutex_unlock(&conns->lock);
    return same < conns->limits.per_address ? MHD_YES : MHD_NO;
}

/* Two threads may have accepted the last one at once. The lock is held, CONN is in the list. */
static bool conn_is_too_many(const struct conns *conns, const struct conn *conn)
{
    uint32_t most = conns->limits.per_address;
    return conns->count > conns->limits.connections ||
           (most != 0 && !conn->proxy && !conn->local && conns_from(conns, &conn->address) > most);
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
        conn->proxy = conns->limits.per_address != 0 && is_proxy(conns, &conn->address);
    } else {
        conn->local = true;
        strcpy(conn->peer, "unix");
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
    conns->most = conns->count > conns->most ? conns->count : conns->most;
    if (conn_is_too_many(conns, conn)) {
        conn_cut(conn, NULL);
    }
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

int conns_place(const struct conns *conns, int fd)
{
    enum { TRIES = 64 };
    uint64_t blocked = conns->blocked;
    int placed = fd, threads = (int)conns->limits.threads;
    for (int i = 0; i < TRIES && blocked && (blocked >> (placed % threads) & 1); i++) {
        int next = fcntl(placed, F_DUPFD_CLOEXEC, placed + 1);
        if (next < 0) {
            break;
        }
        close(placed);
        placed = next;
    }
    return placed;
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

void conn_work_begin(struct conn *conn, bool here, int64_t until_ms, bool (*overdue)(void *ctx),
                     void *ctx)
{
    conn->overdue = overdue;
    conn->overdue_ctx = ctx;
    conn->worker = NULL;
    conn->inline_since = here ? clock_mono_ms() : 0;
    conn->work_until = until_ms > 0 ? until_ms : 1;
}

bool conn_work_take(struct conn *conn)
{
    /* Before the look: either it is seen here that the work was given up, or there who has it. */
    conn->worker = pool_worker_here();
    return conn->work_until != CONN_GIVEN_UP;
}

bool conn_work_end(struct conn *conn)
{
    conn->inline_since = 0;
    if (atomic_exchange(&conn->work_until, 0) != CONN_GIVEN_UP) {
        return true;
    }
    pthread_mutex_lock(&conn->owner->lock); /* the sweeper may be at it still */
    conn->owner->given_up--;
    pthread_mutex_unlock(&conn->owner->lock);
    return false;
}

size_t conns_given_up(const struct conns *conns)
{
    return conns->given_up;
}

bool conn_has_more(const struct conn *conn)
{
    int waiting = 0;
    return ioctl(conn->fd, FIONREAD, &waiting) == 0 && waiting > 0;
}

void conn_progress(struct conn *conn, uint64_t received)
{
    atomic_store_explicit(&conn->received, received, memory_order_relaxed);
}

const struct in6_addr *conn_address(const struct conn *conn)
{
    return &conn->address;
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
        conn_sweep(conn, now);
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
