/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.1 on the wire: connections that are kept, pipelines, Expect, chunks. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/leftover.h"

#include <string.h>
#include <strings.h>

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw = gateway_new("{\"media\": {\"max_upload_bytes\": 4194304}}");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

static const char *authorization(void)
{
    return keep_text("Host: localhost\r\nAuthorization: Bearer %s\r\n", gw->token);
}

/* The head of a raw upload; MORE are header lines, each with its CRLF. */
static void upload_head(struct raw *raw, const char *more)
{
    raw_text(raw, "POST %s HTTP/1.1\r\n%sContent-Type: %s\r\n%s\r\n", API_RECORDINGS,
             authorization(), API_VIDEO, more);
}

static void send_chunk(struct raw *raw, const void *bytes, size_t length)
{
    raw_text(raw, "%zx\r\n", length);
    raw_send(raw, bytes, length);
    raw_text(raw, "\r\n");
}

static void holds(const json_t *answer, struct body body)
{
    char checksum[SHA256_TEXT];
    body_checksum(body.bytes, body.length, checksum);
    assert_string_equal(api_text(answer, "checksum"), checksum);
}

static void one_connection_serves_all_kinds_of_requests(void **state)
{
    (void)state;
    struct http_client *client = http_new(gw->server, gw->token);
    for (int i = 0; i < 5; i++) {
        json_t *answer = api_upload(client, API_VIDEO, body_random((uint64_t)i, 70000));
        assert_int_equal(http_get(client, api_url(answer), NULL)->status, 200);
        assert_int_equal(http_get(client, api_url(answer), "Range: bytes=5-9")->status, 206);
        assert_int_equal(http_get(client, "/api/media", NULL)->status, 200);
        assert_int_equal(http_get(client, "/api/media/unknown", NULL)->status, 404);
        assert_int_equal(http_get(client, "/healthz", NULL)->status, 200);
        assert_int_equal(http_send(client, "DELETE", api_path(answer, ""), NULL, NULL, 0)->status,
                         200);
    }
    assert_int_equal(http_connections(client), 1);
    http_free(client);
}

