/* SPDX-License-Identifier: Apache-2.0
 *
 * What a network does: connections that are cut, stale, refused, silent or not to be trusted; and
 * what the driver must not do with them. */
#include "tests/s3/rig.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PUT "PUT " RIG_PATH "k"
#define GET "GET " RIG_PATH "k"
#define HEAD "HEAD " RIG_PATH "k"
#define SIZE 300000
#define RANGE(from) "ETag: \"e1\"\nContent-Range: bytes " from "-299999/300000\n"

static char blob_bytes[SIZE];

#define FOUND                                                                                      \
    {                                                                                              \
        .request = HEAD, .times = FAULT_ALWAYS, .status = 200, .headers = RIG_OURS,                \
        .announced = SIZE                                                                          \
    }
/* The first BYTES, and then the connection's end. */
#define CUT(cut)                                                                                   \
    {                                                                                              \
        .request = GET, .how = FAULT_CUT_BODY, .status = 206, .headers = RANGE("0"),               \
        .body = blob_bytes, .length = SIZE, .bytes = cut                                           \
    }
/* The bytes from AT on. */
#define REST(at)                                                                                   \
    {                                                                                              \
        .request = GET, .status = 206, .headers = RANGE(#at), .body = blob_bytes + (at),           \
        .length = SIZE - (at)                                                                      \
    }

static enum mgw_status get_all(struct mgw_call *call)
{
    enum mgw_status status;
    size_t length = 0;
    fill(blob_bytes, SIZE, 3);
    AUTO_FREE char *got = try_get(call, RIG_BUCKET, "k", &length, &status);
    if (status == MGW_OK) {
        assert_int_equal(length, SIZE);
        assert_memory_equal(got, blob_bytes, SIZE);
    }
    return status;
}

/* ---- Reads ---- */

static void a_download_that_is_cut_goes_on_where_it_was(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    char range[64];
    fill(blob_bytes, SIZE, 3);
    rig_open(NULL, NULL);
    FAULT_SCRIPT(FOUND, CUT(100000), REST(100000));
    assert_status(call, get_all(call), MGW_OK);
    assert_done();
    assert_string_equal(fault_header(fault_request(GET, 1), "if-match"), "\"e1\"");
    snprintf(range, sizeof range, "bytes=100000-%d", SIZE - 1);
    assert_string_equal(fault_header(fault_request(GET, 1), "range"), range);
}

static void a_download_of_what_has_changed_is_a_conflict(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    fill(blob_bytes, SIZE, 3);
    rig_open(NULL, NULL);
    FAULT_SCRIPT(FOUND, CUT(100000),
                 {.request = GET, .status = 412, .body = RIG_ERROR("PreconditionFailed")});
    assert_status(call, get_all(call), MGW_CONFLICT);
    assert_done();
}

static void a_download_that_is_cut_again_and_again_ends_with_a_reason(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    fill(blob_bytes, SIZE, 3);
    rig_open("retries=2", NULL);
    FAULT_SCRIPT(FOUND, CUT(100000), {.request = GET, .times = FAULT_ALWAYS, .how = FAULT_RESET});
    assert_status(call, get_all(call), MGW_UNAVAILABLE);
    assert_says(call, "127.0.0.1");
    assert_in_range(fault_count(GET), 2, 20);
}

static void a_range_that_the_server_ignores_is_no_content(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    fill(blob_bytes, SIZE, 3);
    rig_open("retries=0", NULL);
    FAULT_SCRIPT(
        FOUND, CUT(100000),
        {.request = GET, .times = FAULT_ALWAYS, .status = 200, .body = blob_bytes, .length = SIZE});
    assert_int_not_equal(get_all(call), MGW_OK);
}

static void another_range_than_was_asked_for_is_no_content(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    fill(blob_bytes, SIZE, 3);
    rig_open("retries=0", NULL);
    FAULT_SCRIPT(FOUND, CUT(100000),
                 {.request = GET,
                  .times = FAULT_ALWAYS,
                  .status = 206,
                  .headers = RANGE("99999"),
                  .body = blob_bytes + 99999,
                  .length = SIZE - 99999});
    assert_int_not_equal(get_all(call), MGW_OK);
}

static void an_answer_shorter_than_it_says_is_cut(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    fill(blob_bytes, SIZE, 3);
    rig_open(NULL, NULL);
    FAULT_SCRIPT(FOUND,
                 {.request = GET,
                  .how = FAULT_CLOSE,
                  .status = 206,
                  .headers = RANGE("0"),
                  .body = blob_bytes,
                  .length = 1000,
                  .announced = SIZE},
                 REST(1000));
    assert_status(call, get_all(call), MGW_OK);
    assert_done();
}

/* ---- Writes ---- */

static void a_put_that_is_cut_is_sent_again_whole(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    static const enum fault_how ways[] = {FAULT_CUT_REQUEST, FAULT_RESET, FAULT_NO_ANSWER,
                                          FAULT_CUT_HEAD};
    fill(blob_bytes, SIZE, 3);
    rig_open(NULL, NULL);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        FAULT_SCRIPT({.request = PUT, .how = ways[i], .status = 200, .bytes = 50000},
                     RIG_PUT_OK("k", SIZE));
        assert_status(call, try_put(call, RIG_BUCKET, "k", NULL, blob_bytes, SIZE, &stat), MGW_OK);
        assert_done();
        rig_assert_sent(PUT, 2 * i + 1, blob_bytes, SIZE);
    }
}

