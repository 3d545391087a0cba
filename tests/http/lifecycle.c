/* SPDX-License-Identifier: Apache-2.0
 *
 * A recording's life over HTTP: uploaded as browsers and scripts do, described, re-signed, played,
 * deleted; and all of it again behind a kill -9. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

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

static void has_checksum_of(const json_t *answer, struct body body)
{
    char checksum[SHA256_TEXT];
    body_checksum(body.bytes, body.length, checksum);
    assert_string_equal(api_text(answer, "checksum"), checksum);
    json_t *size = json_object_get(json_object_get(answer, "row"), "sizeBytes");
    assert_true(json_is_integer(size));
    assert_int_equal(json_integer_value(size), body.length);
}

static void plays(struct http_client *client, const json_t *answer, struct body body)
{
    struct http_answer *content = http_get(client, api_url(answer), NULL);
    assert_int_equal(content->status, 200);
    assert_int_equal(content->length, body.length);
    assert_memory_equal(content->body, body.bytes, body.length);
}

static int64_t integer(const json_t *answer, const char *field)
{
    json_t *value = json_object_get(json_object_get(answer, "row"), field);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static void a_browsers_upload_answers_the_whole_row(void **state)
{
    (void)state;
    struct body video = body_file("chromium-video-5s.webm");
    struct form *form = form_new();
    form_blob(form, API_VIDEO, video);
    form_field(form, "mimeType", API_VIDEO);
    form_field(form, "durationMs", "5006");
    form_field(form, "sessionId", "Sess_ion-1");
    form_field(form, "takeIndex", "3");
    form_field(form, "ownerEmail", "ann@example.com");
    form_field(form, "metadata", "{\"title\":\"Grüße\"}");
    form_end(form);
    json_t *answer = api_expect(api_post(gw->client, form, NULL), 201);
    has_checksum_of(answer, video);
    assert_string_equal(api_text(answer, "accountId"), "acct-a");
    assert_string_equal(api_text(answer, "ownerEmail"), "ann@example.com");
    assert_string_equal(api_text(answer, "bucket"), "media-recordings");
    assert_string_equal(api_text(answer, "mimeType"), API_VIDEO);
    assert_string_equal(api_text(answer, "kind"), "video");
    assert_string_equal(api_text(answer, "status"), "ready");
    assert_string_equal(api_text(answer, "sessionId"), "Sess_ion-1");
    assert_int_equal(integer(answer, "durationMs"), 5006);
    assert_int_equal(integer(answer, "takeIndex"), 3);
    assert_true(api_is_time(api_text(answer, "createdAt")));
    json_t *metadata = json_object_get(json_object_get(answer, "row"), "metadata");
    assert_string_equal(json_string_value(json_object_get(metadata, "title")), "Grüße");
    assert_true(api_is_time(json_string_value(json_object_get(answer, "signedUrlExpiresAt"))));
    plays(gw->nobody, answer, video);
}

/* Only what a row is documented to have, and of that nothing that was not given. */
static void absent_fields_and_internals_are_left_out(void **state)
{
    (void)state;
    json_t *answer = api_upload(gw->client, API_AUDIO, body_file("chromium-audio-5s.webm"));
    static const char *const documented[] = {"id",       "accountId", "bucket",     "key",
                                             "mimeType", "sizeBytes", "durationMs", "kind",
                                             "status",   "checksum",  "createdAt",  "updatedAt"};
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(json_object_get(answer, "row"), name, value)
    {
        bool known = false;
        for (size_t i = 0; i < sizeof documented / sizeof *documented; i++) {
            known = known || strcmp(documented[i], name) == 0;
        }
        if (!known || json_is_null(value)) {
            fail_msg("the row has \"%s\"", name);
        }
    }
    assert_string_equal(api_text(answer, "kind"), "audio");
}

