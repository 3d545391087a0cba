/* SPDX-License-Identifier: Apache-2.0
 *
 * What one client may take of the gateway: a minimum rate both ways, connections in all and per
 * address, uploads per account. Windows and limits are small here. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/leftover.h"
#include "tests/support/scratch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS (30000 * slowness())
enum { CONNECTIONS = 24, UPLOADS = CONNECTIONS / 4, DOWNLOAD_BYTES = 24 << 20 };

/* The minimum rate is taken over one idle time: here two seconds. */
static struct gateway *gateway_slow(void)
{
    return gateway_new("{\"limits\": {\"idle_sec\": 2, \"min_rate\": 20000}}");
}

static struct raw *begin_upload(struct gateway *gw, const char *token, size_t length)
{
    struct raw *raw = raw_open(gw->server);
    raw_text(raw,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Content-Type: video/webm\r\nContent-Length: %zu\r\n\r\n",
             API_RECORDINGS, token, length);
    return raw;
}

static void a_body_below_the_minimum_rate_is_cut_off_and_leaves_nothing(void **state)
{
    (void)state;
    struct gateway *gw = gateway_slow();
    leftover_watch(gw);
    struct raw *raw = begin_upload(gw, gw->token, 1000000);
    int64_t begun = wait_now_ms();
    bool closed = false;
    for (int i = 0; !closed && wait_now_ms() - begun < PATIENCE_MS; i++) {
        raw_send(raw, "a few bytes, never idle", 23); /* 230 a second */
        closed = raw_is_closed(raw, 100);
        if (!closed && raw_has_answer(raw, 0)) {
            assert_int_equal(raw_read(raw)->status, 408);
        }
    }
    assert_true(closed);
    assert_true(wait_now_ms() - begun >= 1500); /* a window is given */
    assert_true(leftover_is_nothing(gw));
    assert_int_equal(gateway_free(gw), 0);
}

static void a_body_above_the_minimum_rate_is_taken_however_long_it_needs(void **state)
{
    (void)state;
    struct gateway *gw = gateway_slow();
    enum { STEPS = 50, STEP = 6000 }; /* 60 KB a second, for five seconds */
    struct body body = body_random(4, (size_t)STEPS * STEP);
    struct raw *raw = begin_upload(gw, gw->token, body.length);
    for (size_t at = 0; at < body.length; at += STEP) {
        raw_send(raw, (const char *)body.bytes + at, STEP);
        wait_ms(100);
    }
    api_expect(raw_read(raw), 201);
    assert_int_equal(gateway_free(gw), 0);
}

/* A client with a small receive buffer, so that what it does not read stays with the gateway. */
static int open_reader(const struct server *server, const char *target)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int room = 4096;
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    char *request = keep_text("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    return fd;
}

/* What still comes after the gateway has given the connection up, until its end. */
static size_t drain(int fd)
{
    char bytes[65536];
    size_t total = 0;
    for (ssize_t got = 1; got > 0; total += got > 0 ? (size_t)got : 0) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        if (poll(&poll_fd, 1, (int)PATIENCE_MS) <= 0) {
            fail_msg("the connection is still open after %zu bytes", total);
        }
        got = recv(fd, bytes, sizeof bytes, 0);
    }
    return total;
}

/* READ bytes every 100 ms (0: none) until the gateway has given the connection up for REASON. */
static void reader_is_cut_off(size_t read_bytes, const char *reason)
{
    struct gateway *gw = gateway_slow();
    json_t *answer = api_upload(gw->client, API_VIDEO, body_random(5, DOWNLOAD_BYTES));
    const char *url = api_url(answer);
    int64_t opened = wait_now_ms();
    int fd = open_reader(gw->server, url);
    char bytes[1024];
    size_t taken = 0;
    while (!strstr(server_log(gw->server), "connection cut")) {
        ssize_t got = read_bytes > 0 ? recv(fd, bytes, read_bytes, MSG_DONTWAIT) : 0;
        taken += got > 0 ? (size_t)got : 0;
        wait_ms(100);
        assert_true(wait_now_ms() - opened < PATIENCE_MS);
    }
    assert_true(wait_now_ms() - opened >= 1500); /* a window is given */
    if (!strstr(server_log(gw->server), reason)) {
        fail_msg("not in the log: %s\n%s", reason, server_log(gw->server));
    }
    assert_true(taken + drain(fd) < DOWNLOAD_BYTES);
    close(fd);
    assert_int_equal(http_get(gw->nobody, url, "Range: bytes=0-9")->status, 206);
    assert_int_equal(gateway_free(gw), 0);
}

static void a_reader_that_stops_is_cut_off(void **state)
{
    (void)state;
    reader_is_cut_off(0, "connection cut");
}

static void a_reader_below_the_minimum_rate_is_cut_off(void **state)
{
    (void)state;
    reader_is_cut_off(600, "below the minimum rate"); /* 6 KB a second, where 20 are asked */
}

static void slow_readers_take_nobody_elses_download(void **state)
{
    (void)state;
    enum { READERS = 200 };
    struct gateway *gw = gateway_slow();
    json_t *answer = api_upload(gw->client, API_VIDEO, body_random(6, DOWNLOAD_BYTES));
    const char *url = api_url(answer);
    int fds[READERS];
    for (int i = 0; i < READERS; i++) {
        fds[i] = open_reader(gw->server, url);
    }
    char expected[SHA256_TEXT], got[SHA256_TEXT];
    body_stream_checksum(6, DOWNLOAD_BYTES, expected);
    int64_t begun = wait_now_ms();
    assert_int_equal(http_get_checksum(gw->nobody, url, got)->status, 200);
    assert_string_equal(got, expected);
    assert_true(wait_now_ms() - begun < 10000 * slowness());
    for (int i = 0; i < READERS; i++) {
        close(fds[i]);
    }
    assert_int_equal(gateway_free(gw), 0);
}

