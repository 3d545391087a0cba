/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /api/media: order, filters, pages, bounds, and whose rows it shows. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"

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

static json_t *list(struct http_client *client, const char *query)
{
    return api_expect(http_get(client, keep_text("/api/media%s", query), NULL), 200);
}

static const char *item_id(const json_t *page, size_t index)
{
    return json_string_value(
        json_object_get(json_array_get(json_object_get(page, "items"), index), "id"));
}

static void newest_comes_first(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "newest");
    const char *ids[5];
    for (int i = 0; i < 5; i++) {
        ids[i] = api_id(api_upload(client, API_VIDEO, body_random((uint64_t)i, 100)));
    }
    json_t *page = list(client, "");
    assert_int_equal(json_array_size(json_object_get(page, "items")), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(item_id(page, i), ids[4 - i]);
    }
    assert_null(json_object_get(page, "nextCursor"));
}

static void an_empty_list_has_items_and_no_cursor(void **state)
{
    (void)state;
    json_t *page = list(gateway_client(gw, "empty"), "");
    assert_true(json_is_array(json_object_get(page, "items")));
    assert_int_equal(json_array_size(json_object_get(page, "items")), 0);
    assert_null(json_object_get(page, "nextCursor"));
}

static void pages_show_every_row_once_and_in_order(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "pages");
    const char *ids[11];
    for (int i = 0; i < 11; i++) {
        ids[i] = api_id(api_upload(client, API_VIDEO, body_random((uint64_t)i, 50)));
    }
    size_t seen = 0;
    const char *cursor = NULL;
    do {
        json_t *page = list(client, cursor ? keep_text("?limit=3&cursor=%s", cursor) : "?limit=3");
        size_t count = json_array_size(json_object_get(page, "items"));
        assert_in_range(count, 1, 3);
        for (size_t i = 0; i < count; i++, seen++) {
            assert_in_range(seen, 0, 10);
            assert_string_equal(item_id(page, i), ids[10 - seen]);
        }
        cursor = json_string_value(json_object_get(page, "nextCursor"));
    } while (cursor);
    assert_int_equal(seen, 11);
}

static void a_row_added_meanwhile_disturbs_no_page(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "meanwhile");
    const char *old = api_id(api_upload(client, API_VIDEO, body_random(1, 50)));
    api_upload(client, API_VIDEO, body_random(2, 50));
    json_t *first = list(client, "?limit=1");
    api_upload(client, API_VIDEO, body_random(3, 50));
    const char *cursor = json_string_value(json_object_get(first, "nextCursor"));
    assert_non_null(cursor);
    json_t *second = list(client, keep_text("?limit=1&cursor=%s", cursor));
    assert_string_equal(item_id(second, 0), old);
}

static void kind_session_and_status_select(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "filters");
    api_upload_session(client, API_VIDEO, body_random(1, 50), "one");
    api_upload_session(client, API_AUDIO, body_random(2, 50), "one");
    json_t *gone = api_upload_session(client, API_AUDIO, body_random(3, 50), "two");
    api_expect(http_send(client, "DELETE", api_path(gone, ""), NULL, NULL, 0), 200);
    assert_int_equal(api_count(client, ""), 2);
    assert_int_equal(api_count(client, "?status=ready"), 2);
    assert_int_equal(api_count(client, "?status=deleted"), 1);
    assert_int_equal(api_count(client, "?status=failed"), 0);
    assert_int_equal(api_count(client, "?kind=video"), 1);
    assert_int_equal(api_count(client, "?kind=audio&sessionId=one"), 1);
    assert_int_equal(api_count(client, "?kind=audio&sessionId=two"), 0);
    assert_int_equal(api_count(client, "?kind=audio&sessionId=two&status=deleted"), 1);
    assert_int_equal(api_count(client, "?kind=image"), 0);
}

static void another_accounts_rows_are_not_listed(void **state)
{
    (void)state;
    api_upload_session(gw->client, API_VIDEO, body_random(1, 50), "mine");
    assert_int_equal(api_count(gw->client, "?sessionId=mine"), 1);
    assert_int_equal(api_count(gw->other, "?sessionId=mine"), 0);
}

static void a_cursor_shows_nothing_of_another_account(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "cursor-owner");
    api_upload(client, API_VIDEO, body_random(1, 50));
    api_upload(client, API_VIDEO, body_random(2, 50));
    json_t *page = list(client, "?limit=1");
    const char *cursor = json_string_value(json_object_get(page, "nextCursor"));
    assert_non_null(cursor);
    struct http_answer *got =
        http_get(gw->other, keep_text("/api/media?limit=1&cursor=%s", cursor), NULL);
    assert_null(strstr(got->body, "cursor-owner"));
    if (got->status != 200) {
        api_error(got, 400, NULL);
    }
}

static void limits_outside_1_to_200_are_400(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "0", "201", "-1", "1.5", "abc", "", "1e1", "+5", "99999999999999999999", "%205"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        api_error(http_get(gw->client, keep_text("/api/media?limit=%s", bad[i]), NULL), 400, NULL);
    }
    api_expect(http_get(gw->client, "/api/media?limit=200", NULL), 200);
    api_expect(http_get(gw->client, "/api/media?limit=1", NULL), 200);
}

static void the_default_page_is_50(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "fifty");
    for (int i = 0; i < 51; i++) {
        api_upload(client, API_VIDEO, body_random((uint64_t)i, 10));
    }
    json_t *page = list(client, "");
    assert_int_equal(json_array_size(json_object_get(page, "items")), 50);
    assert_non_null(json_object_get(page, "nextCursor"));
}

static void unreadable_queries_are_400(void **state)
{
    (void)state;
    static const char *const bad[] = {"?cursor=garbage",  "?cursor=AAAAAAAAAAAAAAAAAAAAAAAA",
                                      "?status=unknown",  "?status=",
                                      "?limit=5&limit=5", "?kind=video&kind=audio",
                                      "?sessionId=a%00b", "?sessionId=%zz",
                                      "?sessionId=%ff",   "?cursor=%22%3B--"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_answer *got = http_get(gw->client, keep_text("/api/media%s", bad[i]), NULL);
        if (got->status != 400) {
            print_error("%s is not refused\n", bad[i]);
        }
        api_error(got, 400, NULL);
    }
}

static void a_cursor_of_another_query_is_400(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "other-query");
    api_upload(client, API_VIDEO, body_random(1, 50));
    api_upload(client, API_VIDEO, body_random(2, 50));
    json_t *page = list(client, "?limit=1&kind=video");
    const char *cursor = json_string_value(json_object_get(page, "nextCursor"));
    assert_non_null(cursor);
    api_error(http_get(client, keep_text("/api/media?limit=1&cursor=%s", cursor), NULL), 400, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(newest_comes_first),
        TEST(an_empty_list_has_items_and_no_cursor),
        TEST(pages_show_every_row_once_and_in_order),
        TEST(a_row_added_meanwhile_disturbs_no_page),
        TEST(kind_session_and_status_select),
        TEST(another_accounts_rows_are_not_listed),
        TEST(a_cursor_shows_nothing_of_another_account),
        TEST(limits_outside_1_to_200_are_400),
        TEST(the_default_page_is_50),
        TEST(unreadable_queries_are_400),
        TEST(a_cursor_of_another_query_is_400),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
