/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw verify`: whatever is wrong with a store or its rows is found, and nothing else is. */
#include "tests/house/kit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RECORDINGS = 12 };

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw = kit_source(NULL);
    kit_fill(gw, RECORDINGS);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

/* The one finding, of PROBLEM; its key and id are as told (NULL: any, none). */
static void is_good(void)
{
    json_t *report = kit_json(kit_verify(gw->server, "--deep", "--grace", "0s"), 0);
    assert_true(json_is_true(json_object_get(report, "good")));
    assert_int_equal(json_array_size(json_object_get(report, "found")), 0);
}

static void what_is_whole_is_good(void **state)
{
    (void)state;
    json_t *report = kit_json(kit_verify(gw->server, "--deep", "--jobs", "3"), 0);
    assert_int_equal(kit_number(report, "ready"), RECORDINGS);
    assert_int_equal(kit_number(report, "blobs"), RECORDINGS);
    is_good();
}

static void flip(const char *path, off_t at)
{
    unsigned char byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void a_flipped_byte_is_found_by_deep_alone(void **state)
{
    (void)state;
    const char *key;
    const char *path = kit_some_blob(gw->server, &key);
    flip(path, 500);
    kit_json(kit_verify(gw->server), 0);
    kit_finds_one(kit_json(kit_verify(gw->server, "--deep"), 1), "damaged", key);
    flip(path, 500);
    is_good();
}

static void a_truncated_blob_is_found(void **state)
{
    (void)state;
    const char *key;
    const char *path = kit_some_blob(gw->server, &key);
    size_t length = 0;
    const char *bytes = scratch_read(path, &length);
    assert_int_equal(truncate(path, (off_t)length - 1), 0);
    kit_finds_one(kit_json(kit_verify(gw->server), 1), "wrong_size", key);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, bytes + length - 1, 1), 1);
    close(fd);
    is_good();
}

static void a_missing_blob_is_found(void **state)
{
    (void)state;
    const char *key;
    const char *path = kit_some_blob(gw->server, &key);
    char *aside = keep_text("%s/aside", gw->server->dir);
    assert_int_equal(rename(path, aside), 0);
    kit_finds_one(kit_json(kit_verify(gw->server, "--deep"), 1), "missing", key);
    assert_int_equal(rename(aside, path), 0);
    is_good();
}

static void a_foreign_checksum_is_found_by_deep(void **state)
{
    (void)state;
    const char *key;
    kit_some_blob(gw->server, &key);
    char *right =
        kit_sql_text(gw->server, keep_text("SELECT checksum FROM rows WHERE key = '%s'", key));
    char *other = keep_text("%s", right);
    other[10] = other[10] == 'a' ? 'b' : 'a';
    kit_sql(gw->server, "UPDATE rows SET checksum = '%s' WHERE key = '%s'", other, key);
    kit_finds_one(kit_json(kit_verify(gw->server, "--deep"), 1), "damaged", key);
    /* One that says nothing of the bytes is no lie; it is counted. */
    kit_sql(gw->server, "UPDATE rows SET checksum = 'md5:abc' WHERE key = '%s'", key);
    json_t *report = kit_json(kit_verify(gw->server, "--deep"), 0);
    assert_int_equal(kit_number(report, "withoutDigest"), 1);
    kit_sql(gw->server, "UPDATE rows SET checksum = '%s' WHERE key = '%s'", right, key);
    is_good();
}

static void an_orphan_is_found_once_it_is_old_enough(void **state)
{
    (void)state;
    json_t *answer = api_upload(gw->client, API_VIDEO, body_random(99, 5000));
    const char *key = api_text(answer, "key");
    char *path = kit_blob(gw->server, key);
    kit_sql(gw->server, "DELETE FROM rows WHERE key = '%s'", key);
    kit_json(kit_verify(gw->server), 0); /* younger than an hour */
    kit_finds_one(kit_json(kit_verify(gw->server, "--grace", "0s"), 1), "orphan", key);
    struct timespec old[2] = {{.tv_sec = time(NULL) - 7200}, {.tv_sec = time(NULL) - 7200}};
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    kit_finds_one(kit_json(kit_verify(gw->server), 1), "orphan", key);
    assert_int_equal(unlink(path), 0);
    is_good();
}

static void the_bytes_of_a_deleted_recording_are_found_where_nobody_comes_back(void **state)
{
    (void)state;
    const char *key;
    kit_some_blob(gw->server, &key);
    kit_sql(gw->server, "UPDATE rows SET status = 4 WHERE key = '%s'", key);
    kit_finds_one(kit_json(kit_verify(gw->server, "--grace", "0s"), 1), "left_behind", key);
    /* Where the reaper is to come it is its work. (Far ahead, so that it does not.) */
    kit_sql(gw->server, "UPDATE rows SET lease_until = 9999999999999 WHERE key = '%s'", key);
    kit_json(kit_verify(gw->server, "--grace", "0s"), 0);
    kit_sql(gw->server, "UPDATE rows SET status = 2, lease_until = NULL WHERE key = '%s'", key);
    is_good();
}

static void an_upload_past_its_lease_is_found(void **state)
{
    (void)state;
    assert_int_equal(server_stop(gw->server), 0); /* its reaper would be faster */
    const char *key;
    kit_some_blob(gw->server, &key);
    kit_sql(gw->server, "UPDATE rows SET status = 1, lease_until = 9999999999999 WHERE key = '%s'",
            key);
    kit_json(kit_verify(gw->server), 0);
    kit_sql(gw->server, "UPDATE rows SET lease_until = 1000 WHERE key = '%s'", key);
    kit_finds_one(kit_json(kit_verify(gw->server), 1), "stuck_uploading", key);
    kit_sql(gw->server, "UPDATE rows SET status = 2, lease_until = NULL WHERE key = '%s'", key);
    is_good();
}

static void the_plain_report_names_what_is_wrong(void **state)
{
    (void)state;
    const char *key;
    const char *path = kit_some_blob(gw->server, &key);
    struct run good = run_mediagw("verify", "--config", gw->server->config_path);
    assert_int_equal(good.status, 0);
    assert_non_null(strstr(good.out, "all is well"));
    char *aside = keep_text("%s/aside", gw->server->dir);
    assert_int_equal(rename(path, aside), 0);
    struct run run = run_mediagw("verify", "--config", gw->server->config_path);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.out, "problem=missing id="));
    assert_non_null(strstr(run.out, key));
    assert_non_null(strstr(run.out, "1 missing"));
    assert_int_equal(rename(aside, path), 0);
}

static void wrong_words_are_refused(void **state)
{
    (void)state;
    assert_int_equal(run_mediagw("verify").status, 2);
    assert_int_equal(kit_verify(gw->server, "--jobs", "0").status, 2);
    assert_int_equal(kit_verify(gw->server, "--jobs", "4x").status, 2);
    assert_int_equal(kit_verify(gw->server, "--grace", "soon").status, 2);
    assert_int_equal(run_mediagw("verify", "--help").status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_whole_is_good),
        TEST(a_flipped_byte_is_found_by_deep_alone),
        TEST(a_truncated_blob_is_found),
        TEST(a_missing_blob_is_found),
        TEST(a_foreign_checksum_is_found_by_deep),
        TEST(an_orphan_is_found_once_it_is_old_enough),
        TEST(the_bytes_of_a_deleted_recording_are_found_where_nobody_comes_back),
        TEST(the_plain_report_names_what_is_wrong),
        TEST(wrong_words_are_refused),
        TEST(an_upload_past_its_lease_is_found),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
