/* SPDX-License-Identifier: Apache-2.0
 *
 * Idempotency-Key: a create whose answer was lost may be repeated, at once, sixteen times, or after
 * a kill -9, and leaves one recording. Leases are short here. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/leftover.h"
#include "tests/support/scratch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw = gateway_new("{\"media\": {\"lease_sec\": 2, \"reap_interval_sec\": 1}}");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

static struct http_answer *create(struct http_client *client, const char *key, struct body body)
{
    return api_post_raw(client, "?durationMs=5&sessionId=s1", API_VIDEO, body,
                        keep_text("Idempotency-Key: %s", key));
}

static void a_repeated_create_answers_the_first_row(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "repeat");
    struct body video = body_file("chromium-video-5s.webm");
    json_t *first = api_expect(create(client, "key-1", video), 201);
    for (int i = 0; i < 3; i++) {
        json_t *again = api_expect(create(client, "key-1", video), 201);
        assert_true(json_equal(json_object_get(again, "row"), json_object_get(first, "row")));
        assert_int_equal(http_get(client, api_url(again), NULL)->length, video.length);
    }
    assert_int_equal(rows_count(gw->rows, "repeat", NULL), 1);
}

static void a_repeated_form_answers_the_first_row(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "repeat-form");
    struct body video = body_file("chromium-video-5s.webm");
    json_t *answers[2];
    for (int i = 0; i < 2; i++) {
        struct form *form = form_new();
        if (i == 0) {
            form_field(form, "durationMs", "5006");
        }
        form_blob(form, API_VIDEO, video);
        if (i == 1) {
            form_field(form, "durationMs", "5006");
        }
        form_end(form);
        answers[i] = api_expect(api_post(client, form, "Idempotency-Key: form"), 201);
    }
    assert_string_equal(api_id(answers[0]), api_id(answers[1]));
    assert_int_equal(rows_count(gw->rows, "repeat-form", NULL), 1);
}

static void other_bytes_under_the_same_key_are_422(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "other-bytes");
    json_t *first = api_expect(create(client, "key-1", body_random(1, 50000)), 201);
    api_error(create(client, "key-1", body_random(2, 50000)), 422, NULL);
    api_error(create(client, "key-1", body_random(1, 49999)), 422, NULL);
    api_error(create(client, "key-1", body_random(1, 0)), 422, NULL);
    json_t *again = api_expect(create(client, "key-1", body_random(1, 50000)), 201);
    assert_string_equal(api_id(again), api_id(first));
    assert_int_equal(rows_count(gw->rows, "other-bytes", "ready"), 1);
    assert_true(rows_settle(gw->rows, 20000));
}

static void without_a_key_each_create_is_its_own(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "no-key");
    struct body body = body_random(1, 1000);
    api_upload(client, API_VIDEO, body);
    api_upload(client, API_VIDEO, body);
    assert_int_equal(rows_count(gw->rows, "no-key", "ready"), 2);
}

static void a_key_is_its_accounts_own(void **state)
{
    (void)state;
    json_t *mine = api_expect(create(gw->client, "shared-key", body_random(1, 1000)), 201);
    json_t *other = api_expect(create(gw->other, "shared-key", body_random(2, 1000)), 201);
    assert_string_not_equal(api_id(mine), api_id(other));
    assert_string_equal(api_text(other, "accountId"), "acct-b");
}

static void a_malformed_key_is_400(void **state)
{
    (void)state;
    const char *const bad[] = {"a b", "gr\xc3\xbc\xc3\x9f", keep_text("%0129d", 0), "a\x7f",
                               "a\tb"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_answer *answer = create(gw->client, bad[i], body_random(1, 100));
        if (answer->status != 400) {
            print_error("not refused: %s\n", bad[i]);
        }
        api_error(answer, 400, NULL);
    }
    api_error(api_post_raw(gw->client, "", API_VIDEO, body_random(1, 100), "Idempotency-Key;"), 400,
              NULL);
    api_expect(create(gw->client, keep_text("%0128d", 0), body_random(1, 100)), 201);
    api_expect(create(gw->client, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", body_random(1, 100)), 201);
}

static void a_refused_create_leaves_its_key_free(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "refused");
    api_error(api_post_raw(client, "?durationMs=-1", API_VIDEO, body_random(1, 5000),
                           "Idempotency-Key: once"),
              400, NULL);
    api_expect(create(client, "once", body_random(1, 5000)), 201);
    assert_int_equal(rows_count(gw->rows, "refused", "ready"), 1);
}

/* Repeats the create until it is not told to come again. */
static struct http_answer *create_patiently(struct http_client *client, const char *key,
                                            struct body body)
{
    int64_t end = wait_now_ms() + 60000 * slowness();
    struct http_answer *answer = create(client, key, body);
    while (answer->status == 409 && wait_now_ms() < end) {
        api_error(answer, 409, NULL);
        const char *after = http_header(answer, "Retry-After");
        assert_non_null(after);
        assert_in_range(strtol(after, NULL, 10), 0, 120);
        wait_ms(200);
        answer = create(client, key, body);
    }
    return answer;
}

