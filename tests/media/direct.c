/* SPDX-License-Identifier: Apache-2.0
 *
 * Stores that presign: where signed URLs lead, and direct uploads whose bytes the service never
 * sees. memstore_send is the client who has a URL and its headers. */
#include "tests/media/bench.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define ALL (MGW_STORAGE_PRESIGN_GET | MGW_STORAGE_PRESIGN_PUT | MGW_STORAGE_PRESIGN_PART)
#define HELLO_SUM "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

enum { TTL_SEC = 10 };

static struct bench *presigning(void **state, uint64_t capabilities, int64_t max_ttl_sec)
{
    struct bench *bench = *state;
    memstore_presigns(bench->store, capabilities, max_ttl_sec);
    bench->options.direct_ttl_sec = TTL_SEC;
    bench->options.direct_part_from_bytes = 8; /* parts of 2 */
    bench_restart(bench);
    return bench;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct mgw_grant *get(struct bench *bench, const char *id, int64_t ttl_sec,
                             const char *file_name)
{
    struct mgw_grant *grant = NULL;
    if (mgw_media_get(bench->media, bench->call, id, ttl_sec, file_name, &grant) != MGW_OK) {
        fail_msg("%s", mgw_call_error(bench->call)->text);
    }
    return grant;
}

static void url_is_shown_as(struct bench *bench, const char *url, const char *type,
                            const char *disposition)
{
    const char *got_type = NULL, *got_disposition = NULL;
    assert_true(memstore_shown_as(bench->store, url, &got_type, &got_disposition));
    assert_string_equal(got_type, type);
    assert_string_equal(got_disposition, disposition);
}

/* ---- Where signed URLs lead ---- */

static void a_signed_url_is_the_stores_and_says_type_and_disposition(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_grant *made = bench_must_create(bench, "hello");
    assert_int_equal(strncmp(made->signed_url, "https://store.test/", 19), 0);
    url_is_shown_as(bench, made->signed_url, "video/webm", "inline");
    struct mgw_grant *named = get(bench, made->row->id, 60, "caf\xc3\xa9.webm");
    url_is_shown_as(bench, named->signed_url, "video/webm",
                    "attachment; filename=\"caf_.webm\"; filename*=UTF-8''caf%C3%A9.webm");
    mgw_grant_free(named);
    mgw_grant_free(made);
}

static void what_is_not_shown_inline_is_presigned_as_an_attachment(void **state)
{
    struct bench *bench = *state;
    const char *types[] = {"image/svg+xml", "video/*", NULL};
    bench->options.mime_types = types;
    presigning(state, ALL, 604800);
    struct mgw_create_options options = bench_options();
    struct mgw_recording recording = bench_recording();
    struct mgw_create *create = NULL;
    struct mgw_grant *grant = NULL;
    options.mime_type = recording.mime_type = "image/svg+xml";
    assert_int_equal(mgw_create_begin(bench->media, bench->call, &options, &create), MGW_OK);
    assert_int_equal(mgw_create_write(create, bench->call, "<svg/>", 6), MGW_OK);
    assert_int_equal(mgw_create_finish(create, bench->call, &recording, &grant), MGW_OK);
    url_is_shown_as(bench, grant->signed_url, "image/svg+xml", "attachment");
    mgw_grant_free(grant);
}

static void a_url_lives_no_longer_than_the_store_and_its_credentials_grant(void **state)
{
    struct bench *bench = presigning(state, ALL, 30);
    struct mgw_grant *made = bench_must_create(bench, "hello");
    assert_true(made->signed_url_expires_at <= now_ms() + 30000);
    int64_t end = now_ms() + 5000;
    memstore_credentials_end(bench->store, end);
    struct mgw_grant *earlier = get(bench, made->row->id, 0, NULL);
    assert_int_equal(earlier->signed_url_expires_at, end);
    struct mgw_grant *bad = NULL; /* the service's own bounds hold all the same */
    assert_int_equal(mgw_media_get(bench->media, bench->call, made->row->id, 604801, NULL, &bad),
                     MGW_INVALID);
    mgw_grant_free(earlier);
    mgw_grant_free(made);
}

static void proxy_delivery_keeps_the_gateways_own_urls(void **state)
{
    struct bench *bench = *state;
    bench->options.delivery = MGW_DELIVERY_PROXY;
    presigning(state, ALL, 604800);
    struct mgw_grant *made = bench_must_create(bench, "hello");
    assert_int_equal(strncmp(made->signed_url, "/media/", 7), 0);
    assert_int_equal(memstore_calls(bench->store, MEMSTORE_PRESIGN), 0);
    mgw_grant_free(made);
    bench->options.delivery = 2;
    struct mgw_error error = {.size = sizeof error};
    struct mgw_media *media = NULL;
    assert_int_equal(mgw_media_new(&bench->options, &media, &error), MGW_INVALID);
}

static void a_store_that_cannot_presign_now_is_stood_in_for(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    memstore_fail(bench->store, MEMSTORE_PRESIGN, 1, 1, MGW_UNAVAILABLE);
    struct mgw_grant *made = bench_must_create(bench, "hello");
    struct mgw_content_request request = bench_parse_url(made->signed_url);
    struct mgw_content *content = NULL;
    assert_int_equal(mgw_content_open(bench->media, bench->call, &request, &content), MGW_OK);
    mgw_content_advise(content, bench->call, 1, 3);
    uint64_t offset, length;
    memstore_last_advice(bench->store, &offset, &length);
    assert_int_equal(offset, 1);
    assert_int_equal(length, 3);
    mgw_content_close(content);
    free((void *)(uintptr_t)request.bucket);
    mgw_grant_free(made);
}

static void making_a_stores_url_may_wait(void **state)
{
    struct bench *bench = presigning(state, 0, 0);
    uint32_t before = mgw_media_traits(bench->media);
    presigning(state, ALL, 604800);
    assert_int_equal(mgw_media_traits(bench->media), before & ~MGW_MEDIA_ROWS_INLINE);
}

/* ---- Direct uploads ---- */

struct wish {
    const char *key, *checksum, *md5;
    uint32_t parts;
};

static enum mgw_status try_begin(struct bench *bench, size_t length, struct wish wish,
                                 struct mgw_direct **direct)
{
    struct mgw_recording recording = bench_recording();
    recording.checksum = wish.checksum;
    struct mgw_direct_options options = {.size = sizeof options,
                                         .idempotency_key = wish.key,
                                         .length = length,
                                         .recording = &recording,
                                         .content_md5 = wish.md5,
                                         .parts = wish.parts};
    return mgw_direct_begin(bench->media, bench->call, &options, direct);
}

static struct mgw_direct *begin(struct bench *bench, size_t length, struct wish wish)
{
    struct mgw_direct *direct = NULL;
    if (try_begin(bench, length, wish, &direct) != MGW_OK) {
        fail_msg("begin: %s", mgw_call_error(bench->call)->text);
    }
    return direct;
}

static int send_request(struct bench *bench, const struct mgw_direct_request *request,
                        const char *bytes)
{
    return memstore_send(bench->store, bench->call, request->url, request->headers,
                         bytes + request->offset, (size_t)request->length);
}

static enum mgw_status complete(struct bench *bench, const char *id, struct mgw_grant **grant)
{
    return mgw_direct_complete(bench->media, bench->call, id, grant);
}

static struct mgw_grant *must_complete(struct bench *bench, const char *id)
{
    struct mgw_grant *grant = NULL;
    if (complete(bench, id, &grant) != MGW_OK) {
        fail_msg("complete: %s", mgw_call_error(bench->call)->text);
    }
    assert_int_equal(grant->row->status, MGW_ROW_READY);
    return grant;
}

static void bytes_are(struct bench *bench, const struct mgw_row *row, const char *bytes)
{
    size_t length = 0;
    char *got = memstore_bytes(bench->store, row->bucket, row->key, &length);
    assert_non_null(got);
    assert_int_equal(length, strlen(bytes));
    assert_memory_equal(got, bytes, length);
    free(got);
}

static void one_put_to_the_store_and_complete_make_a_recording(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){0});
    assert_int_equal(direct->count, 1);
    assert_int_equal(direct->part_bytes, 0);
    assert_true(direct->expires_at <= now_ms() + TTL_SEC * 1000);
    assert_int_equal(direct->row->status, MGW_ROW_UPLOADING);
    struct mgw_grant *grant = NULL;
    assert_int_equal(complete(bench, direct->row->id, &grant), MGW_CONFLICT);
    assert_int_equal(send_request(bench, direct->requests, "hello"), 200);
    grant = must_complete(bench, direct->row->id);
    assert_null(grant->row->checksum); /* nobody here has seen the bytes */
    assert_int_equal(memstore_calls(bench->store, MEMSTORE_READ), 0);
    bytes_are(bench, grant->row, "hello");
    mgw_grant_free(grant);
    mgw_direct_free(direct);
}

