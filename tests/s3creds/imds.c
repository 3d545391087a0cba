/* SPDX-License-Identifier: Apache-2.0
 *
 * The instance metadata service, and what every metadata endpoint is kept from doing. */
#include "tests/s3creds/bench.h"

#include "core/plugin/call.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int setup(void **state)
{
    int status = bench_setup(state);
    struct bench *bench = *state;
    bench_env("AWS_EC2_METADATA_DISABLED", NULL);
    bench_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", bench->endpoint->url);
    return status;
}

static void open_bench(struct bench *bench)
{
    assert_status(bench, bench_open(bench, NULL), MGW_OK);
}

static void a_role_is_asked_for_with_a_session_token(void **state)
{
    struct bench *bench = *state;
    open_bench(bench);
    assert_got(bench, "ASIA1");
    assert_string_equal(bench->got.secret_key, HUSH "/secret+1");
    assert_string_equal(bench->got.session_token, HUSH "-token-1==");
    assert_int_equal(bench->got.expires_at_ms, START_MS + 60 * MINUTE_MS);
    assert_int_equal(SEEN(bench->endpoint, tokens), 1);
    assert_int_equal(SEEN(bench->endpoint, roles), 1);
    assert_int_equal(SEEN(bench->endpoint, requests), 3);
    assert_int_equal(bench_logged("credentials come from: instance metadata"), 1);
}

static void an_instance_without_a_role_has_none(void **state)
{
    struct bench *bench = *state;
    ENDPOINT(bench->endpoint, bench->endpoint->role = NULL);
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "instance metadata: the instance has no role");
}

static void a_role_that_is_no_name_is_refused(void **state)
{
    struct bench *bench = *state;
    ENDPOINT(bench->endpoint, bench->endpoint->role = "<html> not a role");
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_UNAVAILABLE);
    assert_says(bench, "the role's name is not one");
}

static void it_is_not_asked_where_it_is_disabled(void **state)
{
    struct bench *bench = *state;
    bench_env("AWS_EC2_METADATA_DISABLED", "TRUE");
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_int_equal(SEEN(bench->endpoint, requests), 0);
}

static void a_server_that_knows_no_tokens_is_no_imds(void **state)
{
    static const unsigned int statuses[] = {307, 400, 403, 404, 405};
    struct bench *bench = *state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        char words[64];
        snprintf(words, sizeof words, "instance metadata: HTTP %u for a token", statuses[i]);
        ENDPOINT(bench->endpoint, bench->endpoint->status = statuses[i]);
        open_bench(bench);
        assert_status(bench, bench_get(bench), MGW_DENIED);
        assert_says(bench, words);
    }
}

static void nobody_there_is_said_with_the_address(void **state)
{
    struct bench *bench = *state;
    char words[96];
    snprintf(words, sizeof words, "instance metadata: %s: ", bench->endpoint->url);
    endpoint_free(bench->endpoint);
    bench->endpoint = NULL;
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, words);
}

static void one_bad_answer_is_asked_again(void **state)
{
    struct bench *bench = *state;
    ENDPOINT(bench->endpoint, bench->endpoint->fail_first = 1);
    open_bench(bench);
    assert_got(bench, "ASIA1");
    assert_int_equal(SEEN(bench->endpoint, requests), 4);
    ENDPOINT(bench->endpoint, bench->endpoint->fail_first = 2);
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_UNAVAILABLE);
    assert_says(bench, "HTTP 503");
}

static void a_document_that_is_none_is_unavailable(void **state)
{
    static const char *const bad[][2] = {
        {"", "the answer is no JSON object"},
        {"[]", "the answer is no JSON object"},
        {"{\"Code\": \"Success\", ", "the answer is no JSON object"},
        {"{\"AccessKeyId\": \"A\", \"AccessKeyId\": \"B\"}", "the answer is no JSON object"},
        {"{\"Code\": \"AssumeRoleUnauthorizedAccess\", \"Message\": \"" HUSH "\"}",
         "AssumeRoleUnauthorizedAccess"},
        {"{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"" HUSH "\", \"Token\": \"" HUSH "\"}",
         "no valid Expiration"},
        {"{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"" HUSH
         "\", \"Expiration\": \"tomorrow\"}",
         "no valid Expiration"},
        {"{\"AccessKeyId\": \"A\", \"Expiration\": \"2026-12-24T00:00:00Z\"}",
         "the secret key is missing"},
        {"{\"SecretAccessKey\": \"" HUSH "\", \"Expiration\": \"2026-12-24T00:00:00Z\"}",
         "the access key is missing"},
        {"{\"AccessKeyId\": 7, \"SecretAccessKey\": \"" HUSH
         "\", \"Expiration\": \"2026-12-24T00:00:00Z\"}",
         "the access key is missing"},
        {"{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"" HUSH "\", \"Token\": \"" HUSH
         "\\r\\nX: y\", \"Expiration\": \"2026-12-24T00:00:00Z\"}",
         "the session token has odd characters"},
        {"{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"" HUSH "\", \"Token\": \"" HUSH
         "\", \"Expiration\": \"2026-11-23T00:00:00Z\"}",
         "over already"},
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        ENDPOINT(bench->endpoint, bench->endpoint->body = bad[i][0]);
        open_bench(bench);
        assert_status(bench, bench_get(bench), MGW_UNAVAILABLE);
        assert_says(bench, "credentials from instance metadata: ");
        assert_says(bench, bad[i][1]);
    }
}

