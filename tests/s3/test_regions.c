/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers that are healed by another signature: another region's, other credentials'. */
#include "tests/s3/rig.h"

#include <stdio.h>

#define PUT "PUT " RIG_PATH "k"
#define HEAD "HEAD " RIG_PATH "k"

static const char *scope_of(const char *line, size_t n)
{
    const char *said = fault_header(fault_request(line, n), "authorization");
    assert_non_null(said);
    return said;
}

/* Learned once, then every request of the bucket is signed for it. */
static void another_region_is_signed_for_and_remembered(void **state)
{
    (void)state;
    static const struct fault_step tellers[] = {
        {.request = PUT,
         .status = 301,
         .headers = "x-amz-bucket-region: eu-central-1\n"
                    "Location: http://127.0.0.1:1/\n",
         .body = RIG_ERROR("PermanentRedirect")},
        {.request = PUT,
         .status = 307,
         .headers = "x-amz-bucket-region: eu-central-1\n",
         .body = RIG_ERROR("TemporaryRedirect")},
        {.request = PUT,
         .status = 400,
         .body = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong"
                 "</Message><Region>eu-central-1</Region></Error>"},
    };
    for (size_t i = 0; i < sizeof tellers / sizeof tellers[0]; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_stat stat;
        rig_open("retries=0", NULL);
        FAULT_SCRIPT(tellers[i], RIG_PUT_OK("k", 5), {.request = HEAD, .status = 404});
        assert_status(call, rig_put(call, "k", "hello"), MGW_OK);
        assert_non_null(strstr(scope_of(PUT, 2 * i), "/us-east-1/s3/"));
        assert_non_null(strstr(scope_of(PUT, 2 * i + 1), "/eu-central-1/s3/"));
        rig_assert_sent(PUT, 2 * i + 1, "hello", 5);
        assert_status(call, rig_stat(call, "k", &stat), MGW_NOT_FOUND);
        assert_non_null(strstr(scope_of(HEAD, 2 * i + 1), "/eu-central-1/s3/"));
        assert_done();
        driver->destroy(instance);
        instance = NULL;
    }
}

static void a_bucket_that_is_sent_round_in_circles_is_an_error(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    rig_open(NULL, NULL);
    FAULT_SCRIPT({.request = PUT,
                  .status = 301,
                  .headers = "x-amz-bucket-region: eu-central-1\n",
                  .body = RIG_ERROR("PermanentRedirect")},
                 {.request = PUT,
                  .times = FAULT_ALWAYS,
                  .status = 301,
                  .headers = "x-amz-bucket-region: us-east-1\n",
                  .body = RIG_ERROR("PermanentRedirect")});
    assert_int_not_equal(rig_put(call, "k", "hello"), MGW_OK);
    assert_in_range(fault_count(PUT), 2, 4);
    assert_says(call, "PermanentRedirect");
    assert_says(call, "region");
}

static void a_region_that_is_none_is_not_taken(void **state)
{
    (void)state;
    static const char *const regions[] = {
        "x-amz-bucket-region: evil.example.com/\n", "x-amz-bucket-region: a/../b\n",
        "x-amz-bucket-region: "
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"};
    rig_open("retries=0", NULL);
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        FAULT_SCRIPT({.request = PUT, .times = FAULT_ALWAYS, .status = 301, .headers = regions[i]});
        assert_int_not_equal(rig_put(call, "k", "hello"), MGW_OK);
        for (size_t n = 0; n < fault_count(PUT); n++) {
            assert_non_null(strstr(scope_of(PUT, n), "/us-east-1/s3/"));
        }
    }
}

/* ---- Credentials that end: from a container's endpoint, which is the same server ---- */

#define CREDENTIALS(key, token)                                                                    \
    {                                                                                              \
        .request = "GET /credentials", .status = 200,                                              \
        .headers = "Content-Type: application/json\n",                                             \
        .body = "{\"AccessKeyId\": \"" key "\", \"SecretAccessKey\": \"" RIG_SECRET                \
                "\", \"Token\": \"" token "\", \"Expiration\": \"2099-01-01T00:00:00Z\"}"          \
    }

static void open_by_container(void)
{
    static const char *const others[] = {"AWS_ACCESS_KEY_ID",
                                         "AWS_SECRET_ACCESS_KEY",
                                         "AWS_SESSION_TOKEN",
                                         "AWS_PROFILE",
                                         "AWS_WEB_IDENTITY_TOKEN_FILE",
                                         "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                         "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                         "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"};
    AUTO_CALL struct mgw_call *call = kit_call_new();
    char endpoint[64], uri[64];
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        unsetenv(others[i]);
    }
    setenv("AWS_SHARED_CREDENTIALS_FILE", "no-such-file", 1);
    setenv("AWS_CONFIG_FILE", "no-such-file", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    snprintf(uri, sizeof uri, "http://127.0.0.1:%u/credentials", fault_port());
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri, 1);
    snprintf(endpoint, sizeof endpoint, "endpoint=http://127.0.0.1:%u", fault_port());
    assert_status(call, rig_try_open(call, endpoint, "region=us-east-1", "retries=0", NULL),
                  MGW_OK);
}

static void expired_credentials_are_renewed_once(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    open_by_container();
    FAULT_SCRIPT(CREDENTIALS("AKIDOLD", "old-token"), CREDENTIALS("AKIDNEW", "new-token"),
                 {.request = PUT, .status = 400, .body = RIG_ERROR("ExpiredToken")},
                 RIG_PUT_OK("k", 5));
    assert_status(call, rig_put(call, "k", "hello"), MGW_OK);
    assert_done();
    assert_non_null(strstr(scope_of(PUT, 0), "Credential=AKIDOLD/"));
    assert_non_null(strstr(scope_of(PUT, 1), "Credential=AKIDNEW/"));
    assert_string_equal(fault_header(fault_request(PUT, 1), "x-amz-security-token"), "new-token");
    rig_assert_sent(PUT, 1, "hello", 5);
}

static void credentials_that_stay_expired_are_an_error(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    open_by_container();
    FAULT_SCRIPT(CREDENTIALS("AKIDOLD", "old-token"), CREDENTIALS("AKIDNEW", "new-token"),
                 {.request = PUT, .times = 2, .status = 400, .body = RIG_ERROR("ExpiredToken")});
    assert_status(call, rig_put(call, "k", "hello"), MGW_DENIED);
    assert_says(call, "ExpiredToken");
    assert_null(strstr(call->error->text, "new-token"));
    assert_done();
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(another_region_is_signed_for_and_remembered),
        RIG_TEST(a_bucket_that_is_sent_round_in_circles_is_an_error),
        RIG_TEST(a_region_that_is_none_is_not_taken),
        RIG_TEST(expired_credentials_are_renewed_once),
        RIG_TEST(credentials_that_stay_expired_are_an_error),
    };
    return rig_main(argc, argv, tests, sizeof tests / sizeof tests[0]);
}
