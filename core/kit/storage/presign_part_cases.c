/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts that clients send straight to the store: they leave no receipt with the host. */
#include "core/kit/storage/upload_kit.h"
#include "core/kit/storage/web.h"
#include "core/kit/subject.h"

/* Signs part NUMBER of LENGTH bytes. */
static void sign_part(struct mgw_call *call, struct upload *upload, const char *key,
                      uint32_t number, size_t length, struct mgw_presigned *presigned)
{
    struct mgw_blob blob = blob_of(kit_bucket(), key);
    struct mgw_presign presign = {.size = sizeof presign,
                                  .op = MGW_PRESIGN_PART,
                                  .part_number = number,
                                  .ttl_sec = 600,
                                  .length = length,
                                  .upload_state = &upload->state};
    *presigned = (struct mgw_presigned){.size = sizeof *presigned};
    assert_non_null(driver->presign);
    assert_status(call, driver->presign(call, instance, &blob, &presign, presigned), MGW_OK);
    assert_true(subject_is_discreet(presigned->url));
}

static void record_without_receipt(struct upload *upload, uint32_t number, size_t length)
{
    upload->parts[number - 1] = (struct mgw_part){.size = sizeof(struct mgw_part),
                                                  .number = number,
                                                  .offset = (number - 1) * upload->part_bytes,
                                                  .length = length};
}

static void send_by_url(struct upload *upload, const char *key, uint32_t number, size_t length,
                        uint64_t seed)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_presigned presigned;
    AUTO_FREE char *bytes = malloc(length + 1);
    assert_non_null(bytes);
    fill(bytes, length, seed);
    sign_part(call, upload, key, number, length, &presigned);
    AUTO_ANSWER struct web_answer answer = web_do(&presigned, bytes, length);
    assert_answer(&answer, 200);
    record_without_receipt(upload, number, length);
}

static void parts_sent_by_urls_make_a_blob(void **state)
{
    (void)state;
    struct upload upload;
    upload_begin(&upload, "a b/ü+c", NULL);
    send_by_url(&upload, "a b/ü+c", 2, 77, 2);
    send_by_url(&upload, "a b/ü+c", 1, upload.part_bytes, 1);
    assert_absent(kit_bucket(), "a b/ü+c");
    upload_end_ok(&upload, 2, 1);
    assert_parts(&upload, "a b/ü+c", (const uint64_t[]){1, 2}, 2, 77);
    upload_end_ok(&upload, 2, 1); /* repeated */
}

static void parts_of_both_ways_make_one_blob(void **state)
{
    (void)state;
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    upload_send_ok(&upload, 1, upload.part_bytes, 1, 1);
    send_by_url(&upload, "k", 2, upload.part_bytes, 2);
    upload_send_ok(&upload, 3, 50, 3, 1);
    upload_end_ok(&upload, 3, 1);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2, 3}, 3, 50);
}

static void a_part_that_never_came_is_invalid(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    send_by_url(&upload, "k", 1, upload.part_bytes, 1);
    record_without_receipt(&upload, 2, 10);
    assert_status(call, upload_end(call, &upload, 2, 1, &stat), MGW_INVALID);
    assert_absent(kit_bucket(), "k");
    send_by_url(&upload, "k", 2, 10, 2);
    upload_end_ok(&upload, 2, 1);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2}, 2, 10);
}

static void a_part_of_another_length_is_invalid(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    send_by_url(&upload, "k", 1, 20, 1);
    record_without_receipt(&upload, 1, 10);
    assert_status(call, upload_end(call, &upload, 1, 1, &stat), MGW_INVALID);
    assert_absent(kit_bucket(), "k");
}