static void an_answer_beyond_64_kib_is_refused(void **state)
{
    struct bench *bench = *state;
    ENDPOINT(bench->endpoint, bench->endpoint->pad = 65536);
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "the answer is too long");
    assert_int_equal(SEEN(bench->endpoint, requests), 1);
}

static void a_redirect_is_not_followed(void **state)
{
    struct bench *bench = *state;
    struct endpoint *other = endpoint_new();
    ENDPOINT(bench->endpoint, bench->endpoint->location = other->url);
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "HTTP 307");
    assert_int_equal(SEEN(other, requests), 0);
    endpoint_free(other);
}

static void a_proxy_of_the_environment_is_not_used(void **state)
{
    struct bench *bench = *state;
    struct endpoint *proxy = endpoint_new();
    bench_env("http_proxy", proxy->url);
    open_bench(bench);
    assert_got(bench, "ASIA1");
    assert_int_equal(SEEN(proxy, requests), 0);
    bench_env("http_proxy", NULL);
    endpoint_free(proxy);
}

static void the_calls_deadline_ends_the_wait(void **state)
{
    struct bench *bench = *state;
    bench_run_clock();
    ENDPOINT(bench->endpoint, bench->endpoint->delay_ms = 1500);
    open_bench(bench);
    struct mgw_call *call = call_new("", "test", 200);
    assert_int_equal(creds_get(call, bench->creds, &bench->got), MGW_TIMEOUT);
    call_free(call);
    call = call_new("", "test", 0);
    call_cancel(call);
    assert_int_equal(creds_get(call, bench->creds, &bench->got), MGW_CANCELLED);
    call_free(call);
    ENDPOINT(bench->endpoint, bench->endpoint->delay_ms = 0);
    assert_got(bench, "ASIA1"); /* what befell the others is not remembered */
}

/* A server that sends BYTES to whoever connects and then says nothing more. */
struct mute {
    int fd;
    uint16_t port;
    pthread_t thread;
    const char *bytes;
    size_t times;
};

static void *run_mute(void *ctx)
{
    struct mute *mute = ctx;
    for (int peer; (peer = accept(mute->fd, NULL, NULL)) >= 0; close(peer)) {
        char request[4096];
        if (recv(peer, request, sizeof request, 0) <= 0) {
            continue;
        }
        for (size_t i = 0; i < mute->times; i++) {
            if (send(peer, mute->bytes, strlen(mute->bytes), MSG_NOSIGNAL) < 0) {
                break;
            }
        }
    }
    return NULL;
}

static void start_mute(struct mute *mute)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    mute->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(mute->fd >= 0);
    assert_int_equal(bind(mute->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(mute->fd, 16), 0);
    assert_int_equal(getsockname(mute->fd, (struct sockaddr *)&address, &size), 0);
    mute->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&mute->thread, NULL, run_mute, mute), 0);
}

static void stop_mute(struct mute *mute)
{
    shutdown(mute->fd, SHUT_RDWR);
    pthread_join(mute->thread, NULL);
    close(mute->fd);
}

static void odd_servers_are_no_imds(void **state)
{
    static const struct {
        const char *bytes;
        size_t times;
        const char *words;
    } odd[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhush", 1, "transfer closed"},
        {"nonsense\n\n", 1, "HTTP/0.9"},
        {"", 0, "Empty reply"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", 1, "transfer closed"},
        {"HTTP/1.1 100 Continue\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n",
         20000, "the answer is too long"},
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < COUNT(odd); i++) {
        struct mute mute = {.bytes = odd[i].bytes, .times = odd[i].times};
        start_mute(&mute);
        char url[64];
        snprintf(url, sizeof url, "http://127.0.0.1:%u/", mute.port);
        bench_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
        open_bench(bench);
        assert_status(bench, bench_get(bench), MGW_DENIED);
        assert_says(bench, odd[i].words);
        stop_mute(&mute);
    }
}

static void other_schemes_are_not_spoken(void **state)
{
    struct bench *bench = *state;
    bench_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "file:///etc/passwd?");
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "rotocol \"file\" not supported");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(a_role_is_asked_for_with_a_session_token),
        CASE(an_instance_without_a_role_has_none),
        CASE(a_role_that_is_no_name_is_refused),
        CASE(it_is_not_asked_where_it_is_disabled),
        CASE(a_server_that_knows_no_tokens_is_no_imds),
        CASE(nobody_there_is_said_with_the_address),
        CASE(one_bad_answer_is_asked_again),
        CASE(a_document_that_is_none_is_unavailable),
        CASE(an_answer_beyond_64_kib_is_refused),
        CASE(a_redirect_is_not_followed),
        CASE(a_proxy_of_the_environment_is_not_used),
        CASE(the_calls_deadline_ends_the_wait),
        CASE(odd_servers_are_no_imds),
        CASE(other_schemes_are_not_spoken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
