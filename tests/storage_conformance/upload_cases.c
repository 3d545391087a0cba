/* SPDX-License-Identifier: Apache-2.0
 *
 * Resumable uploads: parts in any order, repeats, fences, another process. */
#include "kit.h"

#include <stdio.h>

#define MAX_PARTS 8

/* An upload and what its caller would have recorded. */
struct upload {
    void *on; /* the instance that acts */
    unsigned char state_bytes[MGW_UPLOAD_STATE_MAX];
    struct mgw_opaque state;
    struct mgw_upload_plan plan;
    struct mgw_part parts[MAX_PARTS];
    unsigned char receipts[MAX_PARTS][MGW_UPLOAD_RECEIPT_MAX];
    size_t part_bytes; /* of every part but the last */
};

static void create(struct upload *upload, const char *key, const struct mgw_put *put)
{
    AUTO_CALL struct mgw_call *call = call_new();
    struct mgw_put none = {.size = sizeof none};
    struct mgw_blob blob = blob_of(kit_bucket(), key);
    *upload = (struct upload){.on = instance};
    upload->state = (struct mgw_opaque){.size = sizeof upload->state,
                                        .bytes = upload->state_bytes,
                                        .capacity = sizeof upload->state_bytes};
    upload->plan.size = sizeof upload->plan;
    put = put ? put : &none;
    assert_status(call, driver->plan(call, instance, put, &upload->plan), MGW_OK);
    assert_status(call, driver->upload_create(call, instance, &blob, put, &upload->state), MGW_OK);
    assert_in_range(upload->state.length, 1, MGW_UPLOAD_STATE_MAX);
    size_t align = upload->plan.part_align ? (size_t)upload->plan.part_align : 1;
    size_t bytes = upload->plan.part_min > 1000 ? (size_t)upload->plan.part_min : 1000;
    upload->part_bytes = (bytes + align - 1) / align * align;
}

struct memory {
    const char *bytes;
    size_t length;
};

static enum mgw_status read_memory(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    const struct memory *memory = ctx;
    if (offset > memory->length || length > memory->length - offset) {
        return MGW_RANGE;
    }
    memcpy(buffer, memory->bytes + offset, length);
    return MGW_OK;
}

/* Sends part NUMBER (from 1) of LENGTH bytes of SEED, and records the receipt where it is MGW_OK.
 */
static enum mgw_status send(struct mgw_call *call, struct upload *upload, uint32_t number,
                            size_t length, uint64_t seed, uint64_t fence)
{
    AUTO_FREE char *bytes = malloc(length + 1);
    assert_non_null(bytes);
    fill(bytes, length, seed);
    struct memory memory = {bytes, length};
    struct mgw_source source = {
        .size = sizeof source, .length = length, .ctx = &memory, .read = read_memory};
    struct mgw_part part = {.size = sizeof part,
                            .number = number,
                            .offset = (number - 1) * upload->part_bytes,
                            .length = length};
    unsigned char receipt_bytes[MGW_UPLOAD_RECEIPT_MAX];
    struct mgw_opaque receipt = {
        .size = sizeof receipt, .bytes = receipt_bytes, .capacity = sizeof receipt_bytes};
    enum mgw_status status =
        driver->upload_part(call, upload->on, &upload->state, &part, &source, fence, &receipt);
    if (status == MGW_OK) {
        assert_in_range(receipt.length, 1, MGW_UPLOAD_RECEIPT_MAX);
        memcpy(upload->receipts[number - 1], receipt_bytes, receipt.length);
        part.receipt = upload->receipts[number - 1];
        part.receipt_length = (uint32_t)receipt.length;
        upload->parts[number - 1] = part;
    }
    return status;
}

static void send_ok(struct upload *upload, uint32_t number, size_t length, uint64_t seed,
                    uint64_t fence)
{
    AUTO_CALL struct mgw_call *call = call_new();
    assert_status(call, send(call, upload, number, length, seed, fence), MGW_OK);
}

static enum mgw_status complete(struct mgw_call *call, struct upload *upload, size_t count,
                                uint64_t fence, struct mgw_stat *stat)
{
    return driver->upload_complete(call, upload->on, &upload->state, upload->parts, count,
                                   sizeof upload->parts[0], fence, stat);
}

static void complete_ok(struct upload *upload, size_t count, uint64_t fence)
{
    AUTO_CALL struct mgw_call *call = call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    assert_status(call, complete(call, upload, count, fence, &stat), MGW_OK);
}