static void a_declared_checksum_is_read_back(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){.checksum = HELLO_SUM});
    assert_int_equal(send_request(bench, direct->requests, "hello"), 200);
    struct mgw_grant *grant = must_complete(bench, direct->row->id);
    assert_string_equal(grant->row->checksum, HELLO_SUM);
    mgw_grant_free(grant);
    mgw_direct_free(direct);
}

static void other_bytes_than_declared_fail_the_upload_and_go(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){.checksum = HELLO_SUM});
    struct mgw_grant *grant = NULL;
    assert_int_equal(send_request(bench, direct->requests, "hullo"), 200);
    assert_int_equal(complete(bench, direct->row->id, &grant), MGW_CORRUPT);
    assert_int_equal(bench_status(bench, direct->row->id), MGW_ROW_FAILED);
    assert_int_equal(memstore_blobs(bench->store), 0);
    assert_int_equal(complete(bench, direct->row->id, &grant), MGW_CORRUPT);
    mgw_direct_free(direct);
}

static void the_url_asks_for_the_md5_that_was_declared(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){.md5 = "XUFAKrxLKna5cZ2REBfFkg=="});
    const char *const *header = direct->requests[0].headers;
    while (header[0] && strcmp(header[0], "Content-MD5") != 0) {
        header += 2;
    }
    assert_non_null(header[0]);
    assert_string_equal(header[1], "XUFAKrxLKna5cZ2REBfFkg==");
    struct mgw_direct *bad = NULL;
    struct wish parts = {.md5 = "XUFAKrxLKna5cZ2REBfFkg==", .parts = MGW_DIRECT_PARTS_YES};
    assert_int_equal(try_begin(bench, 5, parts, &bad), MGW_INVALID);
    /* Large, but one PUT all the same: a part has no such digest. */
    struct mgw_direct *large = begin(bench, 50, (struct wish){.md5 = "XUFAKrxLKna5cZ2REBfFkg=="});
    assert_int_equal(large->part_bytes, 0);
    mgw_direct_free(large);
    mgw_direct_free(direct);
}