static void a_key_holds_no_byte_that_the_client_chose(void **state)
{
    (void)state;
    json_t *answer = api_upload_session(gw->client, API_VIDEO,
                                        body_file("chromium-video-short.webm"), "zzzzyyyyxxxx");
    const char *key = api_text(answer, "key");
    assert_null(strstr(key, "zzzz"));
    assert_null(strstr(key, "recording"));
    assert_null(strstr(key, "acct-a"));
}

/* PLACE: how many fields stand before the blob. */
static void upload_with_blob_at(size_t place)
{
    static const char *const fields[][2] = {
        {"mimeType", API_VIDEO}, {"durationMs", "77"}, {"takeIndex", "0"}, {"sessionId", "order"}};
    struct body video = body_file("chromium-video-short.webm");
    struct form *form = form_new();
    for (size_t i = 0; i < 4; i++) {
        if (i == place) {
            form_blob(form, NULL, video);
        }
        form_field(form, fields[i][0], fields[i][1]);
    }
    if (place == 4) {
        form_blob(form, NULL, video);
    }
    form_end(form);
    json_t *answer = api_expect(api_post(gw->client, form, NULL), 201);
    has_checksum_of(answer, video);
    assert_int_equal(integer(answer, "durationMs"), 77);
    assert_int_equal(integer(answer, "takeIndex"), 0);
    assert_string_equal(api_text(answer, "sessionId"), "order");
    assert_string_equal(api_text(answer, "mimeType"), API_VIDEO);
    plays(gw->nobody, answer, video);
}

static void the_blob_may_come_first(void **state)
{
    (void)state;
    upload_with_blob_at(0);
}

static void the_blob_may_come_between_fields(void **state)
{
    (void)state;
    upload_with_blob_at(2);
}

static void the_blob_may_come_last(void **state)
{
    (void)state;
    upload_with_blob_at(4);
}

static void a_raw_body_takes_its_fields_from_the_query(void **state)
{
    (void)state;
    struct body video = body_file("chromium-video-5s.webm");
    struct http_answer *got =
        api_post_raw(gw->client,
                     "?durationMs=5006&sessionId=raw-1&takeIndex=7&ownerEmail=b%40example.com"
                     "&metadata=%7B%22a%22%3A%22x%20y%22%7D",
                     API_VIDEO, video, NULL);
    json_t *answer = api_expect(got, 201);
    has_checksum_of(answer, video);
    assert_string_equal(api_text(answer, "mimeType"), API_VIDEO);
    assert_string_equal(api_text(answer, "sessionId"), "raw-1");
    assert_string_equal(api_text(answer, "ownerEmail"), "b@example.com");
    assert_int_equal(integer(answer, "durationMs"), 5006);
    assert_int_equal(integer(answer, "takeIndex"), 7);
    assert_non_null(strstr(got->body, "\"metadata\":{\"a\":\"x y\"}"));
    plays(gw->nobody, answer, video);
}

static void a_raw_body_takes_its_fields_from_headers(void **state)
{
    (void)state;
    struct body audio = body_file("chromium-audio-5s.webm");
    json_t *answer = api_expect(api_post_raw(gw->client, "", API_AUDIO, audio,
                                             "X-Duration-Ms: 4999\nX-Session-Id: raw-2\n"
                                             "X-Take-Index: 1\nX-Owner-Email: c@example.com"),
                                201);
    has_checksum_of(answer, audio);
    assert_string_equal(api_text(answer, "kind"), "audio");
    assert_string_equal(api_text(answer, "sessionId"), "raw-2");
    assert_string_equal(api_text(answer, "ownerEmail"), "c@example.com");
    assert_int_equal(integer(answer, "durationMs"), 4999);
    assert_int_equal(integer(answer, "takeIndex"), 1);
}

static void an_absent_type_is_sniffed_from_the_bytes(void **state)
{
    (void)state;
    struct form *form = form_new();
    form_field(form, "durationMs", "1");
    form_blob(form, NULL, body_file("chromium-video-short.webm"));
    form_end(form);
    json_t *answer = api_expect(api_post(gw->client, form, NULL), 201);
    assert_string_equal(api_text(answer, "mimeType"), "video/webm");
    assert_string_equal(api_text(answer, "kind"), "video");
}

