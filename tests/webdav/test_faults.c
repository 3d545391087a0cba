/* SPDX-License-Identifier: Apache-2.0
 *
 * The driver against a server that fails, lies or means harm: nothing is believed that is not what
 * it must be, nothing is said to have happened that may not have. */
#include "tests/s3/rig.h"

#include <mediagw/help/driver.h>
#include <stdio.h>

#define STORE_ID "00112233445566778899aabbccddeeff"
#define BLOB_ID "ffeeddccbbaa99887766554433221100"
#define BLOB "/kbucket1/ee/6b" /* the key "k" */
#define MODIFIED "Last-Modified: Tue, 24 Nov 2026 10:00:00 GMT\n"
#define TEXT "hello"
#define MULTISTATUS(inside) "<D:multistatus xmlns:D=\"DAV:\">" inside "</D:multistatus>"
#define MEMBER(name, length)                                                                       \
    "<D:response><D:href>/kbucket1/ee/" name                                                       \
    "</D:href><D:propstat><D:prop><D:getcontentlength>" length                                     \
    "</D:getcontentlength><D:getlastmodified>Tue, 24 Nov 2026 10:00:00 GMT"                        \
    "</D:getlastmodified></D:prop></D:propstat></D:response>"

static char marker[MGW_HEADER], blob[MGW_HEADER + sizeof TEXT - 1], other[MGW_HEADER];

/* HEADER as the driver writes it. */
static void make_header(char *header, const char *id, uint64_t length)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    const char *map[] = {"id", "1", NULL};
    struct mgw_put put = {.size = sizeof put, .content_type = "a/b", .metadata = map};
    assert_status(call, mgw_header_write(call, &put, id, header), MGW_OK);
    mgw_header_set_length(header, length);
}

#define ANSWERS(line, how_many, what, range)                                                       \
    {                                                                                              \
        .request = line, .times = how_many, .status = 206, .body = what, .length = MGW_HEADER,     \
        .headers = MODIFIED "Content-Range: bytes " range "\n"                                     \
    }
#define MARKER ANSWERS("GET /store", FAULT_ALWAYS, marker, "0-8191/8192")
#define HEAD_OF_BLOB ANSWERS("GET " BLOB, 1, blob, "0-8191/8197")

static enum mgw_status try_open(struct mgw_call *call, const char *more)
{
    char url[64];
    make_header(marker, STORE_ID, 0);
    make_header(blob, BLOB_ID, sizeof TEXT - 1);
    make_header(other, STORE_ID, sizeof TEXT - 1);
    memcpy(blob + MGW_HEADER, TEXT, sizeof TEXT - 1);
    snprintf(url, sizeof url, "url=http://127.0.0.1:%u", fault_port());
    return rig_try_open(call, url, "user=me", "password=" RIG_SECRET, "spool_dir=.", more, NULL);
}

static void open_store(void)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    FAULT_SCRIPT(MARKER);
    assert_status(call, try_open(call, NULL), MGW_OK);
}

/* ---- Opening ---- */

static void the_password_is_sent_and_never_said(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    FAULT_SCRIPT({.request = "GET /store", .status = 401});
    assert_status(call, try_open(call, NULL), MGW_DENIED);
    assert_says(call, "401");
    assert_string_equal(fault_header(fault_request("GET /store", 0), "authorization"),
                        "Basic bWU6cmlnL3NlY3JldCswMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW5vcA==");
    assert_int_equal(fault_count("GET /store"), 1);
}

static void a_password_does_not_go_over_the_net_in_the_clear(void **state)
{
    (void)state;
    static const char *const urls[] = {"url=http://192.0.2.1/dav", "url=http://127.0.0.1.x.invalid",
                                       "url=http://localhost@192.0.2.1/", "url=http://localhostx/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        assert_status(call, rig_try_open(call, urls[i], "user=me", "password=x", NULL),
                      MGW_INVALID);
        assert_says(call, "https");
    }
}

static void a_missing_store_is_refused_with_what_to_do(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    FAULT_SCRIPT({.request = "GET /store", .status = 404});
    assert_status(call, try_open(call, NULL), MGW_NOT_FOUND);
    assert_says(call, "mediagw init");
}

static void a_marker_of_another_format_is_refused(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    FAULT_SCRIPT(MARKER);
    rig_try_open(call, "url=http://127.0.0.1:1", NULL);
    make_header(marker, STORE_ID, 0);
    AUTO_CALL struct mgw_call *opening = kit_call_new();
    char url[64];
    snprintf(url, sizeof url, "url=http://127.0.0.1:%u", fault_port());
    marker[MGW_HEADER_ID - 2] = '2';
    assert_status(opening, rig_try_open(opening, url, NULL), MGW_INVALID);
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    FAULT_SCRIPT({.request = "GET /store", .status = 302, .headers = "Location: /elsewhere\n"});
    assert_status(call, try_open(call, NULL), MGW_IO);
    assert_int_equal(fault_count("GET "), 1);
}