static void a_part_url_takes_only_its_length(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_presigned presigned;
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    sign_part(call, &upload, "k", 1, 10, &presigned);
    AUTO_ANSWER struct web_answer more = web_do(&presigned, "01234567890", 11);
    assert_answer_refused(&more);
    AUTO_ANSWER struct web_answer less = web_do(&presigned, "012345678", 9);
    assert_answer_refused(&less);
    record_without_receipt(&upload, 1, 10);
    assert_status(call, upload_end(call, &upload, 1, 1, &stat), MGW_INVALID);
}

static void a_part_after_complete_or_abort_changes_nothing(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_presigned presigned;
    struct upload upload, aborted;
    upload_begin(&upload, "k", NULL);
    send_by_url(&upload, "k", 1, 10, 1);
    sign_part(call, &upload, "k", 1, 10, &presigned);
    upload_end_ok(&upload, 1, 1);
    AUTO_ANSWER struct web_answer late = web_do(&presigned, "0123456789", 10); /* Ceph says 200 */
    assert_true(late.status != 0);
    assert_parts(&upload, "k", (const uint64_t[]){1}, 1, 10);
    upload_begin(&aborted, "k2", NULL);
    sign_part(call, &aborted, "k2", 1, 10, &presigned);
    assert_status(call, driver->upload_abort(call, instance, &aborted.state, 1), MGW_OK);
    AUTO_ANSWER struct web_answer dead = web_do(&presigned, "0123456789", 10);
    assert_true(dead.status != 0);
    assert_absent(kit_bucket(), "k2");
}

static void a_part_url_copies_nothing(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_presigned presigned;
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_presign get = {.size = sizeof get, .op = MGW_PRESIGN_GET, .ttl_sec = 600};
    struct mgw_blob victim = blob_of(kit_bucket(), "victim");
    put_text(kit_bucket(), "victim", "secret");
    for (size_t length = 0; length <= 6; length += 6) {
        struct upload upload;
        upload_begin(&upload, "thief", NULL);
        presigned = (struct mgw_presigned){.size = sizeof presigned};
        assert_status(call, driver->presign(call, instance, &victim, &get, &presigned), MGW_OK);
        const char *path = strchr(strstr(presigned.url, "://") + 3, '/');
        AUTO_FREE char *source = strndup(path, strcspn(path, "?"));
        sign_part(call, &upload, "thief", 1, length, &presigned);
        const char *headers[64] = {"x-amz-copy-source", source};
        for (size_t i = 0; presigned.headers && presigned.headers[i] && i < 60; i++) {
            headers[i + 2] = presigned.headers[i];
        }
        AUTO_ANSWER struct web_answer answer =
            web_send("PUT", presigned.url, headers, "public", length);
        record_without_receipt(&upload, 1, 6);
        if (upload_end(call, &upload, 1, 1, &stat) == MGW_OK) {
            size_t got = 0;
            AUTO_FREE char *bytes = get_bytes(kit_bucket(), "thief", &got);
            assert_true(got != 6 || memcmp(bytes, "secret", 6) != 0);
        }
        assert_status(call, driver->upload_abort(call, instance, &upload.state, 1), MGW_OK);
    }
}

#define NEEDS (MGW_STORAGE_PRESIGN_PART | MGW_STORAGE_RESUMABLE)
const struct kit_case presign_part_cases[] = {
    CASE(parts_sent_by_urls_make_a_blob, "upload_complete: receipt_length 0", NEEDS),
    CASE(parts_of_both_ways_make_one_blob, "upload_complete: receipt_length 0", NEEDS),
    CASE(a_part_that_never_came_is_invalid, "upload_complete: parts that are missing", NEEDS),
    CASE(a_part_of_another_length_is_invalid, "upload_complete: its number and length", NEEDS),
    CASE(a_part_url_takes_only_its_length, "mgw_presign.length: exact", NEEDS),
    CASE(a_part_url_copies_nothing, "mgw_presign.length: exact", NEEDS | MGW_STORAGE_PRESIGN_GET),
    CASE(a_part_after_complete_or_abort_changes_nothing, "upload_complete", NEEDS),
    {0},
};