struct racer {
    pthread_t thread;
    struct http_client *client;
    struct body body;
    struct http_answer *answer;
};

static pthread_barrier_t all_ready;

static void *race(void *ctx)
{
    struct racer *racer = ctx;
    pthread_barrier_wait(&all_ready);
    racer->answer = create(racer->client, "race", racer->body);
    return NULL;
}

static void sixteen_at_once_leave_one_recording(void **state)
{
    (void)state;
    enum { RACERS = 16 };
    char *token = server_token(gw->server, "race");
    struct body body = body_random(9, 300000);
    struct racer racers[RACERS] = {0};
    pthread_barrier_init(&all_ready, NULL, RACERS);
    for (int i = 0; i < RACERS; i++) {
        racers[i].client = http_new(gw->server, token);
        racers[i].body = body;
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, NULL);
    }
    const char *id = NULL;
    for (int i = 0; i < RACERS; i++) {
        struct http_answer *answer = racers[i].answer;
        if (answer->status != 201) {
            api_error(answer, 409, NULL);
            assert_non_null(http_header(answer, "Retry-After"));
            answer = create_patiently(racers[i].client, "race", body);
        }
        const char *got = api_id(api_expect(answer, 201));
        assert_true(!id || strcmp(id, got) == 0);
        id = got;
        http_free(racers[i].client);
    }
    pthread_barrier_destroy(&all_ready);
    assert_true(rows_settle(gw->rows, 20000));
    assert_int_equal(rows_count(gw->rows, "race", "ready"), 1);
}

/* The head and the first half of a create under KEY by the token's account. */
static struct raw *half_a_create(const char *token, const char *key, struct body body)
{
    struct raw *raw = raw_open(gw->server);
    raw_text(raw,
             "POST %s?durationMs=5&sessionId=s1 HTTP/1.1\r\nHost: localhost\r\n"
             "Authorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
             "Idempotency-Key: %s\r\n\r\n",
             API_RECORDINGS, token, API_VIDEO, body.length, key);
    raw_send(raw, body.bytes, body.length / 2);
    return raw;
}

static bool one_is_uploading(void *ctx)
{
    return rows_count(gw->rows, ctx, "uploading") == 1;
}

static void while_the_first_runs_the_second_is_409(void **state)
{
    (void)state;
    char account[] = "running";
    char *token = server_token(gw->server, account);
    struct http_client *client = gateway_client(gw, account);
    struct body body = body_random(1, 200000);
    struct raw *raw = half_a_create(token, "run", body);
    assert_true(wait_for(one_is_uploading, account, 20000));
    struct http_answer *second = create(client, "run", body);
    api_error(second, 409, NULL);
    assert_non_null(http_header(second, "Retry-After"));
    raw_send(raw, (const char *)body.bytes + body.length / 2, body.length - body.length / 2);
    json_t *first = api_expect(raw_read(raw), 201);
    json_t *third = api_expect(create(client, "run", body), 201);
    assert_string_equal(api_id(first), api_id(third));
    assert_int_equal(rows_count(gw->rows, account, "ready"), 1);
}

