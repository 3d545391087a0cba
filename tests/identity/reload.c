/* SPDX-License-Identifier: Apache-2.0
 *
 * SIGHUP: keys, token issuers and CORS are read again as one, requests under way keep theirs, and
 * what is wrong changes nothing. */
#include "tests/identity/token.h"
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct gateway *gw;
static struct token_key *first, *second;
static char *folder;

static int start(void **state)
{
    (void)state;
    first = token_key_new(TOKEN_ES256);
    second = token_key_new(TOKEN_ES256);
    folder = scratch_new();
    char *file = realpath(folder, NULL);
    scratch_write(keep_text("%s/keys.json", folder), token_jwks(first));
    gw = gateway_new(keep_text("{\"auth\": {\"jwt\": [{\"alg\": \"ES256\", \"jwks\": {\"file\": "
                               "\"%s/keys.json\"}, \"issuer\": \"" TOKEN_ISSUER
                               "\", \"audience\": null}]}}",
                               file));
    free(file);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    int status = gateway_free(gw);
    token_key_free(first);
    token_key_free(second);
    scratch_remove(folder);
    free(folder);
    return status;
}

struct line {
    const char *text;
    size_t from;
};

static bool has_line(void *ctx)
{
    const struct line *line = ctx;
    return strstr(server_log(gw->server) + line->from, line->text) != NULL;
}

/* SIGHUP, and the log line that says what came of it. */
static void reload_until(const char *text)
{
    struct line line = {text, strlen(server_log(gw->server))};
    assert_true(gw->server->pid > 0);
    assert_int_equal(kill(gw->server->pid, SIGHUP), 0);
    if (!wait_for(has_line, &line, 20000)) {
        fail_msg("not in the log: %s\n%s", text, server_log(gw->server) + line.from);
    }
}

static void use_keys(const char *jwks)
{
    scratch_write(keep_text("%s/keys.json", folder), jwks);
}

static long status_of(const char *token)
{
    return http_get(gw->nobody, "/api/media", keep_text("Authorization: Bearer %s", token))->status;
}

static void a_new_key_set_replaces_the_old(void **state)
{
    (void)state;
    char *old = token_for(first, "acct-a", 300), *new = token_for(second, "acct-a", 300);
    assert_int_equal(status_of(old), 200);
    assert_int_equal(status_of(new), 401);
    use_keys(token_jwks(second));
    assert_int_equal(status_of(old), 200);
    reload_until("read again");
    assert_int_equal(status_of(old), 401);
    assert_int_equal(status_of(new), 200);
    use_keys(token_jwks(first));
    reload_until("read again");
    assert_int_equal(status_of(old), 200);
}

static void what_is_wrong_changes_nothing(void **state)
{
    (void)state;
    char *token = token_for(first, "acct-a", 300);
    use_keys("{\"keys\": [");
    reload_until("auth.jwt[0].jwks");
    assert_int_equal(status_of(token), 200);
    assert_int_equal(unlink(keep_text("%s/keys.json", folder)), 0);
    reload_until("cannot be read");
    assert_int_equal(status_of(token), 200);
    use_keys(token_jwks(first));
    char *config = scratch_read(gw->server->config_path, NULL);
    scratch_write(gw->server->config_path, "{\"listen\": ");
    reload_until("not JSON");
    assert_int_equal(status_of(token), 200);
    api_expect(http_get(gw->client, "/api/media", NULL), 200);
    scratch_write(gw->server->config_path, config);
    reload_until("the config was read again");
}

static void url_keys_are_rotated(void **state)
{
    (void)state;
    char *config = scratch_read(gw->server->config_path, NULL);
    json_t *row = api_upload(gw->client, API_VIDEO, body_random(1, 1000));
    assert_non_null(strstr(api_url(row), "kid=k1&"));
    server_configure(gw->server, "{\"url_keys\": [{\"id\": \"k2\", \"sign\": true, \"secret\": "
                                 "\"another secret of the tests, 32 bytes and more\"},"
                                 "{\"id\": \"k1\", \"secret\": "
                                 "\"a secret of the tests, 32 bytes and more\"}]}");
    reload_until("read again");
    json_t *next = api_expect(http_get(gw->client, api_path(row, ""), NULL), 200);
    assert_non_null(strstr(api_url(next), "kid=k2&"));
    assert_int_equal(http_get(gw->nobody, api_url(row), NULL)->status, 200);
    assert_int_equal(http_get(gw->nobody, api_url(next), NULL)->status, 200);
    server_configure(gw->server, "{\"url_keys\": [{\"id\": \"k2\", \"secret\": "
                                 "\"another secret of the tests, 32 bytes and more\"}]}");
    reload_until("read again");
    api_error(http_get(gw->nobody, api_url(row), NULL), 403, "forbidden");
    assert_int_equal(http_get(gw->nobody, api_url(next), NULL)->status, 200);
    scratch_write(gw->server->config_path, config);
    reload_until("read again");
}

static const char *granted(const char *origin)
{
    return http_header(http_get(gw->client, "/api/media", keep_text("Origin: %s", origin)),
                       "Access-Control-Allow-Origin");
}

static void origins_are_read_again(void **state)
{
    (void)state;
    assert_null(granted("https://app.example.com"));
    server_configure(gw->server, "{\"cors\": {\"origins\": [\"https://app.example.com\"]}}");
    reload_until("read again");
    assert_non_null(granted("https://app.example.com"));
    server_configure(gw->server, "{\"cors\": {\"origins\": [\"https://new.example.com\"]}}");
    reload_until("read again");
    assert_null(granted("https://app.example.com"));
    assert_non_null(granted("https://new.example.com"));
}

static void what_needs_a_restart_is_named(void **state)
{
    (void)state;
    server_configure(gw->server, "{\"limits\": {\"workers\": 7}}");
    reload_until("a changed key needs a restart\" key=limits");
}

/* Its head was let in under the first key; its end comes after that key has gone. */
static void a_request_under_way_keeps_its_settings(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    raw_text(raw,
             "POST " API_RECORDINGS " HTTP/1.1\r\nHost: x\r\nContent-Type: video/webm\r\n"
             "Authorization: Bearer %s\r\nContent-Length: 200000\r\n\r\n",
             token_for(first, "acct-a", 300));
    struct body body = body_random(9, 200000);
    raw_send(raw, body.bytes, 100000);
    wait_ms(300);
    use_keys(token_jwks(second));
    reload_until("read again");
    raw_send(raw, (const char *)body.bytes + 100000, 100000);
    assert_int_equal(raw_read(raw)->status, 201);
    assert_int_equal(status_of(token_for(first, "acct-a", 300)), 401);
    use_keys(token_jwks(first));
    reload_until("read again");
}

static void many_reloads_lose_no_request(void **state)
{
    (void)state;
    char *token = token_for(first, "acct-a", 3000);
    json_t *row = api_upload(gw->client, API_VIDEO, body_random(4, 5000));
    for (int i = 0; i < 200; i++) {
        if (i % 5 == 0) {
            assert_int_equal(kill(gw->server->pid, SIGHUP), 0);
        }
        assert_int_equal(status_of(token), 200);
        json_t *again = api_expect(http_get(gw->client, api_path(row, ""), NULL), 200);
        assert_int_equal(http_get(gw->nobody, api_url(again), NULL)->status, 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_key_set_replaces_the_old), TEST(what_is_wrong_changes_nothing),
        TEST(url_keys_are_rotated),           TEST(origins_are_read_again),
        TEST(what_needs_a_restart_is_named),  TEST(a_request_under_way_keeps_its_settings),
        TEST(many_reloads_lose_no_request),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