/* A connection that holds on, from ADDRESS; false where the gateway closes it. */
static bool is_served(struct raw *raw)
{
    raw_text(raw, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    long status = raw_read(raw)->status;
    assert_true(status == 200 || status == 0);
    return status == 200;
}

static bool has_room(void *ctx)
{
    struct raw *raw = raw_open(ctx);
    bool served = is_served(raw);
    raw_close(raw);
    return served;
}

static void more_connections_than_the_limit_are_closed_and_the_others_go_on(void **state)
{
    (void)state;
    struct gateway *gw = gateway_new("{\"limits\": {\"connections\": 24}}");
    struct raw *held[CONNECTIONS];
    assert_true(wait_for(has_room, gw->server, 5000));
    for (int i = 0; i < CONNECTIONS; i++) {
        held[i] = raw_open(gw->server);
        if (!is_served(held[i])) { /* the one before may not be counted out yet */
            raw_close(held[i--]);
            wait_ms(20);
        }
    }
    for (int i = 0; i < 50; i++) {
        struct raw *raw = raw_open(gw->server);
        assert_true(raw_is_closed(raw, PATIENCE_MS));
        raw_close(raw);
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        assert_true(is_served(held[i]));
    }
    raw_close(held[0]);
    assert_true(wait_for(has_room, gw->server, 5000));
    assert_int_equal(gateway_free(gw), 0);
}

/* A connection to SERVER from 127.0.0.HOST. */
static int open_from(const struct server *server, unsigned host)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(server->port)};
    from.sin_addr.s_addr = htonl((INADDR_LOOPBACK & 0xffffff00u) | host);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* Whether it answers; a closed connection gives nothing. */
static bool answers(int fd)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char bytes[1024];
    send(fd, request, sizeof request - 1, MSG_NOSIGNAL);
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&entry, 1, (int)PATIENCE_MS), 1);
    return recv(fd, bytes, sizeof bytes, 0) > 0;
}

static void one_address_cannot_take_anothers_connections(void **state)
{
    (void)state;
    struct gateway *gw = gateway_new("{\"limits\": {\"connections_per_address\": 4}}");
    int held[4];
    for (int i = 0; i < 4; i++) {
        held[i] = open_from(gw->server, 7);
        assert_true(answers(held[i]));
    }
    int more = open_from(gw->server, 7);
    assert_false(answers(more));
    int other = open_from(gw->server, 8);
    assert_true(answers(other));
    assert_true(answers(held[3]));
    close(more);
    close(other);
    for (int i = 0; i < 4; i++) {
        close(held[i]);
    }
    assert_int_equal(gateway_free(gw), 0);
}

static void an_account_runs_a_quarter_of_all_uploads_and_no_more(void **state)
{
    (void)state;
    struct gateway *gw = gateway_new("{\"limits\": {\"connections\": 24}}");
    struct body body = body_random(7, 200000);
    struct raw *running[UPLOADS];
    for (int i = 0; i < UPLOADS; i++) {
        running[i] = begin_upload(gw, gw->token, body.length);
        raw_send(running[i], body.bytes, 100000);
    }
    wait_ms(300 * slowness()); /* their first bytes are with the gateway */
    struct http_answer *refused = api_post_raw(gw->client, "", API_VIDEO, body, NULL);
    api_error(refused, 429, "too_many_uploads");
    assert_non_null(http_header(refused, "Retry-After"));
    api_expect(http_get(gw->client, "/api/media", NULL), 200); /* reads go on */
    api_upload(gw->other, API_VIDEO, body);                    /* and other accounts */
    for (int i = 0; i < UPLOADS; i++) {
        raw_send(running[i], (const char *)body.bytes + 100000, 100000);
        api_expect(raw_read(running[i]), 201);
    }
    api_upload(gw->client, API_VIDEO, body);
    assert_int_equal(rows_count(gw->rows, "acct-a", "ready"), UPLOADS + 1);
    assert_int_equal(gateway_free(gw), 0);
}

static void an_upload_that_is_given_up_leaves_the_accounts_count(void **state)
{
    (void)state;
    struct gateway *gw = gateway_new("{\"limits\": {\"connections\": 24}}");
    struct body body = body_random(8, 200000);
    for (int round = 0; round < 3; round++) {
        struct raw *running[UPLOADS];
        for (int i = 0; i < UPLOADS; i++) {
            running[i] = begin_upload(gw, gw->token, body.length);
            raw_send(running[i], body.bytes, 100000);
        }
        wait_ms(200 * slowness());
        for (int i = 0; i < UPLOADS; i++) {
            raw_reset(running[i]);
        }
        assert_true(rows_settle(gw->rows, PATIENCE_MS));
    }
    api_upload(gw->client, API_VIDEO, body);
    assert_int_equal(gateway_free(gw), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_body_below_the_minimum_rate_is_cut_off_and_leaves_nothing),
        TEST(a_body_above_the_minimum_rate_is_taken_however_long_it_needs),
        TEST(a_reader_that_stops_is_cut_off),
        TEST(a_reader_below_the_minimum_rate_is_cut_off),
        TEST(slow_readers_take_nobody_elses_download),
        TEST(more_connections_than_the_limit_are_closed_and_the_others_go_on),
        TEST(one_address_cannot_take_anothers_connections),
        TEST(an_account_runs_a_quarter_of_all_uploads_and_no_more),
        TEST(an_upload_that_is_given_up_leaves_the_accounts_count),
    };
    return server_verdict(cmocka_run_group_tests(tests, NULL, NULL));
}
