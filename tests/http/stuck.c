/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugins whose callbacks do not return: the client has its answer soon after the deadline, other
 * clients are served, the log names plugin, callback and request, readyz tells and recovers, and
 * SIGTERM ends the gateway. */
#define WICKED_DEADLINE_SEC (2 * slowness())
#include "tests/http/wicked.h"

#include <pthread.h>
#include <stdlib.h>

/* What is answered later than this was not answered by the deadline and the grace of 2 s. */
#define SOON_MS (20000 * slowness())

static bool ready(void *ctx)
{
    (void)ctx;
    return http_get(gw->nobody, "/readyz", NULL)->status == 200;
}

static bool not_ready(void *ctx)
{
    return !ready(ctx);
}

/* ---- One request ---- */

struct request {
    pthread_t thread;
    struct http_client *client;
    const char *method, *target, *headers;
    struct body body;
    long status;
    char *answer, *retry_after;
    int64_t took_ms;
};

static void *request_run(void *argument)
{
    struct request *request = argument;
    int64_t start_ms = wait_now_ms();
    struct http_answer *answer =
        http_send(request->client, request->method, request->target, request->headers,
                  request->body.bytes, request->body.length);
    request->took_ms = wait_now_ms() - start_ms;
    request->status = answer->status;
    request->answer = strdup(answer->body ? answer->body : "");
    const char *retry = http_header(answer, "Retry-After");
    request->retry_after = retry ? strdup(retry) : NULL;
    return NULL;
}

static void request_start(struct request *request)
{
    request->client = http_new(gw->server, gw->token);
    assert_int_equal(pthread_create(&request->thread, NULL, request_run, request), 0);
}

static void request_end(struct request *request)
{
    pthread_join(request->thread, NULL);
    http_free(request->client);
}

static void request_free(struct request *request)
{
    free(request->answer);
    free(request->retry_after);
}

/* The request's answer comes without the callback, and says that it took too long. */
static void request_is_told(struct request *request, long status)
{
    request_end(request);
    assert_int_equal(request->status, status);
    assert_non_null(strstr(request->answer, "\"timeout\""));
    assert_non_null(strstr(request->answer, "\"requestId\""));
    assert_non_null(request->retry_after);
    assert_in_range(request->took_ms, 900, SOON_MS);
    request_free(request);
}

static struct request upload_of(struct body body)
{
    return (struct request){.method = "POST",
                            .target = API_RECORDINGS,
                            .headers = "Content-Type: " API_VIDEO,
                            .body = body};
}

/* ---- The tests ---- */

static void an_upload_is_answered_without_its_commit(void **state)
{
    (void)state;
    wicked_start("stall", NULL, NULL);
    wicked("put_commit");
    struct request request = upload_of(body_random(1, 1000));
    request.headers = "Content-Type: " API_VIDEO "\nX-Request-Id: the-stuck-one";
    request_start(&request);
    request_is_told(&request, 503);
    assert_logged("a plugin's call does not come back", "plugin=stall", "callback=put_commit",
                  "request=the-stuck-one");
    /* others are served meanwhile, and one such call shuts nobody out */
    api_expect(http_get(gw->client, "/api/media", NULL), 200);
    assert_true(ready(NULL));
    good("put_commit");
    assert_logged("a plugin's call came back", "plugin=stall", "callback=put_commit");
    api_upload(gw->client, API_VIDEO, body_random(2, 1000));
}

/* The line tells the answer that was sent, not the one that came too late. */
static void the_access_log_tells_what_the_client_was_told(void **state)
{
    (void)state;
    wicked_start("stall", NULL, "{\"log\": {\"access\": true}}");
    wicked("put_commit");
    struct request request = upload_of(body_random(1, 1000));
    request.headers = "Content-Type: " API_VIDEO "\nX-Request-Id: the-stuck-one";
    request_start(&request);
    request_end(&request);
    assert_int_equal(request.status, 503);
    char *sent = keep_text("sent=%zu", strlen(request.answer));
    request_free(&request);
    good("put_commit");
    assert_logged("msg=\"request\"", "request=the-stuck-one", "status=503", sent);
    const char *aborted[] = {"msg=\"request\"", "request=the-stuck-one", "aborted", NULL};
    assert_int_equal(log_lines(aborted), 0);
}