static void after_a_client_went_away_its_key_works(void **state)
{
    (void)state;
    char account[] = "went-away";
    char *token = server_token(gw->server, account);
    struct http_client *client = gateway_client(gw, account);
    struct body body = body_random(1, 200000);
    struct raw *raw = half_a_create(token, "gone", body);
    assert_true(wait_for(one_is_uploading, account, 20000));
    raw_reset(raw);
    api_expect(create_patiently(client, "gone", body), 201);
    assert_true(rows_settle(gw->rows, 20000));
    assert_int_equal(rows_count(gw->rows, account, "ready"), 1);
}

static void after_kill_in_mid_create_its_key_works_once_the_lease_is_over(void **state)
{
    (void)state;
    char account[] = "killed";
    char *token = server_token(gw->server, account);
    struct http_client *client = gateway_client(gw, account);
    struct body body = body_random(1, 200000);
    half_a_create(token, "kill", body);
    assert_true(wait_for(one_is_uploading, account, 20000));
    gateway_kill_and_restart(gw);
    http_server(client, gw->server);
    json_t *answer = api_expect(create_patiently(client, "kill", body), 201);
    struct http_answer *content = http_get(client, api_url(answer), NULL);
    assert_int_equal(content->length, body.length);
    assert_memory_equal(content->body, body.bytes, body.length);
    assert_true(rows_settle(gw->rows, 30000));
    assert_int_equal(rows_count(gw->rows, account, "ready"), 1);
    json_t *again = api_expect(create(client, "kill", body), 201);
    assert_string_equal(api_id(again), api_id(answer));
}

static void after_kill_behind_the_answer_the_first_row_is_answered(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "lost");
    struct body body = body_random(1, 200000);
    json_t *first = api_expect(create(client, "lost", body), 201);
    gateway_kill_and_restart(gw);
    http_server(client, gw->server);
    json_t *again = api_expect(create_patiently(client, "lost", body), 201);
    assert_true(json_equal(json_object_get(again, "row"), json_object_get(first, "row")));
    assert_int_equal(rows_count(gw->rows, "lost", NULL), 1);
}

static void a_deleted_recording_is_not_made_again(void **state)
{
    (void)state;
    struct http_client *client = gateway_client(gw, "deleted");
    struct body body = body_random(1, 1000);
    json_t *first = api_expect(create(client, "del", body), 201);
    api_expect(http_send(client, "DELETE", api_path(first, ""), NULL, NULL, 0), 200);
    json_t *again = api_expect(create(client, "del", body), 201);
    assert_string_equal(api_id(again), api_id(first));
    assert_string_equal(api_text(again, "status"), "deleted");
    assert_int_equal(rows_count(gw->rows, "deleted", "ready"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_repeated_create_answers_the_first_row),
        TEST(a_repeated_form_answers_the_first_row),
        TEST(other_bytes_under_the_same_key_are_422),
        TEST(without_a_key_each_create_is_its_own),
        TEST(a_key_is_its_accounts_own),
        TEST(a_malformed_key_is_400),
        TEST(a_refused_create_leaves_its_key_free),
        TEST(sixteen_at_once_leave_one_recording),
        TEST(while_the_first_runs_the_second_is_409),
        TEST(after_a_client_went_away_its_key_works),
        TEST(after_kill_in_mid_create_its_key_works_once_the_lease_is_over),
        TEST(after_kill_behind_the_answer_the_first_row_is_answered),
        TEST(a_deleted_recording_is_not_made_again),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
