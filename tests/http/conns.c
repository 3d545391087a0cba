/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections that share libmicrohttpd's one thread with work that blocks it: they are cut where
 * they would wait for it, and not once it is back. */
#include "core/http/conn.h"

#include "core/base/clock.h"

#include "tests/support/check.h"
#include "tests/support/scratch.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FOR_EVER_MS = 600000, PATIENCE_MS = 60000, TICK_MS = 1000 };

static struct conns *conns;
static struct MHD_Daemon *mhd_daemon;
static uint16_t port;
static atomic_bool blocked, suspended;
static struct MHD_Connection *waiting;

static enum MHD_Result answer(struct MHD_Connection *mhd)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(2, (void *)"ok", MHD_RESPMEM_PERSISTENT);
    enum MHD_Result queued = MHD_queue_response(mhd, 200, response);
    MHD_destroy_response(response);
    conn_set_phase(conn_of(mhd), CONN_SEND);
    return queued;
}

/* "/block" holds the thread, "/wait" is suspended until a test resumes it. */
static enum MHD_Result handle(void *ctx, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *length, void **seen)
{
    (void)ctx, (void)method, (void)version, (void)data, (void)length;
    struct conn *conn = conn_of(mhd);
    if (*seen) {
        return answer(mhd);
    }
    conn_set_phase(conn, CONN_WORK);
    *seen = conn;
    if (strcmp(url, "/block") == 0) {
        conn_work_begin(conn, true, clock_mono_ms() + FOR_EVER_MS, NULL, NULL);
        while (blocked) {
            usleep(1000);
        }
        conn_work_end(conn);
    } else if (strcmp(url, "/wait") == 0) {
        MHD_suspend_connection(mhd);
        conn_work_begin(conn, false, clock_mono_ms() + FOR_EVER_MS, NULL, NULL);
        waiting = mhd;
        suspended = true;
    }
    return MHD_YES;
}

static void completed(void *ctx, struct MHD_Connection *mhd, void **seen,
                      enum MHD_RequestTerminationCode code)
{
    (void)ctx, (void)code;
    *seen = NULL;
    conn_set_phase(conn_of(mhd), CONN_IDLE);
}

static int start(void **state)
{
    (void)state;
    conns = conns_new(&(struct conn_limits){.connections = 100,
                                            .header_deadline_ms = FOR_EVER_MS,
                                            .idle_ms = FOR_EVER_MS,
                                            .threads = 1});
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    mhd_daemon = conns ? MHD_start_daemon(
                             MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC,
                             0, conns_accept, conns, handle, NULL, MHD_OPTION_SOCK_ADDR, &here,
                             MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
                             MHD_OPTION_NOTIFY_CONNECTION, conns_notice, conns, MHD_OPTION_END)
                       : NULL;
    const union MHD_DaemonInfo *info =
        mhd_daemon ? MHD_get_daemon_info(mhd_daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    port = info ? info->port : 0;
    blocked = suspended = false;
    return port ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    blocked = false;
    MHD_stop_daemon(mhd_daemon);
    conns_free(conns);
    return 0;
}

static int client(const char *path)
{
    struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&there, sizeof there), 0);
    if (path) {
        dprintf(fd, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    }
    return fd;
}

/* What comes next: an answer, or the connection's end (""). */
static const char *next(int fd)
{
    static char text[4096];
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
    ssize_t got = recv(fd, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

static void expect_ok(int fd)
{
    assert_int_equal(strncmp(next(fd), "HTTP/1.1 200 ", 13), 0);
}

static bool is_suspended(void *ctx)
{
    (void)ctx;
    return suspended;
}

/* Nobody was there when the thread came back; who comes then is not taken for one who waits. */
static void a_thread_that_is_back_is_blocked_no_more(void **state)
{
    (void)state;
    blocked = true;
    int first = client("/block");
    wait_ms(4 * TICK_MS); /* the sweeper has seen it */
    blocked = false;
    expect_ok(first);
    close(first);
    wait_ms(3 * TICK_MS); /* and that nobody is left */
    int second = client(NULL);
    wait_ms(3 * TICK_MS);
    dprintf(second, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_ok(second);
    close(second);
}

static void who_asks_a_blocked_thread_is_cut(void **state)
{
    (void)state;
    blocked = true;
    int idle = client("/");
    expect_ok(idle);
    wait_ms(3 * TICK_MS); /* the sweeper has seen it idle */
    int first = client("/block");
    wait_ms(TICK_MS);
    dprintf(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_string_equal(next(idle), "");
    blocked = false;
    expect_ok(first);
    close(idle);
    close(first);
}

/* The work is done, but the thread that should say so is away. */
static void who_waits_for_an_answer_from_a_blocked_thread_is_cut(void **state)
{
    (void)state;
    int patient = client("/wait");
    assert_true(wait_for(is_suspended, NULL, PATIENCE_MS));
    blocked = true;
    int first = client("/block");
    wait_ms(TICK_MS);
    assert_true(conn_work_end(conn_of(waiting)));
    MHD_resume_connection(waiting);
    assert_string_equal(next(patient), "");
    blocked = false;
    expect_ok(first);
    close(patient);
    close(first);
}

#define ONE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(a_thread_that_is_back_is_blocked_no_more),
        ONE(who_asks_a_blocked_thread_is_cut),
        ONE(who_waits_for_an_answer_from_a_blocked_thread_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
