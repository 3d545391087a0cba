/* SPDX-License-Identifier: Apache-2.0
 *
 * The shared files and their profiles. */
#include "tests/s3creds/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYS(name) "aws_access_key_id=" name "\naws_secret_access_key=" HUSH "-" name "\n"

static void open_bench(struct bench *bench)
{
    assert_status(bench, bench_open(bench, NULL), MGW_OK);
}

static void the_default_profile_is_taken(void **state)
{
    struct bench *bench = *state;
    bench_file(bench, ".aws/credentials",
               "[other]\n" KEYS("AKIAOTHER") "\n[default]\n" KEYS("AKIADEF"));
    open_bench(bench);
    assert_got(bench, "AKIADEF");
    assert_string_equal(bench->got.secret_key, HUSH "-AKIADEF");
    assert_null(bench->got.session_token);
}

static void a_profile_is_found_by_name_in_either_file(void **state)
{
    struct bench *bench = *state;
    bench_file(bench, ".aws/credentials", "[one]\n" KEYS("AKIAONE"));
    bench_file(bench, ".aws/config",
               "[default]\n" KEYS("AKIADEF") "[profile two]\n" KEYS(
                   "AKIATWO") "aws_session_token = " HUSH
                              "-t\n[profile one]\n" KEYS("AKIALATE") "[three]\n" KEYS("AKIATHREE"));
    open_bench(bench);
    assert_got(bench, "AKIADEF");
    bench_env("AWS_PROFILE", "one");
    open_bench(bench);
    assert_got(bench, "AKIAONE");
    bench_env("AWS_PROFILE", "two");
    open_bench(bench);
    assert_got(bench, "AKIATWO");
    assert_string_equal(bench->got.session_token, HUSH "-t");
    assert_status(bench, bench_open(bench, "profile", "one", NULL), MGW_OK);
    assert_got(bench, "AKIAONE");
    bench_env("AWS_PROFILE", "three"); /* in ~/.aws/config it would be [profile three] */
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "no profile three in ");
}

static void a_file_is_found_where_the_environment_says(void **state)
{
    struct bench *bench = *state;
    bench_file(bench, "my-credentials", "[default]\n" KEYS("AKIAMINE"));
    bench_env("AWS_SHARED_CREDENTIALS_FILE", "~/my-credentials");
    open_bench(bench);
    assert_got(bench, "AKIAMINE");
    bench_env("AWS_SHARED_CREDENTIALS_FILE", "/nowhere");
    bench_env("AWS_CONFIG_FILE", bench_file(bench, "my-config", "[default]\n" KEYS("AKIACONF")));
    open_bench(bench);
    assert_got(bench, "AKIACONF");
}

static void without_a_home_there_are_none(void **state)
{
    struct bench *bench = *state;
    bench_env("HOME", NULL);
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "HOME is not set");
}

static void comments_and_nested_settings_are_passed_over(void **state)
{
    struct bench *bench = *state;
    bench_file(bench, ".aws/config",
               "\xef\xbb\xbf# of mine\r\n\r\n[ default ] ; the one\r\n"
               "  region = eu-west-1\r\n"
               "  s3 =\r\n"
               "      aws_access_key_id = NESTED\r\n"
               "      no equals sign here\r\n"
               "  ; AWS_ACCESS_KEY_ID = COMMENT\r\n"
               "  AWS_Access_Key_ID\t=\tAKIADEF  # mine\r\n"
               "  aws_secret_access_key = " HUSH "#;=:/+\r\n"
               "[profile \"with space\"]\r\naws_access_key_id : AKIASPACE\r\n"
               "aws_secret_access_key : " HUSH "\r\n");
    open_bench(bench);
    assert_got(bench, "AKIADEF");
    assert_string_equal(bench->got.secret_key, HUSH "#;=:/+");
    bench_env("AWS_PROFILE", "with space");
    open_bench(bench);
    assert_got(bench, "AKIASPACE");
}

