/* SPDX-License-Identifier: Apache-2.0
 *
 * A gateway over encrypt, as its operator meets it: keys in a file, rotation by a restart, which
 * key is still needed, a config that lost the filter, and the way in for recordings that lie plain.
 */
#include "tests/house/kit.h"

#include <string.h>

#define KEY_A "mJ3FnZ0cV1m0uV9zvY8kq3hXl5r6Yt2bQw1eDsKpB7o="
#define KEY_B "Q2vYxk0pT8mWc4RZr7uJ1bLh9nFsGdE6aXo3iPyVtMw="

enum { LENGTH = 200000 };

static struct gateway *gw;
static char *keys_path;

/* The key file of this run, with TEXT in it, as an overlay. */
static char *overlay(const char *text)
{
    scratch_write(keys_path, text);
    return keep_text("{\"storage\": {\"filters\": [{\"filter\": \"encrypt\", \"keys\": {\"file\": "
                     "\"%s\"}}]}}",
                     keys_path);
}

static int start(void **state)
{
    (void)state;
    char *dir = scratch_new(), *whole = realpath(dir, NULL);
    keys_path = NULL;
    if (asprintf(&keys_path, "%s/keys", whole) < 0) {
        return -1;
    }
    free(dir);
    free(whole);
    gw = gateway_new(overlay("a:" KEY_A "\n"));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    int status = gateway_free(gw);
    *strrchr(keys_path, '/') = '\0';
    scratch_remove(keys_path);
    free(keys_path);
    return status;
}

static void restart(const char *keys)
{
    assert_int_equal(server_stop(gw->server), 0);
    overlay(keys);
    server_start(gw->server);
    gateway_follow(gw);
}

static json_t *upload(uint64_t seed)
{
    return api_upload(gw->client, API_VIDEO, body_random(seed, LENGTH));
}

static void assert_played(const json_t *answer, uint64_t seed)
{
    struct body body = body_random(seed, LENGTH);
    json_t *fresh = api_expect(http_get(gw->client, api_path(answer, ""), NULL), 200);
    struct http_answer *whole = http_get(gw->nobody, api_url(fresh), NULL);
    assert_int_equal(whole->status, 200);
    assert_int_equal(whole->length, LENGTH);
    assert_memory_equal(whole->body, body.bytes, LENGTH);
    struct http_answer *range = http_get(gw->nobody, api_url(fresh), "Range: bytes=65530-131080");
    assert_int_equal(range->status, 206);
    assert_int_equal(range->length, 131080 - 65530 + 1);
    assert_memory_equal(range->body, (const char *)body.bytes + 65530, range->length);
}

static void recordings_play_whole_and_by_ranges(void **state)
{
    (void)state;
    json_t *answer = upload(1);
    assert_played(answer, 1);
    json_t *report = kit_json(kit_verify(gw->server, "--deep", "--grace", "0s"), 0);
    assert_true(json_is_true(json_object_get(report, "good")));
}

static void the_file_below_is_encrypted(void **state)
{
    (void)state;
    size_t length = 0;
    const char *key;
    json_t *answer = upload(2);
    (void)answer;
    char *path = kit_some_blob(gw->server, &key);
    char *bytes = scratch_read(path, &length);
    assert_int_equal(length, LENGTH + 4 * 24 + 128);
    assert_memory_equal(bytes + length - 128, "mgwcrypt", 8);
}

static void a_damaged_file_is_found_and_not_served(void **state)
{
    (void)state;
    json_t *answer = upload(3);
    const char *key = json_string_value(json_object_get(json_object_get(answer, "row"), "key"));
    struct kit_bytes bytes = kit_bytes(gw->server, key);
    bytes.bytes[70000] ^= 1; /* in the second segment */
    kit_write(&bytes);
    struct http_answer *first = http_get(gw->nobody, api_url(answer), "Range: bytes=0-65535");
    assert_int_equal(first->status, 206);
    struct http_answer *second = http_get(gw->nobody, api_url(answer), "Range: bytes=65536-65540");
    assert_true(second->status != 206 || second->error); /* cut off before a byte */
    json_t *report = kit_json(kit_verify(gw->server, "--deep"), 1);
    assert_int_equal(json_array_size(json_object_get(report, "found")), 1);
    bytes.bytes[70000] ^= 1;
    kit_write(&bytes);
}

