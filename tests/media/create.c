/* SPDX-License-Identifier: Apache-2.0
 *
 * Creating recordings, where everything below works. */
#include "tests/media/bench.h"

#include <unistd.h>

static void create_answers_a_ready_row_with_a_signed_url(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant = bench_must_create(bench, "hello");
    assert_int_equal(grant->row->status, MGW_ROW_READY);
    assert_string_equal(grant->row->account_id, "acme");
    assert_string_equal(grant->row->bucket, "media-recordings");
    assert_string_equal(grant->row->mime_type, "video/webm");
    assert_string_equal(grant->row->kind, "video");
    assert_int_equal(grant->row->size_bytes, 5);
    assert_string_equal(grant->row->checksum,
                        "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_true(grant->row->created_at > 0);
    assert_true(grant->row->updated_at >= grant->row->created_at);
    assert_non_null(grant->signed_url);
    assert_false(grant->replayed);
    size_t length = 0;
    char *bytes = memstore_bytes(bench->store, grant->row->bucket, grant->row->key, &length);
    assert_int_equal(length, 5);
    assert_memory_equal(bytes, "hello", 5);
    free(bytes);
    mgw_grant_free(grant);
}

static void a_blob_carries_what_rows_can_be_rebuilt_from(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant = bench_must_create(bench, "hello");
    struct mgw_blob blob = {sizeof blob, grant->row->bucket, grant->row->key};
    struct mgw_stat stat = {.size = sizeof stat};
    assert_int_equal(
        bench->storage.driver->stat(bench->call, bench->storage.instance, &blob, &stat), MGW_OK);
    bool id = false, account = false;
    for (size_t i = 0; stat.metadata && stat.metadata[i]; i += 2) {
        id |= strcmp(stat.metadata[i], "id") == 0 &&
              strcmp(stat.metadata[i + 1], grant->row->id) == 0;
        account |=
            strcmp(stat.metadata[i], "account") == 0 && strcmp(stat.metadata[i + 1], "acme") == 0;
    }
    assert_true(id);
    assert_true(account);
    mgw_grant_free(grant);
}

static void every_field_reaches_the_row(void **state)
{
    struct bench *bench = *state;
    struct mgw_create_options options = bench_options();
    options.length = 3;
    options.mime_type = "audio/ogg";
    struct mgw_create *create;
    assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_OK);
    assert_int_equal(mgw_create_write(create, bench->call, "abc", 3), MGW_OK);
    struct mgw_recording recording = bench_recording();
    recording.mime_type = "video/webm;codecs=vp9,opus";
    recording.duration_ms = 5006;
    recording.session_id = "take_1-a";
    recording.take_index = 0;
    recording.owner_email = "ann@example.com";
    recording.metadata = "{\"b\": 1.0, \"a\": [\"\\u00e9\"] }";
    recording.checksum = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    struct mgw_grant *grant;
    assert_int_equal(mgw_create_finish(create, bench->call, &recording, &grant), MGW_OK);
    assert_string_equal(grant->row->mime_type, "video/webm;codecs=vp9,opus");
    assert_int_equal(grant->row->duration_ms, 5006);
    assert_string_equal(grant->row->session_id, "take_1-a");
    assert_int_equal(grant->row->take_index, 0);
    assert_string_equal(grant->row->owner_email, "ann@example.com");
    assert_string_equal(grant->row->metadata, recording.metadata);
    mgw_grant_free(grant);
}

static void a_recording_of_no_bytes_is_a_recording(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant = bench_must_create(bench, "");
    assert_int_equal(grant->row->size_bytes, 0);
    assert_int_equal(memstore_blobs(bench->store), 1);
    mgw_grant_free(grant);
}

static void a_type_nobody_told_is_sniffed(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\2\0\0\0";
    struct bench *bench = *state;
    const char *const hints[] = {NULL, "application/octet-stream"};
    for (size_t i = 0; i < 2; i++) {
        struct mgw_create_options options = bench_options();
        options.mime_type = hints[i];
        struct mgw_create *create;
        assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_OK);
        for (size_t at = 0; at < sizeof png - 1; at++) { /* byte by byte: nothing may get lost */
            assert_int_equal(mgw_create_write(create, bench->call, png + at, 1), MGW_OK);
        }
        struct mgw_recording recording = bench_recording();
        recording.mime_type = NULL;
        struct mgw_grant *grant;
        assert_int_equal(mgw_create_finish(create, bench->call, &recording, &grant), MGW_OK);
        assert_string_equal(grant->row->mime_type, "image/png");
        assert_string_equal(grant->row->kind, "image");
        size_t length = 0;
        char *bytes = memstore_bytes(bench->store, grant->row->bucket, grant->row->key, &length);
        assert_int_equal(length, sizeof png - 1);
        assert_memory_equal(bytes, png, length);
        free(bytes);
        mgw_grant_free(grant);
    }
}

