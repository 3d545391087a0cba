/* SPDX-License-Identifier: Apache-2.0
 *
 * The order of the sources, and what is said where none has any. */
#include "tests/s3creds/bench.h"

#include <stdio.h>
#include <stdlib.h>

static void use_container(struct bench *bench)
{
    char uri[128];
    snprintf(uri, sizeof uri, "%s" CONTAINER_PATH, bench->endpoint->url);
    bench_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri);
}

static void use_web_identity(struct bench *bench)
{
    bench_env("AWS_WEB_IDENTITY_TOKEN_FILE", bench_file(bench, "token", WEB_TOKEN));
    bench_env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/media");
    bench_env("AWS_ENDPOINT_URL_STS", bench->endpoint->url);
}

static void each_source_goes_before_the_next(void **state)
{
    struct bench *bench = *state;
    struct endpoint *endpoint = bench->endpoint;
    bench_env("AWS_EC2_METADATA_DISABLED", NULL);
    bench_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint->url);
    assert_status(bench, bench_open(bench, NULL), MGW_OK);
    assert_got(bench, "ASIA1");
    assert_int_equal(SEEN(endpoint, tokens), 1);

    use_container(bench);
    assert_status(bench, bench_open(bench, NULL), MGW_OK);
    assert_got(bench, "ASIA2");
    assert_int_equal(SEEN(endpoint, tokens), 1);

    bench_file(bench, ".aws/credentials",
               "[default]\naws_access_key_id=AKIAFILE\naws_secret_access_key=" HUSH "\n");
    assert_status(bench, bench_open(bench, NULL), MGW_OK);
    assert_got(bench, "AKIAFILE");

    use_web_identity(bench);
    assert_status(bench, bench_open(bench, NULL), MGW_OK);
    assert_got(bench, "ASIA3");

    bench_env("AWS_ACCESS_KEY_ID", "AKIAENV");
    bench_env("AWS_SECRET_ACCESS_KEY", HUSH "-env");
    assert_status(bench, bench_open(bench, NULL), MGW_OK);
    assert_got(bench, "AKIAENV");
    assert_string_equal(bench->got.secret_key, HUSH "-env");
    assert_null(bench->got.session_token);
    assert_int_equal(bench->got.expires_at_ms, 0);

    assert_status(bench, bench_open(bench, "access_key", "mine", "secret_key", HUSH, NULL), MGW_OK);
    assert_got(bench, "mine");
    assert_string_equal(bench->got.secret_key, HUSH);
    assert_int_equal(SEEN(endpoint, given), 3);
}

static void a_session_token_comes_along(void **state)
{
    struct bench *bench = *state;
    bench_env("AWS_ACCESS_KEY_ID", "ASIAENV");
    bench_env("AWS_SECRET_ACCESS_KEY", HUSH);
    bench_env("AWS_SESSION_TOKEN", HUSH "/token==");
    assert_status(bench, bench_open(bench, NULL), MGW_OK);
    assert_got(bench, "ASIAENV");
    assert_string_equal(bench->got.session_token, HUSH "/token==");
    assert_status(bench,
                  bench_open(bench, "access_key", "mine", "secret_key", HUSH, "session_token",
                             HUSH "-mine", NULL),
                  MGW_OK);
    assert_got(bench, "mine");
    assert_string_equal(bench->got.session_token, HUSH "-mine");
}

static void a_profile_in_the_config_goes_before_the_environment(void **state)
{
    struct bench *bench = *state;
    bench_env("AWS_ACCESS_KEY_ID", "AKIAENV");
    bench_env("AWS_SECRET_ACCESS_KEY", HUSH);
    use_web_identity(bench);
    bench_file(bench, ".aws/credentials",
               "[media]\naws_access_key_id=AKIAMEDIA\naws_secret_access_key=" HUSH "\n");
    assert_status(bench, bench_open(bench, "profile", "media", NULL), MGW_OK);
    assert_got(bench, "AKIAMEDIA");
}

static void half_a_pair_is_refused_by_the_name_of_the_other_half(void **state)
{
    struct bench *bench = *state;
    assert_status(bench, bench_open(bench, "access_key", "mine", NULL), MGW_INVALID);
    assert_says(bench, "access_key is set, but secret_key is missing");
    assert_status(bench, bench_open(bench, "secret_key", HUSH, NULL), MGW_INVALID);
    assert_says(bench, "secret_key is set, but access_key is missing");
    assert_status(bench, bench_open(bench, "session_token", HUSH, NULL), MGW_INVALID);
    assert_says(bench, "access_key and secret_key are missing");
    bench_env("AWS_ACCESS_KEY_ID", "AKIAENV");
    assert_status(bench, bench_open(bench, NULL), MGW_INVALID);
    assert_says(bench, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is missing");
    bench_env("AWS_ACCESS_KEY_ID", "");
    bench_env("AWS_SECRET_ACCESS_KEY", HUSH);
    assert_status(bench, bench_open(bench, NULL), MGW_INVALID);
    assert_says(bench, "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is missing");
    assert_status(bench, bench_open(bench, "access_key", "mine", "secret_key", HUSH, NULL), MGW_OK);
    assert_got(bench, "mine");
}

static void where_none_has_any_each_says_why(void **state)
{
    struct bench *bench = *state;
    assert_status(bench, bench_open(bench, NULL), MGW_OK);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "config: no access_key");
    assert_says(bench, "environment: no AWS_ACCESS_KEY_ID");
    assert_says(bench, "web identity: no AWS_WEB_IDENTITY_TOKEN_FILE");
    assert_says(bench, "shared files: no profile default in s3creds-");
    assert_says(bench, "/.aws/credentials or s3creds-");
    assert_says(bench, "container: no AWS_CONTAINER_CREDENTIALS_FULL_URI");
    assert_says(bench, "instance metadata: AWS_EC2_METADATA_DISABLED");
    assert_int_equal(SEEN(bench->endpoint, requests), 0);
}

static void keys_that_no_header_can_hold_are_refused(void **state)
{
    static const char *const bad[][3] = {
        {"AKIA\r\nX-Evil: 1", HUSH, NULL}, {"AKIA SPACE", HUSH, NULL},
        {"AKIA\xc3\xa9", HUSH, NULL},      {"AKIA", HUSH "\n", NULL},
        {"AKIA", HUSH, HUSH "\ntoken"},
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_status(bench,
                      bench_open(bench, "access_key", bad[i][0], "secret_key", bad[i][1],
                                 "session_token", bad[i][2], NULL),
                      MGW_OK);
        assert_status(bench, bench_get(bench), MGW_DENIED);
        assert_says(bench, "credentials from config: the config: the ");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_source_goes_before_the_next, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(a_session_token_comes_along, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_profile_in_the_config_goes_before_the_environment,
                                        bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(half_a_pair_is_refused_by_the_name_of_the_other_half,
                                        bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(where_none_has_any_each_says_why, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(keys_that_no_header_can_hold_are_refused, bench_setup,
                                        bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
