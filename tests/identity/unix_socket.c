/* SPDX-License-Identifier: Apache-2.0
 *
 * A gateway on a unix socket, behind a proxy that names the account by it, and what it tells
 * systemd. */
#include "tests/support/api.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct server *server;
static char *folder, *path; /* short: a socket's path has 107 bytes at most */
static int notices = -1;

static void name_of(struct sockaddr_un *name, const char *at)
{
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    assert_true(strlen(at) < sizeof name->sun_path);
    memcpy(name->sun_path, at, strlen(at));
}

static int bound(int type, const char *at)
{
    struct sockaddr_un name;
    name_of(&name, at);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

static int start(void **state)
{
    (void)state;
    folder = strdup("/tmp/mediagw-unix-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_true(asprintf(&path, "%s/s", folder) > 0);
    char *notify = keep_text("%s/n", folder);
    notices = bound(SOCK_DGRAM, notify);
    setenv("NOTIFY_SOCKET", notify, 1);
    server = server_new(keep_text("{\"listen\": \"unix:%s\", \"trusted_proxies\": [\"unix\"],"
                                  "\"limits\": {\"idle_sec\": 2, \"min_rate\": 1},"
                                  "\"auth\": {\"proxy\": {\"from\": [\"unix\"], "
                                  "\"account_header\": \"X-Auth-Account\"}}}",
                                  path));
    server_start(server);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    int status = server_free(server);
    close(notices);
    scratch_remove(folder);
    free(folder);
    free(path);
    return status;
}

static int connected(void)
{
    struct sockaddr_un name;
    name_of(&name, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

/* One request by a connection of its own, from SLOW_FROM on a byte every 700 ms (0: at once); the
 * whole answer. */
static char *ask(const char *text, size_t slow_from)
{
    char answer[16384];
    size_t length = 0, size = strlen(text);
    int fd = connected();
    size_t first = slow_from ? slow_from : size;
    for (size_t sent = 0; sent < first;) {
        ssize_t some = send(fd, text + sent, first - sent, MSG_NOSIGNAL);
        assert_true(some > 0);
        sent += (size_t)some;
    }
    for (size_t i = first; i < size; i++) {
        wait_ms(700);
        assert_int_equal(send(fd, text + i, 1, MSG_NOSIGNAL), 1);
    }
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        assert_true(poll(&wait, 1, 60000) > 0);
        ssize_t got = recv(fd, answer + length, sizeof answer - 1 - length, 0);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
    }
    close(fd);
    return keep_bytes(answer, length);
}

#define HEAD " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"

static void the_proxys_account_is_believed(void **state)
{
    (void)state;
    char *list = ask("GET /api/media" HEAD "X-Auth-Account: acct-a\r\n\r\n", 0);
    assert_non_null(strstr(list, "HTTP/1.1 200"));
    char *nobody = ask("GET /api/media" HEAD "\r\n", 0);
    assert_non_null(strstr(nobody, "HTTP/1.1 401"));
}

static void a_recording_comes_in_and_out(void **state)
{
    (void)state;
    char *made = ask("POST " API_RECORDINGS HEAD "X-Auth-Account: acct-a\r\nX-Forwarded-Host: "
                     "media.example.com\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: "
                     "192.0.2.7\r\nX-Request-Id: u1\r\n"
                     "Content-Type: video/webm\r\nContent-Length: 10\r\n\r\n0123456789",
                     0);
    assert_non_null(strstr(made, "HTTP/1.1 201"));
    const char *url = strstr(made, "https://media.example.com/media/");
    assert_non_null(url);
    url += strlen("https://media.example.com");
    char *got = ask(keep_text("GET %.*s" HEAD "\r\n", (int)strcspn(url, "\""), url), 0);
    assert_non_null(strstr(got, "HTTP/1.1 200"));
    assert_non_null(strstr(got, "\r\n\r\n0123456789"));
    assert_non_null(strstr(server_log(server), "client=192.0.2.7 proxy=unix account=acct-a"));
}

/* The kernel counts no bytes there: an upload that is slow, but not idle, must not look idle. */
static void a_slow_upload_is_not_taken_for_an_idle_one(void **state)
{
    (void)state;
    const char *head =
        "POST " API_RECORDINGS HEAD "X-Auth-Account: acct-a\r\nContent-Type: video/webm\r\n"
        "Content-Length: 10\r\n\r\n01234";
    char *made = ask(keep_text("%s56789", head), strlen(head));
    assert_non_null(strstr(made, "HTTP/1.1 201"));
}

/* Nor does it say how fast a proxy takes an answer: that is the proxy's own business. */
static void a_proxy_may_take_an_answer_slowly(void **state)
{
    (void)state;
    enum { LARGE = 8 << 20 };
    char *body = keep(malloc(LARGE + 1));
    memset(body, 'x', LARGE);
    body[LARGE] = '\0';
    char *made = ask(keep_text("POST " API_RECORDINGS HEAD
                               "X-Auth-Account: acct-a\r\nContent-Type: video/webm\r\n"
                               "Content-Length: %d\r\n\r\n%s",
                               LARGE, body),
                     0);
    const char *url = strstr(made, "http://localhost/media/");
    assert_non_null(url);
    url += strlen("http://localhost");
    int fd = connected();
    char *head = keep_text("GET %.*s" HEAD "\r\n", (int)strcspn(url, "\""), url);
    assert_int_equal(send(fd, head, strlen(head), MSG_NOSIGNAL), (ssize_t)strlen(head));
    wait_ms(4000);
    size_t length = 0;
    for (ssize_t got = 1; got > 0; length += got > 0 ? (size_t)got : 0) {
        got = recv(fd, body, LARGE, 0);
    }
    close(fd);
    assert_true(length > LARGE);
}

static void the_socket_is_the_owners_and_the_groups(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0660);
}

static void a_second_gateway_is_refused(void **state)
{
    (void)state;
    struct run run = run_mediagw("serve", "--config", server->config_path, NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "another process listens there"));
    assert_non_null(strstr(ask("GET /healthz" HEAD "\r\n", 0), "HTTP/1.1 200"));
}

static void a_dead_gateways_socket_is_taken_away(void **state)
{
    (void)state;
    struct stat st;
    server_kill(server);
    assert_int_equal(lstat(path, &st), 0);
    server_start(server);
    assert_non_null(strstr(ask("GET /healthz" HEAD "\r\n", 0), "HTTP/1.1 200"));
    assert_int_equal(server_stop(server), 0);
    assert_int_not_equal(lstat(path, &st), 0);
    scratch_write(path, "somebody's file");
    struct run run = run_mediagw("serve", "--config", server->config_path, NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "no socket"));
    assert_string_equal(scratch_read(path, NULL), "somebody's file");
    assert_int_equal(unlink(path), 0);
    server_start(server);
}