/* What a dry run with a config that lacks the old key says is what dropping it would cost. */
static void verify_tells_which_recordings_need_a_key(void **state)
{
    (void)state;
    json_t *old = upload(4);
    restart("b:" KEY_B "\na:" KEY_A "\n");
    assert_played(old, 4);
    assert_non_null(strstr(server_log(gw->server), "the key \\\"a\\\" is still needed"));
    json_t *new = upload(5);
    assert_played(new, 5);
    overlay("b:" KEY_B "\n");
    struct run run = run_mediagw("verify", "--config", gw->server->config_path, "--deep");
    assert_int_equal(run.status, 1);
    const char *old_key = json_string_value(json_object_get(json_object_get(old, "row"), "key"));
    const char *new_key = json_string_value(json_object_get(json_object_get(new, "row"), "key"));
    assert_non_null(strstr(run.out, old_key));
    assert_null(strstr(run.out, new_key));
    char *both = keep_text("%s%s", run.out, run.err);
    assert_non_null(strstr(both, "encrypted with the key"));
    restart("a:" KEY_A "\nb:" KEY_B "\n");
    assert_played(old, 4);
    assert_played(new, 5);
}

static void a_config_that_lost_the_filter_is_refused(void **state)
{
    (void)state;
    assert_int_equal(server_stop(gw->server), 0);
    server_configure(gw->server, "{\"storage\": {\"filters\": []}}");
    struct run run = run_mediagw("serve", "--config", gw->server->config_path);
    assert_int_not_equal(run.status, 0);
    assert_non_null(strstr(run.err, "+encrypt"));
    server_configure(gw->server, overlay("a:" KEY_A "\nb:" KEY_B "\n"));
    server_start(gw->server);
    gateway_follow(gw);
}

static void the_same_store_without_the_filter_is_no_target(void **state)
{
    (void)state;
    struct server *plain = server_new_beside(
        gw->server, keep_text("{\"storage\": {\"filters\": []}, \"repository\": {\"path\": "
                              "\"%s.other\"}}",
                              gw->server->database));
    struct run init = run_mediagw("init", "--config", plain->config_path);
    assert_int_equal(init.status, 0);
    struct run run = kit_copy(gw->server, plain);
    assert_int_equal(run.status, 2);
    assert_non_null(strstr(run.err, "same store"));
    assert_int_equal(server_free(plain), 0);
}

static void copy_brings_plain_recordings_in(void **state)
{
    (void)state;
    struct gateway *plain = gateway_new(NULL);
    kit_fill(plain, 3);
    struct server *target = server_new(overlay("a:" KEY_A "\n"));
    kit_json(kit_copy(plain->server, target), 0);
    json_t *report = kit_json(kit_verify(target, "--deep", "--grace", "0s"), 0);
    assert_int_equal(kit_number(report, "ready"), 3);
    size_t length = 0;
    const char *key;
    char *bytes = scratch_read(kit_some_blob(target, &key), &length);
    assert_memory_equal(bytes + length - 128, "mgwcrypt", 8);
    assert_int_equal(server_free(target), 0);
    assert_int_equal(gateway_free(plain), 0);
}

static void no_output_holds_a_key(void **state)
{
    (void)state;
    char *log = scratch_read(gw->server->log_path, NULL);
    assert_null(strstr(log, "mJ3F"));
    assert_null(strstr(log, "Q2vY"));
    struct run shown = run_mediagw("config", "show", "--config", gw->server->config_path);
    assert_null(strstr(shown.out, "mJ3F"));
    overlay("a:" KEY_A "\na:" KEY_B "\n");
    struct run run = run_mediagw("serve", "--config", gw->server->config_path);
    assert_int_not_equal(run.status, 0);
    assert_non_null(strstr(run.err, "the id \"a\" is there twice"));
    assert_null(strstr(run.err, "mJ3F"));
    overlay("a:" KEY_A "\nb:" KEY_B "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(recordings_play_whole_and_by_ranges),
        TEST(the_file_below_is_encrypted),
        TEST(a_damaged_file_is_found_and_not_served),
        TEST(verify_tells_which_recordings_need_a_key),
        TEST(a_config_that_lost_the_filter_is_refused),
        TEST(the_same_store_without_the_filter_is_no_target),
        TEST(copy_brings_plain_recordings_in),
        TEST(no_output_holds_a_key),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
