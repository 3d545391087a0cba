/* SPDX-License-Identifier: Apache-2.0
 *
 * What the gateway keeps to itself: files that nobody else may read, no core dumps, logs without
 * credentials at every level, error texts without a driver's words. */
#include "tests/security/token.h"
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static size_t seen;

static int is_private(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)place;
    if (kind != FTW_SL && (info->st_mode & 077) != 0) {
        fail_msg("%s has mode %04o", path, info->st_mode & 07777u);
    }
    seen++;
    return 0;
}

static void all_private(const char *path, size_t at_least)
{
    seen = 0;
    assert_int_equal(nftw(path, is_private, 16, FTW_PHYS), 0);
    assert_true(seen >= at_least);
}

static void what_a_gateway_makes_is_its_owners_alone_under_any_umask(void **state)
{
    (void)state;
    mode_t before = umask(0);
    struct gateway *gw = gateway_new(NULL);
    umask(before);
    api_upload(gw->client, API_VIDEO, body_random(1, 1000));
    all_private(gw->server->blobs, 3);
    all_private(gw->server->database, 1);
    all_private(keep_text("%s-wal", gw->server->database), 1);
    assert_int_equal(gateway_free(gw), 0);
}

static void the_dev_modes_folder_and_key_are_private_under_any_umask(void **state)
{
    (void)state;
    struct server *dev = server_new_dev();
    mode_t before = umask(0);
    server_start(dev);
    umask(before);
    struct http_client *client = http_new(dev, NULL);
    api_upload(client, API_VIDEO, body_random(2, 1000));
    http_free(client);
    struct stat info;
    assert_int_equal(stat(keep_text("%s/data/url.key", dev->dir), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(stat(keep_text("%s/data", dev->dir), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    all_private(keep_text("%s/data", dev->dir), 5);
    assert_int_equal(server_free(dev), 0);
}

/* A line of /proc/PID/limits. */
static char *limit_of(const struct server *server, const char *name)
{
    struct run run = run_command(
        (const char *const[]){"/bin/cat", keep_text("/proc/%d/limits", (int)server->pid), NULL});
    char *line = strstr(run.out, name);
    assert_non_null(line);
    return keep_bytes(line + strlen(name), strcspn(line, "\n") - strlen(name));
}

static void a_crash_would_leave_no_core_file(void **state)
{
    (void)state;
    struct gateway *gw = gateway_new(NULL);
    unsigned long soft = 1, hard = 1;
    assert_int_equal(sscanf(limit_of(gw->server, "Max core file size"), "%lu %lu", &soft, &hard),
                     2);
    assert_int_equal(soft, 0);
    assert_int_equal(hard, 0);
    assert_int_equal(gateway_free(gw), 0);
}

static void as_many_descriptors_as_the_system_allows(void **state)
{
    (void)state;
    struct gateway *gw = gateway_new(NULL);
    char soft[32] = "", hard[32] = "";
    assert_int_equal(sscanf(limit_of(gw->server, "Max open files"), "%31s %31s", soft, hard), 2);
    assert_string_equal(soft, hard);
    assert_int_equal(gateway_free(gw), 0);
}

#define PROXY_SECRET "a secret of the proxy, thirty-two bytes"

/* Good and bad requests with every kind of secret. */
static void say_secrets(struct gateway *gw, const char *token, const char *url, const char *cursor)
{
    static const char amz[] = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=amz-credential"
                              "&X-Amz-Security-Token=amz-session&X-Amz-Signature=amz-signature";
    http_get(gw->client, "/api/media", NULL);
    http_get(gw->nobody, "/api/media", keep_text("X-Api-Key: %s", gw->token));
    http_get(gw->nobody, "/api/media", keep_text("Authorization: Bearer %s", token));
    http_get(gw->nobody, "/api/media", keep_text("Authorization: Bearer %sx", token));
    http_get(gw->nobody, "/api/media", keep_text("Authorization: Bearer %sx", gw->token));
    http_get(gw->nobody, "/api/media", "Authorization: Basic dXNlcjpiYXNpYy1wYXNzd29yZA==");
    http_get(gw->nobody, "/api/media", keep_text("Cookie: session=%s; a=cookie-secret", token));
    http_get(gw->nobody, "/api/media", keep_text("Cookie: session=%sx", token));
    http_get(gw->nobody, "/api/media",
             "X-Auth-Account: acct-a\nX-Auth-Secret: " PROXY_SECRET
             "\nX-Amz-Signature: amz-header");
    http_get(gw->nobody, url, NULL);
    http_get(gw->nobody, keep_text("%sx", url), NULL);
    http_get(gw->nobody, keep_text("%s&%s", url, amz), NULL);
    http_get(gw->nobody, keep_text("/media/b/k?%s", amz), NULL);
    http_get(gw->client, keep_text("/api/media?limit=1&cursor=%s", cursor), NULL);
    http_get(gw->client, keep_text("/api/media?limit=1&cursor=%sx", cursor), NULL);
    const char *const bad[] = {"Bad Header: 1", "Host: two", "Content-Length: x",
                               "Transfer-Encoding: odd", "X-More: a\r\n folded"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct raw *raw = raw_open(gw->server);
        raw_text(raw,
                 "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n%s\r\n\r\n",
                 url, gw->token, bad[i]);
        raw_read(raw);
        raw_close(raw);
    }
}

static void at_no_level_does_the_log_hold_a_secret(void **state)
{
    (void)state;
    struct gateway *gw = gateway_new(
        "{\"log\": {\"level\": \"debug\"}, \"auth\": {\"proxy\": {\"from\": [\"127.0.0.1\"], "
        "\"account_header\": \"X-Auth-Account\", \"secret_header\": \"X-Auth-Secret\", "
        "\"secret\": \"" PROXY_SECRET "\"}, \"cookie\": \"session\", \"jwt\": [{\"alg\": "
        "\"HS256\", \"secret\": \"" TOKEN_SECRET "\", \"issuer\": \"" TOKEN_ISSUER
        "\", \"audience\": \"" TOKEN_AUDIENCE "\"}]}}");
    api_upload(gw->client, API_VIDEO, body_random(3, 1000));
    const char *url = api_url(api_upload(gw->client, API_VIDEO, body_random(4, 1000)));
    json_t *page = api_expect(http_get(gw->client, "/api/media?limit=1", NULL), 200);
    const char *cursor = json_string_value(json_object_get(page, "nextCursor"));
    const char *token = token_make("acct-a");
    say_secrets(gw, token, url, cursor);
    assert_int_equal(server_stop(gw->server), 0);
    const char *log = server_log(gw->server);
    const char *const secrets[] = {server_token_secret(gw->token),
                                   strrchr(token, '.') + 1,
                                   strchr(token, '.') + 1,
                                   strstr(url, "sig=") + 4,
                                   cursor,
                                   TOKEN_SECRET,
                                   PROXY_SECRET,
                                   "a secret of the tests",
                                   "dXNlcjpiYXNpYy1wYXNzd29yZA",
                                   "basic-password",
                                   "cookie-secret",
                                   "amz-"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        if (strstr(log, keep_bytes(secrets[i], strnlen(secrets[i], 20)))) {
            fail_msg("the log holds %s:\n%s", secrets[i], log);
        }
    }
    assert_non_null(strstr(log, "token refused")); /* they were looked at, and it was logged */
    assert_non_null(strstr(log, "status=403"));
    assert_int_equal(gateway_free(gw), 0);
}

static void a_drivers_words_go_to_the_log_and_not_to_the_client(void **state)
{
    (void)state;
    struct gateway *gw = gateway_new(NULL);
    json_t *row = api_upload(gw->client, API_VIDEO, body_random(5, 1000));
    char *away = keep_text("%s.away", gw->server->blobs);
    assert_int_equal(rename(gw->server->blobs, away), 0);
    struct http_answer *answers[] = {
        api_post_raw(gw->client, "", API_VIDEO, body_random(6, 1000), NULL),
        http_get(gw->nobody, "/readyz", NULL), http_get(gw->nobody, api_url(row), NULL)};
    assert_int_equal(rename(away, gw->server->blobs), 0);
    assert_true(answers[0]->status >= 500);
    for (size_t i = 0; i < 3; i++) {
        assert_null(strstr(answers[i]->body, gw->server->dir));
        assert_null(strstr(answers[i]->body, "blobs"));
        assert_null(strcasestr(answers[i]->body, "no such file"));
    }
    assert_non_null(strstr(server_log(gw->server), "request failed"));
    assert_int_equal(gateway_free(gw), 0);
}

static void only_whole_origins_can_be_listed(void **state)
{
    (void)state;
    static const char *const bad[] = {"null", "example.com", "https://example.com/",
                                      "*\", \"https://example.com"};
    struct server *server = server_new(NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        server_configure(server, keep_text("{\"cors\": {\"origins\": [\"%s\"]}}", bad[i]));
        struct run run = run_mediagw("serve", "--config", server->config_path);
        if (run.status != 2 || !strstr(run.err, "origins")) {
            fail_msg("%s: exit %d, %s", bad[i], run.status, run.err);
        }
    }
    assert_int_equal(server_free(server), 0);
}

/* DEPTH objects, one in the other. */
static char *nested(int depth)
{
    char *text = keep_text("%s", "1");
    for (int i = 0; i < depth; i++) {
        text = keep_text("{\"a\":%s}", text);
    }
    return text;
}

static long upload_with_metadata(struct gateway *gw, const char *metadata)
{
    struct form *form = form_new();
    form_field(form, "metadata", metadata);
    form_blob(form, API_VIDEO, body_random(7, 100));
    form_end(form);
    return api_post(gw->client, form, NULL)->status;
}

static void json_deeper_than_32_is_400(void **state)
{
    (void)state;
    struct gateway *gw = gateway_new(NULL);
    assert_int_equal(upload_with_metadata(gw, nested(32)), 201);
    assert_int_equal(upload_with_metadata(gw, nested(33)), 400);
    json_t *row = api_upload(gw->client, API_VIDEO, body_random(8, 100));
    const char *deep = nested(5000);
    api_error(http_send(gw->client, "POST", api_path(row, "/signed-url"),
                        "Content-Type: application/json", deep, strlen(deep)),
              400, NULL);
    assert_int_equal(gateway_free(gw), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_gateway_makes_is_its_owners_alone_under_any_umask),
        TEST(the_dev_modes_folder_and_key_are_private_under_any_umask),
        TEST(a_crash_would_leave_no_core_file),
        TEST(as_many_descriptors_as_the_system_allows),
        TEST(at_no_level_does_the_log_hold_a_secret),
        TEST(a_drivers_words_go_to_the_log_and_not_to_the_client),
        TEST(only_whole_origins_can_be_listed),
        TEST(json_deeper_than_32_is_400),
    };
    return server_verdict(cmocka_run_group_tests(tests, NULL, NULL));
}