/* A blob that came by another way than the URL's: the look at complete is no formality. */
static void a_blob_of_another_size_or_type_is_not_taken(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    const char *types[] = {"video/webm", "video/mp4"};
    for (int i = 0; i < 2; i++) {
        struct mgw_direct *direct = begin(bench, 5, (struct wish){0});
        struct mgw_blob blob = {sizeof blob, direct->row->bucket, direct->row->key};
        struct mgw_put put = {.size = sizeof put, .content_type = types[i]};
        struct mgw_stat stat = {.size = sizeof stat};
        void *writer = NULL;
        const struct mgw_storage_driver *driver = bench->storage.driver;
        assert_int_equal(driver->put_begin(bench->call, bench->store, &blob, &put, &writer),
                         MGW_OK);
        assert_int_equal(driver->put_write(bench->call, writer, "hello!", i == 0 ? 6 : 5), MGW_OK);
        assert_int_equal(driver->put_commit(bench->call, writer, &stat), MGW_OK);
        struct mgw_grant *grant = NULL;
        assert_int_equal(complete(bench, direct->row->id, &grant), MGW_CONFLICT);
        assert_non_null(
            strstr(mgw_call_error(bench->call)->text, i == 0 ? "6 bytes" : "Content-Type"));
        assert_int_equal(bench_status(bench, direct->row->id), MGW_ROW_UPLOADING);
        mgw_direct_free(direct);
    }
}

static void without_presigned_puts_the_url_is_the_gateways(void **state)
{
    struct bench *bench = presigning(state, MGW_STORAGE_PRESIGN_GET, 604800);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){.parts = MGW_DIRECT_PARTS_YES});
    assert_int_equal(strncmp(direct->requests[0].url, "/media/", 7), 0);
    mgw_direct_free(direct);
    bench->options.delivery = MGW_DELIVERY_PROXY; /* clients do not reach the store */
    presigning(state, ALL, 604800);
    direct = begin(bench, 5, (struct wish){0});
    assert_int_equal(strncmp(direct->requests[0].url, "/media/", 7), 0);
    mgw_direct_free(direct);
}

