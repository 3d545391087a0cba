/* SPDX-License-Identifier: Apache-2.0
 *
 * The plan of a resumable upload, out of that of the layer below: parts of whole segments, and one
 * part less, since a trailer may need one of its own (upload.c). Where the layer below wants
 * uniform parts, the plan fixes their length, so that a shorter one is known to be the last. */
#include "encrypt.h"

static uint64_t divisor(uint64_t a, uint64_t b)
{
    while (b > 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static uint64_t divide_up(uint64_t number, uint64_t by)
{
    return number / by + (number % by != 0);
}

/* What follows is counted in segments. */
static enum mgw_status map(struct mgw_call *call, const struct mgw_put *put,
                           const struct mgw_upload_plan *below, struct mgw_upload_plan *plan)
{
    uint64_t align = below->part_align / divisor(below->part_align, FORMAT_SEALED);
    uint64_t room = below->part_max > FORMAT_TRAILER ? below->part_max - FORMAT_TRAILER : 0;
    uint64_t most = room / FORMAT_SEALED / align * align;
    uint64_t least = divide_up(below->part_min, FORMAT_SEALED);
    uint32_t parts = below->max_parts - 1;
    if (parts == 0 || most == 0 || least > most) {
        return mgw_fail(call, MGW_UNSUPPORTED,
                        "the layer below takes no parts that encrypted segments fit into");
    }
    uint64_t needed = divide_up(divide_up(put->length, FORMAT_SEGMENT), parts);
    least = least > needed ? least : needed;
    least = least > 0 ? divide_up(least, align) * align : align;
    if (least > most) {
        return mgw_fail(call, MGW_TOO_LARGE, "%llu bytes do not fit into %u parts",
                        (unsigned long long)put->length, parts);
    }
    plan->part_min = least * FORMAT_SEGMENT;
    plan->part_max = (below->uniform ? least : most) * FORMAT_SEGMENT;
    plan->part_align = align * FORMAT_SEGMENT;
    plan->max_parts = parts;
    plan->uniform = below->uniform;
    return MGW_OK;
}

enum mgw_status upload_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                            struct mgw_upload_plan *plan)
{
    struct encrypt *encrypt = instance;
    struct mgw_put put_below;
    struct mgw_upload_plan below = {.size = sizeof below};
    enum mgw_status status = encrypt_put_below(call, put, &put_below);
    if (status == MGW_OK) {
        status = encrypt->pass.lower.plan(call, encrypt->pass.instance, &put_below, &below);
    }
    return status == MGW_OK ? map(call, put, &below, plan) : status;
}
