/* SPDX-License-Identifier: Apache-2.0
 *
 * What who runs a gateway relies on: health, request ids, logs, a stop that loses nothing. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw = gateway_new(NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

static void healthz_and_readyz_answer_without_credential(void **state)
{
    (void)state;
    assert_int_equal(http_get(gw->nobody, "/healthz", NULL)->status, 200);
    assert_int_equal(http_get(gw->nobody, "/readyz", NULL)->status, 200);
    assert_int_equal(http_send(gw->nobody, "HEAD", "/healthz", NULL, NULL, 0)->status, 200);
}

static bool is_ready(void *ctx)
{
    (void)ctx;
    return http_get(gw->nobody, "/readyz", NULL)->status == 200;
}

static bool is_unready(void *ctx)
{
    (void)ctx;
    return http_get(gw->nobody, "/readyz", NULL)->status == 503;
}

static void readyz_tells_of_a_store_that_is_gone(void **state)
{
    (void)state;
    char *away = keep_text("%s.away", gw->server->blobs);
    assert_int_equal(rename(gw->server->blobs, away), 0);
    bool unready = wait_for(is_unready, NULL, 15000);
    struct http_answer *answer = http_get(gw->nobody, "/readyz", NULL);
    assert_int_equal(rename(away, gw->server->blobs), 0);
    assert_true(unready);
    assert_null(strstr(answer->body, gw->server->dir)); /* no detail for strangers */
    assert_int_equal(http_get(gw->nobody, "/healthz", NULL)->status, 200);
    assert_true(wait_for(is_ready, NULL, 15000));
}

static void a_well_formed_request_id_is_taken(void **state)
{
    (void)state;
    const char *const good[] = {"abc-123", "A.b_c-9", keep_text("%064d", 0)};
    for (size_t i = 0; i < 3; i++) {
        struct http_answer *answer =
            http_get(gw->client, "/api/media", keep_text("X-Request-Id: %s", good[i]));
        assert_string_equal(http_header(answer, "X-Request-Id"), good[i]);
    }
    struct http_answer *error = http_get(gw->client, "/unknown", "X-Request-Id: mine");
    api_error(error, 404, "not_found");
    assert_string_equal(http_header(error, "X-Request-Id"), "mine");
}

static void a_malformed_request_id_is_replaced(void **state)
{
    (void)state;
    const char *const bad[] = {"a b", "a=b", "a\"b", keep_text("%065d", 0), "gr\xc3\xbc\xc3\x9f"};
    for (size_t i = 0; i < 5; i++) {
        struct http_answer *answer =
            http_get(gw->client, "/api/media", keep_text("X-Request-Id: %s", bad[i]));
        const char *id = http_header(answer, "X-Request-Id");
        assert_non_null(id);
        assert_string_not_equal(id, bad[i]);
        assert_true(strlen(id) > 0);
    }
}

static void every_answer_has_a_request_id_of_its_own(void **state)
{
    (void)state;
    const char *one = http_header(http_get(gw->client, "/api/media", NULL), "X-Request-Id");
    const char *two = http_header(http_get(gw->client, "/api/media", NULL), "X-Request-Id");
    assert_non_null(one);
    assert_non_null(two);
    assert_string_not_equal(one, two);
}

/* The access log's line of the request ID, waited for; kept. */
static const char *log_id;

static char *line_of(const char *id)
{
    char *log = server_log(gw->server);
    char *at = strstr(log, id);
    if (!at || !strchr(at, '\n')) {
        return NULL;
    }
    while (at > log && at[-1] != '\n') {
        at--;
    }
    return keep_bytes(at, strcspn(at, "\n"));
}

static bool is_logged(void *ctx)
{
    (void)ctx;
    return line_of(log_id) != NULL;
}

static char *logged(const char *id)
{
    log_id = id;
    assert_true(wait_for(is_logged, NULL, 10000));
    return line_of(id);
}

static void the_access_log_tells_method_path_and_status(void **state)
{
    (void)state;
    http_get(gw->client, "/api/media/unknown?limit=1", "X-Request-Id: log-one");
    char *line = logged("log-one");
    assert_non_null(strstr(line, "GET"));
    assert_non_null(strstr(line, "/api/media/unknown"));
    assert_non_null(strstr(line, "404"));
    assert_non_null(strstr(line, "acct-a"));
}

static void the_log_holds_no_credential_and_no_signature(void **state)
{
    (void)state;
    json_t *answer = api_upload(gw->client, API_VIDEO, body_file("chromium-video-short.webm"));
    api_upload(gw->client, API_VIDEO, body_file("chromium-video-short.webm"));
    const char *url = api_url(answer);
    http_get(gw->nobody, url, "X-Request-Id: log-two\nCookie: session=cookie-secret");
    json_t *page = api_expect(http_get(gw->client, "/api/media?limit=1", NULL), 200);
    const char *cursor = json_string_value(json_object_get(page, "nextCursor"));
    assert_non_null(cursor);
    http_get(gw->client, keep_text("/api/media?limit=1&cursor=%s", cursor), NULL);
    http_get(gw->nobody, keep_text("%sx", url), NULL);
    http_get(gw->client, "/api/media", "X-Request-Id: log-three");
    logged("log-three");
    char *log = server_log(gw->server);
    const char *sig = strstr(url, "sig=");
    assert_non_null(sig);
    assert_non_null(strstr(log, "log-two"));
    assert_null(strstr(log, keep_bytes(sig + 4, 20)));
    assert_null(strstr(log, server_token_secret(gw->token)));
    assert_null(strstr(log, gw->token));
    assert_null(strstr(log, "cookie-secret"));
    assert_null(strstr(log, cursor));
}

