/* SPDX-License-Identifier: Apache-2.0
 *
 * Direct uploads, wherever the bytes go: a recording is there after complete, whole, and before it
 * or without it nothing is. What only the gateway's own URL does is direct_put's. */
#include "tests/support/direct.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 30000

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw =
        gateway_new("{\"media\": {\"max_upload_bytes\": \"8MiB\", \"mime_types\": [\"video/*\", "
                    "\"image/svg+xml\"]}, \"cors\": {\"origins\": [\"https://app.example.com\"]}}");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

static struct body video(void)
{
    return body_file("chromium-video-short.webm");
}

static json_t *sent(struct body body, const char *more)
{
    json_t *begun = direct_begin(gw->client, API_VIDEO, body, more);
    struct http_answer *answer = direct_send(gw->nobody, begun, NULL, body);
    if (!direct_taken(answer)) {
        fail_msg("%s%s", answer->head, answer->body);
    }
    return begun;
}

static const char *status_of(json_t *begun)
{
    return rows_status(gw->rows, api_id(begun));
}

/* What nobody may see of an upload that is not complete. */
static void is_not_there(json_t *begun)
{
    api_error(http_get(gw->client, api_path(begun, ""), NULL), 404, "not_found");
    api_error(http_send(gw->client, "POST", api_path(begun, "/signed-url"), NULL, NULL, 0), 404,
              "not_found");
    struct http_answer *list = http_get(gw->client, "/api/media?limit=200", NULL);
    assert_null(strstr(list->body, api_id(begun)));
}

static void is_played(json_t *completed, struct body body)
{
    struct http_answer *got = direct_fetch(gw->nobody, completed);
    assert_int_equal(got->status, 200);
    assert_int_equal(got->length, body.length);
    assert_memory_equal(got->body, body.bytes, body.length);
    assert_string_equal(http_header(got, "Content-Type"), API_VIDEO);
}

static void a_direct_upload_is_played_after_complete(void **state)
{
    (void)state;
    json_t *begun = sent(video(), ", \"durationMs\": 5, \"sessionId\": \"s1\", \"takeIndex\": 3, "
                                  "\"ownerEmail\": \"a@example.com\"");
    assert_string_equal(api_text(begun, "status"), "uploading");
    const json_t *upload = json_object_get(begun, "upload");
    assert_true(api_is_time(json_string_value(json_object_get(upload, "expiresAt"))));
    is_not_there(begun);
    json_t *done = api_expect(direct_complete(gw->client, begun), 200);
    assert_string_equal(api_text(done, "status"), "ready");
    assert_string_equal(api_text(done, "sessionId"), "s1");
    assert_string_equal(api_text(done, "mimeType"), API_VIDEO);
    assert_true(api_is_time(json_string_value(json_object_get(done, "signedUrlExpiresAt"))));
    is_played(done, video());
    json_t *row = api_expect(http_get(gw->client, api_path(begun, ""), NULL), 200);
    assert_true(json_equal(json_object_get(row, "row"), json_object_get(done, "row")));
}

static void metadata_comes_back_as_it_was_sent(void **state)
{
    (void)state;
    const char *metadata = "{ \"b\" : 1.50, \"a\":[ 12345678901234567 ] }";
    json_t *begun = sent(video(), keep_text(", \"metadata\" : %s , \"kind\": \"file\"", metadata));
    struct http_answer *done = direct_complete(gw->client, begun);
    assert_int_equal(done->status, 200);
    assert_non_null(strstr(done->body, keep_text("\"metadata\":%s", metadata)));
    assert_string_equal(api_text(api_json(done), "kind"), "file");
}

static void a_declared_checksum_is_verified_and_kept(void **state)
{
    (void)state;
    char checksum[SHA256_TEXT];
    body_checksum(video().bytes, video().length, checksum);
    json_t *begun = sent(video(), keep_text(", \"checksum\": \"%s\"", checksum));
    assert_null(api_text(begun, "checksum")); /* nobody has seen the bytes yet */
    json_t *done = api_expect(direct_complete(gw->client, begun), 200);
    assert_string_equal(api_text(done, "checksum"), checksum);
}

