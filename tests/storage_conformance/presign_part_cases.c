/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts that clients send straight to the store: they leave no receipt with the host. */
#include "upload_kit.h"
#include "web.h"

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
    assert_true(kit_is_discreet(presigned->url));
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
    AUTO_CALL struct mgw_call *call = call_new();
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
    AUTO_CALL struct mgw_call *call = call_new();
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
    AUTO_CALL struct mgw_call *call = call_new();
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
    AUTO_CALL struct mgw_call *call = call_new();
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
    AUTO_CALL struct mgw_call *call = call_new();
    struct mgw_presigned presigned;
    struct upload upload, aborted;
    upload_begin(&upload, "k", NULL);
    send_by_url(&upload, "k", 1, 10, 1);
    sign_part(call, &upload, "k", 1, 10, &presigned);
    upload_end_ok(&upload, 1, 1);
    AUTO_ANSWER struct web_answer late = web_do(&presigned, "0123456789", 10);
    assert_answer_refused(&late);
    assert_parts(&upload, "k", (const uint64_t[]){1}, 1, 10);
    upload_begin(&aborted, "k2", NULL);
    sign_part(call, &aborted, "k2", 1, 10, &presigned);
    assert_status(call, driver->upload_abort(call, instance, &aborted.state, 1), MGW_OK);
    AUTO_ANSWER struct web_answer dead = web_do(&presigned, "0123456789", 10);
    assert_answer_refused(&dead);
    assert_absent(kit_bucket(), "k2");
}

#define NEEDS (MGW_STORAGE_PRESIGN_PART | MGW_STORAGE_RESUMABLE)
const struct kit_case presign_part_cases[] = {
    CASE(parts_sent_by_urls_make_a_blob, "upload_complete: receipt_length 0", NEEDS),
    CASE(parts_of_both_ways_make_one_blob, "upload_complete: receipt_length 0", NEEDS),
    CASE(a_part_that_never_came_is_invalid, "upload_complete: parts that are missing", NEEDS),
    CASE(a_part_of_another_length_is_invalid, "upload_complete: its number and length", NEEDS),
    CASE(a_part_url_takes_only_its_length, "mgw_presign.length: exact", NEEDS),
    CASE(a_part_after_complete_or_abort_changes_nothing, "upload_complete", NEEDS),
    {0},
};
