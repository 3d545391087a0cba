/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests that proxies and servers read differently are refused. */
#include "core/http/strict.h"

#include "tests/unit/unit.h"

static struct strict_header header(const char *name, const char *value)
{
    return (struct strict_header){name, strlen(name), value, strlen(value)};
}

/* What is said of a HTTP/1.1 POST with a Host and two more headers (NULL names: fewer). */
static const char *ask(const char *a, const char *av, const char *b, const char *bv)
{
    struct strict_header headers[3] = {header("Host", "media.example.com")};
    size_t count = 1;
    if (a) {
        headers[count++] = header(a, av);
    }
    if (b) {
        headers[count++] = header(b, bv);
    }
    return strict_check(&(struct strict_request){"POST", "HTTP/1.1", "/api", headers, count});
}

static const char *ask_host(const char *version, const char *host)
{
    struct strict_header headers[1] = {header("host", host ? host : "")};
    return strict_check(&(struct strict_request){"GET", version, "/", headers, host ? 1 : 0});
}

static void ordinary_requests_pass(void **state)
{
    (void)state;
    assert_null(ask(NULL, NULL, NULL, NULL));
    assert_null(ask("Content-Length", "0", "Content-Type", "video/webm;codecs=vp9,opus"));
    assert_null(ask("Transfer-Encoding", "chunked", "Accept", "a"));
    assert_null(ask("Transfer-Encoding", "Chunked", NULL, NULL));
    assert_null(ask("Accept", "a", "Accept", "b"));
    assert_null(ask("Cookie", "a=b", "Cookie", ""));
    assert_null(ask("Content-Length", "9223372036854775807", NULL, NULL));
}

static void two_lengths_of_a_body_are_refused(void **state)
{
    (void)state;
    assert_non_null(ask("Content-Length", "4", "Transfer-Encoding", "chunked"));
    assert_non_null(ask("transfer-encoding", "chunked", "content-length", "4"));
    assert_non_null(ask("Content-Length", "4", "Content-Length", "4"));
    assert_non_null(ask("Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"));
}

static void a_length_that_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const values[] = {"",    "-1", "+1",  "4, 4",
                                         "0x4", "4 ", "1e3", "18446744073709551616"};
    for (size_t i = 0; i < COUNT(values); i++) {
        assert_non_null(ask("Content-Length", values[i], NULL, NULL));
    }
}

static void only_chunked_is_taken(void **state)
{
    (void)state;
    static const char *const values[] = {"gzip, chunked", "chunked, chunked", "identity", "",
                                         "xchunked",      "chunked;q=1",      "chunked ", "gzip"};
    for (size_t i = 0; i < COUNT(values); i++) {
        assert_non_null(ask("Transfer-Encoding", values[i], NULL, NULL));
    }
    struct strict_header chunked = header("Transfer-Encoding", "chunked");
    assert_non_null(strict_check(&(struct strict_request){"POST", "HTTP/1.0", "/", &chunked, 1}));
}

static void a_second_header_that_says_who_or_what_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"Host",  "Authorization", "Content-Type", "Idempotency-Key",
                                        "Range", "X-Account-Id",  "X-Api-Key"};
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_non_null(ask(names[i], "a", names[i], "a"));
    }
    assert_non_null(ask("x-account-ID", "a", "X-ACCOUNT-id", "b"));
}

static void names_that_are_no_token_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"Content-Length ", "", "a b", "a:", "a\tb", "(x)",
                                        "caf\xc3\xa9"};
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_non_null(ask(names[i], "4", NULL, NULL));
    }
    struct strict_header nul[2] = {header("Host", "a"), {"a\0b", 3, "x", 1}};
    assert_non_null(strict_check(&(struct strict_request){"GET", "HTTP/1.1", "/", nul, 2}));
}

static void a_nul_or_line_end_in_a_value_is_refused(void **state)
{
    (void)state;
    static const char *const values[] = {"a\0b", "a\rb", "a\nb"};
    for (size_t i = 0; i < COUNT(values); i++) {
        struct strict_header headers[2] = {header("Host", "a"), {"X-Y", 3, values[i], 3}};
        assert_non_null(strict_check(&(struct strict_request){"GET", "HTTP/1.1", "/", headers, 2}));
    }
}

static void hosts_are_checked(void **state)
{
    (void)state;
    static const char *const good[] = {"a",        "A.example", "127.0.0.1:8080", "[::1]",
                                       "[::1]:80", "a_b.c:",    "x:65535"};
    static const char *const bad[] = {"",        ":80",   "a b",    "a/b",  "a@b",     "a:b",
                                      "a:65536", "[::1",  "[]",     "::1",  "a,b:1:2", "http://a",
                                      "a?x",     "a\x80", "[::1]x", "a%20b"};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_null(ask_host("HTTP/1.1", good[i]));
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_non_null(ask_host("HTTP/1.1", bad[i]));
        assert_non_null(ask_host("HTTP/1.0", bad[i]));
    }
    assert_non_null(ask_host("HTTP/1.1", NULL));
    assert_null(ask_host("HTTP/1.0", NULL));
}

static void targets_are_paths_and_methods_tokens(void **state)
{
    (void)state;
    struct strict_header host = header("Host", "a");
    static const char *const targets[] = {"http://a/", "*", "", "a:443", "x"};
    for (size_t i = 0; i < COUNT(targets); i++) {
        assert_non_null(
            strict_check(&(struct strict_request){"GET", "HTTP/1.1", targets[i], &host, 1}));
    }
    assert_null(strict_check(&(struct strict_request){"GET", "HTTP/1.1", NULL, &host, 1}));
    assert_non_null(strict_check(&(struct strict_request){"", "HTTP/1.1", "/", &host, 1}));
    assert_non_null(strict_check(&(struct strict_request){"G(T", "HTTP/1.1", "/", &host, 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_requests_pass),
        cmocka_unit_test(two_lengths_of_a_body_are_refused),
        cmocka_unit_test(a_length_that_is_no_number_is_refused),
        cmocka_unit_test(only_chunked_is_taken),
        cmocka_unit_test(a_second_header_that_says_who_or_what_is_refused),
        cmocka_unit_test(names_that_are_no_token_are_refused),
        cmocka_unit_test(a_nul_or_line_end_in_a_value_is_refused),
        cmocka_unit_test(hosts_are_checked),
        cmocka_unit_test(targets_are_paths_and_methods_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
