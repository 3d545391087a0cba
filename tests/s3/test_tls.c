/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS: whom the driver trusts, and what that costs. */
#include "tests/s3/rig.h"

#include <stdio.h>

#define HEAD "HEAD " RIG_PATH "k"

static int start(const char *name)
{
    fault_start(&(const struct fault_options){.name = name});
    return 0;
}

static int start_as_127_0_0_1(void **state)
{
    (void)state;
    return start("127.0.0.1");
}

static int start_as_another(void **state)
{
    (void)state;
    return start("s3.example.test");
}

static void open_by_tls(const char *more)
{
    char endpoint[64], ca_file[128];
    snprintf(endpoint, sizeof endpoint, "endpoint=https://127.0.0.1:%u", fault_port());
    snprintf(ca_file, sizeof ca_file, "ca_file=%s", fault_ca_file());
    rig_open(endpoint, more ? more : ca_file, "retries=2", NULL);
}

static void a_server_of_the_configured_ca_is_trusted(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    open_by_tls(NULL);
    FAULT_SCRIPT(RIG_PUT_OK("k", 5));
    assert_status(call, rig_put(call, "k", "hello"), MGW_OK);
    rig_assert_sent("PUT " RIG_PATH "k", 0, "hello", 5);
    assert_done();
}

static void a_handshake_serves_many_requests(void **state)
{
    (void)state;
    open_by_tls(NULL);
    FAULT_SCRIPT({.request = HEAD, .times = 20, .status = 404});
    for (int i = 0; i < 20; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_stat stat;
        assert_status(call, rig_stat(call, "k", &stat), MGW_NOT_FOUND);
    }
    assert_int_equal(fault_connections(), 1);
    assert_done();
}

static void an_unknown_ca_is_refused_and_told(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    open_by_tls("ca_file=");
    FAULT_SCRIPT({.request = "PUT ", .times = FAULT_ALWAYS, .status = 200});
    assert_status(call, rig_put(call, "k", "hello"), MGW_UNAVAILABLE);
    assert_says(call, "certificate");
    assert_says(call, "ca_file");
    assert_int_equal(fault_count(""), 0);
    assert_int_equal(fault_connections(), 1); /* trying again would not help */
}

static void a_certificate_for_another_host_is_refused(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    open_by_tls(NULL);
    FAULT_SCRIPT({.request = "PUT ", .times = FAULT_ALWAYS, .status = 200});
    assert_status(call, rig_put(call, "k", "hello"), MGW_UNAVAILABLE);
    assert_says(call, "certificate");
    assert_int_equal(fault_count(""), 0);
}

static void verify_false_trusts_anybody(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat;
    open_by_tls("verify=false");
    FAULT_SCRIPT({.request = HEAD, .status = 404});
    assert_status(call, rig_stat(call, "k", &stat), MGW_NOT_FOUND);
    assert_done();
}

static void plain_bytes_from_a_tls_endpoint_are_a_failure(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat;
    char endpoint[64];
    fault_stop();
    fault_start(NULL);
    snprintf(endpoint, sizeof endpoint, "endpoint=https://127.0.0.1:%u", fault_port());
    rig_open(endpoint, "retries=0", "idle_timeout=2s", "connect_timeout=2s", NULL);
    FAULT_SCRIPT({.request = HEAD, .times = FAULT_ALWAYS, .status = 404});
    assert_status(call, rig_stat(call, "k", &stat), MGW_UNAVAILABLE);
    assert_int_equal(fault_count("HEAD"), 0);
}

#define TLS_TEST(function, start)                                                                  \
    {                                                                                              \
        .name = #function, .test_func = function, .setup_func = start,                             \
        .teardown_func = rig_teardown                                                              \
    }

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TLS_TEST(a_server_of_the_configured_ca_is_trusted, start_as_127_0_0_1),
        TLS_TEST(a_handshake_serves_many_requests, start_as_127_0_0_1),
        TLS_TEST(an_unknown_ca_is_refused_and_told, start_as_127_0_0_1),
        TLS_TEST(a_certificate_for_another_host_is_refused, start_as_another),
        TLS_TEST(verify_false_trusts_anybody, start_as_another),
        TLS_TEST(plain_bytes_from_a_tls_endpoint_are_a_failure, start_as_127_0_0_1),
    };
    return rig_main(argc, argv, tests, sizeof tests / sizeof tests[0]);
}
