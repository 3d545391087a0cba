/* SPDX-License-Identifier: Apache-2.0
 *
 * The command beside a running gateway: configs that are refused, stores that are not there, API
 * keys made, listed and revoked. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <string.h>

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw = gateway_new(NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

static char *config_with(const char *text)
{
    char *path = keep_text("%s/other.json", gw->server->dir);
    scratch_write(path, text);
    return path;
}

static void is_refused(const char *config, const char *const *words)
{
    char *path = config_with(config);
    struct run run = run_mediagw("serve", "--config", path);
    if (run.status == 0 || run.status >= 126) {
        fail_msg("exit %d for %s", run.status, config);
    }
    for (size_t i = 0; words[i]; i++) {
        if (!strstr(run.err, words[i])) {
            fail_msg("no \"%s\" in: %s", words[i], run.err);
        }
    }
}
#define IS_REFUSED(config, ...) is_refused(config, (const char *const[]){__VA_ARGS__, NULL})

#define GOOD_REST                                                                                  \
    "\"storage\": {\"driver\": \"fs\", \"root\": \"b\"}, "                                         \
    "\"repository\": {\"driver\": \"sqlite\", \"path\": \"m\"}, \"url_keys\": [{\"id\": \"k\", "   \
    "\"secret\": \"0123456789abcdef0123456789abcdef\", \"sign\": true}]"

static void an_unknown_key_is_refused_with_line_and_nearest_key(void **state)
{
    (void)state;
    IS_REFUSED("{\n  \"lisen\": \"127.0.0.1:0\",\n  " GOOD_REST "}", "other.json:2", "lisen",
               "listen");
    IS_REFUSED("{\n  \"media\": {\n\"max_upload_byte\": 5},\n  " GOOD_REST "}", "other.json:3",
               "max_upload_byte", "max_upload_bytes");
}

static void an_unknown_key_of_a_driver_is_refused(void **state)
{
    (void)state;
    IS_REFUSED("{\"listen\": \"127.0.0.1:0\",\n \"storage\": {\"driver\": \"fs\",\n"
               "\"rot\": \"b\"},\n \"repository\": {\"driver\": \"sqlite\", \"path\": \"m\"}, "
               "\"url_keys\": [{\"id\": \"k\", \"secret\": "
               "\"0123456789abcdef0123456789abcdef\", \"sign\": true}]}",
               "rot", "root");
}

static void an_unknown_driver_is_refused(void **state)
{
    (void)state;
    IS_REFUSED("{\"storage\": {\"driver\": \"sf\", \"root\": \"b\"}, "
               "\"repository\": {\"driver\": \"sqlite\", \"path\": \"m\"}, "
               "\"url_keys\": [{\"id\": \"k\", \"secret\": "
               "\"0123456789abcdef0123456789abcdef\", \"sign\": true}]}",
               "sf");
}

static void ill_typed_and_broken_configs_are_refused(void **state)
{
    (void)state;
    IS_REFUSED("{\n\"listen\": 5,\n" GOOD_REST "}", "other.json:2", "listen");
    IS_REFUSED("{\n\"media\": {\"max_upload_bytes\": \"lots\"},\n" GOOD_REST "}",
               "max_upload_bytes");
    IS_REFUSED("{\n\"listen\": \"127.0.0.1:0\",\n\"listen\": \"127.0.0.1:0\",\n" GOOD_REST "}",
               "listen");
    IS_REFUSED("{\n\"listen\": \"127.0.0.1:0\",\n", "other.json");
    IS_REFUSED("{\"listen\": \"${MEDIAGW_TEST_NOT_SET}\", " GOOD_REST "}", "MEDIAGW_TEST_NOT_SET");
}

static void a_short_url_secret_is_refused(void **state)
{
    (void)state;
    IS_REFUSED("{\"storage\": {\"driver\": \"fs\", \"root\": \"b\"}, "
               "\"repository\": {\"driver\": \"sqlite\", \"path\": \"m\"}, "
               "\"url_keys\": [{\"id\": \"k\", \"secret\": \"short-one\", \"sign\": true}]}",
               "secret");
}

static void a_refusal_shows_no_secret(void **state)
{
    (void)state;
    struct run run = run_mediagw(
        "serve", "--config",
        config_with("{\"storage\": {\"driver\": \"fs\", \"root\": \"b\"}, "
                    "\"repository\": {\"driver\": \"sqlite\", \"path\": \"m\"}, "
                    "\"url_keys\": [{\"id\": \"k\", \"secret\": \"short-one\", \"sign\": true}]}"));
    assert_null(strstr(run.err, "short-one"));
}

static void a_missing_config_file_is_named(void **state)
{
    (void)state;
    struct run run = run_mediagw("serve", "--config", "no/such/file.json");
    assert_int_not_equal(run.status, 0);
    assert_non_null(strstr(run.err, "no/such/file.json"));
}

static void a_store_that_is_not_initialised_is_refused_with_the_way_to_do_it(void **state)
{
    (void)state;
    char *path = config_with("{\"listen\": \"127.0.0.1:0\", " GOOD_REST "}");
    struct run run = run_mediagw("serve", "--config", path);
    assert_int_not_equal(run.status, 0);
    assert_non_null(strstr(run.err, "init"));
}

static void a_port_in_use_is_refused(void **state)
{
    (void)state;
    char *overlay = keep_text("{\"listen\": \"127.0.0.1:%u\"}", gw->server->port);
    struct server *second = server_new(overlay);
    struct run run = run_mediagw("serve", "--config", second->config_path);
    assert_int_not_equal(run.status, 0);
    assert_true(run.status < 126);
    assert_non_null(strstr(run.err, "listen"));
    server_free(second);
}

static char *key_id(const char *token)
{
    assert_int_equal(strncmp(token, "mgw_", 4), 0);
    return keep_bytes(token + 4, strcspn(token + 4, "_"));
}

static void a_new_key_works_on_the_running_gateway(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "new-account");
    json_t *answer = api_upload(client, API_VIDEO, body_file("chromium-video-short.webm"));
    assert_string_equal(api_text(answer, "accountId"), "new-account");
}

static void keys_are_listed_without_their_secret(void **state)
{
    (void)state;
    char *token = server_token(gw->server, "listed");
    struct run run = run_mediagw("key", "list", "--config", gw->server->config_path);
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.out, key_id(token)));
    assert_non_null(strstr(run.out, "listed"));
    assert_null(strstr(run.out, token + 4 + strlen(key_id(token)) + 1));
}

static void the_database_holds_no_token(void **state)
{
    (void)state;
    char *token = server_token(gw->server, "hashed");
    const char *secret = token + 4 + strlen(key_id(token)) + 1;
    const char *const files[] = {gw->server->database, keep_text("%s-wal", gw->server->database)};
    for (size_t i = 0; i < 2; i++) {
        size_t length = 0;
        char *bytes = scratch_read(files[i], &length);
        assert_true(!bytes || !memmem(bytes, length, secret, strlen(secret)));
    }
}

struct revoked {
    struct http_client *client;
};

static bool is_shut_out(void *ctx)
{
    struct revoked *revoked = ctx;
    return http_get(revoked->client, "/api/media", NULL)->status == 401;
}

static void a_revoked_key_opens_nothing_within_ten_seconds(void **state)
{
    (void)state;
    char *token = server_token(gw->server, "revoked");
    struct http_client *client = http_new(gw->server, token);
    api_expect(http_get(client, "/api/media", NULL), 200);
    struct run run =
        run_mediagw("key", "revoke", key_id(token), "--config", gw->server->config_path);
    assert_int_equal(run.status, 0);
    struct revoked revoked = {client};
    int64_t begun = wait_now_ms();
    assert_true(wait_for(is_shut_out, &revoked, 30000));
    assert_true(wait_now_ms() - begun <= 10500 || slowness() > 1);
    http_free(client);
}

static void a_token_with_another_secret_is_401(void **state)
{
    (void)state;
    char *token = keep_text("%s", gw->token);
    size_t last = strlen(token) - 5;
    token[last] = token[last] == 'A' ? 'B' : 'A';
    struct http_client *client = http_new(gw->server, token);
    api_error(http_get(client, "/api/media", NULL), 401, "unauthorized");
    http_free(client);
}

static void revoking_an_unknown_key_fails(void **state)
{
    (void)state;
    struct run run = run_mediagw("key", "revoke", "nosuchkey", "--config", gw->server->config_path);
    assert_int_not_equal(run.status, 0);
    assert_true(strlen(run.err) > 0);
}

static void a_malformed_account_gets_no_key(void **state)
{
    (void)state;
    struct run run =
        run_mediagw("key", "create", "--account", "a b", "--config", gw->server->config_path);
    assert_int_not_equal(run.status, 0);
    assert_null(strstr(run.out, "mgw_"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_unknown_key_is_refused_with_line_and_nearest_key),
        TEST(an_unknown_key_of_a_driver_is_refused),
        TEST(an_unknown_driver_is_refused),
        TEST(ill_typed_and_broken_configs_are_refused),
        TEST(a_short_url_secret_is_refused),
        TEST(a_refusal_shows_no_secret),
        TEST(a_missing_config_file_is_named),
        TEST(a_store_that_is_not_initialised_is_refused_with_the_way_to_do_it),
        TEST(a_port_in_use_is_refused),
        TEST(a_new_key_works_on_the_running_gateway),
        TEST(keys_are_listed_without_their_secret),
        TEST(the_database_holds_no_token),
        TEST(a_revoked_key_opens_nothing_within_ten_seconds),
        TEST(a_token_with_another_secret_is_401),
        TEST(revoking_an_unknown_key_fails),
        TEST(a_malformed_account_gets_no_key),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
