/* SPDX-License-Identifier: Apache-2.0
 *
 * The container's endpoint, with and without its authorization token, and where it may be. */
#include "tests/s3creds/bench.h"

#include "drivers/s3/fetch.h"

#include <stdio.h>
#include <stdlib.h>

#define LINK_LOCAL "http://169.254.170.2"

/* The address of ECS leads to the test's endpoint. */
static const char *link_local;
enum mgw_status __real_fetch(struct mgw_call *call, const struct mgw_host *host,
                             const struct fetch_request *request, struct fetch_answer *answer);
enum mgw_status __wrap_fetch(struct mgw_call *call, const struct mgw_host *host,
                             const struct fetch_request *request, struct fetch_answer *answer);
enum mgw_status __wrap_fetch(struct mgw_call *call, const struct mgw_host *host,
                             const struct fetch_request *request, struct fetch_answer *answer)
{
    struct fetch_request led = *request;
    char url[256];
    if (strncmp(request->url, LINK_LOCAL "/", strlen(LINK_LOCAL "/")) == 0) {
        snprintf(url, sizeof url, "%s%s", link_local, request->url + strlen(LINK_LOCAL));
        led.url = url;
    }
    return __real_fetch(call, host, &led, answer);
}

static int setup(void **state)
{
    int status = bench_setup(state);
    struct bench *bench = *state;
    char uri[128];
    snprintf(uri, sizeof uri, "%s" CONTAINER_PATH, bench->endpoint->url);
    bench_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri);
    link_local = bench->endpoint->url;
    return status;
}

static void open_bench(struct bench *bench)
{
    assert_status(bench, bench_open(bench, NULL), MGW_OK);
}

static void a_full_uri_gives_the_tasks_role(void **state)
{
    struct bench *bench = *state;
    open_bench(bench);
    assert_got(bench, "ASIA1");
    assert_string_equal(bench->got.session_token, HUSH "-token-1==");
    assert_int_equal(bench->got.expires_at_ms, START_MS + 60 * MINUTE_MS);
    assert_int_equal(SEEN(bench->endpoint, requests), 1);
}

static void a_relative_uri_goes_before_it(void **state)
{
    struct bench *bench = *state;
    bench_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/");
    bench_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", CONTAINER_PATH);
    open_bench(bench);
    assert_got(bench, "ASIA1");
    bench_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@example.com/");
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "must begin with a slash");
}

static void without_an_expiration_they_last(void **state)
{
    struct bench *bench = *state;
    ENDPOINT(bench->endpoint, bench->endpoint->expires_at_ms = 0);
    open_bench(bench);
    assert_got(bench, "ASIA1");
    assert_int_equal(bench->got.expires_at_ms, 0);
    bench_pass(1000 * 60 * MINUTE_MS);
    assert_got(bench, "ASIA1");
}

static void the_authorization_token_is_sent(void **state)
{
    struct bench *bench = *state;
    ENDPOINT(bench->endpoint, bench->endpoint->authorization = "Basic " HUSH);
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "credentials from container: its endpoint: HTTP 401");
    bench_env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic " HUSH);
    open_bench(bench);
    assert_got(bench, "ASIA1");
}

static void the_tokens_file_is_read_anew(void **state)
{
    struct bench *bench = *state;
    ENDPOINT(bench->endpoint, bench->endpoint->authorization = HUSH "-one");
    bench_env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "not this one");
    bench_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", bench_file(bench, "auth", HUSH "-one\n"));
    open_bench(bench);
    assert_got(bench, "ASIA1");
    ENDPOINT(bench->endpoint, bench->endpoint->authorization = HUSH "-two");
    ENDPOINT(bench->endpoint, bench->endpoint->expires_at_ms = START_MS + 120 * MINUTE_MS);
    bench_file(bench, "auth", HUSH "-two");
    bench_pass(56 * MINUTE_MS);
    assert_got(bench, "ASIA2");
}

static void a_token_that_no_header_can_hold_is_refused(void **state)
{
    struct bench *bench = *state;
    bench_env("AWS_CONTAINER_AUTHORIZATION_TOKEN", HUSH "\r\nX-Evil: 1");
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "AWS_CONTAINER_AUTHORIZATION_TOKEN: no header can hold it");
    bench_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nowhere/token");
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "/nowhere/token cannot be read: No such file");
    assert_int_equal(SEEN(bench->endpoint, requests), 0);
}

static void plain_http_goes_to_this_machine_only(void **state)
{
    static const char *const refused[] = {"http://example.com/",
                                          "http://10.0.0.1/",
                                          "http://169.254.169.254/",
                                          "http://169.254.170.3/",
                                          "http://127.0.0.1@10.0.0.1/",
                                          "http://localhost.example.com/",
                                          "http://[fd00:ec2::24]/",
                                          "http://[::ffff:10.0.0.1]/",
                                          "ftp://127.0.0.1/",
                                          "file:///etc/passwd",
                                          "127.0.0.1/",
                                          "http://128.0.0.1/",
                                          "http://0x0a000001/",
                                          "http://",
                                          "http://127.0.0.1.example.com/"};
    struct bench *bench = *state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        bench_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", refused[i]);
        open_bench(bench);
        if (bench_get(bench) != MGW_DENIED || !strstr(bench_text(bench), "must be https")) {
            fail_msg("%s: %s", refused[i], bench_text(bench));
        }
    }
}

static void these_addresses_are_allowed(void **state)
{
    /* nobody listens there: that it was tried is what counts */
    static const char *const allowed[] = {"http://127.0.0.1:1/",  "http://127.9.9.9:1/",
                                          "http://localhost:1/",  "http://[::1]:1/",
                                          "https://127.0.0.1:1/", "http://2130706433:1/"};
    struct bench *bench = *state;
    for (size_t i = 0; i < COUNT(allowed); i++) {
        bench_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", allowed[i]);
        open_bench(bench);
        if (bench_get(bench) != MGW_UNAVAILABLE) {
            fail_msg("%s: %s", allowed[i], bench_text(bench));
        }
    }
}

static void an_unreachable_endpoint_is_not_passed_over(void **state)
{
    struct bench *bench = *state;
    bench_env("AWS_EC2_METADATA_DISABLED", NULL);
    bench_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", bench->endpoint->url);
    bench_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/" HUSH "?" HUSH);
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_UNAVAILABLE);
    assert_says(bench, "credentials from container: http://127.0.0.1:1: ");
    assert_int_equal(SEEN(bench->endpoint, requests), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(a_full_uri_gives_the_tasks_role),
        CASE(a_relative_uri_goes_before_it),
        CASE(without_an_expiration_they_last),
        CASE(the_authorization_token_is_sent),
        CASE(the_tokens_file_is_read_anew),
        CASE(a_token_that_no_header_can_hold_is_refused),
        CASE(plain_http_goes_to_this_machine_only),
        CASE(these_addresses_are_allowed),
        CASE(an_unreachable_endpoint_is_not_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
