/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers whose status is not the truth: Complete and copy that say 200 and mean a failure, or
 * whose answer is lost; and the ETags that servers leave empty. */
#include "tests/s3/rig.h"

#define LENGTH ((12u << 20) + 3) /* three parts */
#define CREATE "POST " RIG_PATH "k?uploads"
#define PART "PUT " RIG_PATH "k?partNumber"
#define COMPLETE "POST " RIG_PATH "k?uploadId=UPLOAD-1"
#define ABORT "DELETE " RIG_PATH "k?uploadId=UPLOAD-1"
#define HEAD "HEAD " RIG_PATH "k"
#define NOTE RIG_PATH ".mediagw/"

#define DONE                                                                                       \
    "<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"            \
    "<Bucket>bucket1</Bucket><Key>k</Key><ETag>\"e1-3\"</ETag></CompleteMultipartUploadResult>"
/* Until the parts are there. */
#define BEGUN                                                                                      \
    {.request = CREATE,                                                                            \
     .status = 200,                                                                                \
     .body = "<InitiateMultipartUploadResult><UploadId>UPLOAD-1</UploadId>"                        \
             "</InitiateMultipartUploadResult>"},                                                  \
    {                                                                                              \
        .request = PART, .times = 3, .status = 200, .headers = "ETag: \"p\"\n"                     \
    }
/* What the driver keeps for its sweep. */
#define NOTES                                                                                      \
    {.request = "PUT " NOTE, .times = FAULT_ALWAYS, .status = 200, .headers = "ETag: \"n\"\n"},    \
    {                                                                                              \
        .request = "DELETE " NOTE, .times = FAULT_ALWAYS, .status = 204                            \
    }
#define FOUND                                                                                      \
    {                                                                                              \
        .request = HEAD, .status = 200, .headers = RIG_OURS, .announced = LENGTH                   \
    }

static char *bytes;

static int make_bytes(void **state)
{
    bytes = malloc(LENGTH);
    fill(bytes, LENGTH, 12);
    return rig_setup(state);
}

static int free_bytes(void **state)
{
    free(bytes);
    return rig_teardown(state);
}

static void *write_all(struct mgw_call *call)
{
    struct mgw_blob blob = blob_of(RIG_BUCKET, "k");
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_LENGTH_KNOWN, .length = LENGTH};
    void *writer = NULL;
    assert_status(call, driver->put_begin(call, instance, &blob, &put, &writer), MGW_OK);
    assert_status(call, driver->put_write(call, writer, bytes, LENGTH), MGW_OK);
    return writer;
}

static void put_ok(struct mgw_call *call)
{
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = write_all(call);
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_OK);
    assert_int_equal(stat.bytes, LENGTH);
    assert_string_equal(stat.etag, "e1");
}

static void parts_carry_the_bytes_in_equal_steps(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open(NULL, NULL);
    FAULT_SCRIPT(BEGUN, {.request = COMPLETE, .status = 200, .body = DONE}, FOUND, NOTES);
    put_ok(call);
    assert_done();
    static const char *const lines[] = {PART "=1&", PART "=2&", PART "=3&"};
    const size_t step = 5u << 20;
    for (size_t i = 0; i < 3; i++) {
        rig_assert_sent(lines[i], 0, bytes + i * step, i < 2 ? step : LENGTH - 2 * step);
    }
    const char *said = fault_request(COMPLETE, 0)->body;
    assert_non_null(strstr(said, "<PartNumber>3</PartNumber>"));
}

static void complete_that_says_200_and_means_an_error_is_repeated(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open(NULL, NULL);
    FAULT_SCRIPT(BEGUN,
                 {.request = COMPLETE, .status = 200, .body = "  \n  " RIG_ERROR("InternalError")},
                 {.request = COMPLETE, .status = 200, .body = "   " DONE}, FOUND, NOTES);
    put_ok(call);
    assert_done();
}

static void complete_that_means_an_error_to_the_end_publishes_nothing(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    rig_open("retries=1", NULL);
    FAULT_SCRIPT(BEGUN,
                 {.request = COMPLETE,
                  .times = FAULT_ALWAYS,
                  .status = 200,
                  .body = RIG_ERROR("InternalError")},
                 {.request = HEAD, .times = FAULT_ALWAYS, .status = 404},
                 {.request = ABORT, .status = 204}, NOTES);
    void *writer = write_all(call);
    enum mgw_status status = driver->put_commit(call, writer, &stat);
    assert_true(status == MGW_UNKNOWN_OUTCOME || status == MGW_UNAVAILABLE);
    assert_says(call, "InternalError");
    assert_says(call, "REQ-1");
    driver->put_abort(call, writer);
    assert_done();
}