/* Told at the PUT where the gateway takes it, at complete where the store does. */
static void bytes_of_another_digest_are_never_ready(void **state)
{
    (void)state;
    struct body other = body_random(7, video().length);
    char checksum[SHA256_TEXT];
    body_checksum(video().bytes, video().length, checksum);
    json_t *begun =
        direct_begin(gw->client, API_VIDEO, other, keep_text(", \"checksum\": \"%s\"", checksum));
    struct http_answer *put = direct_send(gw->nobody, begun, NULL, other);
    if (direct_taken(put)) {
        api_error(direct_complete(gw->client, begun), 400, "digest_mismatch");
        api_error(direct_complete(gw->client, begun), 400, "digest_mismatch");
        assert_string_equal(status_of(begun), "failed");
    } else {
        assert_int_equal(put->status, 400);
        api_error(direct_complete(gw->client, begun), 409, "incomplete");
        assert_int_equal(direct_send(gw->nobody, begun, NULL, video())->status, 200);
        api_expect(direct_complete(gw->client, begun), 200);
        return;
    }
    is_not_there(begun);
}

static void complete_before_the_bytes_is_409_and_says_so(void **state)
{
    (void)state;
    json_t *begun = direct_begin(gw->client, API_VIDEO, video(), "");
    struct http_answer *early = direct_complete(gw->client, begun);
    api_error(early, 409, "incomplete");
    assert_non_null(strstr(early->body, "bytes are not there"));
    assert_true(direct_taken(direct_send(gw->nobody, begun, NULL, video())));
    api_expect(direct_complete(gw->client, begun), 200);
}

static void complete_again_answers_the_same(void **state)
{
    (void)state;
    json_t *begun = sent(video(), "");
    json_t *first = api_expect(direct_complete(gw->client, begun), 200);
    for (int i = 0; i < 3; i++) {
        json_t *again = api_expect(direct_complete(gw->client, begun), 200);
        assert_true(json_equal(json_object_get(first, "row"), json_object_get(again, "row")));
        is_played(again, video());
    }
}

struct racer {
    struct http_client *client;
    const char *path;
    long status;
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    racer->status = http_send(racer->client, "POST", racer->path, NULL, NULL, 0)->status;
    return NULL;
}

static void completes_at_once_all_answer_200(void **state)
{
    (void)state;
    enum { RACERS = 8 };
    json_t *begun = sent(video(), "");
    struct racer racers[RACERS];
    pthread_t threads[RACERS];
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){gateway_client(gw, "acct-a"), api_path(begun, "/complete"), 0};
    }
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(racers[i].status, 200);
    }
    assert_string_equal(status_of(begun), "ready");
}

static void another_accounts_upload_is_403(void **state)
{
    (void)state;
    json_t *begun = sent(video(), "");
    api_error(direct_complete(gw->other, begun), 403, "forbidden");
    api_error(http_send(gw->other, "DELETE", api_path(begun, ""), NULL, NULL, 0), 403, "forbidden");
    api_error(direct_complete(gw->nobody, begun), 401, "unauthorized");
    assert_string_equal(status_of(begun), "uploading");
    api_expect(direct_complete(gw->client, begun), 200);
}

static void what_was_never_begun_cannot_be_completed(void **state)
{
    (void)state;
    api_error(http_send(gw->client, "POST", "/api/media/nothing/complete", NULL, NULL, 0), 404,
              "not_found");
    json_t *begun = sent(video(), "");
    api_error(http_send(gw->client, "POST", api_path(begun, "/complete"), NULL, "{\"a\": 1}", 8),
              400, "bad_request");
}

/* ---- Sizes and types ---- */

static void no_bytes_at_all_are_a_recording(void **state)
{
    (void)state;
    struct body none = {"", 0};
    json_t *begun = sent(none, "");
    json_t *done = api_expect(direct_complete(gw->client, begun), 200);
    assert_int_equal(direct_fetch(gw->nobody, done)->length, 0);
}

static void the_largest_is_taken_and_one_byte_more_is_413(void **state)
{
    (void)state;
    struct body largest = body_random(3, 8 << 20);
    json_t *begun = sent(largest, "");
    is_played(api_expect(direct_complete(gw->client, begun), 200), largest);
    api_error(
        direct_ask(gw->client, "{\"mimeType\": \"video/webm\", \"sizeBytes\": 8388609}", NULL), 413,
        "too_large");
}