/* Finishes a create of "abc" with RECORDING; nothing may be left but a failed row. */
static enum mgw_status refused(struct bench *bench, const struct mgw_recording *recording)
{
    size_t failed = memrepo_row_count(bench->repo, MGW_ROW_FAILED);
    struct mgw_create_options options = bench_options();
    struct mgw_create *create;
    struct mgw_grant *grant = NULL;
    assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_OK);
    assert_int_equal(mgw_create_write(create, bench->call, "abc", 3), MGW_OK);
    enum mgw_status status = mgw_create_finish(create, bench->call, recording, &grant);
    assert_null(grant);
    assert_string_not_equal(mgw_call_error(bench->call)->text, "");
    assert_int_equal(memstore_blobs(bench->store), 0);
    assert_int_equal(memrepo_row_count(bench->repo, MGW_ROW_UPLOADING), 0);
    assert_int_equal(memrepo_row_count(bench->repo, MGW_ROW_FAILED), failed + 1);
    return status;
}

static void wrong_fields_are_invalid_and_leave_a_failed_row(void **state)
{
    struct bench *bench = *state;
    struct mgw_recording bad = bench_recording();
    bad.duration_ms = -1;
    assert_int_equal(refused(bench, &bad), MGW_INVALID);
    bad = bench_recording();
    bad.duration_ms = INT64_C(1) << 53;
    assert_int_equal(refused(bench, &bad), MGW_INVALID);
    bad = bench_recording();
    bad.take_index = INT64_C(1) << 31;
    assert_int_equal(refused(bench, &bad), MGW_INVALID);
    bad = bench_recording();
    bad.session_id = "a b";
    assert_int_equal(refused(bench, &bad), MGW_INVALID);
    bad = bench_recording();
    bad.metadata = "{\"a\":1,\"a\":2}";
    assert_int_equal(refused(bench, &bad), MGW_INVALID);
    bad = bench_recording();
    bad.metadata = "[1]";
    assert_int_equal(refused(bench, &bad), MGW_INVALID);
    bad = bench_recording();
    bad.mime_type = "video";
    assert_int_equal(refused(bench, &bad), MGW_INVALID);
}

static void a_malformed_type_is_invalid_before_the_bytes(void **state)
{
    struct bench *bench = *state;
    struct mgw_create_options options = bench_options();
    options.mime_type = "video/webm\r\nX-Evil: 1";
    struct mgw_create *create = NULL;
    assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_INVALID);
    assert_int_equal(memrepo_row_count(bench->repo, 0), 0);
}

static void types_that_are_not_allowed_are_unsupported(void **state)
{
    struct bench *bench = *state;
    struct mgw_recording bad = bench_recording();
    bad.mime_type = "application/pdf";
    assert_int_equal(refused(bench, &bad), MGW_UNSUPPORTED);
    bad.mime_type = "image/svg+xml"; /* the default rule image/<star> does not cover it */
    assert_int_equal(refused(bench, &bad), MGW_UNSUPPORTED);
}

static void bytes_with_another_digest_are_corrupt(void **state)
{
    struct bench *bench = *state;
    struct mgw_recording bad = bench_recording();
    bad.checksum = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_int_equal(refused(bench, &bad), MGW_CORRUPT);
}

static void too_many_bytes_are_refused_before_and_while_they_come(void **state)
{
    struct bench *bench = *state;
    bench->options.max_upload_bytes = 4;
    bench_restart(bench);
    struct mgw_create_options options = bench_options();
    options.length = 5;
    struct mgw_create *create = NULL;
    assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_TOO_LARGE);
    assert_int_equal(memrepo_row_count(bench->repo, 0), 0);
    struct mgw_grant *grant;
    assert_int_equal(bench_create(bench, bench->call, NULL, "12345", &grant), MGW_TOO_LARGE);
    assert_int_equal(bench_create(bench, bench->call, NULL, "1234", &grant), MGW_OK);
    mgw_grant_free(grant);
}

static void another_length_than_announced_is_invalid(void **state)
{
    struct bench *bench = *state;
    struct mgw_create_options options = bench_options();
    options.length = 5;
    struct mgw_create *create;
    struct mgw_grant *grant;
    assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_OK);
    assert_int_equal(mgw_create_write(create, bench->call, "abc", 3), MGW_OK);
    struct mgw_recording recording = bench_recording();
    assert_int_equal(mgw_create_finish(create, bench->call, &recording, &grant), MGW_INVALID);
    assert_int_equal(memstore_blobs(bench->store), 0);
}