/* The blob is the parts of SEEDS, the last one LAST bytes long. */
static void assert_parts(const struct upload *upload, const char *key, const uint64_t *seeds,
                         size_t count, size_t last)
{
    size_t length = (count - 1) * upload->part_bytes + last;
    AUTO_FREE char *bytes = malloc(length + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) {
        fill(bytes + i * upload->part_bytes, i + 1 < count ? upload->part_bytes : last, seeds[i]);
    }
    assert_blob(kit_bucket(), key, bytes, length);
}

static void parts_in_order_make_a_blob_at_complete(void **state)
{
    (void)state;
    struct upload upload;
    create(&upload, "k", NULL);
    send_ok(&upload, 1, upload.part_bytes, 1, 1);
    send_ok(&upload, 2, upload.part_bytes, 2, 1);
    send_ok(&upload, 3, 77, 3, 1);
    assert_absent(kit_bucket(), "k");
    complete_ok(&upload, 3, 1);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2, 3}, 3, 77);
}

static void parts_may_come_in_any_order(void **state)
{
    (void)state;
    struct upload upload;
    create(&upload, "k", NULL);
    send_ok(&upload, 4, 5, 4, 1);
    send_ok(&upload, 2, upload.part_bytes, 2, 1);
    send_ok(&upload, 1, upload.part_bytes, 1, 1);
    send_ok(&upload, 3, upload.part_bytes, 3, 1);
    complete_ok(&upload, 4, 1);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2, 3, 4}, 4, 5);
}

static void an_unrecorded_part_is_replaced_by_a_later_one(void **state)
{
    (void)state;
    struct upload upload;
    create(&upload, "k", NULL);
    send_ok(&upload, 1, upload.part_bytes, 1, 1);
    send_ok(&upload, 2, 900, 99, 1); /* the answer got lost */
    send_ok(&upload, 2, 50, 2, 1);
    complete_ok(&upload, 2, 1);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2}, 2, 50);
}

static void content_type_and_metadata_come_with_the_upload(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new();
    const char *map[] = {"id", "7", NULL};
    struct mgw_put put = {.size = sizeof put, .content_type = "video/webm", .metadata = map};
    struct mgw_stat stat = {.size = sizeof stat}, seen = {.size = sizeof seen};
    struct mgw_blob blob = blob_of(kit_bucket(), "a b/ü");
    struct upload upload;
    create(&upload, "a b/ü", &put);
    send_ok(&upload, 1, 10, 1, 1);
    assert_status(call, complete(call, &upload, 1, 1, &stat), MGW_OK);
    assert_status(call, driver->stat(call, instance, &blob, &seen), MGW_OK);
    assert_int_equal(stat.bytes, 10);
    assert_string_equal(stat.etag, seen.etag);
    assert_string_equal(seen.content_type, "video/webm");
    assert_string_equal(map_get(seen.metadata, "id"), "7");
}

static void complete_repeated_answers_the_same(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new();
    struct mgw_stat first = {.size = sizeof first}, again = {.size = sizeof again};
    struct upload upload;
    create(&upload, "k", NULL);
    send_ok(&upload, 1, 100, 1, 1);
    assert_status(call, complete(call, &upload, 1, 1, &first), MGW_OK);
    assert_status(call, complete(call, &upload, 1, 1, &again), MGW_OK);
    assert_int_equal(again.bytes, first.bytes);
    assert_string_equal(again.etag, first.etag);
    assert_int_equal(again.modified_ms, first.modified_ms);
    assert_parts(&upload, "k", (const uint64_t[]){1}, 1, 100);
}

static void complete_without_a_part_is_invalid(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    create(&upload, "k", NULL);
    put_text(kit_bucket(), "k", "old");
    send_ok(&upload, 1, upload.part_bytes, 1, 1);
    send_ok(&upload, 3, 10, 3, 1);
    upload.parts[1] = upload.parts[2]; /* the second is missing */
    assert_status(call, complete(call, &upload, 2, 1, &stat), MGW_INVALID);
    upload.parts[1].number = 2;
    upload.parts[1].offset = upload.part_bytes;
    assert_status(call, complete(call, &upload, 2, 1, &stat), MGW_INVALID);
    assert_text(kit_bucket(), "k", "old");
    send_ok(&upload, 2, 10, 2, 1); /* and it can still be mended */
    complete_ok(&upload, 2, 1);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2}, 2, 10);
}

static void complete_of_less_than_the_known_length_is_invalid(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_LENGTH_KNOWN, .length = 500};
    struct upload upload;
    create(&upload, "k", &put);
    assert_status(call, send(call, &upload, 1, 501, 1, 1), MGW_INVALID);
    send_ok(&upload, 1, 499, 1, 1);
    assert_status(call, complete(call, &upload, 1, 1, &stat), MGW_INVALID);
    assert_absent(kit_bucket(), "k");
    send_ok(&upload, 1, 500, 1, 1);
    complete_ok(&upload, 1, 1);
}

