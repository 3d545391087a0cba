/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests whose end two servers could see differently, sent to the gateway alone and through
 * HAProxy, which shares its connections to the gateway among clients. Each answer carries the id of
 * the request that it is for, so that a mix-up shows: nobody gets another's answer, and nothing
 * that stands in a body runs as a request. */
#include "tests/security/change.h"
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/haproxy.h"
#include "tests/support/keep.h"
#include "tests/support/leftover.h"
#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>

/* What a shape's head may say of its body, and the body that goes with it. INNER is a whole request
 * that would only run where the body is seen to end before it. */
struct shape {
    const char *line;  /* NULL: an upload */
    const char *heads; /* %zu: the body's length */
    const char *before, *after;
};

#define CHUNKED_BEFORE "%zx\r\n"
#define CHUNKED_AFTER "\r\n0\r\n\r\n"

static const struct shape shapes[] = {
    /* Chunks hold it; a Content-Length would end before it. */
    {NULL, "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", CHUNKED_BEFORE, CHUNKED_AFTER},
    {NULL, "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", CHUNKED_BEFORE, CHUNKED_AFTER},
    {NULL, "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", CHUNKED_BEFORE, CHUNKED_AFTER},
    {NULL, "Transfer-Encoding: chunked\r\n", CHUNKED_BEFORE, CHUNKED_AFTER},
    {NULL, "Transfer-Encoding: Chunked\r\n", CHUNKED_BEFORE, CHUNKED_AFTER},
    {NULL, "Transfer-Encoding:\tchunked\r\n", CHUNKED_BEFORE, CHUNKED_AFTER},
    {NULL, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", CHUNKED_BEFORE,
     CHUNKED_AFTER},
    {NULL, "Transfer-Encoding: gzip, chunked\r\n", CHUNKED_BEFORE, CHUNKED_AFTER},
    /* A length holds it; another reading has none, another, or chunks that end at once. */
    {NULL, "Content-Length: %zu\r\n", "", ""},
    {NULL, "Content-Length: %zu\r\nX-More: 1\r\n", "0\r\n\r\n", ""},
    {NULL, "Content-Length: %zu\r\nTransfer-Encoding: identity\r\n", "", ""},
    {NULL, "Content-Length: %zu\r\nTransfer-Encoding: xchunked\r\n", "0\r\n\r\n", ""},
    {NULL, "Content-Length: %zu\r\nTransfer-Encoding : chunked\r\n", "0\r\n\r\n", ""},
    {NULL,
     "Content-Length: %zu\r\nTransfer-Encoding: \x0b"
     "chunked\r\n",
     "0\r\n\r\n", ""},
    {NULL, "Content-Length: %zu\r\nX-More: 1\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\n", ""},
    {NULL, "Content-Length: %zu\r\nX-More: 1\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", ""},
    {NULL, "Content-Length: %zu\r\nX-More: 1\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n", ""},
    {NULL, "Content-Length: %zu\r\nTransfer_Encoding: chunked\r\n", "0\r\n\r\n", ""},
    {NULL, "Content-Length: %zu\r\nContent-Length: 0\r\n", "", ""},
    {NULL, "Content-Length: 0\r\nContent-Length: %zu\r\n", "", ""},
    {NULL, "Content-Length: %zu, 0\r\n", "", ""},
    {NULL, "Content-Length: 0%zu\r\n", "", ""},
    {NULL, "Content-Length: +%zu\r\n", "", ""},
    {NULL, "Content-Length : %zu\r\n", "", ""},
    {NULL, "X-More: 1\r\n Content-Length: 0\r\nContent-Length: %zu\r\n", "", ""},
    /* Methods that some take to have no body, refusals before the body, and what looks like more.
     */
    {"GET /healthz", "Content-Length: %zu\r\n", "", ""},
    {"GET /healthz", "Transfer-Encoding: chunked\r\n", CHUNKED_BEFORE, CHUNKED_AFTER},
    {"HEAD /healthz", "Content-Length: %zu\r\n", "", ""},
    {"DELETE /api/media/unknown", "Content-Length: %zu\r\n", "", ""},
    {"OPTIONS /api/media", "Content-Length: %zu\r\n", "", ""},
    {"POST /unknown", "Content-Length: %zu\r\n", "", ""},
    {"POST /unknown", "Transfer-Encoding: chunked\r\n", CHUNKED_BEFORE, CHUNKED_AFTER},
    {"PUT /api/media", "Content-Length: %zu\r\n", "", ""},
    {"POST /api/media/recordings", "Content-Length: %zu\r\n", "", ""}, /* 401: no credential */
    {NULL, "Expect: 100-continue\r\nContent-Length: %zu\r\n", "", ""},
    {"POST /api/media/recordings", "Expect: 100-continue\r\nContent-Length: %zu\r\n", "", ""},
    {NULL, "Expect: 200-ok\r\nContent-Length: %zu\r\n", "", ""},
    {NULL, "Connection: Content-Length\r\nContent-Length: %zu\r\n", "", ""},
    {NULL,
     "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
     "Content-Length: %zu\r\n",
     "", ""},
    {"GET /healthz", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: %zu\r\n", "",
     ""},
    /* Chunk lines that are read in different ways. */
    {NULL, "Transfer-Encoding: chunked\r\n", "%zx;a=b\r\n", CHUNKED_AFTER},
    {NULL, "Transfer-Encoding: chunked\r\n", "%zx;a=\"\r\n", CHUNKED_AFTER},
    {NULL, "Transfer-Encoding: chunked\r\n", "%zx \r\n", CHUNKED_AFTER},
    {NULL, "Transfer-Encoding: chunked\r\n", "%zx\n", CHUNKED_AFTER},
    {NULL, "Transfer-Encoding: chunked\r\n", "0x%zx\r\n", CHUNKED_AFTER},
    {NULL, "Transfer-Encoding: chunked\r\n", "+%zx\r\n", CHUNKED_AFTER},
    {NULL, "Transfer-Encoding: chunked\r\n", "1\r\nZ\r\n%zx;0\r\n", CHUNKED_AFTER},
    {NULL, "Transfer-Encoding: chunked\r\n", "10000000000000000\r\n%zx\r\n", CHUNKED_AFTER},
    {NULL, "Transfer-Encoding: chunked\r\n", "-1\r\n%zx\r\n", CHUNKED_AFTER},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static struct gateway *gw;
static struct haproxy *proxy;
static unsigned number;

/* Its connections to the gateway are shared among all clients. */
static const char config[] = "global\n"
                             "    nbthread 1\n"
                             "    maxconn 500\n"
                             "defaults\n"
                             "    mode http\n"
                             "    timeout connect 10s\n"
                             "    timeout client 60s\n"
                             "    timeout server 60s\n"
                             "    option http-keep-alive\n"
                             "    option forwardfor\n"
                             "    http-reuse always\n"
                             "frontend outside\n"
                             "    bind :80\n"
                             "    default_backend gateway\n"
                             "backend gateway\n"
                             "    server one 10.0.0.1:8080 maxconn 4\n";

static int start(void **state)
{
    (void)state;
    gw = gateway_new("{\"trusted_proxies\": [\"127.0.0.1\"]}");
    proxy = haproxy_start(config, (const char *const[]){"10.0.0.1:8080"}, &gw->server, 1);
    leftover_watch(gw);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    haproxy_stop(proxy);
    return gateway_free(gw);
}

/* FORMAT with NUMBER in the place of its %zu, %zx, if any. */
static char *filled(const char *format, size_t value)
{
    const char *at = strstr(format, "%z");
    if (!at) {
        return keep_text("%s", format);
    }
    return keep_text(at[2] == 'x' ? "%.*s%zx%s" : "%.*s%zu%s", (int)(at - format), format, value,
                     at + 3);
}

/* A user's request over a connection of its own that stays: the answer is the one for it. */
static void use(struct raw *raw)
{
    const char *id = keep_text("user-%u", ++number);
    raw_text(raw,
             "GET /api/media?limit=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "X-Request-Id: %s\r\n\r\n",
             gw->other_token, id);
    struct http_answer *answer = raw_read(raw);
    json_t *page = api_expect(answer, 200);
    assert_string_equal(http_header(answer, "X-Request-Id"), id);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 0); /* acct-b has none */
}