/* ---- Parts ---- */

static void parts_without_receipts_are_put_together_by_complete(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    const char *text = "0123456789a";
    struct mgw_direct *direct = begin(bench, strlen(text), (struct wish){0});
    assert_int_equal(direct->count, 6);
    assert_int_equal(direct->part_bytes, 2);
    assert_int_equal(direct->requests[5].number, 6);
    assert_int_equal(direct->requests[5].offset, 10);
    assert_int_equal(direct->requests[5].length, 1);
    struct mgw_grant *grant = NULL;
    for (size_t i = 0; i < direct->count; i++) {
        assert_int_equal(complete(bench, direct->row->id, &grant), MGW_CONFLICT);
        assert_int_equal(send_request(bench, &direct->requests[i], text), 200);
    }
    grant = must_complete(bench, direct->row->id);
    bytes_are(bench, grant->row, text);
    mgw_grant_free(grant);
    assert_int_equal(send_request(bench, direct->requests, "xx"), 404); /* too late */
    grant = must_complete(bench, direct->row->id);
    bytes_are(bench, grant->row, text);
    mgw_grant_free(grant);
    mgw_direct_free(direct);
}

static void a_small_upload_may_ask_for_parts_and_a_large_one_for_none(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *small = begin(bench, 3, (struct wish){.parts = MGW_DIRECT_PARTS_YES});
    assert_int_equal(small->count, 2);
    struct mgw_direct *large = begin(bench, 300, (struct wish){.parts = MGW_DIRECT_PARTS_NO});
    assert_int_equal(large->count, 1);
    assert_int_equal(large->requests[0].number, 0);
    struct mgw_direct *many = begin(bench, 5000, (struct wish){0});
    assert_true(many->count <= 256);
    mgw_direct_free(small);
    mgw_direct_free(large);
    mgw_direct_free(many);
}

static void send_all(struct bench *bench, const struct mgw_direct *direct, const char *bytes)
{
    for (size_t i = 0; i < direct->count; i++) {
        assert_int_equal(send_request(bench, &direct->requests[i], bytes), 200);
    }
}

static void lost_answers_of_complete_are_found_out(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 9, (struct wish){0});
    struct mgw_grant *grant = NULL;
    send_all(bench, direct, "123456789");
    memstore_lose_answer(bench->store, MEMSTORE_UPLOAD_COMPLETE, 1, 1, MGW_UNKNOWN_OUTCOME);
    assert_int_equal(complete(bench, direct->row->id, &grant), MGW_UNKNOWN_OUTCOME);
    struct memrepo_fault fault = {
        .times = 2, .status = MGW_TIMEOUT, .after = true, .row_status = MGW_ROW_READY};
    memrepo_inject(bench->repo, MEMREPO_APPLY, &fault);
    assert_int_equal(complete(bench, direct->row->id, &grant), MGW_TIMEOUT);
    memrepo_inject(bench->repo, MEMREPO_APPLY, NULL);
    grant = must_complete(bench, direct->row->id);
    bytes_are(bench, grant->row, "123456789");
    mgw_grant_free(grant);
    mgw_direct_free(direct);
}

static void parts_that_nobody_completes_go_with_the_row(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 9, (struct wish){0});
    assert_int_equal(send_request(bench, direct->requests, "123456789"), 200);
    assert_int_equal(memstore_uploads(bench->store), 1);
    bench_reap_later(bench);
    assert_int_equal(bench_status(bench, direct->row->id), MGW_ROW_FAILED);
    assert_int_equal(memstore_uploads(bench->store), 0);
    assert_int_equal(memrepo_record_count(bench->repo, "direct"), 1);
    bench_reap_later(bench);
    assert_int_equal(memrepo_record_count(bench->repo, "direct"), 0);
    mgw_direct_free(direct);
}

