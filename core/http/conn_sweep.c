/* SPDX-License-Identifier: Apache-2.0
 *
 * See conn_inside.h: the deadlines. What has passed a socket comes from the kernel (TCP_INFO). */
#include "core/http/conn_inside.h"

#include "core/base/log.h"

#include <linux/tcp.h>
#include <poll.h>
#include <sys/socket.h>

enum { LINGER_MS = 5000, HUNG_UP_MS = 1000, BLOCKED_MS = 1000, ANSWER_WAITS_MS = 5000 };

static enum conn_phase phase_of(uint64_t phase)
{
    return (enum conn_phase)(phase & 0xff);
}

/* Bytes that have passed the socket: received, or sent and acknowledged. */
static uint64_t conn_bytes(const struct conn *conn, bool sent)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (conn->local) {
        return atomic_load_explicit(&conn->received, memory_order_relaxed);
    }
    if (getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
        return 0;
    }
    return sent ? info.tcpi_bytes_acked : info.tcpi_bytes_received;
}

void conn_cut(struct conn *conn, const char *why)
{
    if (!conn->cut) {
        conn->cut = true;
        if (why) { /* first: whoever sees the connection end finds the reason in the log */
            log_event(LOG_LEVEL_INFO, "connection cut", LOG_TEXT("client", conn->peer),
                      LOG_TEXT("reason", why));
        }
        shutdown(conn->fd, SHUT_RDWR);
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
    if (conn->work_until != 0) { /* else it is over, and its thread has not taken it up yet */
        conn->progress_at = now;
    }
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

static uint64_t thread_bit(const struct conn *conn)
{
    return UINT64_C(1) << ((unsigned)conn->fd % conn->owner->limits.threads);
}

uint64_t conn_blocks(const struct conn *conn, int64_t now)
{
    int64_t since = conn->inline_since;
    return since != 0 && now - since > BLOCKED_MS ? thread_bit(conn) : 0;
}

/* A client that asks for something on a thread that is blocked, or whose answer has been waiting
 * for it, may find another by a new connection. */
static bool sweep_blocked(struct conn *conn, enum conn_phase phase, int64_t now)
{
    bool asks =
        phase == CONN_HEAD || (phase == CONN_IDLE && conn_bytes(conn, false) != conn->bytes);
    bool waits =
        phase == CONN_WORK && conn->work_until == 0 && now - conn->progress_at > ANSWER_WAITS_MS;
    bool blocked = (asks || waits) && (conn->owner->blocked & thread_bit(conn));
    if (blocked) {
        conn_cut(conn, "its thread is blocked by a plugin's call");
    }
    return blocked;
}

/* The work's deadline has long passed. What it uses must stay, and with it the descriptor, but the
 * client need not wait. */
static void sweep_give_up(struct conn *conn, int64_t now)
{
    conn->given_up_at = now;
    conn->owner->given_up++;
    if (conn->call) {
        mgw_call_cancel(conn->call);
    }
    pool_worker_lost(conn->worker);
    if (!conn->overdue || !conn->overdue(conn->overdue_ctx)) {
        conn_cut(conn, "its request's deadline has passed");
    }
}

void conn_sweep(struct conn *conn, int64_t now)
{
    int64_t until = conn->work_until;
    if (until > 0 && now > until &&
        atomic_compare_exchange_strong(&conn->work_until, &until, CONN_GIVEN_UP)) {
        sweep_give_up(conn, now);
    }
    if (conn->given_up_at != 0) {
        if (now - conn->given_up_at > LINGER_MS) { /* for the client to read the answer */
            conn_cut(conn, NULL);
        }
        return;
    }
    uint64_t phase = atomic_load_explicit(&conn->phase, memory_order_acquire);
    if (phase >> 8 != conn->seen) {
        conn->seen = phase >> 8;
        conn->since = conn->progress_at = conn->looked_at = now;
        conn->window_ms = 0;
        conn->bytes = conn->window_bytes = conn_bytes(conn, phase_of(phase) == CONN_SEND);
        conn->header_since = conn->gone_since = 0;
    }
    if (conn->owner->blocked && sweep_blocked(conn, phase_of(phase), now)) {
        return;
    }
    switch (phase_of(phase)) {
    case CONN_HEAD:
        if (now - conn->since > conn->owner->limits.header_deadline_ms) {
            conn_cut(conn, "header too slow");
        }
        break;
    case CONN_BODY:
        sweep_transfer(conn, now, false);
        break;
    case CONN_SEND:
        if (!conn->local) { /* how slowly a proxy reads, nobody tells */
            sweep_transfer(conn, now, true);
        }
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
