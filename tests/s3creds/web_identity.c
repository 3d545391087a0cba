/* SPDX-License-Identifier: Apache-2.0
 *
 * Web identity: what is sent to STS, and what is made of its answers. */
#include "tests/s3creds/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROLE "arn:aws:iam::123456789012:role/media"

static int setup(void **state)
{
    int status = bench_setup(state);
    struct bench *bench = *state;
    bench_env("AWS_WEB_IDENTITY_TOKEN_FILE", bench_file(bench, "token", WEB_TOKEN "\n"));
    bench_env("AWS_ROLE_ARN", ROLE);
    bench_env("AWS_ENDPOINT_URL_STS", bench->endpoint->url);
    return status;
}

static void open_bench(struct bench *bench)
{
    assert_status(bench, bench_open(bench, NULL), MGW_OK);
}

static void a_token_is_turned_into_a_role(void **state)
{
    struct bench *bench = *state;
    open_bench(bench);
    assert_got(bench, "ASIA1");
    assert_string_equal(bench->got.secret_key, HUSH "/secret+1");
    assert_string_equal(bench->got.session_token, HUSH "-token&1");
    assert_int_equal(bench->got.expires_at_ms, START_MS + 60 * MINUTE_MS);
    char form[512];
    snprintf(form, sizeof form,
             "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"
             "RoleArn=arn%%3Aaws%%3Aiam%%3A%%3A123456789012%%3Arole%%2Fmedia&"
             "RoleSessionName=mediagw-%lld&"
             "WebIdentityToken=eyJhbGciOi.hush-web-identity-token%%2F%%2B%%3D%%3D.sig",
             (long long)START_MS);
    ENDPOINT(bench->endpoint, assert_string_equal(bench->endpoint->form, form));
}

static void the_sessions_name_is_the_environments(void **state)
{
    struct bench *bench = *state;
    bench_env("AWS_ROLE_SESSION_NAME", "a b");
    open_bench(bench);
    assert_got(bench, "ASIA1");
    ENDPOINT(bench->endpoint,
             assert_non_null(strstr(bench->endpoint->form, "&RoleSessionName=a%20b&")));
}

static void the_tokens_file_is_read_anew(void **state)
{
    struct bench *bench = *state;
    open_bench(bench);
    assert_got(bench, "ASIA1");
    bench_file(bench, "token", HUSH "-exchanged");
    ENDPOINT(bench->endpoint, bench->endpoint->expires_at_ms = START_MS + 120 * MINUTE_MS);
    bench_pass(56 * MINUTE_MS);
    assert_got(bench, "ASIA2");
    ENDPOINT(bench->endpoint,
             assert_non_null(strstr(bench->endpoint->form, "Token=" HUSH "-exchanged")));
}

static void what_is_missing_is_named(void **state)
{
    struct bench *bench = *state;
    bench_env("AWS_ROLE_ARN", NULL);
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "AWS_ROLE_ARN is missing");
    bench_env("AWS_ROLE_ARN", ROLE);
    bench_file(bench, "token", "");
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "/token is empty");
    bench_env("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token");
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "/nowhere/token cannot be read: No such file");
    assert_int_equal(SEEN(bench->endpoint, requests), 0);
}

static void a_token_that_is_refused_is_denied_with_the_code(void **state)
{
    struct bench *bench = *state;
    ENDPOINT(bench->endpoint, {
        bench->endpoint->sts_error = "InvalidIdentityToken";
        bench->endpoint->sts_message = "No OpenIDConnect provider found in your account";
    });
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "STS: HTTP 400 InvalidIdentityToken: No OpenIDConnect provider found");
}

static void a_message_that_repeats_the_token_is_left_out(void **state)
{
    struct bench *bench = *state;
    ENDPOINT(bench->endpoint, {
        bench->endpoint->sts_error = "ExpiredTokenException";
        bench->endpoint->sts_message = "Token expired: " HUSH "-web-identity-token";
    });
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "ExpiredTokenException");
    assert_null(strstr(bench_text(bench), "Token expired"));
}

static void what_may_pass_is_unavailable(void **state)
{
    struct bench *bench = *state;
    ENDPOINT(bench->endpoint, bench->endpoint->sts_error = "IDPCommunicationError");
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_UNAVAILABLE);
    ENDPOINT(bench->endpoint, {
        bench->endpoint->sts_error = NULL;
        bench->endpoint->status = 503;
    });
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_UNAVAILABLE);
    assert_says(bench, "STS: HTTP 503");
    ENDPOINT(bench->endpoint, {
        bench->endpoint->status = 400;
        bench->endpoint->body = "<html>proxy</html>";
    });
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_UNAVAILABLE);
    assert_says(bench, "STS: HTTP 400");
}