static void the_parts_type_counts_where_no_field_names_one(void **state)
{
    (void)state;
    struct form *form = form_new();
    form_blob(form, API_AUDIO, body_file("chromium-audio-5s.webm"));
    form_field(form, "durationMs", "1");
    form_end(form);
    json_t *answer = api_expect(api_post(gw->client, form, NULL), 201);
    assert_string_equal(api_text(answer, "mimeType"), API_AUDIO);
}

static void metadata_comes_back_as_the_text_received(void **state)
{
    (void)state;
    struct form *form = form_new();
    form_blob(form, API_VIDEO, body_file("chromium-video-short.webm"));
    form_field(form, "metadata", "{\"b\":1.0,\"a\":1e2,\"n\":0.1,\"z\":[1, 2]}");
    form_end(form);
    json_t *answer = api_expect(api_post(gw->client, form, NULL), 201);
    struct http_answer *got = http_get(gw->client, api_path(answer, ""), NULL);
    assert_int_equal(got->status, 200);
    assert_non_null(strstr(got->body, "\"metadata\":{\"b\":1.0,\"a\":1e2,\"n\":0.1,\"z\":[1, 2]}"));
}

static void get_answers_the_row_and_a_signed_url(void **state)
{
    (void)state;
    struct body video = body_file("chromium-video-5s.webm");
    json_t *created = api_upload(gw->client, API_VIDEO, video);
    json_t *answer = api_expect(http_get(gw->client, api_path(created, ""), NULL), 200);
    assert_true(json_equal(json_object_get(answer, "row"), json_object_get(created, "row")));
    plays(gw->nobody, answer, video);
}

static int64_t expires_in(const json_t *answer)
{
    const char *text = json_string_value(json_object_get(answer, "signedUrlExpiresAt"));
    assert_true(api_is_time(text));
    struct tm parts = {0};
    assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%S", &parts));
    return (int64_t)(timegm(&parts) - time(NULL));
}

static void a_new_signed_url_lives_as_long_as_asked(void **state)
{
    (void)state;
    struct body video = body_file("chromium-video-short.webm");
    json_t *created = api_upload(gw->client, API_VIDEO, video);
    struct http_answer *got = http_send(gw->client, "POST", api_path(created, "/signed-url"),
                                        "Content-Type: application/json", "{\"ttlSec\": 120}", 15);
    json_t *answer = api_expect(got, 200);
    assert_in_range(expires_in(answer), 60, 121);
    assert_true(json_equal(json_object_get(answer, "row"), json_object_get(created, "row")));
    plays(gw->nobody, answer, video);
}

static void without_ttl_a_signed_url_lives_for_the_default(void **state)
{
    (void)state;
    json_t *created = api_upload(gw->client, API_VIDEO, body_file("chromium-video-short.webm"));
    json_t *by_object = api_expect(http_send(gw->client, "POST", api_path(created, "/signed-url"),
                                             "Content-Type: application/json", "{}", 2),
                                   200);
    assert_in_range(expires_in(by_object), 3500, 3601);
    json_t *by_nothing = api_expect(
        http_send(gw->client, "POST", api_path(created, "/signed-url"), NULL, "", 0), 200);
    assert_in_range(expires_in(by_nothing), 3500, 3601);
}

static void is_gone(const json_t *answer)
{
    api_error(http_get(gw->client, api_path(answer, ""), NULL), 404, "not_found");
    api_error(http_send(gw->client, "POST", api_path(answer, "/signed-url"), NULL, "", 0), 404,
              "not_found");
    api_error(http_get(gw->nobody, api_url(answer), NULL), 404, "not_found");
}

static void delete_ok(const json_t *answer)
{
    json_t *deleted =
        api_expect(http_send(gw->client, "DELETE", api_path(answer, ""), NULL, NULL, 0), 200);
    assert_true(json_is_true(json_object_get(deleted, "ok")));
}