static void an_upload_without_bytes_is_a_blob_of_zero(void **state)
{
    (void)state;
    struct upload none, one;
    create(&one, "one", NULL);
    send_ok(&one, 1, 0, 1, 1);
    complete_ok(&one, 1, 1);
    assert_blob(kit_bucket(), "one", "", 0);
    create(&none, "none", NULL);
    complete_ok(&none, 0, 1);
    assert_blob(kit_bucket(), "none", "", 0);
}

static void a_lower_fence_is_stale_and_changes_nothing(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    create(&upload, "k", NULL);
    send_ok(&upload, 1, upload.part_bytes, 1, 5);
    send_ok(&upload, 2, 40, 2, 6);
    struct upload old = upload;
    old.on = instance;
    assert_status(call, send(call, &old, 2, 40, 99, 5), MGW_STALE);
    assert_status(call, complete(call, &upload, 2, 5, &stat), MGW_STALE);
    assert_status(call, driver->upload_abort(call, instance, &upload.state, 5), MGW_STALE);
    assert_absent(kit_bucket(), "k");
    complete_ok(&upload, 2, 6);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2}, 2, 40);
}

static void another_process_takes_over(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new();
    void *second = kit_open_again();
    struct upload upload;
    create(&upload, "k", NULL);
    send_ok(&upload, 1, upload.part_bytes, 1, 1);
    upload.on = second ? second : instance;
    send_ok(&upload, 2, upload.part_bytes, 2, 2);
    struct upload old = upload;
    old.on = instance;
    assert_status(call, send(call, &old, 3, 33, 99, 1), MGW_STALE);
    send_ok(&upload, 3, 33, 3, 2);
    complete_ok(&upload, 3, 2);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2, 3}, 3, 33);
    /* the old one, back again, completes: the same blob, or it is told that it is stale */
    struct mgw_stat stat = {.size = sizeof stat};
    assert_status(call, complete(call, &old, 3, 1, &stat), MGW_STALE);
    if (second) {
        driver->destroy(second);
    }
}

/* While the old owner is in the middle of a part, its source runs the new owner's whole life. */
struct interrupted {
    struct upload *new_owner;
    bool done;
    char bytes[3000];
};

static enum mgw_status interrupt(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    struct interrupted *interrupted = ctx;
    if (!interrupted->done) {
        interrupted->done = true;
        send_ok(interrupted->new_owner, 2, 60, 2, 2);
    }
    memcpy(buffer, interrupted->bytes + offset, length);
    return MGW_OK;
}

static void a_paused_owner_in_mid_part_does_no_harm(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new();
    struct upload upload;
    create(&upload, "k", NULL);
    if (upload.part_bytes > 3000) {
        return; /* a plan of large parts: the case below needs small ones */
    }
    send_ok(&upload, 1, upload.part_bytes, 1, 1);
    struct interrupted interrupted = {.new_owner = &upload};
    struct mgw_source source = {
        .size = sizeof source, .length = 60, .ctx = &interrupted, .read = interrupt};
    struct mgw_part part = {
        .size = sizeof part, .number = 2, .offset = upload.part_bytes, .length = 60};
    unsigned char bytes[MGW_UPLOAD_RECEIPT_MAX];
    struct mgw_opaque receipt = {.size = sizeof receipt, .bytes = bytes, .capacity = sizeof bytes};
    fill(interrupted.bytes, sizeof interrupted.bytes, 99);
    assert_status(call,
                  driver->upload_part(call, instance, &upload.state, &part, &source, 1, &receipt),
                  MGW_STALE);
    assert_true(interrupted.done);
    complete_ok(&upload, 2, 2);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2}, 2, 60);
}

static void abort_is_idempotent_and_leaves_no_blob(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    create(&upload, "k", NULL);
    send_ok(&upload, 1, 10, 1, 1);
    assert_status(call, driver->upload_abort(call, instance, &upload.state, 1), MGW_OK);
    assert_status(call, driver->upload_abort(call, instance, &upload.state, 1), MGW_OK);
    assert_absent(kit_bucket(), "k");
    assert_status(call, send(call, &upload, 2, 10, 1, 1), MGW_NOT_FOUND);
    assert_status(call, complete(call, &upload, 1, 1, &stat), MGW_NOT_FOUND);
}