#define KEYS                                                                                       \
    "<AccessKeyId>A</AccessKeyId><SecretAccessKey>" HUSH "</SecretAccessKey><SessionToken>" HUSH   \
    "</SessionToken>"
#define ENDS "<Expiration>2026-12-24T00:00:00Z</Expiration>"
#define DOCUMENT(inside)                                                                           \
    "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>" inside     \
    "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"

static void an_answer_that_is_none_is_unavailable(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "<AssumeRoleWithWebIdentityResponse>",
        "<AssumeRoleResponse/>",
        "<AssumeRoleWithWebIdentityResponse/>",
        DOCUMENT(KEYS),
        DOCUMENT(ENDS),
        DOCUMENT(KEYS "<Expiration>soon</Expiration>"),
        DOCUMENT(ENDS "<AccessKeyId>A</AccessKeyId><SessionToken>" HUSH "</SessionToken>"),
        DOCUMENT(ENDS "<AccessKeyId>A<b/></AccessKeyId><SecretAccessKey>" HUSH
                      "</SecretAccessKey><SessionToken>" HUSH "</SessionToken>"),
        DOCUMENT(ENDS "<AccessKeyId>A\r\nB</AccessKeyId><SecretAccessKey>" HUSH
                      "</SecretAccessKey><SessionToken>" HUSH "</SessionToken>"),
        DOCUMENT(KEYS ENDS) "<again/>",
        /* any DTD, even one that changes nothing */
        "<!DOCTYPE AssumeRoleWithWebIdentityResponse>" DOCUMENT(KEYS ENDS),
        "<!DOCTYPE a [<!ENTITY k SYSTEM \"file:///etc/passwd\">]>" DOCUMENT(
            ENDS "<AccessKeyId>&k;</AccessKeyId><SecretAccessKey>" HUSH
                 "</SecretAccessKey><SessionToken>" HUSH "</SessionToken>"),
        "<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
        "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d "
        "\"&c;&c;&c;&c;&c;&c;&c;&c;\">]>" DOCUMENT(ENDS "<AccessKeyId>&d;</AccessKeyId>"),
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        ENDPOINT(bench->endpoint, bench->endpoint->body = bad[i]);
        open_bench(bench);
        if (bench_get(bench) != MGW_UNAVAILABLE ||
            !strstr(bench_text(bench), "credentials from web identity: STS")) {
            fail_msg("document %zu: %s", i, bench_text(bench));
        }
    }
    ENDPOINT(bench->endpoint, bench->endpoint->body = DOCUMENT(KEYS ENDS));
    open_bench(bench);
    assert_got(bench, "A");
}

static void an_answer_beyond_64_kib_is_refused(void **state)
{
    struct bench *bench = *state;
    ENDPOINT(bench->endpoint, bench->endpoint->pad = 65536);
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_UNAVAILABLE);
    assert_says(bench, "the answer is too long");
}

static void a_redirect_does_not_carry_the_token_away(void **state)
{
    struct bench *bench = *state;
    struct endpoint *other = endpoint_new();
    ENDPOINT(bench->endpoint, bench->endpoint->location = other->url);
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_UNAVAILABLE);
    assert_says(bench, "STS: HTTP 307");
    assert_int_equal(SEEN(other, requests), 0);
    endpoint_free(other);
}

static void a_profile_may_name_role_and_token(void **state)
{
    struct bench *bench = *state;
    char config[512];
    snprintf(config, sizeof config,
             "[profile media]\nrole_arn = " ROLE "-p\nweb_identity_token_file = %s/token\n"
             "role_session_name = nightly\n",
             bench->home);
    bench_env("AWS_WEB_IDENTITY_TOKEN_FILE", NULL);
    bench_env("AWS_ROLE_ARN", NULL);
    bench_env("AWS_PROFILE", "media");
    bench_file(bench, ".aws/config", config);
    open_bench(bench);
    assert_got(bench, "ASIA1");
    ENDPOINT(bench->endpoint, {
        assert_non_null(strstr(bench->endpoint->form, "media-p&RoleSessionName=nightly&"));
    });
    assert_int_equal(bench_logged("credentials come from: shared files"), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(a_token_is_turned_into_a_role),
        CASE(the_sessions_name_is_the_environments),
        CASE(the_tokens_file_is_read_anew),
        CASE(what_is_missing_is_named),
        CASE(a_token_that_is_refused_is_denied_with_the_code),
        CASE(a_message_that_repeats_the_token_is_left_out),
        CASE(what_may_pass_is_unavailable),
        CASE(an_answer_that_is_none_is_unavailable),
        CASE(an_answer_beyond_64_kib_is_refused),
        CASE(a_redirect_does_not_carry_the_token_away),
        CASE(a_profile_may_name_role_and_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
