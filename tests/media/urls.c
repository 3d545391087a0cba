/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed URLs and what they open. */
#include "tests/media/bench.h"

#include <unistd.h>

static enum mgw_status open_url(struct bench *bench, const struct mgw_content_request *request)
{
    struct mgw_content *content = NULL;
    enum mgw_status status = mgw_content_open(bench->media, bench->call, request, &content);
    assert_true((content != NULL) == (status == MGW_OK));
    mgw_content_close(content);
    return status;
}

static void a_url_opens_the_bytes(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant = bench_must_create(bench, "hello");
    struct mgw_content_request request = bench_parse_url(grant->signed_url);
    struct mgw_content *content;
    assert_int_equal(mgw_content_open(bench->media, bench->call, &request, &content), MGW_OK);
    const struct mgw_content_info *info = mgw_content_info(content);
    assert_int_equal(info->bytes, 5);
    assert_string_equal(info->mime_type, "video/webm");
    assert_string_equal(info->checksum, grant->row->checksum);
    assert_false(info->attachment);
    assert_int_equal(info->expires_at, grant->signed_url_expires_at);
    char bytes[8];
    size_t got;
    assert_int_equal(mgw_content_read(content, bench->call, 1, bytes, sizeof bytes, &got), MGW_OK);
    assert_int_equal(got, 4);
    assert_memory_equal(bytes, "ello", 4);
    mgw_content_close(content);
    free((void *)(uintptr_t)request.bucket);
    mgw_grant_free(grant);
}

/* Every parameter left out, changed and swapped is denied. */
static void an_altered_url_opens_nothing(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *one = bench_must_create(bench, "one"), *two = bench_must_create(bench, "two");
    struct mgw_content_request good = bench_parse_url(one->signed_url);
    struct mgw_content_request other = bench_parse_url(two->signed_url);
    struct mgw_content_request bad;
    assert_int_equal(open_url(bench, &good), MGW_OK);
    bad = good, bad.key = other.key;
    assert_int_equal(open_url(bench, &bad), MGW_DENIED);
    bad = good, bad.bucket = "other";
    assert_int_equal(open_url(bench, &bad), MGW_DENIED);
    bad = good, bad.sig = other.sig;
    assert_int_equal(open_url(bench, &bad), MGW_DENIED);
    bad = good, bad.kid = "other";
    assert_int_equal(open_url(bench, &bad), MGW_DENIED);
    bad = good, bad.expires = "99999999999";
    assert_int_equal(open_url(bench, &bad), MGW_DENIED);
    bad = good, bad.disposition = "attachment";
    assert_int_equal(open_url(bench, &bad), MGW_DENIED);
    bad = good, bad.disposition = "";
    assert_int_equal(open_url(bench, &bad), MGW_DENIED);
    bad = good, bad.file_name = "x.exe";
    assert_int_equal(open_url(bench, &bad), MGW_DENIED);
    bad = good, bad.sig = NULL;
    assert_int_equal(open_url(bench, &bad), MGW_DENIED);
    bad = good, bad.kid = NULL;
    assert_int_equal(open_url(bench, &bad), MGW_DENIED);
    bad = good, bad.expires = NULL;
    assert_int_equal(open_url(bench, &bad), MGW_DENIED);
    bad = good, bad.sig = "";
    assert_int_equal(open_url(bench, &bad), MGW_DENIED);
    free((void *)(uintptr_t)good.bucket);
    free((void *)(uintptr_t)other.bucket);
    mgw_grant_free(one);
    mgw_grant_free(two);
}

static void a_url_ends_with_its_ttl(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant = bench_must_create(bench, "x"), *brief;
    assert_int_equal(mgw_media_get(bench->media, bench->call, grant->row->id, 1, NULL, &brief),
                     MGW_OK);
    struct mgw_content_request request = bench_parse_url(brief->signed_url);
    for (int i = 0; i < 30 && open_url(bench, &request) == MGW_OK; i++) {
        usleep(100000);
    }
    assert_int_equal(open_url(bench, &request), MGW_DENIED);
    free((void *)(uintptr_t)request.bucket);
    mgw_grant_free(brief);
    mgw_grant_free(grant);
}

static void a_url_ends_with_its_recording(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant = bench_must_create(bench, "x");
    struct mgw_content_request request = bench_parse_url(grant->signed_url);
    assert_int_equal(open_url(bench, &request), MGW_OK); /* the row is in the cache now */
    assert_int_equal(mgw_media_delete(bench->media, bench->call, grant->row->id), MGW_OK);
    assert_int_equal(open_url(bench, &request), MGW_NOT_FOUND);
    free((void *)(uintptr_t)request.bucket);
    mgw_grant_free(grant);
}