static void an_aborted_create_leaves_a_failed_row_and_no_bytes(void **state)
{
    struct bench *bench = *state;
    struct mgw_create_options options = bench_options();
    struct mgw_create *create;
    assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_OK);
    assert_int_equal(mgw_create_write(create, bench->call, "abc", 3), MGW_OK);
    mgw_create_abort(create, bench->call);
    assert_int_equal(memstore_blobs(bench->store), 0);
    assert_int_equal(memrepo_row_count(bench->repo, MGW_ROW_FAILED), 1);
    assert_int_equal(memrepo_row_count(bench->repo, 0), 1);
}

static void a_slow_upload_keeps_its_lease(void **state)
{
    struct bench *bench = *state;
    struct mgw_create_options options = bench_options();
    struct mgw_create *create;
    assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_OK);
    struct mgw_call *reaper = mgw_call_new(NULL, NULL, 0);
    for (int i = 0; i < 15; i++) {
        usleep(BENCH_LEASE_MS * 1000 / 5); /* three leases long in all */
        assert_int_equal(mgw_create_write(create, bench->call, "abc", 3), MGW_OK);
        uint64_t work;
        assert_int_equal(mgw_media_reap(bench->media, reaper, &work), MGW_OK);
        assert_int_equal(work, 0);
    }
    mgw_call_free(reaper);
    struct mgw_recording recording = bench_recording();
    struct mgw_grant *grant;
    assert_int_equal(mgw_create_finish(create, bench->call, &recording, &grant), MGW_OK);
    assert_int_equal(grant->row->size_bytes, 45);
    mgw_grant_free(grant);
}

static enum mgw_status count_up(void *ctx, char *id, size_t capacity)
{
    int *count = ctx;
    snprintf(id, capacity, "rec-%d", ++*count);
    return MGW_OK;
}

static enum mgw_status slash(void *ctx, char *id, size_t capacity)
{
    (void)ctx;
    snprintf(id, capacity, "a/b");
    return MGW_OK;
}

static void generate_id_makes_the_ids(void **state)
{
    struct bench *bench = *state;
    int count = 0;
    bench->options.generate_id = count_up;
    bench->options.generate_id_ctx = &count;
    bench_restart(bench);
    struct mgw_grant *grant = bench_must_create(bench, "x");
    assert_string_equal(grant->row->id, "rec-1");
    mgw_grant_free(grant);
    count = 0; /* the same id again: refused, and the first recording stays */
    assert_int_equal(bench_create(bench, bench->call, NULL, "y", &grant), MGW_EXISTS);
    assert_int_equal(bench_status(bench, "rec-1"), MGW_ROW_READY);
    bench->options.generate_id = slash;
    bench_restart(bench);
    assert_int_equal(bench_create(bench, bench->call, NULL, "z", &grant), MGW_IO);
    assert_int_equal(memstore_blobs(bench->store), 1);
}

static void creates_stop_below_the_reserve(void **state)
{
    struct bench *bench = *state;
    bench->options.min_free_bytes = 100;
    bench_restart(bench);
    memstore_capacity(bench->store, 50);
    struct mgw_grant *grant;
    assert_int_equal(bench_create(bench, bench->call, NULL, "x", &grant), MGW_NO_SPACE);
    assert_int_equal(memrepo_row_count(bench->repo, 0), 0);
    memstore_capacity(bench->store, 1000);
    assert_int_equal(bench_create(bench, bench->call, NULL, "x", &grant), MGW_OK);
    mgw_grant_free(grant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(create_answers_a_ready_row_with_a_signed_url),
        BENCH_TEST(a_blob_carries_what_rows_can_be_rebuilt_from),
        BENCH_TEST(every_field_reaches_the_row),
        BENCH_TEST(a_recording_of_no_bytes_is_a_recording),
        BENCH_TEST(a_type_nobody_told_is_sniffed),
        BENCH_TEST(wrong_fields_are_invalid_and_leave_a_failed_row),
        BENCH_TEST(a_malformed_type_is_invalid_before_the_bytes),
        BENCH_TEST(types_that_are_not_allowed_are_unsupported),
        BENCH_TEST(bytes_with_another_digest_are_corrupt),
        BENCH_TEST(too_many_bytes_are_refused_before_and_while_they_come),
        BENCH_TEST(another_length_than_announced_is_invalid),
        BENCH_TEST(an_aborted_create_leaves_a_failed_row_and_no_bytes),
        BENCH_TEST(a_slow_upload_keeps_its_lease),
        BENCH_TEST(generate_id_makes_the_ids),
        BENCH_TEST(creates_stop_below_the_reserve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
