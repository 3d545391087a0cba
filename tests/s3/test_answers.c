/* SPDX-License-Identifier: Apache-2.0
 *
 * What the server's answers mean: which are tried again, what the caller is told. */
#include "tests/s3/rig.h"

#include <time.h>

#define PUT "PUT " RIG_PATH "k"
#define HEAD "HEAD " RIG_PATH "k"

static void a_put_is_signed_and_seen(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open(NULL, NULL);
    FAULT_SCRIPT(RIG_PUT_OK("k", 5));
    assert_status(call, rig_put(call, "k", "hello"), MGW_OK);
    assert_done();
    rig_assert_sent(PUT, 0, "hello", 5);
    const char *said = fault_header(fault_request(PUT, 0), "authorization");
    assert_non_null(strstr(said, "AWS4-HMAC-SHA256 Credential=" RIG_KEY "/"));
    assert_non_null(strstr(said, "/us-east-1/s3/aws4_request"));
}

static void busy_servers_are_asked_again(void **state)
{
    (void)state;
    static const int statuses[] = {429, 500, 502, 503, 504};
    rig_open(NULL, NULL);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        FAULT_SCRIPT({.request = PUT, .times = 2, .status = statuses[i]}, RIG_PUT_OK("k", 5));
        assert_status(call, rig_put(call, "k", "hello"), MGW_OK);
        assert_int_equal(fault_count(PUT), 3 * (i + 1));
        rig_assert_sent(PUT, 3 * i + 1, "hello", 5);
        rig_assert_sent(PUT, 3 * i + 2, "hello", 5);
    }
    assert_done();
}

static void retry_after_is_honoured(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open(NULL, NULL);
    FAULT_SCRIPT({.request = PUT,
                  .status = 503,
                  .headers = "Retry-After: 2\n",
                  .body = RIG_ERROR("SlowDown")},
                 RIG_PUT_OK("k", 5));
    assert_status(call, rig_put(call, "k", "hello"), MGW_OK);
    assert_done();
    assert_true(fault_request(PUT, 1)->at_ms - fault_request(PUT, 0)->at_ms >= 2000);
}

static void a_server_that_stays_busy_is_told_with_its_advice(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open("retries=2", "retry_deadline=20s", NULL);
    FAULT_SCRIPT({.request = PUT,
                  .times = FAULT_ALWAYS,
                  .status = 503,
                  .headers = "Retry-After: 1\n",
                  .body = RIG_ERROR("SlowDown")});
    assert_status(call, rig_put(call, "k", "hello"), MGW_UNAVAILABLE);
    assert_int_equal(fault_count(PUT), 3);
    assert_says(call, "SlowDown");
    assert_says(call, "words of SlowDown");
    assert_says(call, "REQ-1");
    assert_says(call, "3 attempts");
    assert_string_equal(call->error->foreign_code, "SlowDown");
    assert_string_equal(call->error->foreign_request_id, "REQ-1");
    assert_int_equal(call->error->retry_after_ms, 1000);
}

static void the_deadline_of_retries_holds_over_all_of_them(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open("retries=100", "retry_deadline=2s", NULL);
    FAULT_SCRIPT({.request = PUT, .times = FAULT_ALWAYS, .status = 503});
    int64_t begun = rig_now_ms();
    assert_status(call, rig_put(call, "k", "hello"), MGW_UNAVAILABLE);
    assert_in_range(fault_count(PUT), 2, 101);
    /* the last attempt began before the deadline */
    const struct fault_request *last = fault_request(PUT, fault_count(PUT) - 1);
    assert_true(last->at_ms - begun <= 4000);
}

static void a_refusal_is_not_tried_again(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body, *code;
        enum mgw_status expected;
    } refusals[] = {
        {403, RIG_ERROR("AccessDenied"), "AccessDenied", MGW_DENIED},
        {403, RIG_ERROR("SignatureDoesNotMatch"), "SignatureDoesNotMatch", MGW_DENIED},
        {400, RIG_ERROR("EntityTooSmall"), "EntityTooSmall", MGW_INVALID},
        {400, RIG_ERROR("InvalidArgument"), "InvalidArgument", MGW_INVALID},
        {400, RIG_ERROR("EntityTooLarge"), "EntityTooLarge", MGW_TOO_LARGE},
        {501, RIG_ERROR("NotImplemented"), "NotImplemented", MGW_UNSUPPORTED},
        {403, RIG_ERROR("QuotaExceeded"), "QuotaExceeded", MGW_QUOTA},
    };
    rig_open(NULL, NULL);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        FAULT_SCRIPT({.request = PUT, .status = refusals[i].status, .body = refusals[i].body});
        assert_status(call, rig_put(call, "k", "hello"), refusals[i].expected);
        assert_says(call, refusals[i].code);
        assert_says(call, "REQ-1");
        assert_done();
    }
}

static void a_damaged_body_is_sent_again(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    AUTO_CALL struct mgw_call *again = kit_call_new();
    rig_open("retries=1", NULL);
    FAULT_SCRIPT({.request = PUT, .status = 400, .body = RIG_ERROR("BadDigest")},
                 RIG_PUT_OK("k", 5));
    assert_status(call, rig_put(call, "k", "hello"), MGW_OK);
    assert_done();
    FAULT_SCRIPT({.request = PUT, .times = 2, .status = 400, .body = RIG_ERROR("BadDigest")});
    assert_status(again, rig_put(again, "k", "hello"), MGW_IO);
    assert_string_equal(again->error->foreign_code, "BadDigest");
    assert_done();
}