/* ---- Blobs ---- */

static void what_is_not_whole_is_no_blob(void **state)
{
    (void)state;
    static const char *const ranges[] = {"bytes 0-8191/8196", "bytes 0-8191/8198",
                                         "bytes 0-8191/18446744073709551615", "bytes 0-8191/*"};
    open_store();
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_stat stat;
        char headers[100];
        snprintf(headers, sizeof headers, "Content-Range: %s\n", ranges[i]);
        FAULT_SCRIPT({.request = "GET " BLOB,
                      .times = FAULT_ALWAYS,
                      .status = 206,
                      .body = blob,
                      .length = MGW_HEADER,
                      .headers = headers});
        assert_status(call, rig_stat(call, "k", &stat), MGW_NOT_FOUND);
    }
}

static void a_header_of_noise_is_no_header(void **state)
{
    (void)state;
    static char all[50][MGW_HEADER]; /* a server's thread may still be sending the one before */
    open_store();
    for (unsigned seed = 0; seed < 50; seed++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_stat stat;
        char *noise = all[seed];
        memcpy(noise, blob, MGW_HEADER);
        fill(noise + (seed % 3 ? MGW_HEADER_PROPS : 0), MGW_HEADER - MGW_HEADER_PROPS, seed);
        if (seed % 3 == 1) {
            memset(noise + MGW_HEADER_PROPS, 'x', MGW_HEADER - MGW_HEADER_PROPS);
        }
        FAULT_SCRIPT(ANSWERS("GET " BLOB, FAULT_ALWAYS, noise, "0-8191/8197"));
        enum mgw_status status = rig_stat(call, "k", &stat);
        assert_true(status == MGW_NOT_FOUND || status == MGW_INVALID || seed % 3);
    }
}

static void *open_blob(struct mgw_call *call)
{
    struct mgw_blob k = blob_of(RIG_BUCKET, "k");
    struct mgw_stat stat = {.size = sizeof stat};
    void *reader = NULL;
    FAULT_SCRIPT(HEAD_OF_BLOB);
    assert_status(call, driver->open(call, instance, &k, NULL, &reader, &stat), MGW_OK);
    assert_string_equal(stat.etag, BLOB_ID);
    assert_string_equal(stat.content_type, "a/b");
    assert_int_equal(stat.bytes, 5);
    return reader;
}

static void read_is(struct mgw_call *call, void *reader, enum mgw_status expected)
{
    char buffer[16];
    size_t got = 0;
    assert_status(call, driver->read(call, reader, 0, buffer, sizeof buffer, &got), expected);
    if (expected == MGW_OK) {
        assert_int_equal(got, 5);
        assert_memory_equal(buffer, TEXT, 5);
    }
    driver->close(reader);
}

static void a_range_is_believed_where_its_version_is_seen_behind_it(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    open_store();
    void *reader = open_blob(call);
    FAULT_SCRIPT({.request = "GET " BLOB,
                  .status = 206,
                  .body = TEXT,
                  .headers = "Content-Range: bytes 8192-8196/8197\n"},
                 HEAD_OF_BLOB);
    read_is(call, reader, MGW_OK);
    assert_string_equal(fault_header(fault_request("GET " BLOB, 1), "range"), "bytes=8192-8196");
}

static void a_blob_that_is_replaced_while_it_is_read_is_a_conflict(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    open_store();
    void *reader = open_blob(call);
    FAULT_SCRIPT({.request = "GET " BLOB,
                  .status = 206,
                  .body = TEXT,
                  .headers = "Content-Range: bytes 8192-8196/8197\n"},
                 ANSWERS("GET " BLOB, 1, other, "0-8191/8197"));
    read_is(call, reader, MGW_CONFLICT);
}

static void a_server_without_ranges_is_not_believed(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    open_store();
    void *reader = open_blob(call);
    FAULT_SCRIPT({.request = "GET " BLOB, .status = 200, .body = blob, .length = sizeof blob},
                 HEAD_OF_BLOB);
    read_is(call, reader, MGW_IO);
}