static void an_attachment_carries_its_name_inside_the_signature(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant = bench_must_create(bench, "x"), *named;
    assert_int_equal(
        mgw_media_get(bench->media, bench->call, grant->row->id, 0, "caf\xc3\xa9 1.webm", &named),
        MGW_OK);
    struct mgw_content_request request = bench_parse_url(named->signed_url);
    struct mgw_content *content;
    assert_int_equal(mgw_content_open(bench->media, bench->call, &request, &content), MGW_OK);
    assert_true(mgw_content_info(content)->attachment);
    assert_string_equal(mgw_content_info(content)->file_name, "caf\xc3\xa9 1.webm");
    mgw_content_close(content);
    request.file_name = "evil.html";
    assert_int_equal(open_url(bench, &request), MGW_DENIED);
    struct mgw_grant *bad = NULL;
    assert_int_equal(mgw_media_get(bench->media, bench->call, grant->row->id, 0, "a/b", &bad),
                     MGW_INVALID);
    assert_int_equal(mgw_media_get(bench->media, bench->call, grant->row->id, 0, "a\r\nb", &bad),
                     MGW_INVALID);
    free((void *)(uintptr_t)request.bucket);
    mgw_grant_free(named);
    mgw_grant_free(grant);
}

static void keys_rotate(void **state)
{
    struct bench *bench = *state;
    const char *secrets[] = {"0123456789abcdef0123456789abcdef",
                             "fedcba9876543210fedcba9876543210"};
    struct mgw_url_key keys[2] = {
        {sizeof keys[0], "2026-10", secrets[0], 32, true},
        {sizeof keys[0], "2026-11", secrets[1], 32, false},
    };
    bench->options.url_keys = keys;
    bench->options.url_key_count = 1;
    bench_restart(bench);
    struct mgw_grant *old = bench_must_create(bench, "x");
    assert_non_null(strstr(old->signed_url, "kid=2026-10&"));
    keys[0].sign = false;
    keys[1].sign = true;
    bench->options.url_key_count = 2;
    bench_restart(bench);
    struct mgw_content_request request = bench_parse_url(old->signed_url);
    assert_int_equal(open_url(bench, &request), MGW_OK); /* honoured, though not signed with */
    struct mgw_grant *new = bench_must_create(bench, "y");
    assert_non_null(strstr(new->signed_url, "kid=2026-11&"));
    bench->options.url_keys = keys + 1;
    bench->options.url_key_count = 1;
    bench_restart(bench);
    assert_int_equal(open_url(bench, &request), MGW_DENIED); /* the old key is gone */
    free((void *)(uintptr_t)request.bucket);
    mgw_grant_free(old);
    mgw_grant_free(new);
}

static void weak_or_doubled_keys_are_refused(void **state)
{
    struct bench *bench = *state;
    const char *secret = "0123456789abcdef0123456789abcdef";
    struct mgw_url_key keys[2] = {{sizeof keys[0], "a", secret, 31, true},
                                  {sizeof keys[0], "a", secret, 32, true}};
    struct mgw_error error = {.size = sizeof error};
    struct mgw_media *media = NULL;
    bench->options.url_keys = keys;
    bench->options.url_key_count = 1;
    assert_int_equal(mgw_media_new(&bench->options, &media, &error), MGW_INVALID);
    keys[0].secret_length = 32;
    bench->options.url_key_count = 2;
    assert_int_equal(mgw_media_new(&bench->options, &media, &error), MGW_INVALID);
    keys[1].id = "b"; /* two signers */
    assert_int_equal(mgw_media_new(&bench->options, &media, &error), MGW_INVALID);
    keys[0].sign = keys[1].sign = false;
    assert_int_equal(mgw_media_new(&bench->options, &media, &error), MGW_INVALID);
    assert_null(media);
}

static void a_ready_row_without_its_bytes_is_not_found(void **state)
{
    struct bench *bench = *state;
    struct mgw_grant *grant = bench_must_create(bench, "x");
    struct mgw_content_request request = bench_parse_url(grant->signed_url);
    struct mgw_blob blob = {sizeof blob, grant->row->bucket, grant->row->key};
    assert_int_equal(bench->storage.driver->remove(bench->call, bench->storage.instance, &blob),
                     MGW_OK);
    assert_int_equal(open_url(bench, &request), MGW_NOT_FOUND);
    free((void *)(uintptr_t)request.bucket);
    mgw_grant_free(grant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_url_opens_the_bytes),
        BENCH_TEST(an_altered_url_opens_nothing),
        BENCH_TEST(a_url_ends_with_its_ttl),
        BENCH_TEST(a_url_ends_with_its_recording),
        BENCH_TEST(an_attachment_carries_its_name_inside_the_signature),
        BENCH_TEST(keys_rotate),
        BENCH_TEST(weak_or_doubled_keys_are_refused),
        BENCH_TEST(a_ready_row_without_its_bytes_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