/* The next notice, within 20 s; "" where none comes. */
static const char *next_notice(void)
{
    char text[256] = "";
    struct pollfd wait = {.fd = notices, .events = POLLIN};
    if (poll(&wait, 1, 20000) > 0) {
        ssize_t got = recv(notices, text, sizeof text - 1, 0);
        text[got > 0 ? got : 0] = '\0';
    }
    return keep_text("%s", text);
}

static void systemd_is_told(void **state)
{
    (void)state;
    char rest[256];
    while (recv(notices, rest, sizeof rest, MSG_DONTWAIT) > 0) {
    }
    assert_true(server->pid > 0);
    assert_int_equal(kill(server->pid, SIGHUP), 0);
    const char *reloading = next_notice();
    assert_int_equal(strncmp(reloading, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    assert_string_equal(next_notice(), "READY=1");
    assert_int_equal(server_stop(server), 0);
    assert_string_equal(next_notice(), "STOPPING=1");
    server_start(server);
    assert_string_equal(next_notice(), "READY=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_proxys_account_is_believed),
        TEST(a_recording_comes_in_and_out),
        TEST(a_slow_upload_is_not_taken_for_an_idle_one),
        TEST(a_proxy_may_take_an_answer_slowly),
        TEST(the_socket_is_the_owners_and_the_groups),
        TEST(a_second_gateway_is_refused),
        TEST(a_dead_gateways_socket_is_taken_away),
        TEST(systemd_is_told),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
