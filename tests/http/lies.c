/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugins that lie, seen by a client: an error and nothing of the lie, the plugin's name once in
 * the log, and a gateway that works as soon as the plugin does. */
#include "tests/http/wicked.h"

static const struct {
    const char *lie;
    const char *reason; /* in the log; NULL: no contract is broken */
} uploads[] =
    {
        {"no_writer", "put_begin() answered OK and no writer"},
        {"error_text", NULL},
        {"unknown_status", NULL},
        {"commit_bytes", "put_commit() of 1000 bytes answered 1001"},
        {"commit_etag", "a stat whose etag"},
},
  downloads[] =
      {
          {"no_reader", "open() answered OK and no reader"},
          {"open_bytes", "a stat of 18446744073709551615 bytes"},
},
  rows[] = {
      {"metadata", "get() emitted a row whose metadata are no JSON object"},
      {"mime_type", "get() emitted a row with text that is no UTF-8"},
      {"size_bytes", "get() emitted a row with a negative size"},
      {"row_status", "get() emitted a row of an unknown status"},
      {"endless", "get() emitted more after it was told to stop"},
      {"nothing", "get() answered OK and emitted nothing"},
};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool lives(void)
{
    return http_get(gw->nobody, "/healthz", NULL)->status == 200 &&
           http_get(gw->client, "/api/media", NULL)->status == 200;
}

/* An error that tells nothing, of a plugin that is named in the log, once. */
static void is_refused(const struct http_answer *answer, const char *plugin, const char *reason)
{
    if (answer->status != 500) {
        fail_msg("%ld instead of 500 for \"%s\"", answer->status, reason);
    }
    api_error(answer, 500, "internal");
    assert_null(strstr(answer->head, "Injected"));
    assert_null(strstr(answer->body, "injected"));
    if (reason) {
        const char *words[] = {"plugin broke its contract", plugin, reason, NULL};
        assert_logged("plugin broke its contract", plugin, reason);
        assert_int_equal(log_lines(words), 1);
    }
}

static void lies_about_an_upload_are_refused(void **state)
{
    (void)state;
    wicked_start("liar", NULL, NULL);
    for (size_t i = 0; i < COUNT(uploads); i++) {
        wicked(uploads[i].lie);
        is_refused(api_post_raw(gw->client, "", API_VIDEO, body_random(i, 1000), NULL),
                   "plugin=liar", uploads[i].reason);
        good(uploads[i].lie);
        assert_true(lives());
    }
    assert_logged("plugin answered an unknown status", "plugin=liar", "status=4711");
    assert_int_equal(api_count(gw->client, ""), 0);
    api_upload(gw->client, API_VIDEO, body_random(99, 1000));
}

static void lies_about_a_download_are_refused(void **state)
{
    (void)state;
    wicked_start("liar", NULL, NULL);
    const char *url = api_url(api_upload(gw->client, API_VIDEO, body_random(1, 1000)));
    for (size_t i = 0; i < COUNT(downloads); i++) {
        wicked(downloads[i].lie);
        is_refused(http_get(gw->nobody, url, NULL), "plugin=liar", downloads[i].reason);
        good(downloads[i].lie);
    }
    wicked("read_more");
    assert_string_not_equal(http_get(gw->nobody, url, NULL)->error, "");
    assert_logged("plugin broke its contract", "plugin=liar", "read() of 1000 bytes answered");
    good("read_more");
    assert_int_equal(http_get(gw->nobody, url, NULL)->length, 1000);
}

static void lies_about_a_row_are_refused(void **state)
{
    (void)state;
    wicked_start(NULL, "liarrepo", NULL);
    const char *path = api_path(api_upload(gw->client, API_VIDEO, body_random(1, 1000)), "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        wicked(rows[i].lie);
        is_refused(http_get(gw->client, path, NULL), "plugin=liarrepo", rows[i].reason);
        good(rows[i].lie);
        assert_true(lives());
    }
    api_expect(http_get(gw->client, path, NULL), 200);
}

static void another_accounts_rows_are_never_listed(void **state)
{
    (void)state;
    wicked_start(NULL, "liarrepo", NULL);
    api_upload(gw->client, API_VIDEO, body_random(1, 1000));
    wicked("account");
    is_refused(http_get(gw->client, "/api/media", NULL), "plugin=liarrepo",
               "list() emitted a row that was not asked for");
    good("account");
    wicked("endless");
    is_refused(http_get(gw->client, "/api/media", NULL), "plugin=liarrepo",
               "list() emitted a row out of its order");
    good("endless");
    assert_int_equal(api_count(gw->client, ""), 1);
}

static void lies_about_a_change_are_refused(void **state)
{
    (void)state;
    wicked_start(NULL, "liarrepo", NULL);
    wicked("results");
    struct http_answer *answer =
        api_post_raw(gw->client, "", API_VIDEO, body_random(1, 1000), NULL);
    api_error(answer, 500, "internal");
    assert_logged("plugin broke its contract", "plugin=liarrepo", "apply() answered");
    good("results");
    wicked("unknown_status");
    answer = api_post_raw(gw->client, "", API_VIDEO, body_random(2, 1000), NULL);
    api_error(answer, 500, "internal");
    good("unknown_status");
    api_upload(gw->client, API_VIDEO, body_random(3, 1000));
}

static void a_walk_in_circles_comes_to_an_end(void **state)
{
    (void)state;
    wicked_start("liar", NULL, NULL);
    api_upload(gw->client, API_VIDEO, body_random(1, 1000));
    wicked("list_circle");
    struct run run = run_mediagw("verify", "--config", gw->server->config_path);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "goes in circles"));
    good("list_circle");
    assert_int_equal(run_mediagw("verify", "--config", gw->server->config_path).status, 0);
}

#define ONE(name) cmocka_unit_test_setup_teardown(name, NULL, wicked_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(lies_about_an_upload_are_refused), ONE(lies_about_a_download_are_refused),
        ONE(lies_about_a_row_are_refused),     ONE(another_accounts_rows_are_never_listed),
        ONE(lies_about_a_change_are_refused),  ONE(a_walk_in_circles_comes_to_an_end),
    };
    return server_verdict(cmocka_run_group_tests(tests, NULL, NULL));
}
