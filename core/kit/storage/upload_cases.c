/* SPDX-License-Identifier: Apache-2.0
 *
 * Resumable uploads: parts in any order, repeats, fences, another process. */
#include "core/kit/storage/upload_kit.h"

static void parts_in_order_make_a_blob_at_complete(void **state)
{
    (void)state;
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    upload_send_ok(&upload, 1, upload.part_bytes, 1, 1);
    upload_send_ok(&upload, 2, upload.part_bytes, 2, 1);
    upload_send_ok(&upload, 3, 77, 3, 1);
    assert_absent(kit_bucket(), "k");
    upload_end_ok(&upload, 3, 1);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2, 3}, 3, 77);
}

static void parts_may_come_in_any_order(void **state)
{
    (void)state;
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    upload_send_ok(&upload, 4, 5, 4, 1);
    upload_send_ok(&upload, 2, upload.part_bytes, 2, 1);
    upload_send_ok(&upload, 1, upload.part_bytes, 1, 1);
    upload_send_ok(&upload, 3, upload.part_bytes, 3, 1);
    upload_end_ok(&upload, 4, 1);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2, 3, 4}, 4, 5);
}

static void an_unrecorded_part_is_replaced_by_a_later_one(void **state)
{
    (void)state;
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    upload_send_ok(&upload, 1, upload.part_bytes, 1, 1);
    upload_send_ok(&upload, 2, 900, 99, 1); /* the answer got lost */
    upload_send_ok(&upload, 2, 50, 2, 1);
    upload_end_ok(&upload, 2, 1);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2}, 2, 50);
}

static void content_type_and_metadata_come_with_the_upload(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    const char *map[] = {"id", "7", NULL};
    struct mgw_put put = {.size = sizeof put, .content_type = "video/webm", .metadata = map};
    struct mgw_stat stat = {.size = sizeof stat}, seen = {.size = sizeof seen};
    struct mgw_blob blob = blob_of(kit_bucket(), "a b/ü");
    struct upload upload;
    upload_begin(&upload, "a b/ü", &put);
    upload_send_ok(&upload, 1, 10, 1, 1);
    assert_status(call, upload_end(call, &upload, 1, 1, &stat), MGW_OK);
    assert_status(call, driver->stat(call, instance, &blob, &seen), MGW_OK);
    assert_int_equal(stat.bytes, 10);
    assert_string_equal(stat.etag, seen.etag);
    assert_string_equal(seen.content_type, "video/webm");
    assert_string_equal(map_get(seen.metadata, "id"), "7");
}

static void complete_repeated_answers_the_same(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat first = {.size = sizeof first}, again = {.size = sizeof again};
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    upload_send_ok(&upload, 1, 100, 1, 1);
    assert_status(call, upload_end(call, &upload, 1, 1, &first), MGW_OK);
    assert_status(call, upload_end(call, &upload, 1, 1, &again), MGW_OK);
    assert_int_equal(again.bytes, first.bytes);
    assert_string_equal(again.etag, first.etag);
    assert_int_equal(again.modified_ms, first.modified_ms);
    assert_parts(&upload, "k", (const uint64_t[]){1}, 1, 100);
}

static void complete_without_a_part_is_invalid(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    put_text(kit_bucket(), "k", "old");
    upload_send_ok(&upload, 1, upload.part_bytes, 1, 1);
    upload_send_ok(&upload, 3, 10, 3, 1);
    upload.parts[1] = upload.parts[2]; /* the second is missing */
    assert_status(call, upload_end(call, &upload, 2, 1, &stat), MGW_INVALID);
    upload.parts[1].number = 2;
    upload.parts[1].offset = upload.part_bytes;
    assert_status(call, upload_end(call, &upload, 2, 1, &stat), MGW_INVALID);
    assert_text(kit_bucket(), "k", "old");
    upload_send_ok(&upload, 2, 10, 2, 1); /* and it can still be mended */
    upload_end_ok(&upload, 2, 1);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2}, 2, 10);
}

static void complete_of_less_than_the_known_length_is_invalid(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_LENGTH_KNOWN, .length = 500};
    struct upload upload;
    upload_begin(&upload, "k", &put);
    assert_status(call, upload_send(call, &upload, 1, 501, 1, 1), MGW_INVALID);
    upload_send_ok(&upload, 1, 499, 1, 1);
    assert_status(call, upload_end(call, &upload, 1, 1, &stat), MGW_INVALID);
    assert_absent(kit_bucket(), "k");
    upload_send_ok(&upload, 1, 500, 1, 1);
    upload_end_ok(&upload, 1, 1);
}

static void an_upload_without_bytes_is_a_blob_of_zero(void **state)
{
    (void)state;
    struct upload none, one;
    upload_begin(&one, "one", NULL);
    upload_send_ok(&one, 1, 0, 1, 1);
    upload_end_ok(&one, 1, 1);
    assert_blob(kit_bucket(), "one", "", 0);
    upload_begin(&none, "none", NULL);
    upload_end_ok(&none, 0, 1);
    assert_blob(kit_bucket(), "none", "", 0);
}