static void connection_close_is_honoured(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    raw_text(raw, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_int_equal(raw_read(raw)->status, 200);
    assert_true(raw_is_closed(raw, 10000));
}

static void http_1_0_is_answered_and_closed(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    raw_text(raw, "GET /healthz HTTP/1.0\r\n\r\n");
    assert_int_equal(raw_read(raw)->status, 200);
    assert_true(raw_is_closed(raw, 10000));
}

static void pipelined_gets_are_answered_in_order(void **state)
{
    (void)state;
    struct body video = body_file("chromium-video-5s.webm");
    const char *url = api_url(api_upload(gw->client, API_VIDEO, video));
    struct raw *raw = raw_open(gw->server);
    char *all = keep_text("%s", "");
    for (int i = 0; i < 30; i++) {
        all = keep_text("%sGET %s HTTP/1.1\r\nHost: localhost\r\nRange: bytes=%d-%d\r\n\r\n", all,
                        url, i * 1000, i * 1000 + 999);
    }
    raw_send(raw, all, strlen(all));
    for (int i = 0; i < 30; i++) {
        struct http_answer *answer = raw_read(raw);
        assert_int_equal(answer->status, 206);
        assert_int_equal(answer->length, 1000);
        assert_memory_equal(answer->body, (const char *)video.bytes + i * 1000, 1000);
    }
}

static void pipelined_uploads_and_reads_are_answered_in_order(void **state)
{
    (void)state;
    struct body one = body_random(1, 1000);
    struct body two = body_random(2, 100000);
    struct form *all = form_new();
    const struct body *bodies[] = {&one, &two};
    for (int i = 0; i < 2; i++) {
        char *head = keep_text("POST %s?sessionId=piped HTTP/1.1\r\n%sContent-Type: %s\r\n"
                               "Content-Length: %zu\r\n\r\n",
                               API_RECORDINGS, authorization(), API_VIDEO, bodies[i]->length);
        form_raw(all, head, strlen(head));
        form_raw(all, bodies[i]->bytes, bodies[i]->length);
        head = keep_text("GET /api/media?sessionId=piped HTTP/1.1\r\n%s\r\n", authorization());
        form_raw(all, head, strlen(head));
    }
    struct raw *raw = raw_open(gw->server);
    raw_send(raw, all->bytes, all->length);
    for (size_t i = 0; i < 2; i++) {
        holds(api_expect(raw_read(raw), 201), *bodies[i]);
        json_t *page = api_expect(raw_read(raw), 200);
        assert_int_equal(json_array_size(json_object_get(page, "items")), i + 1);
    }
}

static void expect_continue_is_answered_before_the_body(void **state)
{
    (void)state;
    struct body body = body_random(1, 50000);
    struct raw *raw = raw_open(gw->server);
    upload_head(raw, "Content-Length: 50000\r\nExpect: 100-continue\r\n");
    assert_int_equal(raw_read(raw)->status, 100);
    raw_send(raw, body.bytes, body.length);
    holds(api_expect(raw_read(raw), 201), body);
    raw_text(raw, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(raw_read(raw)->status, 200);
}

static void expect_continue_is_refused_without_reading_the_body(void **state)
{
    (void)state;
    struct raw *large = raw_open(gw->server);
    upload_head(large, "Content-Length: 4194305\r\nExpect: 100-continue\r\n");
    api_error(raw_read(large), 413, NULL);
    struct raw *stranger = raw_open(gw->server);
    raw_text(stranger,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: video/webm\r\n"
             "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n",
             API_RECORDINGS);
    api_error(raw_read(stranger), 401, "unauthorized");
}

/* The client reads its answer although it is still sending. */
static void an_early_refusal_reaches_a_client_that_keeps_sending(void **state)
{
    (void)state;
    struct body body = body_random(1, 300000);
    struct raw *raw = raw_open(gw->server);
    raw_text(raw,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: video/webm\r\n"
             "Content-Length: 300000\r\n\r\n",
             API_RECORDINGS);
    raw_send(raw, body.bytes, body.length);
    api_error(raw_read(raw), 401, "unauthorized");
}

static void an_unknown_expectation_is_417(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    upload_head(raw, "Content-Length: 5\r\nExpect: 200-maybe\r\n");
    api_error(raw_read(raw), 417, NULL);
}

static void a_chunked_upload_is_accepted(void **state)
{
    (void)state;
    struct body video = body_file("chromium-video-5s.webm");
    struct raw *raw = raw_open(gw->server);
    upload_head(raw, "Transfer-Encoding: chunked\r\n");
    for (size_t at = 0; at < video.length; at += 50000) {
        size_t length = video.length - at < 50000 ? video.length - at : 50000;
        send_chunk(raw, (const char *)video.bytes + at, length);
    }
    raw_text(raw, "0\r\n\r\n");
    holds(api_expect(raw_read(raw), 201), video);
    raw_text(raw, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(raw_read(raw)->status, 200);
}

static void chunks_of_one_byte_are_accepted(void **state)
{
    (void)state;
    struct body body = body_random(3, 3000);
    struct form *chunks = form_new();
    for (size_t at = 0; at < body.length; at++) {
        form_raw(chunks, "1\r\n", 3);
        form_raw(chunks, (const char *)body.bytes + at, 1);
        form_raw(chunks, "\r\n", 2);
    }
    struct raw *raw = raw_open(gw->server);
    upload_head(raw, "Transfer-Encoding: chunked\r\n");
    raw_send(raw, chunks->bytes, chunks->length);
    raw_text(raw, "0\r\n\r\n");
    holds(api_expect(raw_read(raw), 201), body);
}

static void a_chunked_form_is_accepted_in_any_slices(void **state)
{
    (void)state;
    struct body body = body_random(4, 5000);
    struct form *form = form_new();
    form_field(form, "durationMs", "5");
    form_blob(form, API_VIDEO, body);
    form_end(form);
    for (size_t slice = 1; slice < 600; slice += 97) {
        struct raw *raw = raw_open(gw->server);
        raw_text(raw,
                 "POST %s HTTP/1.1\r\n%sContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n",
                 API_RECORDINGS, authorization(), FORM_TYPE);
        for (size_t at = 0; at < form->length; at += slice) {
            send_chunk(raw, form->bytes + at,
                       form->length - at < slice ? form->length - at : slice);
        }
        raw_text(raw, "0\r\n\r\n");
        holds(api_expect(raw_read(raw), 201), body);
        raw_close(raw);
    }
}

static void chunk_extensions_and_trailers_are_read_over(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    upload_head(raw, "Transfer-Encoding: chunked\r\n");
    struct body body = body_random(5, 5);
    raw_text(raw, "5;name=value\r\n");
    raw_send(raw, body.bytes, 5);
    raw_text(raw, "\r\n0\r\nX-Trailer: 1\r\nAuthorization: Bearer other\r\n\r\n");
    holds(api_expect(raw_read(raw), 201), body);
}

static void a_chunked_upload_without_its_last_chunk_leaves_nothing(void **state)
{
    (void)state;
    leftover_watch(gw);
    struct body body = body_random(6, 100000);
    struct raw *raw = raw_open(gw->server);
    upload_head(raw, "Transfer-Encoding: chunked\r\n");
    send_chunk(raw, body.bytes, body.length);
    raw_close(raw);
    assert_true(leftover_is_nothing(gw));
}

static void a_bad_chunk_size_is_refused(void **state)
{
    (void)state;
    leftover_watch(gw);
    static const char *const bad[] = {"zz\r\nhello\r\n", "-5\r\nhello\r\n",
                                      "ffffffffffffffffff\r\nhello\r\n", "\r\nhello\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct raw *raw = raw_open(gw->server);
        upload_head(raw, "Transfer-Encoding: chunked\r\n");
        raw_text(raw, "%s0\r\n\r\n", bad[i]);
        struct http_answer *answer = raw_read(raw);
        if (answer->status != 0 && (answer->status < 400 || answer->status > 499)) {
            fail_msg("%s: %ld", bad[i], answer->status);
        }
        raw_close(raw);
    }
    assert_true(leftover_is_nothing(gw));
}

static void head_answers_no_body_so_that_the_next_answer_is_in_step(void **state)
{
    (void)state;
    const char *url = api_url(api_upload(gw->client, API_VIDEO, body_random(7, 5000)));
    struct raw *raw = raw_open(gw->server);
    const char *const targets[] = {url, "/media/x/y", "/healthz"};
    for (size_t i = 0; i < 3; i++) {
        raw_text(raw, "HEAD %s HTTP/1.1\r\nHost: localhost\r\n\r\n", targets[i]);
        struct http_answer *head = raw_read_head(raw);
        assert_int_equal(head->status, i == 1 ? 403 : 200);
        raw_text(raw, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        struct http_answer *next = raw_read(raw);
        assert_int_equal(next->status, 200);
        assert_int_equal(strncmp(next->head, "HTTP/1.1 200", 12), 0);
    }
}

static void a_path_is_decoded_once(void **state)
{
    (void)state;
    json_t *answer = api_upload(gw->client, API_VIDEO, body_random(8, 10));
    char *encoded = keep_text("/%%61pi/m%%65dia/%s", api_id(answer));
    assert_int_equal(http_get(gw->client, encoded, NULL)->status, 200);
    char *twice = keep_text("/%%2561pi/media/%s", api_id(answer));
    api_error(http_get(gw->client, twice, NULL), 404, "not_found");
    char *slash = keep_text("/api%%2Fmedia%%2F%s", api_id(answer));
    api_error(http_get(gw->client, slash, NULL), 404, "not_found");
}

static void dot_segments_lead_nowhere(void **state)
{
    (void)state;
    static const char *const paths[] = {"/api/media/../../healthz", "/./healthz",
                                        "/media/../healthz", "/api/media/x/../../media"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct http_answer *answer = http_get(gw->client, paths[i], NULL);
        assert_in_range(answer->status, 400, 404);
        api_error(answer, answer->status, NULL);
    }
}

/* libmicrohttpd may see the end of the client's side before it has sent what is queued. */
static void a_client_that_half_closes_gets_a_whole_answer_or_none(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct raw *raw = raw_open(gw->server);
        raw_text(raw, "GET /api/media HTTP/1.1\r\n%s\r\n", authorization());
        raw_half_close(raw);
        struct http_answer *answer = raw_read(raw);
        if (answer->status != 0) {
            api_expect(answer, 200);
        }
        raw_close(raw);
    }
}

static void many_connections_at_once_are_served(void **state)
{
    (void)state;
    enum { CONNECTIONS = 200 };
    struct raw *all[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        all[i] = raw_open(gw->server);
        raw_text(all[i], "GET /api/media HTTP/1.1\r\n%s\r\n", authorization());
    }
    for (int i = CONNECTIONS - 1; i >= 0; i--) {
        assert_int_equal(raw_read(all[i])->status, 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_connection_serves_all_kinds_of_requests),
        TEST(connection_close_is_honoured),
        TEST(http_1_0_is_answered_and_closed),
        TEST(pipelined_gets_are_answered_in_order),
        TEST(pipelined_uploads_and_reads_are_answered_in_order),
        TEST(expect_continue_is_answered_before_the_body),
        TEST(expect_continue_is_refused_without_reading_the_body),
        TEST(an_early_refusal_reaches_a_client_that_keeps_sending),
        TEST(an_unknown_expectation_is_417),
        TEST(a_chunked_upload_is_accepted),
        TEST(chunks_of_one_byte_are_accepted),
        TEST(a_chunked_form_is_accepted_in_any_slices),
        TEST(chunk_extensions_and_trailers_are_read_over),
        TEST(a_chunked_upload_without_its_last_chunk_leaves_nothing),
        TEST(a_bad_chunk_size_is_refused),
        TEST(head_answers_no_body_so_that_the_next_answer_is_in_step),
        TEST(a_path_is_decoded_once),
        TEST(dot_segments_lead_nowhere),
        TEST(a_client_that_half_closes_gets_a_whole_answer_or_none),
        TEST(many_connections_at_once_are_served),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
