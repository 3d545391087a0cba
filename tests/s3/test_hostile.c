/* SPDX-License-Identifier: Apache-2.0
 *
 * A server that means harm, or has gone mad: what it sends is bounded, read without entities or a
 * network, and believed only where it is what it must be. */
#include "tests/s3/rig.h"

#include <stdio.h>

#define LIST_OF(inside)                                                                            \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"                                                   \
    "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"                         \
    "<IsTruncated>false</IsTruncated>" inside "</ListBucketResult>"
#define BLOB(key)                                                                                  \
    "<Contents><Key>" key "</Key><LastModified>2026-11-24T10:00:00.000Z</LastModified>"            \
    "<ETag>\"e\"</ETag><Size>5</Size></Contents>"

static int list_of(const char *body, size_t length)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    FAULT_SCRIPT({.request = "GET /" RIG_BUCKET,
                  .times = FAULT_ALWAYS,
                  .status = 200,
                  .body = body,
                  .length = length});
    return rig_list(call);
}

static void a_list_is_read(void **state)
{
    (void)state;
    rig_open("retries=0", NULL);
    assert_int_equal(list_of(LIST_OF(BLOB("a") BLOB("b%20c")), 0), 2);
    assert_int_equal(list_of(LIST_OF(""), 0), 0);
}

static void lists_that_are_none_are_failures(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        " ",
        "no XML",
        "<html><body>welcome</body></html>",
        "<ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key>",
        "<Other></Other>",
        "<Error><Code>InternalError</Code></Error>",
        "{\"Contents\": []}",
    };
    rig_open("retries=0", NULL);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        int count = list_of(bodies[i], 0);
        if (count >= 0) {
            print_error("a list of %d: %s\n", count, bodies[i]);
        }
        assert_true(count < 0);
    }
}

static void no_entity_is_expanded_and_no_dtd_is_read(void **state)
{
    (void)state;
    static char remote[512]; /* the server may still be at it when the call has ended */
    static const char *const bodies[] = {
        "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">]>" LIST_OF(BLOB("&a;")),
        "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>"
        "<ListBucketResult><Contents><Key>&a;</Key></Contents></ListBucketResult>",
        "<!DOCTYPE x [<!ENTITY a \"b\"><!ENTITY b \"&a;\">]><ListBucketResult>&b;"
        "</ListBucketResult>",
        "<!DOCTYPE lolz [<!ENTITY l0 \"lol\"><!ENTITY l1 \"&l0;&l0;&l0;&l0;&l0;&l0;&l0;&l0;\">"
        "<!ENTITY l2 \"&l1;&l1;&l1;&l1;&l1;&l1;&l1;&l1;\"><!ENTITY l3 \"&l2;&l2;&l2;&l2;&l2;&l2;\">"
        "<!ENTITY l4 \"&l3;&l3;&l3;&l3;&l3;&l3;\"><!ENTITY l5 \"&l4;&l4;&l4;&l4;&l4;&l4;&l4;\">"
        "<!ENTITY l6 \"&l5;&l5;&l5;&l5;&l5;&l5;\"><!ENTITY l7 \"&l6;&l6;&l6;&l6;&l6;&l6;&l6;\">"
        "<!ENTITY l8 \"&l7;&l7;&l7;&l7;&l7;&l7;\"><!ENTITY l9 \"&l8;&l8;&l8;&l8;&l8;&l8;&l8;\">]>"
        "<ListBucketResult><Contents><Key>&l9;</Key></Contents></ListBucketResult>",
    };
    rig_open("retries=0", NULL);
    int64_t begun = rig_now_ms();
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_true(list_of(bodies[i], 0) < 0);
    }
    snprintf(remote, sizeof remote,
             "<!DOCTYPE x SYSTEM \"http://127.0.0.1:%u/evil.dtd\">"
             "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
             fault_port());
    assert_true(list_of(remote, 0) < 0);
    assert_int_equal(fault_count("GET /evil.dtd"), 0);
    assert_true(rig_now_ms() - begun < 60000);
}