static void an_answer_that_breaks_off_is_no_end(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    open_store();
    void *reader = open_blob(call);
    FAULT_SCRIPT({.request = "GET " BLOB,
                  .status = 206,
                  .body = TEXT,
                  .how = FAULT_CUT_BODY,
                  .bytes = 2,
                  .headers = "Content-Range: bytes 8192-8196/8197\n"},
                 HEAD_OF_BLOB);
    read_is(call, reader, MGW_UNAVAILABLE);
}

/* ---- Writing ---- */

static void *begin(struct mgw_call *call)
{
    struct mgw_blob k = blob_of(RIG_BUCKET, "k");
    struct mgw_put put = {.size = sizeof put};
    void *writer = NULL;
    assert_status(call, driver->put_begin(call, instance, &k, &put, &writer), MGW_OK);
    assert_status(call, driver->put_write(call, writer, TEXT, 5), MGW_OK);
    return writer;
}

static void a_put_whose_answer_is_lost_is_of_unknown_outcome_and_may_be_repeated(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    open_store();
    void *writer = begin(call);
    FAULT_SCRIPT({.request = "PUT " BLOB, .times = 2, .how = FAULT_NO_ANSWER},
                 {.request = "MKCOL ", .times = 2, .status = 405});
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_UNKNOWN_OUTCOME);
    FAULT_SCRIPT({.request = "PUT " BLOB, .status = 204}, {.request = "GET " BLOB, .status = 404});
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_OK);
    assert_int_equal(stat.bytes, 5);
    assert_int_equal(strlen(stat.etag), 32);
    const struct fault_request *first = fault_request("PUT " BLOB, 0),
                               *last = fault_request("PUT " BLOB, 2);
    assert_int_equal(last->length, MGW_HEADER + 5);
    assert_memory_equal(first->body, last->body, last->length);
}

static void folders_are_made_where_they_are_missing(void **state)
{
    (void)state;
    static const int answers[] = {409, 404, 500}; /* Apache's, others', nginx's */
    open_store();
    for (size_t i = 0; i < 3; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_stat stat = {.size = sizeof stat};
        void *writer = begin(call);
        FAULT_SCRIPT({.request = "PUT " BLOB, .status = answers[i]},
                     {.request = "MKCOL /kbucket1/", .times = 2, .status = 201},
                     {.request = "PUT " BLOB, .status = 201},
                     {.request = "GET " BLOB, .status = 404});
        assert_status(call, driver->put_commit(call, writer, &stat), MGW_OK);
        assert_int_equal(fault_count("MKCOL /kbucket1/ee/"), i + 1);
    }
}

static void refusals_have_their_statuses(void **state)
{
    (void)state;
    static const struct {
        int code;
        enum mgw_status status;
    } known[] = {{401, MGW_DENIED},   {403, MGW_DENIED}, {413, MGW_TOO_LARGE},
                 {423, MGW_BUSY},     {429, MGW_BUSY},   {503, MGW_UNAVAILABLE},
                 {507, MGW_NO_SPACE}, {400, MGW_IO},     {301, MGW_IO}};
    open_store();
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        char code[8];
        FAULT_SCRIPT({.request = "PUT " BLOB, .status = known[i].code});
        assert_status(call, rig_put(call, "k", TEXT), known[i].status);
        snprintf(code, sizeof code, "%d", known[i].code);
        assert_says(call, code);
        assert_string_equal(call->error->foreign_code, code);
    }
}

/* ---- Lists ---- */

static int list_of(const char *body, size_t length)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    FAULT_SCRIPT({.request = "PROPFIND /kbucket1/ee/",
                  .times = FAULT_ALWAYS,
                  .status = 207,
                  .body = body,
                  .length = length},
                 {.request = "PROPFIND /kbucket1/",
                  .times = FAULT_ALWAYS,
                  .status = 207,
                  .body = MULTISTATUS("<D:response><D:href>/kbucket1/ee/</D:href></D:response>")});
    return rig_list(call);
}

static void a_list_is_read(void **state)
{
    (void)state;
    open_store();
    assert_int_equal(list_of(MULTISTATUS(MEMBER("6b", "8197") MEMBER("6162", "8192")), 0), 2);
    assert_int_equal(list_of(MULTISTATUS(MEMBER("6b", "8197") MEMBER("6b", "8197")), 0), 1);
    assert_int_equal(list_of(MULTISTATUS(""), 0), 0);
}

static void what_is_no_blob_is_not_listed(void **state)
{
    (void)state;
    open_store();
    assert_int_equal(list_of(MULTISTATUS(MEMBER("6b", "8191") MEMBER("6", "8192") MEMBER(
                                 "6B", "9000") MEMBER("readme.txt", "9000") MEMBER("", "9000")
                                             MEMBER("6b", "many") MEMBER("6b6b6", "9000")),
                             0),
                     0);
}