static void no_request_forges_a_log_line(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    raw_text(raw, "GET /a\x1b[31m\"%%0Alevel=error HTTP/1.1\r\nHost: localhost\r\n"
                  "User-Agent: x\"\x01 forged=1\r\nX-Request-Id: log-four\r\n\r\n");
    raw_read(raw);
    http_get(gw->client, "/api/media", "X-Request-Id: log-five");
    logged("log-five");
    for (const char *at = server_log(gw->server); *at; at++) {
        assert_true(*at == '\n' || (unsigned char)*at >= 0x20);
    }
    assert_null(strstr(server_log(gw->server), "\nlevel=error"));
}

static void a_json_log_is_json_line_by_line(void **state)
{
    (void)state;
    struct gateway *other = gateway_new("{\"log\": {\"format\": \"json\"}}");
    http_get(other->client, "/api/media/%22%5C?x=%0a", "X-Request-Id: json-one");
    http_get(other->client, "/api/media", "X-Request-Id: json-two");
    assert_int_equal(server_stop(other->server), 0);
    char *log = server_log(other->server);
    size_t lines = 0;
    for (char *save = NULL, *line = strtok_r(log, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save), lines++) {
        json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_object(json)) {
            fail_msg("not JSON: %s", line);
        }
        json_decref(json);
    }
    assert_true(lines >= 3);
    assert_int_equal(gateway_free(other), 0);
}

static void half_an_upload(struct raw *raw, const struct gateway *gateway, struct body body)
{
    raw_text(raw,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Content-Type: video/webm\r\nContent-Length: %zu\r\n\r\n",
             API_RECORDINGS, gateway->token, body.length);
    raw_send(raw, body.bytes, body.length / 2);
}

static struct gateway *stopping;

static bool one_is_uploading(void *ctx)
{
    (void)ctx;
    return rows_count(stopping->rows, NULL, "uploading") == 1;
}

static bool refuses_connections(void *ctx)
{
    (void)ctx;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(stopping->server->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool refused = connect(fd, (struct sockaddr *)&address, sizeof address) != 0;
    close(fd);
    return refused;
}

static void sigterm_finishes_an_upload_in_flight_and_exits_0(void **state)
{
    (void)state;
    stopping = gateway_new(NULL);
    struct body body = body_random(1, 400000);
    struct raw *raw = raw_open(stopping->server);
    struct raw *idle = raw_open(stopping->server);
    half_an_upload(raw, stopping, body);
    assert_true(wait_for(one_is_uploading, NULL, 20000));
    server_terminate(stopping->server);
    assert_true(wait_for(refuses_connections, NULL, 20000));
    raw_send(raw, (const char *)body.bytes + body.length / 2, body.length - body.length / 2);
    json_t *answer = api_expect(raw_read(raw), 201);
    int64_t begun = wait_now_ms();
    assert_int_equal(server_wait(stopping->server), 0);
    assert_true(wait_now_ms() - begun < 20000 * slowness()); /* though `idle` is still open */
    raw_close(idle);
    server_start(stopping->server);
    gateway_follow(stopping);
    struct http_answer *content = http_get(stopping->nobody, api_url(answer), NULL);
    assert_int_equal(content->length, body.length);
    assert_memory_equal(content->body, body.bytes, body.length);
    assert_int_equal(gateway_free(stopping), 0);
}

static bool stopping_is_unready(void *ctx)
{
    (void)ctx;
    struct http_answer *answer = http_get(stopping->nobody, "/readyz", NULL);
    return answer->status == 503;
}

static void readyz_is_503_while_the_gateway_drains(void **state)
{
    (void)state;
    stopping = gateway_new("{\"limits\": {\"drain_delay_sec\": 5}}");
    server_terminate(stopping->server);
    assert_true(wait_for(stopping_is_unready, NULL, 4000));
    assert_int_equal(http_get(stopping->client, "/api/media", NULL)->status, 200);
    assert_int_equal(server_wait(stopping->server), 0);
    assert_int_equal(gateway_free(stopping), 0);
}

static void an_upload_beyond_the_shutdown_deadline_is_cut_and_leaves_nothing(void **state)
{
    (void)state;
    stopping = gateway_new("{\"limits\": {\"shutdown_deadline_sec\": 1}, "
                           "\"media\": {\"lease_sec\": 1, \"reap_interval_sec\": 1}}");
    struct body body = body_random(1, 400000);
    struct raw *raw = raw_open(stopping->server);
    half_an_upload(raw, stopping, body);
    assert_true(wait_for(one_is_uploading, NULL, 20000));
    server_terminate(stopping->server);
    assert_int_equal(server_wait(stopping->server), 0);
    server_start(stopping->server);
    gateway_follow(stopping);
    assert_true(rows_settle(stopping->rows, 20000));
    assert_int_equal(rows_count(stopping->rows, NULL, "ready"), 0);
    assert_int_equal(gateway_free(stopping), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(healthz_and_readyz_answer_without_credential),
        TEST(readyz_tells_of_a_store_that_is_gone),
        TEST(a_well_formed_request_id_is_taken),
        TEST(a_malformed_request_id_is_replaced),
        TEST(every_answer_has_a_request_id_of_its_own),
        TEST(the_access_log_tells_method_path_and_status),
        TEST(the_log_holds_no_credential_and_no_signature),
        TEST(no_request_forges_a_log_line),
        TEST(a_json_log_is_json_line_by_line),
        TEST(sigterm_finishes_an_upload_in_flight_and_exits_0),
        TEST(readyz_is_503_while_the_gateway_drains),
        TEST(an_upload_beyond_the_shutdown_deadline_is_cut_and_leaves_nothing),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