/* Whatever is refused, and whoever refuses it, nothing of it is kept. */
static void bytes_of_another_length_change_nothing(void **state)
{
    (void)state;
    json_t *begun = direct_begin(gw->client, API_VIDEO, video(), "");
    struct body shorter = {video().bytes, video().length - 1};
    struct body longer = body_random(1, video().length + 1);
    assert_false(direct_taken(direct_send(gw->nobody, begun, NULL, shorter)));
    assert_false(direct_taken(direct_send(gw->nobody, begun, NULL, longer)));
    api_error(direct_complete(gw->client, begun), 409, "incomplete");
    assert_true(direct_taken(direct_send(gw->nobody, begun, NULL, video())));
    is_played(api_expect(direct_complete(gw->client, begun), 200), video());
}

static void bytes_of_another_type_change_nothing(void **state)
{
    (void)state;
    json_t *begun = direct_begin(gw->client, API_VIDEO, video(), "");
    assert_false(direct_taken(direct_send(gw->nobody, begun, "text/html", video())));
    api_error(direct_complete(gw->client, begun), 409, "incomplete");
    assert_true(direct_taken(direct_send(gw->nobody, begun, NULL, video())));
    is_played(api_expect(direct_complete(gw->client, begun), 200), video());
}

static void bytes_with_another_md5_change_nothing(void **state)
{
    (void)state;
    json_t *begun = direct_begin(gw->client, API_VIDEO, video(),
                                 ", \"contentMd5\": \"1B2M2Y8AsgTpgAmY7PhCfg==\"");
    assert_false(direct_taken(direct_send(gw->nobody, begun, NULL, video())));
    api_error(direct_complete(gw->client, begun), 409, "incomplete");
    struct body none = {"", 0};
    begun =
        direct_begin(gw->client, API_VIDEO, none, ", \"contentMd5\": \"1B2M2Y8AsgTpgAmY7PhCfg==\"");
    assert_true(direct_taken(direct_send(gw->nobody, begun, NULL, none)));
    api_expect(direct_complete(gw->client, begun), 200);
}

static void a_type_that_is_not_shown_inline_is_an_attachment(void **state)
{
    (void)state;
    struct body svg = {"<svg xmlns='http://www.w3.org/2000/svg'/>", 41};
    json_t *begun = direct_begin(gw->client, "image/svg+xml", svg, "");
    assert_true(direct_taken(direct_send(gw->nobody, begun, NULL, svg)));
    json_t *done = api_expect(direct_complete(gw->client, begun), 200);
    struct http_answer *got = direct_fetch(gw->nobody, done);
    assert_int_equal(got->status, 200);
    assert_string_equal(http_header(got, "Content-Type"), "image/svg+xml");
    assert_int_equal(strncmp(http_header(got, "Content-Disposition"), "attachment", 10), 0);
}

static void a_file_name_makes_an_attachment(void **state)
{
    (void)state;
    json_t *begun = sent(video(), "");
    api_expect(direct_complete(gw->client, begun), 200);
    const char *json = "{\"fileName\": \"caf\xc3\xa9 \\\"1\\\".webm\"}";
    json_t *named = api_expect(
        http_send(gw->client, "POST", api_path(begun, "/signed-url"), NULL, json, strlen(json)),
        200);
    struct http_answer *got = direct_fetch(gw->nobody, named);
    assert_int_equal(got->status, 200);
    assert_string_equal(http_header(got, "Content-Disposition"),
                        "attachment; filename=\"caf_ _1_.webm\"; "
                        "filename*=UTF-8''caf%C3%A9%20%221%22.webm");
}

/* ---- Too late ---- */

static void a_put_after_complete_changes_nothing(void **state)
{
    (void)state;
    json_t *begun = sent(video(), "");
    json_t *done = api_expect(direct_complete(gw->client, begun), 200);
    struct body other = body_random(9, video().length);
    assert_false(direct_taken(direct_send(gw->nobody, begun, NULL, other)));
    is_played(done, video());
    json_t *row = api_expect(http_get(gw->client, api_path(begun, ""), NULL), 200);
    assert_true(json_equal(json_object_get(row, "row"), json_object_get(done, "row")));
}