static void a_lower_fence_is_stale_and_changes_nothing(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    upload_send_ok(&upload, 1, upload.part_bytes, 1, 5);
    upload_send_ok(&upload, 2, 40, 2, 6);
    struct upload old = upload;
    old.on = instance;
    assert_status(call, upload_send(call, &old, 2, 40, 99, 5), MGW_STALE);
    assert_status(call, upload_end(call, &upload, 2, 5, &stat), MGW_STALE);
    assert_status(call, driver->upload_abort(call, instance, &upload.state, 5), MGW_STALE);
    assert_absent(kit_bucket(), "k");
    upload_end_ok(&upload, 2, 6);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2}, 2, 40);
}

static void another_process_takes_over(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    void *second = kit_open_again();
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    upload_send_ok(&upload, 1, upload.part_bytes, 1, 1);
    upload.on = second;
    upload_send_ok(&upload, 2, upload.part_bytes, 2, 2);
    struct upload old = upload;
    old.on = instance;
    assert_status(call, upload_send(call, &old, 3, 33, 99, 1), MGW_STALE);
    upload_send_ok(&upload, 3, 33, 3, 2);
    upload_end_ok(&upload, 3, 2);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2, 3}, 3, 33);
    /* the old one, back again, completes with what was recorded meanwhile: it is stale */
    memcpy(old.parts, upload.parts, sizeof old.parts);
    struct mgw_stat stat = {.size = sizeof stat};
    assert_status(call, upload_end(call, &old, 3, 1, &stat), MGW_STALE);
    kit_close_again(second);
}

/* While the old owner is in the middle of a part, its source runs the new owner's whole life. A
 * driver may go over the source more than once (a digest first): the first upload shows how many
 * bytes it takes in all, the second is interrupted in the middle of the last pass. */
struct interrupted {
    struct upload *new_owner; /* NULL: only counted */
    const char *bytes;
    size_t length;
    uint64_t taken, after;
    bool done;
};

static enum mgw_status interrupt(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    struct interrupted *interrupted = ctx;
    if (offset > interrupted->length || length > interrupted->length - offset) {
        return MGW_RANGE;
    }
    interrupted->taken += length;
    if (interrupted->new_owner && !interrupted->done && interrupted->taken >= interrupted->after) {
        interrupted->done = true;
        upload_send_ok(interrupted->new_owner, 2, interrupted->length, 2, 2);
    }
    memcpy(buffer, interrupted->bytes + offset, length);
    return MGW_OK;
}

static enum mgw_status send_interrupted(struct mgw_call *call, const struct upload *upload,
                                        struct interrupted *interrupted)
{
    struct mgw_source source = {.size = sizeof source,
                                .length = interrupted->length,
                                .ctx = interrupted,
                                .read = interrupt};
    struct mgw_part part = {.size = sizeof part,
                            .number = 2,
                            .offset = upload->part_bytes,
                            .length = interrupted->length};
    unsigned char bytes[MGW_UPLOAD_RECEIPT_MAX];
    struct mgw_opaque receipt = {.size = sizeof receipt, .bytes = bytes, .capacity = sizeof bytes};
    return driver->upload_part(call, instance, &upload->state, &part, &source, 1, &receipt);
}

static void a_paused_owner_in_mid_part_does_no_harm(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    void *second = kit_open_again();
    struct upload rehearsal, upload;
    upload_begin(&rehearsal, "rehearsal", NULL);
    upload_begin(&upload, "k", NULL);
    AUTO_FREE char *bytes = malloc(upload.part_bytes);
    assert_non_null(bytes);
    fill(bytes, upload.part_bytes, 99);
    struct interrupted interrupted = {.bytes = bytes, .length = upload.part_bytes};
    assert_status(call, send_interrupted(call, &rehearsal, &interrupted), MGW_OK);
    upload_send_ok(&upload, 1, upload.part_bytes, 1, 1);
    upload.on = second;
    interrupted.after = interrupted.taken - upload.part_bytes / 2;
    interrupted.taken = 0;
    interrupted.new_owner = &upload;
    assert_status(call, send_interrupted(call, &upload, &interrupted), MGW_STALE);
    assert_true(interrupted.done);
    upload_send_ok(&upload, 3, 60, 3, 2);
    upload_end_ok(&upload, 3, 2);
    assert_parts(&upload, "k", (const uint64_t[]){1, 2, 3}, 3, 60);
    assert_status(call, driver->upload_abort(call, instance, &rehearsal.state, 1), MGW_OK);
    kit_close_again(second);
}

static void abort_is_idempotent_and_leaves_no_blob(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    upload_send_ok(&upload, 1, 10, 1, 1);
    assert_status(call, driver->upload_abort(call, instance, &upload.state, 1), MGW_OK);
    assert_status(call, driver->upload_abort(call, instance, &upload.state, 1), MGW_OK);
    assert_absent(kit_bucket(), "k");
    assert_status(call, upload_send(call, &upload, 2, 10, 1, 1), MGW_NOT_FOUND);
    assert_status(call, upload_end(call, &upload, 1, 1, &stat), MGW_NOT_FOUND);
}

