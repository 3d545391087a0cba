/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw ls` and `mediagw rm`. */
#include "tests/cli/kit.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <string.h>

enum { ROWS = 203 };

static int start(void **state)
{
    kit_start(state);
    struct http_client *client = gateway_client(gw, "acct-many");
    for (unsigned i = 0; i < ROWS; i++) {
        api_upload_session(client, i % 50 == 0 ? API_AUDIO : API_VIDEO, body_random(i, 100),
                           i % 2 ? "odd" : "even");
    }
    setenv("MANY_KEY", server_token(gw->server, "acct-many"), 1);
    return 0;
}

/* As the account with many recordings. */
static void as_many(void)
{
    setenv("MEDIAGW_KEY", getenv("MANY_KEY"), 1);
}

static size_t lines(const struct run *run)
{
    size_t count = 0;
    for (const char *at = run->out; (at = strchr(at, '\n')) != NULL; at++) {
        count++;
    }
    return count;
}

static void ls_pages_through_all_newest_first_each_once(void **state)
{
    (void)state;
    as_many();
    struct proxy *proxy = KIT_PROXY({0});
    struct run run = run_mediagw("ls", NULL);
    kit_exit(&run, 0);
    assert_int_equal(lines(&run), ROWS);
    assert_int_equal(proxy_saw(proxy, "GET /api/media?"), 2);
    char *newest = keep_text("~");
    json_t *seen = keep_json(json_object());
    for (const char *at = run.out; *at; at = strchr(at, '\n') + 1) {
        char *id = keep_bytes(at, strcspn(at, "\t"));
        const char *created = at + strlen(id) + 1;
        assert_true(strncmp(created, newest, 24) <= 0);
        newest = keep_bytes(created, 24);
        assert_true(api_is_time(newest));
        json_object_set_new(seen, id, json_true());
    }
    assert_int_equal(json_object_size(seen), ROWS);
}

static void limit_bounds_it_over_pages(void **state)
{
    (void)state;
    as_many();
    static const char *const limits[] = {"1", "200", "201"};
    for (size_t i = 0; i < 3; i++) {
        struct run run = run_mediagw("ls", "--limit", limits[i], NULL);
        kit_exit(&run, 0);
        assert_int_equal(lines(&run), strtoul(limits[i], NULL, 10));
    }
}

static void filters_select(void **state)
{
    (void)state;
    as_many();
    struct run run = run_mediagw("ls", "--session-id", "odd", NULL);
    assert_int_equal(lines(&run), ROWS / 2);
    run = run_mediagw("ls", "--kind", "audio", NULL);
    assert_int_equal(lines(&run), 5);
    run = run_mediagw("ls", "--kind", "audio", "--session-id", "odd", NULL);
    assert_int_equal(lines(&run), 0);
    run = run_mediagw("ls", "--status", "failed", NULL);
    kit_exit(&run, 0);
    assert_int_equal(lines(&run), 0);
    run = run_mediagw("ls", "--status", "odd", NULL);
    kit_exit(&run, 1);
    kit_says(&run, "status must be");
}

static void fields_are_parted_by_tabs_and_stand_as_they_are(void **state)
{
    (void)state;
    as_many();
    struct run run = run_mediagw("ls", "--limit", "1", NULL);
    char *line = kit_line(&run), *fields[8], *rest = line;
    for (size_t i = 0; i < 8; i++) {
        fields[i] = strsep(&rest, "\t");
        assert_non_null(fields[i]);
    }
    assert_null(rest);
    assert_string_equal(fields[2], "100");
    assert_string_equal(fields[4], "video");
    assert_string_equal(fields[5], "ready");
    assert_string_equal(fields[6], "even");
    assert_string_equal(fields[7], API_VIDEO);
}

static void json_is_the_row_as_it_came_a_line_each(void **state)
{
    (void)state;
    struct run run = run_mediagw("put", "--metadata", "{\"x\": 0.10,\n\"y\": [1e2, \"}\\\"]\"]}",
                                 "--session-id", "json", kit_file("a.webm", small), NULL);
    kit_exit(&run, 0);
    char *id = kit_line(&run);
    run = run_mediagw("put", "--session-id", "json", kit_file("b.webm", small), NULL);
    kit_exit(&run, 0);
    run = run_mediagw("ls", "--json", "--session-id", "json", NULL);
    kit_exit(&run, 0);
    assert_int_equal(lines(&run), 2);
    char *second = strchr(run.out, '\n') + 1;
    json_t *first = json_loadb(run.out, (size_t)(second - run.out), 0, NULL);
    json_t *row = json_loads(second, JSON_REJECT_DUPLICATES, NULL);
    keep_json(first);
    keep_json(row);
    assert_string_equal(json_string_value(json_object_get(row, "id")), id);
    assert_non_null(strstr(second, "\"metadata\":{\"x\": 0.10, \"y\": [1e2, \"}\\\"]\"]}"));
}

static void lists_of_nothing_are_empty(void **state)
{
    (void)state;
    struct run run = run_mediagw("ls", "--session-id", "nothing", NULL);
    kit_exit(&run, 0);
    assert_string_equal(run.out, "");
    run = run_mediagw("ls", "--json", "--session-id", "nothing", NULL);
    kit_exit(&run, 0);
    assert_string_equal(run.out, "");
}

static void a_cut_list_is_asked_for_again(void **state)
{
    (void)state;
    as_many();
    KIT_PROXY({.cut_down = 20000}, {.lose_answer = true});
    struct run run = run_mediagw("ls", NULL);
    kit_exit(&run, 0);
    assert_int_equal(lines(&run), ROWS);
}

static void a_gateway_that_lies_reaches_no_terminal_and_no_loop(void **state)
{
    (void)state;
    static const char page[] =
        "{\"items\":[{\"id\":\"a\\u001b[31m\\u009b\\tb\"}],\"nextCursor\":\"c\"}";
    static const char empty[] = "{\"items\":[],\"nextCursor\":\"c\"}";
    char *first = keep_text("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                            strlen(page), page);
    char *second =
        keep_text("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                  strlen(empty), empty);
    struct proxy *proxy = KIT_PROXY({.answer = first}, {.answer = second});
    struct run run = run_mediagw("ls", NULL);
    kit_exit(&run, 0);
    assert_int_equal(strncmp(run.out, "a?[31m??b\t", 10), 0);
    assert_int_equal(proxy_connections(proxy), 2);
}

static void rm_deletes_and_may_be_repeated(void **state)
{
    (void)state;
    char *a = kit_put(small), *b = kit_put(small);
    struct run run = run_mediagw("rm", a, b, NULL);
    kit_exit(&run, 0);
    assert_string_equal(run.out, "");
    assert_string_equal(rows_status(gw->rows, a), "deleted");
    assert_string_equal(rows_status(gw->rows, b), "deleted");
    run = run_mediagw("rm", "--json", a, NULL);
    kit_exit(&run, 0);
    json_t *line = keep_json(json_loads(kit_line(&run), 0, NULL));
    assert_true(json_is_true(json_object_get(line, "ok")));
    assert_string_equal(json_string_value(json_object_get(line, "id")), a);
}

static void rm_whose_answer_is_lost_asks_again(void **state)
{
    (void)state;
    char *id = kit_put(small);
    struct proxy *proxy = KIT_PROXY({.lose_answer = true});
    struct run run = run_mediagw("rm", id, NULL);
    kit_exit(&run, 0);
    assert_string_equal(rows_status(gw->rows, id), "deleted");
    assert_int_equal(proxy_saw(proxy, "DELETE /api/media/"), 2);
}

static void rm_of_anothers_is_refused_and_the_rest_goes_on(void **state)
{
    (void)state;
    char *own = kit_put(small);
    json_t *foreign = api_upload(gw->other, API_VIDEO, small);
    struct run run = run_mediagw("rm", api_id(foreign), own, NULL);
    kit_exit(&run, 1);
    kit_says(&run, "HTTP 403");
    assert_string_equal(rows_status(gw->rows, api_id(foreign)), "ready");
    assert_string_equal(rows_status(gw->rows, own), "deleted");
}

static void wrong_words_are_exit_2(void **state)
{
    (void)state;
    const char *const words[][4] = {{"rm"},
                                    {"ls", "word"},
                                    {"ls", "--limit", "0"},
                                    {"ls", "--limit", "x"},
                                    {"ls", "--mime-type", "x"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct run run = run_mediagw(words[i][0], words[i][1], words[i][2], NULL);
        kit_exit(&run, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLI_TEST(ls_pages_through_all_newest_first_each_once),
        CLI_TEST(limit_bounds_it_over_pages),
        CLI_TEST(filters_select),
        CLI_TEST(fields_are_parted_by_tabs_and_stand_as_they_are),
        CLI_TEST(json_is_the_row_as_it_came_a_line_each),
        CLI_TEST(lists_of_nothing_are_empty),
        CLI_TEST(a_cut_list_is_asked_for_again),
        CLI_TEST(a_gateway_that_lies_reaches_no_terminal_and_no_loop),
        CLI_TEST(rm_deletes_and_may_be_repeated),
        CLI_TEST(rm_whose_answer_is_lost_asks_again),
        CLI_TEST(rm_of_anothers_is_refused_and_the_rest_goes_on),
        CLI_TEST(wrong_words_are_exit_2),
    };
    return cmocka_run_group_tests(tests, start, kit_stop);
}
