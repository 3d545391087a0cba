/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests whose end, or whose sender, two servers in a row could see differently. Each is refused
 * with 400 and the connection is closed: what follows on it is never run as a request. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/leftover.h"

#include <string.h>

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw = gateway_new(NULL);
    leftover_watch(gw);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

/* Sends what would be smuggled behind the LENGTH bytes as well. */
static void refused_with_400(const void *bytes, size_t length)
{
    struct raw *raw = raw_open(gw->server);
    raw_send(raw, bytes, length);
    raw_text(raw, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: smuggled\r\n\r\n");
    struct http_answer *answer = raw_read(raw);
    if (answer->status != 400) {
        fail_msg("%ld to: %.*s", answer->status, (int)length, (const char *)bytes);
    }
    api_error(answer, 400, NULL);
    if (!raw_is_closed(raw, 20000)) {
        fail_msg("not closed behind: %.*s", (int)length, (const char *)bytes);
    }
    raw_close(raw);
}

/* A form upload by acct-a with these framing lines and body: would be 201 were it let in. */
static void upload_is_refused(const char *lines, const char *body)
{
    char *request = keep_text("POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                              "Content-Type: video/webm\r\n%s\r\n%s",
                              API_RECORDINGS, gw->token, lines, body);
    refused_with_400(request, strlen(request));
    assert_true(leftover_is_nothing(gw));
}

static void get_is_refused(const char *lines)
{
    char *request = keep_text("GET /api/media HTTP/1.1\r\n%s\r\n", lines);
    refused_with_400(request, strlen(request));
}

static void content_length_beside_transfer_encoding(void **state)
{
    (void)state;
    upload_is_refused("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "1\r\nZ\r\n0\r\n\r\n");
    upload_is_refused("Transfer-Encoding: chunked\r\nContent-Length: 11\r\n",
                      "1\r\nZ\r\n0\r\n\r\n");
}

static void two_content_lengths(void **state)
{
    (void)state;
    upload_is_refused("Content-Length: 4\r\nContent-Length: 4\r\n", "hell");
    upload_is_refused("Content-Length: 4\r\nContent-Length: 5\r\n", "hello");
}

/* libmicrohttpd refuses these itself, before the gateway is asked and in HTML: what counts is that
 * the connection ends there. */
static void a_content_length_that_is_no_number(void **state)
{
    (void)state;
    static const char *const bad[] = {"4, 4", "abc", "-5",  "+5",
                                      "5 5",  "0x5", "5,5", "99999999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct raw *raw = raw_open(gw->server);
        raw_text(raw,
                 "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                 "Content-Type: video/webm\r\nContent-Length: %s\r\n\r\nhello"
                 "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: smuggled\r\n\r\n",
                 API_RECORDINGS, gw->token, bad[i]);
        struct http_answer *answer = raw_read(raw);
        if (answer->status != 400 && answer->status != 413) {
            fail_msg("Content-Length: %s: %ld", bad[i], answer->status);
        }
        const char *rest = raw_rest(raw, 20000);
        assert_non_null(rest);
        assert_null(strstr(rest, "HTTP/1.1 2"));
        raw_close(raw);
    }
    assert_true(leftover_is_nothing(gw));
}

static void a_transfer_encoding_other_than_chunked(void **state)
{
    (void)state;
    static const char *const codings[] = {"gzip, chunked", "gzip",       "identity",
                                          "chunked, gzip", "xchunked",   "chunked, chunked",
                                          "\"chunked\"",   "chunked;q=1"};
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
        upload_is_refused(keep_text("Transfer-Encoding: %s\r\n", codings[i]),
                          "1\r\nZ\r\n0\r\n\r\n");
    }
}

static void two_transfer_encodings(void **state)
{
    (void)state;
    upload_is_refused("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                      "1\r\nZ\r\n0\r\n\r\n");
}

static void transfer_encoding_in_http_1_0(void **state)
{
    (void)state;
    char *request = keep_text("POST %s HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                              "Content-Type: video/webm\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "1\r\nZ\r\n0\r\n\r\n",
                              API_RECORDINGS, gw->token);
    refused_with_400(request, strlen(request));
}

static void a_blank_before_the_colon(void **state)
{
    (void)state;
    upload_is_refused("Content-Length : 4\r\n", "hell");
    upload_is_refused("Transfer-Encoding : chunked\r\n", "1\r\nZ\r\n0\r\n\r\n");
    get_is_refused(keep_text("Host: localhost\r\nAuthorization : Bearer %s\r\n", gw->token));
}

static void a_header_name_that_is_no_token(void **state)
{
    (void)state;
    const char *login = keep_text("Host: localhost\r\nAuthorization: Bearer %s\r\n", gw->token);
    static const char *const names[] = {"X(Y)", "X@Y", "X/Y", "\"X\"", "X\x01", "X\xc3\xbc", "X Y"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        get_is_refused(keep_text("%s%s: 1\r\n", login, names[i]));
    }
}

static void a_folded_header(void **state)
{
    (void)state;
    upload_is_refused("X-More: 1\r\n Content-Length: 4\r\nContent-Length: 4\r\n", "hell");
    get_is_refused(keep_text("Host: localhost\r\nAuthorization: Bearer %s\r\nX-More: a\r\n\tb\r\n",
                             gw->token));
}

static void two_hosts(void **state)
{
    (void)state;
    get_is_refused(
        keep_text("Host: localhost\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n", gw->token));
}

static void no_host(void **state)
{
    (void)state;
    get_is_refused(keep_text("Authorization: Bearer %s\r\n", gw->token));
}

static void a_malformed_host(void **state)
{
    (void)state;
    static const char *const hosts[] = {"a b", "a/b", "a@b", "localhost:x", "[::1"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        get_is_refused(keep_text("Host: %s\r\nAuthorization: Bearer %s\r\n", hosts[i], gw->token));
    }
}

static void two_of_what_tells_who_or_what(void **state)
{
    (void)state;
    const char *login = keep_text("Host: localhost\r\nAuthorization: Bearer %s\r\n", gw->token);
    get_is_refused(keep_text("%sAuthorization: Bearer %s\r\n", login, gw->other_token));
    get_is_refused(keep_text("%sX-Account-Id: acct-a\r\nX-Account-Id: acct-b\r\n", login));
    upload_is_refused("Content-Type: audio/webm\r\nContent-Length: 4\r\n", "hell");
    upload_is_refused("Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 4\r\n", "hell");
}

static void an_absolute_or_asterisk_target(void **state)
{
    (void)state;
    static const char *const lines[] = {"GET http://localhost/healthz HTTP/1.1",
                                        "GET http://other/healthz HTTP/1.1", "GET healthz HTTP/1.1",
                                        "GET * HTTP/1.1", "GET localhost:80 HTTP/1.1"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char *request = keep_text("%s\r\nHost: localhost\r\n\r\n", lines[i]);
        refused_with_400(request, strlen(request));
    }
}

static void nul_in_a_header(void **state)
{
    (void)state;
    char *login = keep_text("GET /api/media HTTP/1.1\r\nHost: localhost\r\n"
                            "Authorization: Bearer %s\r\nX-More: a",
                            gw->token);
    struct form *request = form_new();
    form_raw(request, login, strlen(login));
    form_raw(request, "\0b\r\n\r\n", 6);
    refused_with_400(request->bytes, request->length);
}

static void an_unreadable_request_line(void **state)
{
    (void)state;
    static const char *const lines[] = {"GET", "G(T /healthz HTTP/1.1", "GET /healthz HTTP/2.7",
                                        "GET /healthz FTP/1.1", "GET\x01 /healthz HTTP/1.1"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct raw *raw = raw_open(gw->server);
        raw_text(raw, "%s\r\nHost: localhost\r\n\r\n", lines[i]);
        struct http_answer *answer = raw_read(raw);
        if (answer->status != 0 && (answer->status < 400 || answer->status > 505)) {
            fail_msg("%s: %ld", lines[i], answer->status);
        }
        assert_true(raw_is_closed(raw, 20000));
        raw_close(raw);
    }
}

static void a_blank_in_the_target(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    raw_text(raw, "GET /he alth HTTP/1.1\r\nHost: localhost\r\n\r\n");
    api_error(raw_read(raw), 400, NULL);
}

static void nothing_smuggled_ran(void **state)
{
    (void)state;
    assert_null(strstr(server_log(gw->server), "smuggled"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(content_length_beside_transfer_encoding),
        TEST(two_content_lengths),
        TEST(a_content_length_that_is_no_number),
        TEST(a_transfer_encoding_other_than_chunked),
        TEST(two_transfer_encodings),
        TEST(transfer_encoding_in_http_1_0),
        TEST(a_blank_before_the_colon),
        TEST(a_header_name_that_is_no_token),
        TEST(a_folded_header),
        TEST(two_hosts),
        TEST(no_host),
        TEST(a_malformed_host),
        TEST(two_of_what_tells_who_or_what),
        TEST(an_absolute_or_asterisk_target),
        TEST(nul_in_a_header),
        TEST(an_unreadable_request_line),
        TEST(a_blank_in_the_target),
        TEST(nothing_smuggled_ran),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