static void an_empty_200_is_no_success(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    rig_open("retries=0", NULL);
    FAULT_SCRIPT(BEGUN, {.request = COMPLETE, .times = FAULT_ALWAYS, .status = 200},
                 {.request = HEAD, .times = FAULT_ALWAYS, .status = 404},
                 {.request = ABORT, .status = 204}, NOTES);
    void *writer = write_all(call);
    assert_int_not_equal(driver->put_commit(call, writer, &stat), MGW_OK);
    driver->put_abort(call, writer);
    assert_done();
}

/* A server that falls silent: libcurl itself repeats a request once where a kept connection ends
 * without a byte. */
static void a_lost_answer_is_asked_after_and_found_done(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open("retries=0", "idle_timeout=3s", NULL);
    FAULT_SCRIPT(BEGUN, {.request = COMPLETE, .how = FAULT_SILENT}, FOUND, NOTES);
    put_ok(call);
    assert_done();
}

static void a_lost_answer_and_no_upload_any_more_is_found_done(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open(NULL, NULL);
    FAULT_SCRIPT(BEGUN, {.request = COMPLETE, .how = FAULT_NO_ANSWER},
                 {.request = COMPLETE, .status = 404, .body = RIG_ERROR("NoSuchUpload")}, FOUND,
                 NOTES);
    put_ok(call);
    assert_done();
}

static void an_answer_cut_in_its_header_is_asked_after(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open(NULL, NULL);
    FAULT_SCRIPT(BEGUN, {.request = COMPLETE, .how = FAULT_CUT_HEAD, .status = 200, .body = DONE},
                 {.request = COMPLETE,
                  .times = FAULT_ALWAYS,
                  .status = 404,
                  .body = RIG_ERROR("NoSuchUpload")},
                 FOUND, NOTES);
    put_ok(call);
    assert_done();
}

static void a_lost_answer_that_was_not_done_is_of_unknown_outcome_and_repeated(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    rig_open("retries=0", "idle_timeout=3s", NULL);
    FAULT_SCRIPT(BEGUN, {.request = COMPLETE, .how = FAULT_SILENT},
                 {.request = HEAD, .status = 404},
                 {.request = COMPLETE, .status = 200, .body = DONE}, FOUND, NOTES);
    void *writer = write_all(call);
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_UNKNOWN_OUTCOME);
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_OK);
    assert_int_equal(stat.bytes, LENGTH);
    assert_done();
}

static void an_etag_that_the_server_leaves_empty_comes_from_the_object(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open(NULL, NULL);
    FAULT_SCRIPT(BEGUN,
                 {.request = COMPLETE,
                  .status = 200,
                  .body = "<CompleteMultipartUploadResult><ETag></ETag>"
                          "</CompleteMultipartUploadResult>"},
                 FOUND, NOTES);
    put_ok(call);
    assert_done();
}

static void a_part_is_sent_again_whole(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    const size_t step = 5u << 20;
    rig_open(NULL, NULL);
    FAULT_SCRIPT({.request = PART "=2&", .how = FAULT_CUT_REQUEST, .bytes = 1u << 20},
                 {.request = PART "=2&", .status = 503, .body = RIG_ERROR("SlowDown")}, BEGUN,
                 {.request = COMPLETE, .status = 200, .body = DONE}, FOUND, NOTES);
    put_ok(call);
    assert_done();
    assert_int_equal(fault_count(PART "=2&"), 3);
    rig_assert_sent(PART "=2&", 2, bytes + step, step);
}

/* MinIO while the Complete of a killed process is at work. */
static void parts_that_another_complete_has_taken_are_waited_for(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open(NULL, NULL);
    FAULT_SCRIPT(BEGUN, {.request = COMPLETE, .status = 400, .body = RIG_ERROR("InvalidPart")},
                 {.request = HEAD, .times = 3, .status = 404}, FOUND, NOTES);
    put_ok(call);
    assert_done();
}

/* After a script whose Complete is refused with CODE. */
static void assert_put_is_invalid(const char *code)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = write_all(call);
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_INVALID);
    assert_says(call, code);
    driver->put_abort(call, writer);
    assert_done();
}

