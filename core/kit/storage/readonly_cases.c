/* SPDX-License-Identifier: Apache-2.0
 *
 * What declares that it writes nothing: every verb that writes is refused, and changes nothing. */
#include "core/kit/storage/upload_kit.h"

static const struct mgw_put none = {.size = sizeof none};

static void puts_are_denied(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    put_text(kit_bucket(), "k", "old");
    assert_status(call, try_put(call, kit_bucket(), "k", NULL, "new", 3, &stat), MGW_DENIED);
    assert_status(call, try_put(call, kit_bucket(), "other", NULL, "new", 3, &stat), MGW_DENIED);
    assert_text(kit_bucket(), "k", "old");
    assert_absent(kit_bucket(), "other");
}

static void removes_and_copies_are_denied(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k"), to = blob_of(kit_bucket(), "to"),
                    absent = blob_of(kit_bucket(), "absent");
    struct mgw_stat stat = {.size = sizeof stat};
    put_text(kit_bucket(), "k", "old");
    assert_status(call, driver->remove(call, instance, &blob), MGW_DENIED);
    assert_status(call, driver->remove(call, instance, &absent), MGW_DENIED);
    if (driver->copy) {
        assert_status(call, driver->copy(call, instance, &blob, &to, &stat), MGW_DENIED);
    }
    assert_text(kit_bucket(), "k", "old");
    assert_absent(kit_bucket(), "to");
}

static void uploads_are_denied(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    unsigned char bytes[MGW_UPLOAD_STATE_MAX];
    struct mgw_opaque opaque = {.size = sizeof opaque, .bytes = bytes, .capacity = sizeof bytes};
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    if (driver->upload_create) {
        assert_status(call, driver->upload_create(call, instance, &blob, &none, &opaque),
                      MGW_DENIED);
    }
    assert_absent(kit_bucket(), "k");
}

static void urls_that_write_are_denied(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_presign put = {
        .size = sizeof put, .op = MGW_PRESIGN_PUT, .ttl_sec = 60, .content_type = "a/b"};
    struct mgw_presigned presigned = {.size = sizeof presigned};
    if (driver->presign) {
        enum mgw_status status = driver->presign(call, instance, &blob, &put, &presigned);
        assert_true(status == MGW_DENIED || status == MGW_UNSUPPORTED);
    }
}

static void a_sweep_removes_nothing(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_sweep_result result = {.size = sizeof result};
    enum mgw_status status = driver->sweep(call, instance, kit_host.wall_ms() + 3600000, &result);
    assert_true(status == MGW_DENIED || (status == MGW_OK && result.removed == 0));
}

#define DENIED "MGW_STORAGE_READ_ONLY: every verb that writes is MGW_DENIED"
const struct kit_case readonly_cases[] = {
    READ_CASE(puts_are_denied, DENIED, MGW_STORAGE_READ_ONLY),
    READ_CASE(removes_and_copies_are_denied, DENIED, MGW_STORAGE_READ_ONLY),
    READ_CASE(uploads_are_denied, DENIED, MGW_STORAGE_READ_ONLY),
    READ_CASE(urls_that_write_are_denied, DENIED, MGW_STORAGE_READ_ONLY),
    READ_CASE(a_sweep_removes_nothing, DENIED, MGW_STORAGE_READ_ONLY | KIT_SWEEP),
    {0},
};