static void abort_after_complete_leaves_the_blob(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new();
    struct upload upload;
    create(&upload, "k", NULL);
    send_ok(&upload, 1, 10, 1, 1);
    complete_ok(&upload, 1, 1);
    assert_status(call, driver->upload_abort(call, instance, &upload.state, 1), MGW_OK);
    assert_parts(&upload, "k", (const uint64_t[]){1}, 1, 10);
}

static void uploads_of_one_key_are_apart(void **state)
{
    (void)state;
    struct upload one, two;
    create(&one, "k", NULL);
    create(&two, "k", NULL);
    send_ok(&one, 1, 10, 1, 1);
    send_ok(&two, 1, 20, 2, 1);
    complete_ok(&two, 1, 1);
    assert_parts(&two, "k", (const uint64_t[]){2}, 1, 20);
    complete_ok(&one, 1, 1);
    assert_parts(&one, "k", (const uint64_t[]){1}, 1, 10);
}

static void an_upload_may_ask_for_absence(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new();
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_IF_ABSENT};
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    create(&upload, "k", &put);
    send_ok(&upload, 1, 10, 1, 1);
    put_text(kit_bucket(), "k", "first");
    assert_status(call, complete(call, &upload, 1, 1, &stat), MGW_EXISTS);
    assert_text(kit_bucket(), "k", "first");
}

static void an_upload_is_swept_once_it_is_old(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new();
    struct mgw_sweep_result result = {.size = sizeof result}, none = {.size = sizeof none};
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    if (!driver->sweep) {
        return; /* optional: nothing to sweep */
    }
    create(&upload, "k", NULL);
    send_ok(&upload, 1, 10, 1, 1);
    assert_status(call, driver->sweep(call, instance, kit_host.wall_ms() - 3600000, &none), MGW_OK);
    complete_ok(&upload, 1, 1); /* it was young */
    create(&upload, "k2", NULL);
    send_ok(&upload, 1, 10, 1, 1);
    assert_status(call, driver->sweep(call, instance, kit_host.wall_ms() + 3600000, &result),
                  MGW_OK);
    assert_true(result.removed >= 1);
    assert_status(call, complete(call, &upload, 1, 1, &stat), MGW_NOT_FOUND);
    assert_absent(kit_bucket(), "k2");
}

static void a_foreign_state_is_refused(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    create(&upload, "k", NULL);
    memset(upload.state_bytes, '/', upload.state.length);
    enum mgw_status status = complete(call, &upload, 0, 1, &stat);
    assert_true(status == MGW_INVALID || status == MGW_NOT_FOUND);
    upload.state.length = 0;
    status = complete(call, &upload, 0, 1, &stat);
    assert_true(status == MGW_INVALID || status == MGW_NOT_FOUND);
}

#define NEEDS MGW_STORAGE_RESUMABLE
const struct kit_case upload_cases[] = {
    CASE(parts_in_order_make_a_blob_at_complete, "upload_complete: publishes", NEEDS),
    CASE(parts_may_come_in_any_order, "upload_part", NEEDS),
    CASE(an_unrecorded_part_is_replaced_by_a_later_one, "upload_part: bytes without a receipt",
         NEEDS),
    CASE(content_type_and_metadata_come_with_the_upload, "upload_create", NEEDS),
    CASE(complete_repeated_answers_the_same, "upload_complete: repeated", NEEDS),
    CASE(complete_without_a_part_is_invalid, "upload_complete: MGW_INVALID", NEEDS),
    CASE(complete_of_less_than_the_known_length_is_invalid, "plan: PUT's length", NEEDS),
    CASE(an_upload_without_bytes_is_a_blob_of_zero, "upload_complete", NEEDS),
    CASE(a_lower_fence_is_stale_and_changes_nothing, "upload_part: FENCE", NEEDS),
    CASE(another_process_takes_over, "upload_create: any process may go on", NEEDS),
    CASE(a_paused_owner_in_mid_part_does_no_harm, "upload_part: a paused owner", NEEDS),
    CASE(abort_is_idempotent_and_leaves_no_blob, "upload_abort", NEEDS),
    CASE(abort_after_complete_leaves_the_blob, "upload_abort: a completed blob stays", NEEDS),
    CASE(uploads_of_one_key_are_apart, "upload_create", NEEDS),
    CASE(an_upload_may_ask_for_absence, "MGW_PUT_IF_ABSENT", NEEDS | MGW_STORAGE_IF_ABSENT),
    CASE(an_upload_is_swept_once_it_is_old, "sweep", NEEDS),
    CASE(a_foreign_state_is_refused, "upload_complete", NEEDS),
    {0},
};