static void a_put_whose_answers_are_lost_is_of_unknown_outcome(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open("retries=1", NULL);
    FAULT_SCRIPT({.request = PUT, .times = FAULT_ALWAYS, .how = FAULT_NO_ANSWER},
                 {.request = HEAD, .times = FAULT_ALWAYS, .status = 404});
    assert_status(call, rig_put(call, "k", "hello"), MGW_UNKNOWN_OUTCOME);
}

/* The server ends a kept connection just as the next request is on its way. */
static void a_stale_connection_under_a_put_is_no_failure(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    fill(blob_bytes, SIZE, 3);
    rig_open("retries=1", NULL);
    FAULT_SCRIPT({.request = HEAD, .status = 404});
    assert_status(call, rig_stat(call, "k", &stat), MGW_NOT_FOUND);
    FAULT_SCRIPT({.request = PUT, .how = FAULT_CUT_REQUEST, .bytes = 1}, RIG_PUT_OK("k", SIZE));
    stat = (struct mgw_stat){.size = sizeof stat};
    assert_status(call, try_put(call, RIG_BUCKET, "k", NULL, blob_bytes, SIZE, &stat), MGW_OK);
    assert_done();
    assert_int_equal(fault_request(PUT, 0)->connection, fault_request(HEAD, 0)->connection);
    assert_int_not_equal(fault_request(PUT, 1)->connection, fault_request(PUT, 0)->connection);
    FAULT_SCRIPT({.request = HEAD, .status = 404, .how = FAULT_CLOSE}, RIG_PUT_OK("k", SIZE));
    assert_status(call, rig_stat(call, "k", &stat), MGW_NOT_FOUND);
    stat = (struct mgw_stat){.size = sizeof stat};
    assert_status(call, try_put(call, RIG_BUCKET, "k", NULL, blob_bytes, SIZE, &stat), MGW_OK);
}

static void connections_are_kept(void **state)
{
    (void)state;
    rig_open(NULL, NULL);
    FAULT_SCRIPT({.request = HEAD, .times = 20, .status = 404});
    for (int i = 0; i < 20; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_stat stat;
        assert_status(call, rig_stat(call, "k", &stat), MGW_NOT_FOUND);
    }
    assert_int_equal(fault_connections(), 1);
    assert_done();
}

/* ---- Nobody there ---- */

static void a_silent_server_is_given_up(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat;
    rig_open("retries=0", "idle_timeout=1s", NULL);
    FAULT_SCRIPT({.request = HEAD, .how = FAULT_SILENT});
    assert_status(call, rig_stat(call, "k", &stat), MGW_UNAVAILABLE);
    assert_done();
}

static void a_call_ends_at_its_deadline_and_when_it_is_cancelled(void **state)
{
    (void)state;
    struct mgw_stat stat;
    rig_open(NULL, NULL);
    FAULT_SCRIPT({.request = HEAD, .times = 2, .how = FAULT_SILENT});
    AUTO_CALL struct mgw_call *call = kit_call_new();
    call->deadline_ms = rig_now_ms() + 500;
    assert_status(call, rig_stat(call, "k", &stat), MGW_TIMEOUT);
    AUTO_CALL struct mgw_call *cancelled = kit_call_new();
    kit_cancel_after(cancelled, 500);
    assert_status(cancelled, rig_stat(cancelled, "k", &stat), MGW_CANCELLED);
}