static void lists_that_are_none_are_failures(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        " ",
        "no XML",
        "<a>",
        "<D:multistatus xmlns:D=\"DAV:\">",
        "{\"list\": []}",
        "<!DOCTYPE html><html></html>",
        "<!DOCTYPE x [<!ENTITY a \"b\">]>" MULTISTATUS(MEMBER("6b", "9000")),
        "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>" MULTISTATUS("&a;"),
        MULTISTATUS("&undefined;"),
        MULTISTATUS(MEMBER("6b", "9000")) "<more/>"};
    open_store();
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_true(list_of(bodies[i], 0) < 0);
    }
    AUTO_CALL struct mgw_call *call = kit_call_new();
    FAULT_SCRIPT({.request = "PROPFIND ", .status = 200, .body = "<html>welcome</html>"});
    assert_int_equal(rig_list(call), -1 - (int)MGW_IO);
}

static void a_list_too_long_or_too_deep_ends(void **state)
{
    (void)state;
    size_t length = (size_t)65 << 20, depth = 100000;
    AUTO_FREE char *huge = malloc(length), *deep = calloc(depth, 3);
    assert_non_null(huge);
    assert_non_null(deep);
    memset(huge, ' ', length);
    memcpy(huge, "<a>", 3);
    for (size_t i = 0; i < depth - 1; i++) {
        memcpy(deep + 3 * i, "<a>", 3);
    }
    open_store();
    assert_int_equal(list_of(huge, length), -1 - (int)MGW_IO);
    assert_true(list_of(deep, 3 * (depth - 1)) < 0);
    fault_stop(); /* it may still be sending */
    fault_start(NULL);
}

/* ---- Time ---- */

static void a_silent_server_costs_no_more_than_the_deadline(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *late = kit_call_new();
    AUTO_CALL struct mgw_call *cancelled = kit_call_new();
    struct mgw_stat stat;
    open_store();
    FAULT_SCRIPT({.request = "GET ", .times = FAULT_ALWAYS, .how = FAULT_SILENT});
    int64_t begun = rig_now_ms();
    late->deadline_ms = begun + 300;
    assert_status(late, rig_stat(late, "k", &stat), MGW_TIMEOUT);
    kit_cancel_after(cancelled, 300);
    assert_status(cancelled, rig_stat(cancelled, "k", &stat), MGW_CANCELLED);
    assert_in_range(rig_now_ms() - begun, 600, 20000);
}

static void health_tells_a_store_that_is_gone_or_another(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *well = kit_call_new();
    AUTO_CALL struct mgw_call *gone = kit_call_new();
    AUTO_CALL struct mgw_call *swapped = kit_call_new();
    open_store();
    assert_status(well, driver->health(well, instance), MGW_OK);
    FAULT_SCRIPT({.request = "GET /store", .status = 404});
    assert_status(gone, driver->health(gone, instance), MGW_NOT_FOUND);
    make_header(marker, BLOB_ID, 0);
    FAULT_SCRIPT(MARKER);
    assert_status(swapped, driver->health(swapped, instance), MGW_UNAVAILABLE);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(the_password_is_sent_and_never_said),
        RIG_TEST(a_password_does_not_go_over_the_net_in_the_clear),
        RIG_TEST(a_missing_store_is_refused_with_what_to_do),
        RIG_TEST(a_marker_of_another_format_is_refused),
        RIG_TEST(a_redirect_is_not_followed),
        RIG_TEST(what_is_not_whole_is_no_blob),
        RIG_TEST(a_header_of_noise_is_no_header),
        RIG_TEST(a_range_is_believed_where_its_version_is_seen_behind_it),
        RIG_TEST(a_blob_that_is_replaced_while_it_is_read_is_a_conflict),
        RIG_TEST(a_server_without_ranges_is_not_believed),
        RIG_TEST(an_answer_that_breaks_off_is_no_end),
        RIG_TEST(a_put_whose_answer_is_lost_is_of_unknown_outcome_and_may_be_repeated),
        RIG_TEST(folders_are_made_where_they_are_missing),
        RIG_TEST(refusals_have_their_statuses),
        RIG_TEST(a_list_is_read),
        RIG_TEST(what_is_no_blob_is_not_listed),
        RIG_TEST(lists_that_are_none_are_failures),
        RIG_TEST(a_list_too_long_or_too_deep_ends),
        RIG_TEST(a_silent_server_costs_no_more_than_the_deadline),
        RIG_TEST(health_tells_a_store_that_is_gone_or_another),
    };
    return rig_main(argc, argv, tests, sizeof tests / sizeof tests[0]);
}