static void parts_that_nobody_has_taken_are_invalid_in_the_end(void **state)
{
    (void)state;
    rig_open(NULL, NULL);
    FAULT_SCRIPT(BEGUN, {.request = COMPLETE, .status = 400, .body = RIG_ERROR("InvalidPart")},
                 {.request = HEAD, .times = FAULT_ALWAYS, .status = 404},
                 {.request = ABORT, .status = 204}, NOTES);
    assert_put_is_invalid("InvalidPart");
}

static void parts_that_the_server_does_not_take_are_invalid(void **state)
{
    (void)state;
    rig_open(NULL, NULL);
    FAULT_SCRIPT(BEGUN, {.request = COMPLETE, .status = 400, .body = RIG_ERROR("EntityTooSmall")},
                 {.request = ABORT, .status = 204}, NOTES);
    assert_put_is_invalid("EntityTooSmall");
}

static void what_was_begun_is_taken_back(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open(NULL, NULL);
    FAULT_SCRIPT(BEGUN, {.request = ABORT, .status = 204}, NOTES);
    void *writer = write_all(call);
    driver->put_abort(call, writer);
    assert_int_equal(fault_count(ABORT), 1);
    assert_int_equal(fault_count("DELETE " NOTE), 1);
}

/* ---- CopyObject ---- */

static enum mgw_status copy(struct mgw_call *call)
{
    struct mgw_blob from = blob_of(RIG_BUCKET, "from"), to = blob_of(RIG_BUCKET, "k");
    struct mgw_stat stat = {.size = sizeof stat};
    return driver->copy(call, instance, &from, &to, &stat);
}

#define SOURCE                                                                                     \
    {                                                                                              \
        .request = "HEAD " RIG_PATH "from", .status = 200, .headers = RIG_OURS, .announced = 5     \
    }
#define COPY "PUT " RIG_PATH "k"

static void copy_that_says_200_and_means_an_error_is_none(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open("retries=0", NULL);
    FAULT_SCRIPT(SOURCE, {.request = COPY, .status = 200, .body = RIG_ERROR("InternalError")});
    enum mgw_status status = copy(call);
    assert_true(status == MGW_UNAVAILABLE || status == MGW_UNKNOWN_OUTCOME);
    assert_says(call, "InternalError");
    assert_done();
}

static void copy_needs_the_result_element(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open("retries=0", NULL);
    FAULT_SCRIPT(SOURCE,
                 {.request = COPY,
                  .status = 200,
                  .body = "<CopyObjectResult><ETag>\"e1\"</ETag></CopyObjectResult>"},
                 {.request = HEAD, .status = 200, .headers = RIG_OURS, .announced = 5});
    assert_status(call, copy(call), MGW_OK);
    assert_string_equal(fault_header(fault_request(COPY, 0), "x-amz-copy-source-if-match"),
                        "\"e1\"");
    assert_done();
}

#define TEST_OF_PARTS(function)                                                                    \
    {                                                                                              \
        .name = #function, .test_func = function, .setup_func = make_bytes,                        \
        .teardown_func = free_bytes                                                                \
    }

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST_OF_PARTS(parts_carry_the_bytes_in_equal_steps),
        TEST_OF_PARTS(complete_that_says_200_and_means_an_error_is_repeated),
        TEST_OF_PARTS(complete_that_means_an_error_to_the_end_publishes_nothing),
        TEST_OF_PARTS(an_empty_200_is_no_success),
        TEST_OF_PARTS(a_lost_answer_is_asked_after_and_found_done),
        TEST_OF_PARTS(a_lost_answer_and_no_upload_any_more_is_found_done),
        TEST_OF_PARTS(an_answer_cut_in_its_header_is_asked_after),
        TEST_OF_PARTS(a_lost_answer_that_was_not_done_is_of_unknown_outcome_and_repeated),
        TEST_OF_PARTS(an_etag_that_the_server_leaves_empty_comes_from_the_object),
        TEST_OF_PARTS(a_part_is_sent_again_whole),
        TEST_OF_PARTS(parts_that_another_complete_has_taken_are_waited_for),
        TEST_OF_PARTS(parts_that_nobody_has_taken_are_invalid_in_the_end),
        TEST_OF_PARTS(parts_that_the_server_does_not_take_are_invalid),
        TEST_OF_PARTS(what_was_begun_is_taken_back),
        RIG_TEST(copy_that_says_200_and_means_an_error_is_none),
        RIG_TEST(copy_needs_the_result_element),
    };
    return rig_main(argc, argv, tests, sizeof tests / sizeof tests[0]);
}