static void a_broken_file_is_refused_by_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *line;
    } bad[] = {
        {"aws_access_key_id = " HUSH "\n", "line 1"},
        {"[default]\n\n" HUSH "\n", "line 3"},
        {"[default\n" KEYS("A"), "line 1"},
        {"[default]\n" KEYS("A") "= " HUSH "\n", "line 4"},
        {"[default] " HUSH "\n", "line 1"},
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        bench_file(bench, ".aws/credentials", bad[i].text);
        open_bench(bench);
        assert_status(bench, bench_get(bench), MGW_DENIED);
        assert_says(bench, bad[i].line);
    }
}

static void what_is_no_file_of_this_kind_is_refused(void **state)
{
    struct bench *bench = *state;
    char path[256];
    bench_file(bench, ".aws/other", "");
    snprintf(path, sizeof path, "%s/.aws/fifo", bench->home);
    assert_int_equal(mkfifo(path, 0600), 0);
    bench_env("AWS_SHARED_CREDENTIALS_FILE", path);
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "fifo cannot be read");
    bench_env("AWS_SHARED_CREDENTIALS_FILE", bench->home);
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "cannot be read");

    char *large = malloc(1024 * 1024 + 2);
    assert_non_null(large);
    memset(large, '\n', 1024 * 1024 + 1);
    large[1024 * 1024 + 1] = '\0';
    bench_env("AWS_SHARED_CREDENTIALS_FILE", bench_file(bench, "large", large));
    free(large);
    open_bench(bench);
    assert_status(bench, bench_get(bench), MGW_DENIED);
    assert_says(bench, "File too large");
}

static void what_a_profile_cannot_do_here_is_refused_by_name(void **state)
{
    static const char *const bad[][2] = {
        {"role_arn = r\nsource_profile = other\n", "source_profile is not supported"},
        {"role_arn = r\ncredential_source = Environment\n", "credential_source is not supported"},
        {"credential_process = /bin/echo " HUSH "\n", "credential_process is not supported"},
        {"sso_session = s\n", "sso_session is not supported"},
        {"sso_account_id = 1\n", "sso_account_id is not supported"},
        {"role_arn = r\n", "has role_arn, but no web_identity_token_file"},
        {"web_identity_token_file = t\n", "has web_identity_token_file, but no role_arn"},
        {"aws_access_key_id = A\n", "profile default: the secret key is missing"},
        {"aws_secret_access_key = " HUSH "\n", "profile default: the access key is missing"},
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char config[256];
        snprintf(config, sizeof config, "[default]\n%s", bad[i][0]);
        bench_file(bench, ".aws/config", config);
        open_bench(bench);
        assert_status(bench, bench_get(bench), MGW_DENIED);
        assert_says(bench, bad[i][1]);
    }
}

static void a_profile_without_keys_is_passed_over(void **state)
{
    struct bench *bench = *state;
    bench_file(bench, ".aws/config", "[default]\nregion = eu-west-1\n");
    bench_env("AWS_EC2_METADATA_DISABLED", NULL);
    bench_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", bench->endpoint->url);
    open_bench(bench);
    assert_got(bench, "ASIA1");
}

static void new_keys_in_the_file_are_read_once_the_old_ones_are_refused(void **state)
{
    struct bench *bench = *state;
    bench_file(bench, ".aws/credentials", "[default]\n" KEYS("AKIAOLD"));
    open_bench(bench);
    assert_got(bench, "AKIAOLD");
    bench_file(bench, ".aws/credentials", "[default]\n" KEYS("AKIANEW"));
    assert_got(bench, "AKIAOLD");
    creds_renew(bench->creds, "AKIAOLD");
    assert_got(bench, "AKIANEW");
    creds_renew(bench->creds, "AKIAOLD"); /* that has happened already */
    bench_file(bench, ".aws/credentials", "[default]\n" KEYS("AKIANEWER"));
    assert_got(bench, "AKIANEW");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(the_default_profile_is_taken),
        CASE(a_profile_is_found_by_name_in_either_file),
        CASE(a_file_is_found_where_the_environment_says),
        CASE(without_a_home_there_are_none),
        CASE(comments_and_nested_settings_are_passed_over),
        CASE(a_broken_file_is_refused_by_its_line),
        CASE(what_is_no_file_of_this_kind_is_refused),
        CASE(what_a_profile_cannot_do_here_is_refused_by_name),
        CASE(a_profile_without_keys_is_passed_over),
        CASE(new_keys_in_the_file_are_read_once_the_old_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