static void a_put_over_bytes_that_are_there_changes_nothing(void **state)
{
    (void)state;
    json_t *begun = sent(video(), "");
    struct body other = body_random(9, video().length);
    assert_int_equal(direct_send(gw->nobody, begun, NULL, other)->status, 412);
    is_played(api_expect(direct_complete(gw->client, begun), 200), video());
}

static void after_a_delete_neither_put_nor_complete_brings_it_back(void **state)
{
    (void)state;
    json_t *before = direct_begin(gw->client, API_VIDEO, video(), "");
    json_t *after = sent(video(), "");
    api_expect(direct_complete(gw->client, after), 200);
    json_t *both[] = {before, after};
    for (int i = 0; i < 2; i++) {
        api_expect(http_send(gw->client, "DELETE", api_path(both[i], ""), NULL, NULL, 0), 200);
        direct_send(gw->nobody, both[i], NULL, video()); /* a store's URL may still take it */
        api_error(direct_complete(gw->client, both[i]), 404, "not_found");
        is_not_there(both[i]);
        assert_string_equal(status_of(both[i]), "deleted");
    }
}

/* ---- What is asked ---- */

static void a_body_that_is_no_upload_is_400(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        "{}",
        "{\"mimeType\": \"video/webm\"}",
        "{\"sizeBytes\": 1}",
        "{\"mimeType\": 1, \"sizeBytes\": 1}",
        "{\"mimeType\": \"video\", \"sizeBytes\": 1}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": -1}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1.5}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": \"1\"}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1e300}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1, \"sizeBytes\": 1}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1, \"size\": 1}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1, \"parts\": 1}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1, \"kind\": \"film\"}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1, \"takeIndex\": 4294967296}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1, \"durationMs\": -5}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1, \"metadata\": \"{}\"}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1, \"metadata\": {\"a\": \"\\u0000\"}}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1, \"checksum\": \"sha256:00\"}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1, \"checksum\": null}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1, \"contentMd5\": \"AAAA\"}",
        "{\"mimeType\": \"video/webm\", \"sizeBytes\": 1, \"contentMd5\": "
        "\"1B2M2Y8AsgTpgAmY7PhCfg!=\"}",
    };
    size_t before = rows_count(gw->rows, NULL, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_answer *answer = direct_ask(gw->client, bad[i], NULL);
        if (answer->status != 400) {
            fail_msg("%s: %ld %s", bad[i], answer->status, answer->body);
        }
        api_error(answer, 400, "bad_request");
    }
    api_error(direct_ask(gw->client, "{\"mimeType\": \"text/html\", \"sizeBytes\": 1}", NULL), 415,
              "unsupported_media_type");
    assert_int_equal(rows_count(gw->rows, NULL, NULL), before);
}

static void the_same_key_answers_the_same_upload_with_urls_that_work(void **state)
{
    (void)state;
    const char *json =
        keep_text("{\"mimeType\": \"%s\", \"sizeBytes\": %zu}", API_VIDEO, video().length);
    const char *key = "Idempotency-Key: direct-1";
    json_t *first = api_expect(direct_ask(gw->client, json, key), 201);
    json_t *again = api_expect(direct_ask(gw->client, json, key), 201);
    assert_string_equal(api_id(first), api_id(again));
    assert_true(direct_taken(direct_send(gw->nobody, again, NULL, video())));
    api_error(direct_ask(gw->client, "{\"mimeType\": \"video/webm\", \"sizeBytes\": 3}", key), 422,
              "idempotency_mismatch");
    json_t *done = api_expect(direct_complete(gw->client, first), 200);
    json_t *late = api_expect(direct_ask(gw->client, json, key), 201);
    assert_true(json_equal(json_object_get(late, "row"), json_object_get(done, "row")));
    assert_null(json_object_get(late, "upload"));
    is_played(late, video());
    /* Another account's key is another key. */
    json_t *other = api_expect(direct_ask(gw->other, json, key), 201);
    assert_string_not_equal(api_id(other), api_id(first));
}

