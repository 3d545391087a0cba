/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway without a config: on loopback, open to who runs it and closed to the pages of the
 * web that his browser shows. */
#include "tests/support/api.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <string.h>
#include <sys/stat.h>

static struct server *server;
static struct http_client *client;

static int start(void **state)
{
    (void)state;
    server = server_new_dev();
    server_start(server);
    client = http_new(server, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_free(client);
    return server_free(server);
}

static void the_start_says_that_it_is_the_dev_mode(void **state)
{
    (void)state;
    assert_non_null(strstr(server_log(server), "dev"));
}

static void the_account_is_dev(void **state)
{
    (void)state;
    json_t *answer = api_upload(client, API_VIDEO, body_file("chromium-video-short.webm"));
    assert_string_equal(api_text(answer, "accountId"), "dev");
}

static void a_header_names_another_account(void **state)
{
    (void)state;
    struct http_client *ann = http_new(server, NULL);
    http_account(ann, "ann@example.com");
    json_t *answer = api_upload(ann, API_VIDEO, body_file("chromium-video-short.webm"));
    assert_string_equal(api_text(answer, "accountId"), "ann@example.com");
    api_error(http_get(client, api_path(answer, ""), NULL), 403, "forbidden");
    api_expect(http_get(ann, api_path(answer, ""), NULL), 200);
    http_free(ann);
}

static void a_malformed_account_is_refused(void **state)
{
    (void)state;
    const char *const bad[] = {"a b", "a/b", "gr\xc3\xbc\xc3\x9f", keep_text("%0129d", 0)};
    for (size_t i = 0; i < 4; i++) {
        struct http_answer *answer =
            http_get(client, "/api/media", keep_text("X-Account-Id: %s", bad[i]));
        if (answer->status != 401) {
            api_error(answer, 400, NULL);
        }
    }
}

static void a_recording_plays_and_goes(void **state)
{
    (void)state;
    struct body video = body_file("chromium-video-5s.webm");
    json_t *answer = api_upload(client, API_VIDEO, video);
    struct http_answer *part = http_get(client, api_url(answer), "Range: bytes=1000-1999");
    assert_int_equal(part->status, 206);
    assert_memory_equal(part->body, (const char *)video.bytes + 1000, 1000);
    api_expect(http_send(client, "DELETE", api_path(answer, ""), NULL, NULL, 0), 200);
    api_error(http_get(client, api_url(answer), NULL), 404, "not_found");
}

static struct http_answer *with_host(const char *host, const char *more)
{
    struct raw *raw = raw_open(server);
    raw_text(raw, "GET /api/media HTTP/1.1\r\nHost: %s\r\n%s\r\n", host, more);
    return raw_read(raw);
}

static void hosts_of_this_machine_are_served(void **state)
{
    (void)state;
    static const char *const hosts[] = {"localhost", "localhost:8080", "127.0.0.1",   "127.0.0.1:1",
                                        "[::1]",     "[::1]:8080",     "LOCALHOST:80"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        api_expect(with_host(hosts[i], ""), 200);
    }
}

/* DNS rebinding: a page of evil.com whose name now leads here. */
static void other_hosts_are_421(void **state)
{
    (void)state;
    static const char *const hosts[] = {"evil.com",
                                        "localhost.evil.com",
                                        "127.0.0.1.evil.com",
                                        "127.0.0.2",
                                        "0.0.0.0",
                                        "evil.com:8080",
                                        "[::2]"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        api_error(with_host(hosts[i], ""), 421, NULL);
    }
}

static void origins_of_this_machine_are_granted_cors(void **state)
{
    (void)state;
    static const char *const origins[] = {"http://localhost:3000", "http://localhost",
                                          "http://127.0.0.1:5173", "https://localhost:8443",
                                          "http://[::1]:3000"};
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        struct http_answer *answer =
            http_get(client, "/api/media", keep_text("Origin: %s", origins[i]));
        api_expect(answer, 200);
        const char *allowed = http_header(answer, "Access-Control-Allow-Origin");
        assert_non_null(allowed);
        assert_string_equal(allowed, origins[i]);
    }
}

static void other_origins_are_403(void **state)
{
    (void)state;
    static const char *const origins[] = {"http://evil.com",
                                          "http://localhost.evil.com",
                                          "null",
                                          "http://127.0.0.1.evil.com",
                                          "http://evil.com:3000",
                                          "http://localhost@evil.com",
                                          "localhost"};
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        char *header = keep_text("Origin: %s", origins[i]);
        struct http_answer *answer = http_get(client, "/api/media", header);
        api_error(answer, 403, NULL);
        assert_null(http_header(answer, "Access-Control-Allow-Origin"));
        api_error(api_post_raw(client, "", API_VIDEO, body_random(1, 100), header), 403, NULL);
    }
}

static void cross_site_requests_are_403_save_for_signed_content(void **state)
{
    (void)state;
    json_t *answer = api_upload(client, API_VIDEO, body_file("chromium-video-short.webm"));
    api_error(http_get(client, "/api/media", "Sec-Fetch-Site: cross-site"), 403, NULL);
    api_error(
        http_send(client, "DELETE", api_path(answer, ""), "Sec-Fetch-Site: cross-site", NULL, 0),
        403, NULL);
    api_error(api_post_raw(client, "", API_VIDEO, body_random(1, 10), "Sec-Fetch-Site: cross-site"),
              403, NULL);
    assert_int_equal(http_get(client, api_url(answer), "Sec-Fetch-Site: cross-site")->status, 200);
    api_expect(
        http_get(client, "/api/media", "Sec-Fetch-Site: cross-site\nOrigin: http://localhost:3000"),
        200);
    api_expect(http_get(client, "/api/media", "Sec-Fetch-Site: same-origin"), 200);
    api_expect(http_get(client, "/api/media", "Sec-Fetch-Site: none"), 200);
}

static void the_data_folder_is_its_owners_alone(void **state)
{
    (void)state;
    struct stat info;
    assert_int_equal(stat(keep_text("%s/data", server->dir), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(stat(server->database, &info), 0);
    assert_int_equal(info.st_mode & 0077, 0);
}

static void urls_outlive_a_restart(void **state)
{
    (void)state;
    struct body video = body_file("chromium-video-short.webm");
    json_t *answer = api_upload(client, API_VIDEO, video);
    server_kill(server);
    server_start(server);
    http_server(client, server);
    struct http_answer *got = http_get(client, api_url(answer), NULL);
    assert_int_equal(got->status, 200);
    assert_int_equal(got->length, video.length);
    assert_memory_equal(got->body, video.bytes, video.length);
}

static void an_open_address_is_refused_at_start(void **state)
{
    (void)state;
    char *data = keep_text("%s/open", server->dir);
    struct run run = run_mediagw("serve", "--listen", "0.0.0.0:0", "--data", data);
    assert_int_not_equal(run.status, 0);
    assert_true(run.status < 128);
    assert_non_null(strstr(run.err, "listen"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_start_says_that_it_is_the_dev_mode),
        TEST(the_account_is_dev),
        TEST(a_header_names_another_account),
        TEST(a_malformed_account_is_refused),
        TEST(a_recording_plays_and_goes),
        TEST(hosts_of_this_machine_are_served),
        TEST(other_hosts_are_421),
        TEST(origins_of_this_machine_are_granted_cors),
        TEST(other_origins_are_403),
        TEST(cross_site_requests_are_403_save_for_signed_content),
        TEST(the_data_folder_is_its_owners_alone),
        TEST(urls_outlive_a_restart),
        TEST(an_open_address_is_refused_at_start),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
