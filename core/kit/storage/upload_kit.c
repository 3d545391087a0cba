/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kit/storage/upload_kit.h"

void upload_begin(struct upload *upload, const char *key, const struct mgw_put *put)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
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
enum mgw_status upload_send(struct mgw_call *call, struct upload *upload, uint32_t number,
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

void upload_send_ok(struct upload *upload, uint32_t number, size_t length, uint64_t seed,
                    uint64_t fence)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    assert_status(call, upload_send(call, upload, number, length, seed, fence), MGW_OK);
}

enum mgw_status upload_end(struct mgw_call *call, struct upload *upload, size_t count,
                           uint64_t fence, struct mgw_stat *stat)
{
    return driver->upload_complete(call, upload->on, &upload->state, upload->parts, count,
                                   sizeof upload->parts[0], fence, stat);
}

void upload_end_ok(struct upload *upload, size_t count, uint64_t fence)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    assert_status(call, upload_end(call, upload, count, fence, &stat), MGW_OK);
}

/* The blob is the parts of SEEDS, the last one LAST bytes long. */
void assert_parts(const struct upload *upload, const char *key, const uint64_t *seeds, size_t count,
                  size_t last)
{
    size_t length = (count - 1) * upload->part_bytes + last;
    AUTO_FREE char *bytes = malloc(length + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) {
        fill(bytes + i * upload->part_bytes, i + 1 < count ? upload->part_bytes : last, seeds[i]);
    }
    assert_blob(kit_bucket(), key, bytes, length);
}