/* What one shape got: every answer must be for it, in order, or the proxy's own refusal. */
static void judge(const char *rest, const char *outer, const char *request)
{
    size_t answers = 0;
    for (const char *at = rest; (at = strcasestr(at, "\r\nX-Request-Id: ")); answers++) {
        at += strlen("\r\nX-Request-Id: ");
        if (strncmp(at, "inner-", 6) == 0 || strncmp(at, "user-", 5) == 0) {
            fail_msg("an answer for another request:\n%s\nto:\n%s", rest, request);
        }
        if (strncmp(at, "outer-", 6) == 0) {
            assert_int_equal(strncmp(at, outer, strlen(outer)), 0);
        }
    }
    assert_true(answers <= 2); /* 100 Continue has none; one refusal may stand behind an answer */
}

static void send_shape(const struct server *to, const struct shape *shape)
{
    unsigned id = ++number;
    const char *outer = keep_text("outer-%u", id);
    const char *inner = keep_text("GET /api/media HTTP/1.1\r\nHost: localhost\r\n"
                                  "Authorization: Bearer %s\r\nX-Request-Id: inner-%u\r\n\r\n",
                                  gw->token, id);
    const char *body =
        keep_text("%s%s%s", filled(shape->before, strlen(inner)), inner, shape->after);
    const char *who = shape->line ? "" : keep_text("Authorization: Bearer %s\r\n", gw->token);
    const char *request =
        keep_text("%s HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: %s\r\n%sContent-Type: "
                  "video/webm\r\n%s\r\n%s",
                  shape->line ? shape->line : "POST " API_RECORDINGS, outer, who,
                  filled(shape->heads, strlen(body)), body);
    struct raw *raw = raw_open(to);
    raw_send(raw, request, strlen(request));
    raw_half_close(raw);
    const char *rest = raw_rest(raw, 1500 * slowness());
    if (!rest) { /* kept for a next request, though none can come */
        if (!raw_has_answer(raw, 0)) {
            fail_msg("neither answer nor end behind:\n%s", request);
        }
        bool head = shape->line && strncmp(shape->line, "HEAD", 4) == 0;
        rest = (head ? raw_read_head(raw) : raw_read(raw))->head;
        assert_false(raw_has_answer(raw, 0));
    }
    judge(rest, outer, request);
    if (strstr(server_log(gw->server), keep_text("inner-%u", id))) {
        fail_msg("a request ran that stood in a body:\n%s\nanswered:\n%s", request, rest);
    }
    raw_close(raw);
}