static void a_large_upload_is_answered_in_mid_body(void **state)
{
    (void)state;
    wicked_start("stall", NULL, NULL);
    wicked("put_write");
    struct request request = upload_of(body_random(1, 8 << 20));
    request_start(&request);
    request_is_told(&request, 503);
    assert_logged("a plugin's call does not come back", "callback=put_write");
    good("put_write");
    assert_logged("a plugin's call came back", "callback=put_write");
    api_upload(gw->client, API_VIDEO, body_random(2, 8 << 20));
}

static void a_chunked_upload_too(void **state)
{
    (void)state;
    wicked_start("stall", NULL, NULL);
    wicked("put_write");
    struct raw *raw = raw_open(gw->server);
    raw_text(raw,
             "POST " API_RECORDINGS " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
             "Content-Type: " API_VIDEO "\r\nTransfer-Encoding: chunked\r\n\r\n"
             "8\r\nsomebody\r\n",
             gw->token);
    assert_true(raw_has_answer(raw, SOON_MS));
    assert_int_equal(raw_read(raw)->status, 503);
    raw_close(raw);
    assert_logged("a plugin's call does not come back", "callback=put_write");
    good("put_write");
    assert_logged("a plugin's call came back", "callback=put_write");
}

static void a_download_is_answered_or_cut(void **state)
{
    (void)state;
    wicked_start("stall", NULL, NULL);
    const char *url = api_url(api_upload(gw->client, API_VIDEO, body_random(1, 100000)));
    wicked("open");
    struct request request = {.method = "GET", .target = url};
    request_start(&request);
    request_is_told(&request, 504);
    good("open");
    wicked("read");
    struct raw *raw = raw_open(gw->server);
    raw_text(raw, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", url);
    assert_int_equal(raw_read_head(raw)->status, 200);
    assert_true(raw_is_closed(raw, SOON_MS));
    raw_close(raw);
    assert_logged("a plugin's call does not come back", "callback=read");
    good("read");
    assert_int_equal(http_get(gw->nobody, url, NULL)->length, 100000);
}

static void a_head_request_gets_no_body(void **state)
{
    (void)state;
    wicked_start("stall", NULL, NULL);
    const char *url = api_url(api_upload(gw->client, API_VIDEO, body_random(1, 1000)));
    wicked("open");
    struct raw *raw = raw_open(gw->server);
    raw_text(raw, "HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n", url);
    assert_true(raw_has_answer(raw, SOON_MS));
    assert_int_equal(raw_read_head(raw)->status, 504);
    assert_true(raw_is_closed(raw, SOON_MS));
    raw_close(raw);
    good("open");
}

enum { MANY = 4 }; /* half of the workers: so many lost calls shut the gate */

static void too_many_lost_calls_shut_the_gate_until_they_return(void **state)
{
    (void)state;
    wicked_start("stall", NULL, NULL);
    wicked("put_write");
    struct request requests[MANY];
    for (int i = 0; i < MANY; i++) {
        requests[i] = upload_of(body_random((uint64_t)i, 1000));
        request_start(&requests[i]);
    }
    for (int i = 0; i < MANY; i++) {
        request_is_told(&requests[i], 503);
    }
    assert_true(wait_for(not_ready, NULL, PATIENCE_MS));
    struct http_answer *answer = http_get(gw->nobody, "/readyz", NULL);
    assert_string_equal(answer->body, "{\"status\":\"unavailable\"}");
    answer = http_get(gw->client, "/readyz", NULL);
    assert_non_null(
        strstr(answer->body, "plugin \\\"stall\\\": 4 calls into it have not come back"));
    int64_t start_ms = wait_now_ms();
    answer = api_post_raw(gw->client, "", API_VIDEO, body_random(9, 1000), NULL);
    api_error(answer, 503, "unavailable");
    assert_string_equal(http_header(answer, "Retry-After"), "5");
    assert_true(wait_now_ms() - start_ms < 1000 * slowness());
    api_expect(http_get(gw->client, "/api/media", NULL), 200); /* what the rows alone know */
    good("put_write");
    assert_true(wait_for(ready, NULL, PATIENCE_MS));
    api_upload(gw->client, API_VIDEO, body_random(10, 1000));
}

/* More of them at once than there are workers: the pool makes up for every one. */
static void all_workers_may_be_lost(void **state)
{
    (void)state;
    enum { ALL = 12 };
    wicked_start("stall", NULL, "{\"limits\": {\"workers\": 4}}");
    wicked("put_commit");
    struct request requests[ALL];
    for (int i = 0; i < ALL; i++) {
        requests[i] = upload_of(body_random((uint64_t)i, 1000));
        request_start(&requests[i]);
    }
    for (int i = 0; i < ALL; i++) {
        request_end(&requests[i]);
        assert_int_equal(requests[i].status, 503);
        assert_in_range(requests[i].took_ms, 0, SOON_MS);
        request_free(&requests[i]);
    }
    api_expect(http_get(gw->client, "/api/media", NULL), 200);
    assert_int_equal(http_get(gw->nobody, "/healthz", NULL)->status, 200);
    good("put_commit");
    assert_true(wait_for(ready, NULL, PATIENCE_MS));
    api_upload(gw->client, API_VIDEO, body_random(20, 1000));
}

static void a_plugin_that_takes_one_call_is_shut_by_one(void **state)
{
    (void)state;
    wicked_start("stallone", NULL, NULL);
    const char *url = api_url(api_upload(gw->client, API_VIDEO, body_random(1, 1000)));
    wicked("put_commit");
    struct request first = upload_of(body_random(2, 1000));
    request_start(&first);
    request_is_told(&first, 503);
    assert_true(wait_for(not_ready, NULL, PATIENCE_MS));
    api_error(http_get(gw->nobody, url, NULL), 503, "unavailable");
    good("put_commit");
    assert_true(wait_for(ready, NULL, PATIENCE_MS));
    assert_int_equal(http_get(gw->nobody, url, NULL)->status, 200);
}

static void rows_that_do_not_come_back_hold_nobody(void **state)
{
    (void)state;
    wicked_start(NULL, "stallrepo", NULL);
    wicked("list");
    struct request list = {.method = "GET", .target = "/api/media"};
    request_start(&list);
    request_is_told(&list, 504);
    assert_logged("a plugin's call does not come back", "plugin=stallrepo", "callback=list");
    wicked("apply");
    struct request upload = upload_of(body_random(1, 1000));
    request_start(&upload);
    request_is_told(&upload, 503);
    good("list");
    good("apply");
    api_upload(gw->client, API_VIDEO, body_random(2, 1000));
    assert_int_equal(api_count(gw->client, ""), 1);
}

static bool reads_inline_no_more(void *ctx)
{
    (void)ctx;
    return strstr(server_log(gw->server), "a read that should not wait did") != NULL;
}

/* None of them gets the thread that is away. */
static void new_connections_are_served(void)
{
    enum { CONNECTIONS = 8 };
    struct raw *raws[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        raws[i] = raw_open(gw->server);
        raw_text(raws[i], "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        assert_int_equal(raw_read(raws[i])->status, 200);
        raw_close(raws[i]);
    }
}

/* sqlite's reads are made on the threads that the connections have. One that blocks all the same
 * costs its thread, and its client is answered; after it no other is made there. */
static void an_inline_read_that_blocks_is_made_there_no_more(void **state)
{
    (void)state;
    wicked_start(NULL, "stallrepo", NULL);
    const char *path = api_path(api_upload(gw->client, API_VIDEO, body_random(1, 1000)), "");
    wicked("get");
    struct request request = {.method = "GET", .target = path};
    request_start(&request);
    assert_true(wait_for(reads_inline_no_more, NULL, PATIENCE_MS));
    request_is_told(&request, 504);
    assert_logged("a plugin's call does not come back", "plugin=stallrepo", "callback=get");
    if (sysconf(_SC_NPROCESSORS_ONLN) > 1) { /* else there is one thread */
        new_connections_are_served();
    }
    good("get");
    assert_logged("a plugin's call came back", "callback=get");
    api_expect(http_get(gw->client, path, NULL), 200);
}

static void health_that_does_not_answer_is_no_health(void **state)
{
    (void)state;
    wicked_start("stall", NULL, NULL);
    assert_true(ready(NULL));
    wicked("health");
    assert_true(wait_for(not_ready, NULL, PATIENCE_MS));
    good("health");
    assert_true(wait_for(ready, NULL, PATIENCE_MS));
}

/* The reaper is away; requests do not notice. */
static void a_background_call_that_blocks_stops_no_request(void **state)
{
    (void)state;
    wicked_start(NULL, "stallrepo", "{\"media\": {\"reap_interval_sec\": 1}}");
    wicked("scan_due");
    wait_ms(1500);
    api_upload(gw->client, API_VIDEO, body_random(2, 1000));
    assert_true(ready(NULL));
    good("scan_due");
}

static void sigterm_ends_a_gateway_whose_plugin_does_not(void **state)
{
    (void)state;
    wicked_start("stall", NULL, "{\"limits\": {\"shutdown_deadline_sec\": 2}}");
    wicked("put_commit");
    struct request request = upload_of(body_random(1, 1000));
    request_start(&request);
    request_is_told(&request, 503);
    int64_t start_ms = wait_now_ms();
    assert_int_equal(server_stop(gw->server), 1);
    assert_true(wait_now_ms() - start_ms < SOON_MS);
    assert_logged("ending without a plugin's call", "plugin=stall", "callback=put_commit");
    good("put_commit");
    server_start(gw->server);
    gateway_follow(gw);
    api_upload(gw->client, API_VIDEO, body_random(2, 1000));
}

/* A download that was given up is one of those that nobody waits for, though its answer has begun.
 */
static void sigterm_waits_for_no_download_that_was_given_up(void **state)
{
    (void)state;
    wicked_start("stall", NULL, "{\"limits\": {\"shutdown_deadline_sec\": 600}}");
    const char *url = api_url(api_upload(gw->client, API_VIDEO, body_random(1, 100000)));
    wicked("read");
    struct raw *raw = raw_open(gw->server);
    raw_text(raw, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", url);
    assert_int_equal(raw_read_head(raw)->status, 200);
    assert_true(raw_is_closed(raw, SOON_MS));
    raw_close(raw);
    int64_t start_ms = wait_now_ms();
    assert_int_equal(server_stop(gw->server), 1);
    assert_true(wait_now_ms() - start_ms < SOON_MS);
    assert_logged("ending without a plugin's call", "plugin=stall", "callback=read");
    good("read");
    server_start(gw->server);
    gateway_follow(gw);
}

static void sigterm_ends_one_whose_reaper_does_not_return(void **state)
{
    (void)state;
    wicked_start(NULL, "stallrepo",
                 "{\"limits\": {\"shutdown_deadline_sec\": 1}, \"media\": {\"reap_interval_sec\": "
                 "1}}");
    wicked("scan_due");
    wait_ms(1500);
    int64_t start_ms = wait_now_ms();
    assert_int_equal(server_stop(gw->server), 1);
    assert_true(wait_now_ms() - start_ms < SOON_MS);
    assert_logged("ending without a plugin's call", "plugin=stallrepo", "callback=scan_due");
    good("scan_due");
    server_start(gw->server);
    gateway_follow(gw);
}

/* A gateway that ends without its plugin joins no thread, also none that is over. */
static int forgive_threads(void **state)
{
    (void)state;
    const char *options = getenv("TSAN_OPTIONS");
    setenv("TSAN_OPTIONS", keep_text("%s:report_thread_leaks=0", options ? options : ""), 1);
    return 0;
}

#define ONE(name) cmocka_unit_test_setup_teardown(name, NULL, wicked_stop)
#define ABANDONED(name) cmocka_unit_test_setup_teardown(name, forgive_threads, wicked_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(an_upload_is_answered_without_its_commit),
        ONE(the_access_log_tells_what_the_client_was_told),
        ONE(a_large_upload_is_answered_in_mid_body),
        ONE(a_chunked_upload_too),
        ONE(a_download_is_answered_or_cut),
        ONE(a_head_request_gets_no_body),
        ONE(too_many_lost_calls_shut_the_gate_until_they_return),
        ONE(all_workers_may_be_lost),
        ONE(a_plugin_that_takes_one_call_is_shut_by_one),
        ONE(rows_that_do_not_come_back_hold_nobody),
        ONE(an_inline_read_that_blocks_is_made_there_no_more),
        ONE(health_that_does_not_answer_is_no_health),
        ONE(a_background_call_that_blocks_stops_no_request),
        ABANDONED(sigterm_ends_a_gateway_whose_plugin_does_not),
        ABANDONED(sigterm_waits_for_no_download_that_was_given_up),
        ABANDONED(sigterm_ends_one_whose_reaper_does_not_return),
    };
    return server_verdict(cmocka_run_group_tests(tests, NULL, NULL));
}