static void a_key_is_not_for_both_kinds_of_upload(void **state)
{
    (void)state;
    const char *json = "{\"mimeType\": \"video/webm\", \"sizeBytes\": 3}";
    const char *key = "Idempotency-Key: direct-2";
    json_t *begun = api_expect(direct_ask(gw->client, json, key), 201);
    struct body three = {"abc", 3};
    api_error(api_post_raw(gw->client, "", "video/webm", three, key), 409, "in_progress");
    assert_true(direct_taken(direct_send(gw->nobody, begun, NULL, three)));
    api_expect(direct_complete(gw->client, begun), 200);
    api_error(api_post_raw(gw->client, "", "video/webm", three, key), 422, "idempotency_mismatch");
}

static void complete_works_after_a_kill_behind_the_put(void **state)
{
    (void)state;
    char checksum[SHA256_TEXT];
    body_checksum(video().bytes, video().length, checksum);
    json_t *begun = sent(video(), "");
    json_t *declared = sent(video(), keep_text(", \"checksum\": \"%s\"", checksum));
    json_t *unsent = direct_begin(gw->client, API_VIDEO, video(), "");
    gateway_kill_and_restart(gw);
    is_played(api_expect(direct_complete(gw->client, begun), 200), video());
    json_t *done = api_expect(direct_complete(gw->client, declared), 200);
    assert_string_equal(api_text(done, "checksum"), checksum);
    assert_true(direct_taken(direct_send(gw->nobody, unsent, NULL, video())));
    is_played(api_expect(direct_complete(gw->client, unsent), 200), video());
}

/* ---- Nobody comes back ---- */

struct waiting {
    json_t *begun;
    const char *status;
};

static bool has_status(void *ctx)
{
    const struct waiting *waiting = ctx;
    return strcmp(status_of(waiting->begun), waiting->status) == 0;
}

static bool has_files(void *ctx)
{
    return server_blobs(gw->server) == *(const size_t *)ctx;
}

static void an_upload_that_nobody_completes_fails_and_its_bytes_go(void **state)
{
    (void)state;
    struct gateway *kept = gw;
    gw = gateway_new("{\"media\": {\"direct_ttl_sec\": 3, \"lease_sec\": 1, "
                     "\"reap_interval_sec\": 1}}");
    size_t files = server_blobs(gw->server);
    json_t *with = sent(video(), "");
    json_t *without = direct_begin(gw->client, API_VIDEO, video(), "");
    struct waiting one = {with, "failed"}, other = {without, "failed"};
    assert_true(wait_for(has_status, &one, PATIENCE_MS * slowness()));
    assert_true(wait_for(has_status, &other, PATIENCE_MS * slowness()));
    api_error(direct_complete(gw->client, with), 404, "not_found");
    assert_false(direct_taken(direct_send(gw->nobody, without, NULL, video())));
    assert_true(wait_for(has_files, &files, PATIENCE_MS * slowness()));
    assert_int_equal(gateway_free(gw), 0);
    gw = kept;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_direct_upload_is_played_after_complete),
        TEST(metadata_comes_back_as_it_was_sent),
        TEST(a_declared_checksum_is_verified_and_kept),
        TEST(bytes_of_another_digest_are_never_ready),
        TEST(complete_before_the_bytes_is_409_and_says_so),
        TEST(complete_again_answers_the_same),
        TEST(completes_at_once_all_answer_200),
        TEST(another_accounts_upload_is_403),
        TEST(what_was_never_begun_cannot_be_completed),
        TEST(no_bytes_at_all_are_a_recording),
        TEST(the_largest_is_taken_and_one_byte_more_is_413),
        TEST(bytes_of_another_length_change_nothing),
        TEST(bytes_of_another_type_change_nothing),
        TEST(bytes_with_another_md5_change_nothing),
        TEST(a_type_that_is_not_shown_inline_is_an_attachment),
        TEST(a_file_name_makes_an_attachment),
        TEST(a_put_after_complete_changes_nothing),
        TEST(a_put_over_bytes_that_are_there_changes_nothing),
        TEST(after_a_delete_neither_put_nor_complete_brings_it_back),
        TEST(a_body_that_is_no_upload_is_400),
        TEST(the_same_key_answers_the_same_upload_with_urls_that_work),
        TEST(a_key_is_not_for_both_kinds_of_upload),
        TEST(complete_works_after_a_kill_behind_the_put),
        TEST(an_upload_that_nobody_completes_fails_and_its_bytes_go),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