static void a_delete_takes_the_parts_along(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 9, (struct wish){0});
    assert_int_equal(send_request(bench, direct->requests, "123456789"), 200);
    assert_int_equal(mgw_media_delete(bench->media, bench->call, direct->row->id), MGW_OK);
    assert_int_equal(memstore_uploads(bench->store), 0);
    struct mgw_grant *grant = NULL;
    assert_int_equal(complete(bench, direct->row->id, &grant), MGW_NOT_FOUND);
    mgw_direct_free(direct);
}

/* The reaper could not reach the store: it comes back for the parts. */
static void parts_that_could_not_be_removed_are_removed_later(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 9, (struct wish){0});
    memstore_fail(bench->store, MEMSTORE_UPLOAD_ABORT, 1, 0, MGW_UNAVAILABLE);
    for (int i = 0; i < 3; i++) {
        bench_reap_later(bench);
    }
    assert_int_equal(memstore_uploads(bench->store), 1);
    assert_int_equal(memrepo_record_count(bench->repo, "direct"), 1);
    memstore_heal(bench->store);
    for (int i = 0; i < 10; i++) { /* it waits five minutes between two tries */
        bench_reap_later(bench);
    }
    assert_int_equal(memstore_uploads(bench->store), 0);
    assert_int_equal(memrepo_record_count(bench->repo, "direct"), 0);
    mgw_direct_free(direct);
}

/* ---- Too late ---- */

static void a_put_after_delete_is_purged_once_its_url_has_ended(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){0});
    assert_int_equal(mgw_media_delete(bench->media, bench->call, direct->row->id), MGW_OK);
    assert_int_equal(send_request(bench, direct->requests, "hello"), 200); /* the URL lives on */
    assert_int_equal(mgw_media_reap(bench->media, bench->call, NULL), MGW_OK);
    assert_int_equal(memstore_blobs(bench->store), 1);
    bench_reap_later(bench);
    assert_int_equal(memstore_blobs(bench->store), 0);
    assert_int_equal(memrepo_record_count(bench->repo, "direct"), 0);
    mgw_direct_free(direct);
}

static void a_put_after_complete_and_delete_is_purged_too(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){0});
    assert_int_equal(send_request(bench, direct->requests, "hello"), 200);
    mgw_grant_free(must_complete(bench, direct->row->id));
    assert_int_equal(send_request(bench, direct->requests, "hullo"), 412);
    assert_int_equal(mgw_media_delete(bench->media, bench->call, direct->row->id), MGW_OK);
    assert_int_equal(send_request(bench, direct->requests, "hullo"), 200);
    /* A plain row's second look would come after two leases: too early for this one. */
    memrepo_set_clock_offset(bench->repo, 3 * BENCH_LEASE_MS);
    assert_int_equal(mgw_media_reap(bench->media, bench->call, NULL), MGW_OK);
    assert_int_equal(memstore_blobs(bench->store), 1);
    bench_reap_later(bench);
    assert_int_equal(memstore_blobs(bench->store), 0);
    mgw_direct_free(direct);
}

static void a_put_after_the_upload_failed_is_purged(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){0});
    bench_reap_later(bench);
    assert_int_equal(bench_status(bench, direct->row->id), MGW_ROW_FAILED);
    assert_int_equal(send_request(bench, direct->requests, "hello"), 200);
    bench_reap_later(bench);
    assert_int_equal(memstore_blobs(bench->store), 0);
    mgw_direct_free(direct);
}

static void the_lease_covers_the_url_and_as_long_again(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){0});
    memrepo_set_clock_offset(bench->repo, (2 * TTL_SEC - 3) * 1000);
    assert_int_equal(mgw_media_reap(bench->media, bench->call, NULL), MGW_OK);
    assert_int_equal(bench_status(bench, direct->row->id), MGW_ROW_UPLOADING);
    assert_int_equal(send_request(bench, direct->requests, "hello"), 200);
    mgw_grant_free(must_complete(bench, direct->row->id));
    mgw_direct_free(direct);
}

/* ---- Idempotency-Key ---- */