static void another_clock_is_told_with_both_times(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open(NULL, NULL);
    FAULT_SCRIPT({.request = PUT,
                  .status = 403,
                  .headers = "Date: Mon, 05 Jan 2015 07:08:09 GMT\n",
                  .body = RIG_ERROR("RequestTimeTooSkewed")});
    assert_status(call, rig_put(call, "k", "hello"), MGW_DENIED);
    assert_says(call, "clock");
    assert_says(call, "Mon, 05 Jan 2015 07:08:09 GMT");
    time_t now = time(NULL);
    char year[8];
    strftime(year, sizeof year, " %Y ", gmtime(&now));
    assert_says(call, year);
    assert_done();
}

static void a_missing_bucket_is_named(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open(NULL, NULL);
    FAULT_SCRIPT({.request = PUT, .status = 404, .body = RIG_ERROR("NoSuchBucket")});
    enum mgw_status status = rig_put(call, "k", "hello");
    assert_int_not_equal(status, MGW_OK);
    assert_says(call, "NoSuchBucket");
    assert_says(call, RIG_BUCKET);
    assert_says(call, "create_bucket");
    assert_done();
}

static void head_without_list_permission_says_which(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat;
    rig_open(NULL, NULL);
    FAULT_SCRIPT({.request = HEAD, .status = 403});
    assert_status(call, rig_stat(call, "k", &stat), MGW_DENIED);
    assert_says(call, "s3:ListBucket");
    assert_done();
}

static void if_absent_on_what_is_there_is_exists(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_IF_ABSENT};
    struct mgw_stat stat = {.size = sizeof stat};
    rig_open(NULL, NULL);
    FAULT_SCRIPT({.request = PUT, .status = 409, .body = RIG_ERROR("ConditionalRequestConflict")},
                 {.request = PUT, .status = 412, .body = RIG_ERROR("PreconditionFailed")},
                 {.request = HEAD,
                  .status = 200,
                  .headers = "ETag: \"x\"\nLast-Modified: Tue, 24 Nov 2026 10:00:00 GMT\n"
                             "x-amz-meta-mgw-put: 00000000000000000000000000000000\n"});
    assert_status(call, try_put(call, RIG_BUCKET, "k", &put, "hello", 5, &stat), MGW_EXISTS);
    assert_string_equal(fault_header(fault_request(PUT, 0), "if-none-match"), "*");
    assert_done();
}

/* The first attempt was carried out, its answer lost; the second finds the first's object. */
static void if_absent_that_finds_its_own_object_is_ok(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_IF_ABSENT};
    struct mgw_stat stat = {.size = sizeof stat};
    rig_open(NULL, NULL);
    FAULT_SCRIPT({.request = PUT, .how = FAULT_NO_ANSWER},
                 {.request = PUT, .status = 412, .body = RIG_ERROR("PreconditionFailed")},
                 {.request = HEAD, .status = 200, .headers = RIG_OURS, .announced = 5});
    assert_status(call, try_put(call, RIG_BUCKET, "k", &put, "hello", 5, &stat), MGW_OK);
    assert_int_equal(stat.bytes, 5);
    assert_done();
}

static void every_kind_of_text_is_read_without_harm(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "not XML at all",
        "<Error><Code>SlowDown</Code>",
        "{\"code\": \"x\"}",
        "<html><h1>502",
        "<!DOCTYPE Error SYSTEM \"http://127.0.0.1:1/x\"><Error><Code>A</Code></Error>",
        "<Error><Code>A&undefined;B</Code></Error>",
        "\xff\xfe<\0E",
        "<Error/>",
        "<Error><Code><Code><Code>deep</Code></Code></Code></Error>"};
    rig_open("retries=0", NULL);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        FAULT_SCRIPT({.request = PUT, .status = 400, .body = bodies[i]});
        assert_status(call, rig_put(call, "k", "hello"), MGW_INVALID);
        assert_says(call, "400");
        assert_null(strchr(call->error->text, '\n'));
        assert_done();
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(a_put_is_signed_and_seen),
        RIG_TEST(busy_servers_are_asked_again),
        RIG_TEST(retry_after_is_honoured),
        RIG_TEST(a_server_that_stays_busy_is_told_with_its_advice),
        RIG_TEST(the_deadline_of_retries_holds_over_all_of_them),
        RIG_TEST(a_refusal_is_not_tried_again),
        RIG_TEST(a_damaged_body_is_sent_again),
        RIG_TEST(another_clock_is_told_with_both_times),
        RIG_TEST(a_missing_bucket_is_named),
        RIG_TEST(head_without_list_permission_says_which),
        RIG_TEST(if_absent_on_what_is_there_is_exists),
        RIG_TEST(if_absent_that_finds_its_own_object_is_ok),
        RIG_TEST(every_kind_of_text_is_read_without_harm),
    };
    return rig_main(argc, argv, tests, sizeof tests / sizeof tests[0]);
}