static void a_deleted_recording_is_gone_from_every_route(void **state)
{
    (void)state;
    json_t *answer = api_upload_session(gw->client, API_VIDEO,
                                        body_file("chromium-video-short.webm"), "to-delete");
    assert_int_equal(api_count(gw->client, "?sessionId=to-delete"), 1);
    delete_ok(answer);
    is_gone(answer);
    assert_int_equal(api_count(gw->client, "?sessionId=to-delete"), 0);
    assert_int_equal(api_count(gw->client, "?sessionId=to-delete&status=deleted"), 1);
}

static void deleting_again_is_ok(void **state)
{
    (void)state;
    json_t *answer = api_upload(gw->client, API_VIDEO, body_file("chromium-video-short.webm"));
    delete_ok(answer);
    delete_ok(answer);
}

struct fewer {
    size_t than;
};

static bool blobs_are_fewer(void *ctx)
{
    struct fewer *fewer = ctx;
    return server_blobs(gw->server) < fewer->than;
}

static void a_deleted_recordings_file_leaves_the_disk(void **state)
{
    (void)state;
    json_t *answer = api_upload(gw->client, API_VIDEO, body_file("chromium-video-short.webm"));
    struct fewer fewer = {.than = server_blobs(gw->server)};
    delete_ok(answer);
    assert_true(wait_for(blobs_are_fewer, &fewer, 20000));
}

static void everything_holds_after_kill_and_restart(void **state)
{
    (void)state;
    struct body video = body_file("chromium-video-5s.webm");
    struct body audio = body_file("chromium-audio-5s.webm");
    json_t *first = api_upload_session(gw->client, API_VIDEO, video, "after-kill");
    json_t *second = api_upload_session(gw->client, API_AUDIO, audio, "after-kill");
    json_t *third = api_upload_session(gw->client, API_VIDEO, video, "after-kill");
    delete_ok(third);
    gateway_kill_and_restart(gw);
    plays(gw->nobody, first, video); /* by the URL from before */
    json_t *again = api_expect(http_get(gw->client, api_path(second, ""), NULL), 200);
    assert_true(json_equal(json_object_get(again, "row"), json_object_get(second, "row")));
    plays(gw->nobody, again, audio);
    struct http_answer *part = http_get(gw->nobody, api_url(again), "Range: bytes=100-299");
    assert_int_equal(part->status, 206);
    assert_int_equal(part->length, 200);
    assert_memory_equal(part->body, (const char *)audio.bytes + 100, 200);
    assert_int_equal(api_count(gw->client, "?sessionId=after-kill"), 2);
    is_gone(third);
    delete_ok(first);
    gateway_kill_and_restart(gw);
    is_gone(first);
    plays(gw->nobody, again, audio);
    assert_int_equal(api_count(gw->client, "?sessionId=after-kill"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_browsers_upload_answers_the_whole_row),
        TEST(absent_fields_and_internals_are_left_out),
        TEST(a_key_holds_no_byte_that_the_client_chose),
        TEST(the_blob_may_come_first),
        TEST(the_blob_may_come_between_fields),
        TEST(the_blob_may_come_last),
        TEST(a_raw_body_takes_its_fields_from_the_query),
        TEST(a_raw_body_takes_its_fields_from_headers),
        TEST(an_absent_type_is_sniffed_from_the_bytes),
        TEST(the_parts_type_counts_where_no_field_names_one),
        TEST(metadata_comes_back_as_the_text_received),
        TEST(get_answers_the_row_and_a_signed_url),
        TEST(a_new_signed_url_lives_as_long_as_asked),
        TEST(without_ttl_a_signed_url_lives_for_the_default),
        TEST(a_deleted_recording_is_gone_from_every_route),
        TEST(deleting_again_is_ok),
        TEST(a_deleted_recordings_file_leaves_the_disk),
        TEST(everything_holds_after_kill_and_restart),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