static void the_same_begin_again_gets_new_urls_and_a_new_lease(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *first = begin(bench, 9, (struct wish){.key = "k"});
    memrepo_set_clock_offset(bench->repo, (2 * TTL_SEC - 3) * 1000);
    struct mgw_direct *again = begin(bench, 9, (struct wish){.key = "k"});
    assert_true(again->replayed);
    assert_string_equal(first->row->id, again->row->id);
    assert_string_not_equal(first->requests[0].url, again->requests[0].url);
    assert_int_equal(memstore_uploads(bench->store), 1);
    memrepo_set_clock_offset(bench->repo, (4 * TTL_SEC - 9) * 1000);
    assert_int_equal(mgw_media_reap(bench->media, bench->call, NULL), MGW_OK);
    assert_int_equal(bench_status(bench, first->row->id), MGW_ROW_UPLOADING);
    struct mgw_direct *other = NULL;
    assert_int_equal(try_begin(bench, 8, (struct wish){.key = "k"}, &other), MGW_CONFLICT);
    assert_int_equal(memstore_uploads(bench->store), 1);
    send_all(bench, again, "123456789");
    mgw_grant_free(must_complete(bench, first->row->id));
    struct mgw_direct *done = begin(bench, 9, (struct wish){.key = "k"});
    assert_int_equal(done->count, 0);
    assert_non_null(done->grant);
    assert_non_null(done->grant->signed_url);
    assert_int_equal(memrepo_row_count(bench->repo, 0), 1);
    mgw_direct_free(first);
    mgw_direct_free(again);
    mgw_direct_free(done);
}

static void an_upload_that_ran_out_gives_its_key_to_the_next(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *first = begin(bench, 5, (struct wish){.key = "k"});
    memrepo_set_clock_offset(bench->repo, 3 * TTL_SEC * 1000);
    struct mgw_direct *next = begin(bench, 5, (struct wish){.key = "k"});
    assert_string_not_equal(first->row->id, next->row->id);
    assert_int_equal(bench_status(bench, first->row->id), MGW_ROW_FAILED);
    mgw_direct_free(first);
    mgw_direct_free(next);
}

/* ---- Faults ---- */

static void a_begin_that_fails_leaves_nothing(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = NULL;
    memstore_fail(bench->store, MEMSTORE_PRESIGN, 2, 1, MGW_UNAVAILABLE);
    assert_int_equal(try_begin(bench, 9, (struct wish){0}, &direct), MGW_UNAVAILABLE);
    struct memrepo_fault fault = {.times = 1, .status = MGW_UNAVAILABLE};
    memrepo_inject(bench->repo, MEMREPO_APPLY, &fault);
    assert_int_equal(try_begin(bench, 9, (struct wish){0}, &direct), MGW_UNAVAILABLE);
    assert_int_equal(memstore_uploads(bench->store), 0);
    assert_int_equal(memrepo_row_count(bench->repo, 0), 0);
    assert_int_equal(memrepo_record_count(bench->repo, "direct"), 0);
    fault.status = MGW_UNKNOWN_OUTCOME;
    fault.after = true;
    memrepo_inject(bench->repo, MEMREPO_APPLY, &fault);
    direct = begin(bench, 9, (struct wish){0});
    assert_true(direct->row->created_at > 0);
    mgw_direct_free(direct);
}

static void a_long_read_back_outlives_the_request(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){.checksum = HELLO_SUM});
    assert_int_equal(send_request(bench, direct->requests, "hello"), 200);
    memstore_delay(bench->store, MEMSTORE_READ, 700);
    struct mgw_grant *grant = NULL;
    enum mgw_status status = MGW_BUSY;
    int busy = 0;
    while (status == MGW_BUSY && busy < 600) {
        struct mgw_call *call = mgw_call_new("acme", NULL, 2050); /* 50 ms to wait in */
        status = mgw_direct_complete(bench->media, call, direct->row->id, &grant);
        if (status == MGW_BUSY) {
            assert_true(mgw_call_error(call)->retry_after_ms > 0);
            busy++;
        }
        mgw_call_free(call);
    }
    assert_int_equal(status, MGW_OK);
    assert_true(busy > 0);
    assert_int_equal(memstore_calls(bench->store, MEMSTORE_READ), 1); /* the same one all along */
    mgw_grant_free(grant);
    mgw_direct_free(direct);
}

static void a_read_back_that_fails_can_be_asked_for_again(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){.checksum = HELLO_SUM});
    struct mgw_grant *grant = NULL;
    assert_int_equal(send_request(bench, direct->requests, "hello"), 200);
    memstore_fail(bench->store, MEMSTORE_READ, 1, 1, MGW_UNAVAILABLE);
    assert_int_equal(complete(bench, direct->row->id, &grant), MGW_UNAVAILABLE);
    assert_int_equal(bench_status(bench, direct->row->id), MGW_ROW_UPLOADING);
    mgw_grant_free(must_complete(bench, direct->row->id));
    mgw_direct_free(direct);
}