static void nobody_at_the_port_is_said(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open("endpoint=http://127.0.0.1:1", "retries=1", NULL);
    assert_status(call, rig_put(call, "k", "hello"), MGW_UNAVAILABLE);
    assert_says(call, "127.0.0.1:1");
    assert_says(call, "connect");
    assert_says(call, "2 attempts");
}

static void a_name_that_does_not_resolve_is_said(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open("endpoint=http://no-such-host.invalid:9000", "retries=0", NULL);
    assert_status(call, rig_put(call, "k", "hello"), MGW_UNAVAILABLE);
    assert_says(call, "no-such-host.invalid");
    assert_says(call, "resolve");
}

/* ---- What must not be done ---- */

static void redirects_are_not_followed(void **state)
{
    (void)state;
    char elsewhere[64];
    rig_open(NULL, NULL);
    snprintf(elsewhere, sizeof elsewhere, "Location: http://127.0.0.1:%u/elsewhere\n",
             fault_port());
    for (int status = 301; status <= 308; status++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        FAULT_SCRIPT({.request = PUT, .status = status, .headers = elsewhere});
        assert_int_not_equal(rig_put(call, "k", "hello"), MGW_OK);
        assert_true(call->error->text[0] != '\0');
        assert_done();
    }
    assert_int_equal(fault_count("PUT /elsewhere") + fault_count("GET /elsewhere"), 0);
}

static void the_environments_proxy_is_not_taken(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    static const char *const names[] = {"http_proxy", "https_proxy", "all_proxy",
                                        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"};
    for (size_t i = 0; i < 6; i++) {
        setenv(names[i], "http://127.0.0.1:1", 1);
    }
    rig_open(NULL, NULL);
    FAULT_SCRIPT(RIG_PUT_OK("k", 5));
    enum mgw_status status = rig_put(call, "k", "hello");
    for (size_t i = 0; i < 6; i++) {
        unsetenv(names[i]);
    }
    assert_status(call, status, MGW_OK);
    assert_done();
}

static void the_configured_proxy_is_taken(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    char proxy[64];
    snprintf(proxy, sizeof proxy, "proxy=http://127.0.0.1:%u", fault_port());
    rig_open("endpoint=http://s3.example.test", proxy, NULL);
    FAULT_SCRIPT({.request = "HEAD http://s3.example.test/bucket1/k", .status = 404});
    struct mgw_stat stat;
    assert_status(call, rig_stat(call, "k", &stat), MGW_NOT_FOUND);
    assert_done();
}

static void no_netrc_is_read(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    const char *home = getenv("HOME");
    AUTO_FREE char *before = home ? strdup(home) : NULL;
    char folder[] = "netrc.XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/.netrc", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs("default login somebody password from-netrc\n", file);
    fclose(file);
    setenv("HOME", folder, 1);
    rig_open(NULL, NULL);
    FAULT_SCRIPT(RIG_PUT_OK("k", 5));
    enum mgw_status status = rig_put(call, "k", "hello");
    before ? setenv("HOME", before, 1) : unsetenv("HOME");
    unlink(path);
    rmdir(folder);
    assert_status(call, status, MGW_OK);
    assert_non_null(strstr(fault_header(fault_request(PUT, 0), "authorization"), "AWS4"));
    assert_done();
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(a_download_that_is_cut_goes_on_where_it_was),
        RIG_TEST(a_download_of_what_has_changed_is_a_conflict),
        RIG_TEST(a_download_that_is_cut_again_and_again_ends_with_a_reason),
        RIG_TEST(a_range_that_the_server_ignores_is_no_content),
        RIG_TEST(another_range_than_was_asked_for_is_no_content),
        RIG_TEST(an_answer_shorter_than_it_says_is_cut),
        RIG_TEST(a_put_that_is_cut_is_sent_again_whole),
        RIG_TEST(a_put_whose_answers_are_lost_is_of_unknown_outcome),
        RIG_TEST(a_stale_connection_under_a_put_is_no_failure),
        RIG_TEST(connections_are_kept),
        RIG_TEST(a_silent_server_is_given_up),
        RIG_TEST(a_call_ends_at_its_deadline_and_when_it_is_cancelled),
        RIG_TEST(nobody_at_the_port_is_said),
        RIG_TEST(a_name_that_does_not_resolve_is_said),
        RIG_TEST(redirects_are_not_followed),
        RIG_TEST(the_environments_proxy_is_not_taken),
        RIG_TEST(the_configured_proxy_is_taken),
        RIG_TEST(no_netrc_is_read),
    };
    return rig_main(argc, argv, tests, sizeof tests / sizeof tests[0]);
}
