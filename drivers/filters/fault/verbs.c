/* SPDX-License-Identifier: Apache-2.0
 *
 * The verbs without a handle, with faults. */
#include "inject.h"

#include <string.h>

enum mgw_status fault_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                           struct mgw_stat *stat)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, instance, FAULT_STAT, &injection);
    if (status == MGW_OK) {
        status = pass_stat(call, instance, blob, stat);
        inject_stat(call, &injection, status, stat);
        status = inject_after(call, &injection, status);
    }
    return status;
}

enum mgw_status fault_remove(struct mgw_call *call, void *instance, const struct mgw_blob *blob)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, instance, FAULT_REMOVE, &injection);
    if (status == MGW_OK) {
        status = inject_after(call, &injection, pass_remove(call, instance, blob));
    }
    return status;
}

enum mgw_status fault_copy(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                           const struct mgw_blob *to, struct mgw_stat *stat)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, instance, FAULT_COPY, &injection);
    if (status == MGW_OK) {
        status = pass_copy(call, instance, from, to, stat);
        inject_stat(call, &injection, status, stat);
        status = inject_after(call, &injection, status);
    }
    return status;
}

enum mgw_status fault_presign(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                              const struct mgw_presign *presign, struct mgw_presigned *presigned)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, instance, FAULT_PRESIGN, &injection);
    if (status == MGW_OK) {
        status = pass_presign(call, instance, blob, presign, presigned);
    }
    if (status == MGW_OK && injection.lie == LIE_WILD) {
        presigned->expires_at_ms = INT64_MIN;
    } else if (status == MGW_OK && injection.lie == LIE_UTF8) {
        presigned->url = "http://\xff\xfe/";
    } else if (status == MGW_OK && injection.lie == LIE_NULL) {
        presigned->url = presigned->method = NULL;
    }
    return status == MGW_OK ? inject_after(call, &injection, status) : status;
}

enum mgw_status fault_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                           struct mgw_upload_plan *plan)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, instance, FAULT_PLAN, &injection);
    if (status == MGW_OK) {
        status = pass_plan(call, instance, put, plan);
        if (status == MGW_OK && injection.lie == LIE_WILD) {
            plan->part_min = UINT64_MAX;
            plan->max_parts = 0;
        }
        status = inject_after(call, &injection, status);
    }
    return status;
}

enum mgw_status fault_upload_create(struct mgw_call *call, void *instance,
                                    const struct mgw_blob *blob, const struct mgw_put *put,
                                    struct mgw_opaque *state)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, instance, FAULT_UPLOAD_CREATE, &injection);
    if (status == MGW_OK) {
        status = pass_upload_create(call, instance, blob, put, state);
        if (status == MGW_OK && injection.lie == LIE_WILD) {
            state->length = SIZE_MAX;
        }
        status = inject_after(call, &injection, status);
    }
    return status;
}

enum mgw_status fault_upload_part(struct mgw_call *call, void *instance,
                                  const struct mgw_opaque *state, const struct mgw_part *part,
                                  const struct mgw_source *source, uint64_t fence,
                                  struct mgw_opaque *receipt)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, instance, FAULT_UPLOAD_PART, &injection);
    if (status == MGW_OK) {
        status = pass_upload_part(call, instance, state, part, source, fence, receipt);
        if (status == MGW_OK && injection.lie == LIE_WILD) {
            receipt->length = SIZE_MAX;
        }
        status = inject_after(call, &injection, status);
    }
    return status;
}

enum mgw_status fault_upload_complete(struct mgw_call *call, void *instance,
                                      const struct mgw_opaque *state, const struct mgw_part *parts,
                                      size_t count, size_t stride, uint64_t fence,
                                      struct mgw_stat *stat)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, instance, FAULT_UPLOAD_COMPLETE, &injection);
    if (status == MGW_OK) {
        status = pass_upload_complete(call, instance, state, parts, count, stride, fence, stat);
        inject_stat(call, &injection, status, stat);
        status = inject_after(call, &injection, status);
    }
    return status;
}

enum mgw_status fault_upload_abort(struct mgw_call *call, void *instance,
                                   const struct mgw_opaque *state, uint64_t fence)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, instance, FAULT_UPLOAD_ABORT, &injection);
    if (status == MGW_OK) {
        status = inject_after(call, &injection, pass_upload_abort(call, instance, state, fence));
    }
    return status;
}

enum mgw_status fault_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                            struct mgw_sweep_result *result)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, instance, FAULT_SWEEP, &injection);
    if (status == MGW_OK) {
        status = inject_after(call, &injection, pass_sweep(call, instance, older_than_ms, result));
    }
    return status;
}

enum mgw_status fault_health(struct mgw_call *call, void *instance)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, instance, FAULT_HEALTH, &injection);
    return status == MGW_OK ? inject_after(call, &injection, pass_health(call, instance)) : status;
}

enum mgw_status fault_free_bytes(struct mgw_call *call, void *instance, uint64_t *bytes)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, instance, FAULT_FREE_BYTES, &injection);
    return status == MGW_OK ? inject_after(call, &injection, pass_free_bytes(call, instance, bytes))
                            : status;
}