static void any_node_completes_what_another_began(void **state)
{
    struct bench *bench = presigning(state, ALL, 604800);
    struct mgw_direct *direct = begin(bench, 9, (struct wish){0});
    send_all(bench, direct, "123456789");
    bench_restart(bench); /* nothing of it was in memory */
    mgw_grant_free(must_complete(bench, direct->row->id));
    mgw_direct_free(direct);
}

/* ---- Through the gateway ---- */

/* The URL's parts; freed by free(request.bucket). */
static struct mgw_direct_put_request parse_put(const struct mgw_direct *direct)
{
    struct mgw_direct_put_request request = {.size = sizeof request,
                                             .content_length = direct->requests[0].length,
                                             .content_type = direct->row->mime_type};
    char *text = strdup(direct->requests[0].url + strlen("/media/"));
    request.bucket = text;
    char *rest = text;
    strsep(&rest, "/");
    request.key = strsep(&rest, "?");
    for (char *pair; (pair = strsep(&rest, "&"));) {
        char *value = pair;
        const char *name = strsep(&value, "=");
        for (char *at = value; (at = strstr(at, "%2F"));) {
            *at = '/';
            memmove(at + 1, at + 3, strlen(at + 3) + 1);
        }
        const char **field = strcmp(name, "expires") == 0  ? &request.expires
                             : strcmp(name, "kid") == 0    ? &request.kid
                             : strcmp(name, "size") == 0   ? &request.length
                             : strcmp(name, "type") == 0   ? &request.type
                             : strcmp(name, "sha256") == 0 ? &request.sha256
                             : strcmp(name, "sig") == 0    ? &request.sig
                                                           : NULL;
        assert_non_null(field);
        *field = value;
    }
    return request;
}

static struct mgw_direct_put *half_put(struct bench *bench, const struct mgw_direct *direct,
                                       const char *bytes)
{
    struct mgw_direct_put_request request = parse_put(direct);
    struct mgw_direct_put *put = NULL;
    if (mgw_direct_put_begin(bench->media, bench->call, &request, &put) != MGW_OK) {
        fail_msg("put: %s", mgw_call_error(bench->call)->text);
    }
    assert_string_equal(mgw_direct_put_account(put), "acme");
    assert_int_equal(mgw_direct_put_write(put, bench->call, bytes, strlen(bytes)), MGW_OK);
    free((void *)(uintptr_t)request.bucket);
    return put;
}

static void bytes_that_pass_are_hashed_and_never_read_back(void **state)
{
    struct bench *bench = presigning(state, 0, 0);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){.checksum = HELLO_SUM});
    struct mgw_direct_put *put = half_put(bench, direct, "hello");
    assert_int_equal(mgw_direct_put_finish(put, bench->call), MGW_OK);
    bench_restart(bench); /* another node completes */
    struct mgw_grant *grant = must_complete(bench, direct->row->id);
    assert_string_equal(grant->row->checksum, HELLO_SUM);
    assert_int_equal(memstore_calls(bench->store, MEMSTORE_READ), 0);
    mgw_grant_free(grant);
    mgw_direct_free(direct);
}

/* A crash between the blob and the row's digest looks like this. */
static void a_digest_that_was_lost_is_read_back(void **state)
{
    struct bench *bench = presigning(state, 0, 0);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){0});
    struct mgw_direct_put *put = half_put(bench, direct, "hello");
    struct memrepo_fault fault = {.times = 2, .status = MGW_UNAVAILABLE};
    memrepo_inject(bench->repo, MEMREPO_APPLY, &fault);
    mgw_direct_put_finish(put, bench->call);
    memrepo_inject(bench->repo, MEMREPO_APPLY, NULL);
    struct mgw_grant *grant = must_complete(bench, direct->row->id);
    assert_string_equal(grant->row->checksum, HELLO_SUM);
    mgw_grant_free(grant);
    mgw_direct_free(direct);
}