static void each_shape_to(const struct server *to)
{
    struct raw *user = raw_open(to);
    use(user);
    for (size_t i = 0; i < SHAPES; i++) {
        send_shape(to, &shapes[i]);
        use(user);
    }
    assert_non_null(strstr(server_log(gw->server), "outer-")); /* ids do come to the log */
}

static void alone_no_request_runs_from_a_body_and_nobody_gets_anothers_answer(void **state)
{
    (void)state;
    each_shape_to(gw->server);
}

static void behind_haproxy_no_request_runs_from_a_body_and_nobody_gets_anothers_answer(void **state)
{
    (void)state;
    each_shape_to(haproxy_server(proxy));
}

static void behind_haproxy_users_are_served_right_between_hundreds_of_shapes(void **state)
{
    (void)state;
    enum { ROUNDS = 400, USERS = 4 };
    struct change change = {0x70726f7879ull};
    struct raw *users[USERS];
    for (int i = 0; i < USERS; i++) {
        users[i] = raw_open(haproxy_server(proxy));
    }
    for (int i = 0; i < ROUNDS; i++) {
        send_shape(haproxy_server(proxy), &shapes[change_number(&change, SHAPES)]);
        use(users[change_number(&change, USERS)]);
    }
}

static void behind_haproxy_recordings_go_up_play_and_go(void **state)
{
    (void)state;
    struct body video = body_file("chromium-video-5s.webm");
    struct http_client *client = http_new(haproxy_server(proxy), gw->token);
    json_t *answer = api_upload(client, API_VIDEO, video);
    struct http_answer *whole = http_get(client, api_url(answer), NULL);
    assert_int_equal(whole->status, 200);
    assert_int_equal(whole->length, video.length);
    assert_memory_equal(whole->body, video.bytes, video.length);
    struct http_answer *part = http_get(client, api_url(answer), "Range: bytes=1000-1999");
    assert_int_equal(part->status, 206);
    assert_memory_equal(part->body, (const char *)video.bytes + 1000, 1000);
    struct http_stream stream = {.seed = 9, .length = 3000000, .chunked = true};
    json_t *chunked = api_expect(
        http_send_stream(client, "POST", API_RECORDINGS, "Content-Type: video/webm", &stream), 201);
    api_expect(http_send(client, "DELETE", api_path(chunked, ""), NULL, NULL, 0), 200);
    api_expect(http_send(client, "DELETE", api_path(answer, ""), NULL, NULL, 0), 200);
    api_error(http_get(client, api_url(answer), NULL), 404, "not_found");
    http_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(alone_no_request_runs_from_a_body_and_nobody_gets_anothers_answer),
        TEST(behind_haproxy_no_request_runs_from_a_body_and_nobody_gets_anothers_answer),
        TEST(behind_haproxy_users_are_served_right_between_hundreds_of_shapes),
        TEST(behind_haproxy_recordings_go_up_play_and_go),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