static void an_answer_beyond_8_mib_is_cut_off(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    static char body[(8u << 20) + 4097]; /* the server may still be at it when the call has ended */
    size_t length = sizeof body - 1;
    memset(body, ' ', length);
    static const char begin[] = "<ListBucketResult>", end[] = "</ListBucketResult>";
    memcpy(body, begin, sizeof begin - 1);
    memcpy(body + length - sizeof end + 1, end, sizeof end - 1);
    body[length] = '\0';
    rig_open("retries=0", NULL);
    assert_true(list_of(body, length) < 0);
    /* as an error's body too */
    FAULT_SCRIPT({.request = "PUT ", .status = 400, .body = body, .length = length});
    assert_int_not_equal(rig_put(call, "k", "hello"), MGW_OK);
    assert_true(strlen(call->error->text) < sizeof call->error->text);
}

static void a_header_without_end_is_cut_off(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat;
    enum { line = 10000, lines = 200 };
    static char headers[line * lines + 1];
    for (size_t i = 0; i < lines; i++) {
        memset(headers + i * line, 'x', line);
        memcpy(headers + i * line, "x-amz-meta-a: ", 14);
        headers[(i + 1) * line - 1] = '\n';
    }
    headers[line * lines] = '\0';
    rig_open("retries=0", NULL);
    FAULT_SCRIPT({.request = "HEAD ", .status = 200, .headers = headers});
    assert_int_not_equal(rig_stat(call, "k", &stat), MGW_OK);
}

static void objects_without_an_etag_are_not_believed(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "Last-Modified: Tue, 24 Nov 2026 10:00:00 GMT\n",
        "ETag: \"\"\nLast-Modified: Tue, 24 Nov 2026 10:00:00 GMT\n",
        "ETag: \"a\"b\"\nLast-Modified: Tue, 24 Nov 2026 10:00:00 GMT\n",
    };
    rig_open("retries=0", NULL);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_stat stat;
        FAULT_SCRIPT({.request = "HEAD ", .status = 200, .headers = headers[i], .announced = 5});
        enum mgw_status status = rig_stat(call, "k", &stat);
        if (status == MGW_OK) {
            print_error("believed: %s", headers[i]);
        }
        assert_int_not_equal(status, MGW_OK);
        assert_true(call->error->text[0] != '\0');
    }
}

/* A list that begins again and again must not be walked for ever. */
static void a_list_that_never_goes_on_ends(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open("retries=0", NULL);
    FAULT_SCRIPT({.request = "GET /" RIG_BUCKET,
                  .times = FAULT_ALWAYS,
                  .status = 200,
                  .body = "<ListBucketResult><IsTruncated>true</IsTruncated>" BLOB(
                      "a") "</ListBucketResult>"});
    int count = rig_list(call);
    assert_true(count < 1000);
    assert_true(fault_count("GET /" RIG_BUCKET) < 1000);
}

/* Text of the server goes to the log: one line, and not without bounds. */
static void words_of_the_server_stay_on_one_line(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    static const char body[] = "<Error><Code>Bad\nCode</Code><Message>two\nlines\r\n\x1b[31m and "
                               "more</Message><RequestId>a\nb</RequestId></Error>";
    rig_open("retries=0", NULL);
    FAULT_SCRIPT({.request = "PUT ", .status = 400, .body = body});
    assert_int_not_equal(rig_put(call, "k", "hello"), MGW_OK);
    const char *const texts[] = {call->error->text, call->error->foreign_code,
                                 call->error->foreign_request_id};
    for (size_t i = 0; i < 3; i++) {
        assert_null(strpbrk(texts[i], "\r\n"));
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(a_list_is_read),
        RIG_TEST(lists_that_are_none_are_failures),
        RIG_TEST(no_entity_is_expanded_and_no_dtd_is_read),
        RIG_TEST(an_answer_beyond_8_mib_is_cut_off),
        RIG_TEST(a_header_without_end_is_cut_off),
        RIG_TEST(objects_without_an_etag_are_not_believed),
        RIG_TEST(a_list_that_never_goes_on_ends),
        RIG_TEST(words_of_the_server_stay_on_one_line),
    };
    return rig_main(argc, argv, tests, sizeof tests / sizeof tests[0]);
}