static void of_two_puts_at_once_the_one_that_publishes_says_what_it_is(void **state)
{
    struct bench *bench = presigning(state, 0, 0);
    struct mgw_direct *direct = begin(bench, 5, (struct wish){0});
    struct mgw_direct_put *one = half_put(bench, direct, "hello");
    struct mgw_direct_put *other = half_put(bench, direct, "hullo");
    assert_int_equal(mgw_direct_put_finish(one, bench->call), MGW_OK);
    assert_int_equal(mgw_direct_put_finish(other, bench->call), MGW_EXISTS);
    struct mgw_grant *grant = must_complete(bench, direct->row->id);
    assert_string_equal(grant->row->checksum, HELLO_SUM);
    bytes_are(bench, grant->row, "hello");
    mgw_grant_free(grant);
    mgw_direct_free(direct);
}

static void a_put_whose_upload_was_given_up_leaves_nothing(void **state)
{
    struct bench *bench = presigning(state, 0, 0);
    struct mgw_direct *deleted = begin(bench, 5, (struct wish){0});
    struct mgw_direct_put *put = half_put(bench, deleted, "hello");
    assert_int_equal(mgw_media_delete(bench->media, bench->call, deleted->row->id), MGW_OK);
    assert_int_equal(mgw_direct_put_finish(put, bench->call), MGW_NOT_FOUND);
    assert_int_equal(memstore_blobs(bench->store), 0);
    struct mgw_direct *reaped = begin(bench, 5, (struct wish){0});
    put = half_put(bench, reaped, "hello");
    bench_reap_later(bench);
    assert_int_equal(mgw_direct_put_finish(put, bench->call), MGW_NOT_FOUND);
    assert_int_equal(memstore_blobs(bench->store), 0);
    mgw_direct_free(deleted);
    mgw_direct_free(reaped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_signed_url_is_the_stores_and_says_type_and_disposition),
        BENCH_TEST(what_is_not_shown_inline_is_presigned_as_an_attachment),
        BENCH_TEST(a_url_lives_no_longer_than_the_store_and_its_credentials_grant),
        BENCH_TEST(proxy_delivery_keeps_the_gateways_own_urls),
        BENCH_TEST(a_store_that_cannot_presign_now_is_stood_in_for),
        BENCH_TEST(making_a_stores_url_may_wait),
        BENCH_TEST(one_put_to_the_store_and_complete_make_a_recording),
        BENCH_TEST(a_declared_checksum_is_read_back),
        BENCH_TEST(other_bytes_than_declared_fail_the_upload_and_go),
        BENCH_TEST(the_url_asks_for_the_md5_that_was_declared),
        BENCH_TEST(a_blob_of_another_size_or_type_is_not_taken),
        BENCH_TEST(without_presigned_puts_the_url_is_the_gateways),
        BENCH_TEST(parts_without_receipts_are_put_together_by_complete),
        BENCH_TEST(a_small_upload_may_ask_for_parts_and_a_large_one_for_none),
        BENCH_TEST(lost_answers_of_complete_are_found_out),
        BENCH_TEST(parts_that_nobody_completes_go_with_the_row),
        BENCH_TEST(a_delete_takes_the_parts_along),
        BENCH_TEST(parts_that_could_not_be_removed_are_removed_later),
        BENCH_TEST(a_put_after_delete_is_purged_once_its_url_has_ended),
        BENCH_TEST(a_put_after_complete_and_delete_is_purged_too),
        BENCH_TEST(a_put_after_the_upload_failed_is_purged),
        BENCH_TEST(the_lease_covers_the_url_and_as_long_again),
        BENCH_TEST(the_same_begin_again_gets_new_urls_and_a_new_lease),
        BENCH_TEST(an_upload_that_ran_out_gives_its_key_to_the_next),
        BENCH_TEST(a_begin_that_fails_leaves_nothing),
        BENCH_TEST(a_long_read_back_outlives_the_request),
        BENCH_TEST(a_read_back_that_fails_can_be_asked_for_again),
        BENCH_TEST(any_node_completes_what_another_began),
        BENCH_TEST(bytes_that_pass_are_hashed_and_never_read_back),
        BENCH_TEST(a_digest_that_was_lost_is_read_back),
        BENCH_TEST(of_two_puts_at_once_the_one_that_publishes_says_what_it_is),
        BENCH_TEST(a_put_whose_upload_was_given_up_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
