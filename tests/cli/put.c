/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw put`: what is stored, what is said, and that bad networks neither lose nor double. */
#include "tests/cli/kit.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* The row and bytes of ID are there, and are BODY. */
static json_t *holds(const char *id, struct body body)
{
    json_t *answer = api_expect(http_get(gw->client, keep_text("/api/media/%s", id), NULL), 200);
    struct http_answer *content = http_get(gw->nobody, api_url(answer), NULL);
    assert_int_equal(content->status, 200);
    assert_int_equal(content->length, body.length);
    assert_memory_equal(content->body, body.bytes, body.length);
    return answer;
}

static void put_prints_the_id_of_what_is_stored(void **state)
{
    (void)state;
    struct run run = run_mediagw("put", kit_file("clip.webm", video), NULL);
    kit_exit(&run, 0);
    assert_string_equal(run.err, "");
    holds(kit_line(&run), video);
}

static void put_of_several_prints_their_ids_in_order(void **state)
{
    (void)state;
    struct run run = run_mediagw("put", kit_file("a.webm", video), kit_file("b.webm", small), NULL);
    kit_exit(&run, 0);
    char *second = strchr(run.out, '\n');
    assert_non_null(second);
    holds(keep_bytes(run.out, (size_t)(second - run.out)), video);
    holds(keep_bytes(second + 1, strcspn(second + 1, "\n")), small);
}

static void one_file_that_fails_does_not_keep_the_others_back(void **state)
{
    (void)state;
    char *missing = kit_path("missing.webm");
    struct run run = run_mediagw("put", missing, kit_file("b.webm", small), NULL);
    kit_exit(&run, 1);
    kit_says(&run, missing);
    holds(kit_line(&run), small);
}

static void put_takes_standard_input_from_a_pipe(void **state)
{
    (void)state;
    struct run run = kit_shell("cat '%s' | \"$mediagw\" put -", kit_file("a.webm", video));
    kit_exit(&run, 0);
    holds(kit_line(&run), video);
}

static void put_sends_the_digest_of_a_redirected_file_from_where_it_stands(void **state)
{
    (void)state;
    struct proxy *proxy = KIT_PROXY({0});
    char *path = kit_file("a.webm", video);
    struct run run = kit_shell(
        "{ head -c 1 >/dev/null; \"$mediagw\" put --mime-type video/webm -; } <'%s'", path);
    kit_exit(&run, 0);
    assert_non_null(strstr(proxy_request(proxy, "POST "), "Content-Digest: sha-256=:"));
    holds(kit_line(&run), (struct body){(const char *)video.bytes + 1, video.length - 1});
}

static void an_empty_file_is_a_recording(void **state)
{
    (void)state;
    struct body nothing = {"", 0};
    struct run run =
        run_mediagw("put", "--mime-type", API_VIDEO, kit_file("empty.webm", nothing), NULL);
    kit_exit(&run, 0);
    holds(kit_line(&run), nothing);
}

static void fields_arrive_as_they_were_given(void **state)
{
    (void)state;
    static const char metadata[] = "{\"title\": \"na\xc3\xafve\",\n \"x\": 0.10, \"y\": 1e2}";
    struct run run =
        run_mediagw("put", "--mime-type", API_AUDIO, "--duration-ms", "4321", "--session-id",
                    "session_1", "--take-index", "7", "--owner-email", "o@example.com", "--kind",
                    "file", "--metadata", metadata, "--json", kit_file("a.webm", small), NULL);
    kit_exit(&run, 0);
    json_t *answer = keep_json(json_loads(kit_line(&run), JSON_REJECT_DUPLICATES, NULL));
    json_t *row = json_object_get(answer, "row");
    assert_string_equal(api_text(answer, "mimeType"), API_AUDIO);
    assert_string_equal(api_text(answer, "sessionId"), "session_1");
    assert_string_equal(api_text(answer, "ownerEmail"), "o@example.com");
    assert_string_equal(api_text(answer, "kind"), "file");
    assert_int_equal(json_integer_value(json_object_get(row, "durationMs")), 4321);
    assert_int_equal(json_integer_value(json_object_get(row, "takeIndex")), 7);
    struct http_answer *raw =
        http_get(gw->client, keep_text("/api/media/%s", api_id(answer)), NULL);
    assert_non_null(strstr(raw->body, metadata));
    assert_non_null(json_string_value(json_object_get(answer, "signedUrl")));
}

/* Multi-line, and as long as the gateway takes it. */
static char *long_metadata(void)
{
    char *text = keep_bytes("", 0);
    for (int i = 0; i < 6; i++) {
        text = keep_text("%s\"key-%d\": \"%0*d\",\n", text, i, 10000, i);
    }
    return keep_text("{%s\"last\": 0.10}", text);
}

static void long_metadata_arrives_whole_also_through_cuts_and_from_a_pipe(void **state)
{
    (void)state;
    struct proxy *proxy = KIT_PROXY({.cut_up = 200000}, {.lose_answer = true});
    char *metadata = long_metadata();
    size_t before = kit_ready();
    struct run run = run_mediagw("put", "--metadata", metadata, "--session-id", "long",
                                 kit_file("a.webm", video), NULL);
    kit_exit(&run, 0);
    char *id = kit_line(&run);
    holds(id, video);
    struct http_answer *raw = http_get(gw->client, keep_text("/api/media/%s", id), NULL);
    assert_non_null(strstr(raw->body, metadata));
    assert_int_equal(kit_ready(), before + 1);
    assert_int_equal(proxy_saw(proxy, "\r\nContent-Digest: sha-256=:"), 3);
    setenv("METADATA", metadata, 1);
    run = kit_shell("cat '%s' | \"$mediagw\" put --metadata \"$METADATA\" -",
                    kit_file("b.webm", small));
    kit_exit(&run, 0);
    holds(kit_line(&run), small);
}

static void long_metadata_of_one_line_arrives_too(void **state)
{
    (void)state;
    char *metadata = keep_text("{\"long\": \"%0*d\"}", 60000, 1);
    struct run run = run_mediagw("put", "--metadata", metadata, "--mime-type", API_AUDIO,
                                 kit_file("a.webm", small), NULL);
    kit_exit(&run, 0);
    json_t *answer = holds(kit_line(&run), small);
    assert_string_equal(api_text(answer, "mimeType"), API_AUDIO);
}

static void a_form_damaged_on_the_way_is_refused(void **state)
{
    (void)state;
    KIT_PROXY({.flip_up = 200000});
    struct run run =
        run_mediagw("put", "--metadata", long_metadata(), kit_file("a.webm", video), NULL);
    kit_exit(&run, 1);
    kit_says(&run, "digest_mismatch");
}

static void a_put_that_is_cut_is_sent_again_and_stored_once(void **state)
{
    (void)state;
    struct proxy *proxy = KIT_PROXY({.cut_up = 100000}, {.cut_up = 200000});
    size_t before = kit_ready();
    struct run run = run_mediagw("put", kit_file("a.webm", video), NULL);
    kit_exit(&run, 0);
    holds(kit_line(&run), video);
    assert_int_equal(kit_ready(), before + 1);
    assert_true(proxy_connections(proxy) >= 3);
    assert_true(rows_settle(gw->rows, 60000));
}

static void a_lost_answer_is_asked_for_again_and_stored_once(void **state)
{
    (void)state;
    struct proxy *proxy = KIT_PROXY({.lose_answer = true}, {.lose_answer = true});
    size_t before = kit_ready();
    struct run run = run_mediagw("put", kit_file("a.webm", video), NULL);
    kit_exit(&run, 0);
    holds(kit_line(&run), video);
    assert_int_equal(kit_ready(), before + 1);
    assert_int_equal(proxy_saw(proxy, "POST /api/media/recordings"), 3);
}

static void busy_answers_are_waited_out(void **state)
{
    (void)state;
    struct proxy *proxy = KIT_PROXY(
        {.answer = "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
                   "Connection: close\r\n\r\n"},
        {.answer = "HTTP/1.1 409 Conflict\r\nContent-Length: 23\r\nConnection: close\r\n\r\n"
                   "{\"error\":\"in_progress\"}"});
    int64_t begun = wait_now_ms();
    struct run run = run_mediagw("put", kit_file("a.webm", small), NULL);
    kit_exit(&run, 0);
    holds(kit_line(&run), small);
    assert_true(wait_now_ms() - begun >= 1000);
    assert_int_equal(proxy_saw(proxy, "POST /api/media/recordings"), 3);
}

static void *put_in_background(void *path)
{
    static struct run run;
    run = run_mediagw("put", "--mime-type", API_VIDEO, path, NULL);
    return &run;
}

static bool saw_much(void *proxy)
{
    return proxy_seen(proxy) > 3 << 20;
}

static void a_gateway_killed_in_mid_put_stores_it_once_when_it_is_back(void **state)
{
    (void)state;
    struct body large = body_random(11, 64 << 20);
    char *path = kit_file("large.webm", large);
    struct proxy *proxy = KIT_PROXY({.slow_up = true});
    size_t before = kit_ready();
    pthread_t thread;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, put_in_background, path), 0);
    bool running = wait_for(saw_much, proxy, 30000);
    server_kill(gw->server);
    server_start(gw->server);
    proxy_follow(proxy, gw->server->port);
    pthread_join(thread, &result);
    gateway_follow(gw);
    assert_true(running);
    kit_exit(result, 0);
    holds(kit_line(result), large);
    assert_int_equal(kit_ready(), before + 1);
    assert_true(proxy_connections(proxy) >= 2);
    assert_true(rows_settle(gw->rows, 60000));
}

static void all_attempts_carry_one_idempotency_key_and_files_differ(void **state)
{
    (void)state;
    struct proxy *proxy = KIT_PROXY({.lose_answer = true});
    struct run run = run_mediagw("put", kit_file("a.webm", small), NULL);
    kit_exit(&run, 0);
    const char *request = proxy_request(proxy, "POST ");
    const char *header = strstr(request, "Idempotency-Key: ");
    assert_non_null(header);
    char *line = keep_bytes(header, strcspn(header, "\r"));
    assert_int_equal(proxy_saw(proxy, line), 2);
    run = run_mediagw("put", kit_file("a.webm", small), NULL);
    kit_exit(&run, 0);
    assert_int_equal(proxy_saw(proxy, line), 2);
}

static void the_same_idempotency_key_answers_the_first_id(void **state)
{
    (void)state;
    char *path = kit_file("a.webm", small);
    struct run first = run_mediagw("put", "--idempotency-key", "cli-1", path, NULL);
    struct run second = run_mediagw("put", "--idempotency-key", "cli-1", path, NULL);
    kit_exit(&first, 0);
    kit_exit(&second, 0);
    assert_string_equal(first.out, second.out);
    struct run other =
        run_mediagw("put", "--idempotency-key", "cli-1", kit_file("b.webm", video), NULL);
    kit_exit(&other, 1);
    kit_says(&other, "422");
    kit_says(&other, "--idempotency-key");
}

static void a_cut_standard_input_is_not_sent_again_and_its_key_is_named(void **state)
{
    (void)state;
    struct proxy *proxy = KIT_PROXY({.cut_up = 100000});
    struct run run = kit_shell("cat '%s' | \"$mediagw\" put -", kit_file("a.webm", video));
    kit_exit(&run, 1);
    kit_says(&run, "--idempotency-key ");
    assert_string_equal(run.out, "");
    assert_int_equal(proxy_connections(proxy), 1);
}

static void a_file_damaged_on_the_way_is_refused(void **state)
{
    (void)state;
    KIT_PROXY({.flip_up = 200000});
    size_t before = kit_ready();
    struct run run = run_mediagw("put", kit_file("a.webm", video), NULL);
    kit_exit(&run, 1);
    kit_says(&run, "digest_mismatch");
    assert_int_equal(kit_ready(), before);
}

static void standard_input_damaged_on_the_way_is_noticed(void **state)
{
    (void)state;
    KIT_PROXY({.flip_up = 200000});
    struct run run = kit_shell("cat '%s' | \"$mediagw\" put -", kit_file("a.webm", video));
    kit_exit(&run, 1);
    kit_says(&run, "mediagw rm ");
    assert_string_equal(run.out, "");
}

static void a_refusal_says_what_why_and_what_to_do(void **state)
{
    (void)state;
    char *path = kit_file("a.txt", (struct body){"only text, no media", 19});
    struct run run = run_mediagw("put", path, NULL);
    kit_exit(&run, 1);
    kit_says(&run, path);
    kit_says(&run, "HTTP 415 unsupported_media_type, request ");
    kit_says(&run, "--mime-type");
    assert_ptr_equal(strchr(run.err, '\n'), run.err + strlen(run.err) - 1);
}

static void redirects_are_not_followed(void **state)
{
    (void)state;
    struct proxy *proxy = KIT_PROXY({.answer = "HTTP/1.1 307 There\r\nLocation: /elsewhere\r\n"
                                               "Content-Length: 0\r\nConnection: close\r\n\r\n"});
    struct run run = run_mediagw("put", kit_file("a.webm", small), NULL);
    kit_exit(&run, 1);
    kit_says(&run, "redirect");
    assert_int_equal(proxy_connections(proxy), 1);
}

static void what_is_no_gateway_is_not_believed(void **state)
{
    (void)state;
    KIT_PROXY(
        {.answer = "HTTP/1.1 201 Fine\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"});
    struct run run = run_mediagw("put", kit_file("a.webm", small), NULL);
    kit_exit(&run, 1);
    kit_says(&run, "no answer of a media gateway");
}

static void wrong_words_are_exit_2_and_nothing_is_sent(void **state)
{
    (void)state;
    struct proxy *proxy = KIT_PROXY({0});
    char *path = kit_file("a.webm", small);
    const char *const words[][4] = {
        {"--duration-ms", "-5", path},    {"--take-index", "99999999999", path},
        {"--take-index", "1x", path},     {"--metadata", "[1]", path},
        {"--metadata", "{\"a\":", path},  {"--idempotency-key", "a b", path},
        {"--retries", "many", path},      {"--timeout", "0", path},
        {"--colour", "red", path},        {"-", "-", path},
        {"--idempotency-key", "k", path}, {"--quiet", NULL, NULL}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        bool two = strcmp(words[i][0], "--idempotency-key") == 0 && words[i][1][1] == '\0';
        struct run run =
            run_mediagw("put", words[i][0], words[i][1], words[i][2], two ? path : NULL, NULL);
        kit_exit(&run, 2);
        assert_string_equal(run.out, "");
    }
    assert_int_equal(proxy_connections(proxy), 0);
}

static void a_folder_is_refused(void **state)
{
    (void)state;
    struct run run = run_mediagw("put", gw->server->dir, NULL);
    kit_exit(&run, 1);
    kit_says(&run, "folder");
}

static void a_large_file_goes_through(void **state)
{
    (void)state;
    struct body large = body_random(7, 48 << 20);
    char checksum[SHA256_TEXT];
    body_checksum(large.bytes, large.length, checksum);
    struct run run =
        run_mediagw("put", "--json", "--mime-type", API_VIDEO, kit_file("large.webm", large), NULL);
    kit_exit(&run, 0);
    json_t *answer = keep_json(json_loads(run.out, 0, NULL));
    assert_string_equal(api_text(answer, "checksum"), checksum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLI_TEST(put_prints_the_id_of_what_is_stored),
        CLI_TEST(put_of_several_prints_their_ids_in_order),
        CLI_TEST(one_file_that_fails_does_not_keep_the_others_back),
        CLI_TEST(put_takes_standard_input_from_a_pipe),
        CLI_TEST(put_sends_the_digest_of_a_redirected_file_from_where_it_stands),
        CLI_TEST(an_empty_file_is_a_recording),
        CLI_TEST(fields_arrive_as_they_were_given),
        CLI_TEST(long_metadata_arrives_whole_also_through_cuts_and_from_a_pipe),
        CLI_TEST(long_metadata_of_one_line_arrives_too),
        CLI_TEST(a_form_damaged_on_the_way_is_refused),
        CLI_TEST(a_put_that_is_cut_is_sent_again_and_stored_once),
        CLI_TEST(a_lost_answer_is_asked_for_again_and_stored_once),
        CLI_TEST(busy_answers_are_waited_out),
        CLI_TEST(a_gateway_killed_in_mid_put_stores_it_once_when_it_is_back),
        CLI_TEST(all_attempts_carry_one_idempotency_key_and_files_differ),
        CLI_TEST(the_same_idempotency_key_answers_the_first_id),
        CLI_TEST(a_cut_standard_input_is_not_sent_again_and_its_key_is_named),
        CLI_TEST(a_file_damaged_on_the_way_is_refused),
        CLI_TEST(standard_input_damaged_on_the_way_is_noticed),
        CLI_TEST(a_refusal_says_what_why_and_what_to_do),
        CLI_TEST(redirects_are_not_followed),
        CLI_TEST(what_is_no_gateway_is_not_believed),
        CLI_TEST(wrong_words_are_exit_2_and_nothing_is_sent),
        CLI_TEST(a_folder_is_refused),
        CLI_TEST(a_large_file_goes_through),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