static void abort_after_complete_leaves_the_blob(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    upload_send_ok(&upload, 1, 10, 1, 1);
    upload_end_ok(&upload, 1, 1);
    assert_status(call, driver->upload_abort(call, instance, &upload.state, 1), MGW_OK);
    assert_parts(&upload, "k", (const uint64_t[]){1}, 1, 10);
}

static void uploads_of_one_key_are_apart(void **state)
{
    (void)state;
    struct upload one, two;
    upload_begin(&one, "k", NULL);
    upload_begin(&two, "k", NULL);
    upload_send_ok(&one, 1, 10, 1, 1);
    upload_send_ok(&two, 1, 20, 2, 1);
    upload_end_ok(&two, 1, 1);
    assert_parts(&two, "k", (const uint64_t[]){2}, 1, 20);
    upload_end_ok(&one, 1, 1);
    assert_parts(&one, "k", (const uint64_t[]){1}, 1, 10);
}

static void an_upload_may_ask_for_absence(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_IF_ABSENT};
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    upload_begin(&upload, "k", &put);
    upload_send_ok(&upload, 1, 10, 1, 1);
    put_text(kit_bucket(), "k", "first");
    assert_status(call, upload_end(call, &upload, 1, 1, &stat), MGW_EXISTS);
    assert_text(kit_bucket(), "k", "first");
}

static void an_upload_is_swept_once_it_is_old(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_sweep_result result = {.size = sizeof result}, none = {.size = sizeof none};
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    upload_send_ok(&upload, 1, 10, 1, 1);
    assert_status(call, driver->sweep(call, instance, kit_host.wall_ms() - 3600000, &none), MGW_OK);
    upload_end_ok(&upload, 1, 1); /* it was young */
    upload_begin(&upload, "k2", NULL);
    upload_send_ok(&upload, 1, 10, 1, 1);
    assert_status(call, driver->sweep(call, instance, kit_host.wall_ms() + 3600000, &result),
                  MGW_OK);
    assert_true(result.removed >= 1);
    assert_status(call, upload_end(call, &upload, 1, 1, &stat), MGW_NOT_FOUND);
    assert_absent(kit_bucket(), "k2");
}

static void a_foreign_state_is_refused(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    memset(upload.state_bytes, '/', upload.state.length);
    enum mgw_status status = upload_end(call, &upload, 0, 1, &stat);
    assert_true(status == MGW_INVALID || status == MGW_NOT_FOUND);
    upload.state.length = 0;
    status = upload_end(call, &upload, 0, 1, &stat);
    assert_true(status == MGW_INVALID || status == MGW_NOT_FOUND);
}

static void a_plan_suffices_for_its_length(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    static const uint64_t lengths[] = {0,
                                       1,
                                       5u << 20,
                                       UINT64_C(1) << 30,
                                       UINT64_C(5) << 30,
                                       UINT64_C(50) << 30,
                                       UINT64_C(300) << 30};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (uint32_t flags = 0; flags <= MGW_PUT_LENGTH_KNOWN; flags += MGW_PUT_LENGTH_KNOWN) {
            struct mgw_put put = {.size = sizeof put, .flags = flags, .length = lengths[i]};
            struct mgw_upload_plan plan = {.size = sizeof plan};
            if (limits.max_blob_bytes && lengths[i] > limits.max_blob_bytes) {
                assert_status(call, driver->plan(call, instance, &put, &plan), MGW_TOO_LARGE);
                continue;
            }
            assert_status(call, driver->plan(call, instance, &put, &plan), MGW_OK);
            assert_true(plan.part_min <= plan.part_max && plan.part_max > 0);
            assert_true(plan.max_parts > 0 && plan.part_align > 0);
            uint64_t part = plan.part_max / plan.part_align * plan.part_align;
            assert_true(part >= plan.part_min && part > 0);
            assert_true(lengths[i] == 0 || (lengths[i] - 1) / part < plan.max_parts);
        }
    }
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
    CASE(another_process_takes_over, "upload_create: any process may go on", NEEDS | KIT_SURVIVES),
    CASE(a_paused_owner_in_mid_part_does_no_harm, "upload_part: a paused owner",
         NEEDS | KIT_SURVIVES),
    CASE(abort_is_idempotent_and_leaves_no_blob, "upload_abort", NEEDS),
    CASE(abort_after_complete_leaves_the_blob, "upload_abort: a completed blob stays", NEEDS),
    CASE(uploads_of_one_key_are_apart, "upload_create", NEEDS),
    CASE(an_upload_may_ask_for_absence, "MGW_PUT_IF_ABSENT", NEEDS | MGW_STORAGE_IF_ABSENT),
    CASE(an_upload_is_swept_once_it_is_old, "sweep: once it is older", NEEDS | KIT_SWEEP),
    CASE(a_foreign_state_is_refused, "upload_complete", NEEDS),
    CASE(a_plan_suffices_for_its_length, "plan: parts", NEEDS),
    {0},
};
