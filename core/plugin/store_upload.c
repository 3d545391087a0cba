/* SPDX-License-Identifier: Apache-2.0
 *
 * See store.h: resumable uploads and presigned requests. */
#include "core/base/token.h"
#include "core/plugin/store_inside.h"

#include <string.h>

static enum mgw_status resumable(struct store *store, struct mgw_call *call)
{
    call_clear(call);
    return store->limits.capabilities & MGW_STORAGE_RESUMABLE
               ? MGW_OK
               : store_unsupported(store, call, "resumable upload");
}

enum mgw_status store_plan(struct store *store, struct mgw_call *call, const struct mgw_put *given,
                           struct mgw_upload_plan *plan)
{
    struct mgw_put put;
    struct mgw_upload_plan answered = {.size = sizeof answered};
    enum mgw_status status = resumable(store, call);
    if (status == MGW_OK) {
        status = store_check_put(store, call, given, &put);
    }
    if (status == MGW_OK) {
        status = GUARDED(store, call, plan, store->instance, &put, &answered);
    }
    if (status != MGW_OK) {
        return status;
    }
    bool sound = answered.part_max > 0 && answered.part_max <= INT64_MAX &&
                 answered.part_min <= answered.part_max && answered.part_align > 0 &&
                 answered.part_align <= answered.part_max && answered.max_parts > 0 &&
                 answered.uniform <= 1;
    if (!sound) {
        return guard_corrupt(&store->guard, call, "plan() answered a plan that no parts fit");
    }
    struct_give(plan, &answered, sizeof answered);
    return MGW_OK;
}

/* What a plugin wrote into bytes of the host's. */
static enum mgw_status give_opaque(struct store *store, struct mgw_call *call, const char *what,
                                   const struct mgw_opaque *answered, struct mgw_opaque *to)
{
    if (answered->bytes != to->bytes || answered->length > to->capacity) {
        return guard_corrupt(&store->guard, call, "%s longer than its room", what);
    }
    to->length = answered->length;
    return MGW_OK;
}

enum mgw_status store_upload_create(struct store *store, struct mgw_call *call,
                                    const struct mgw_blob *given, const struct mgw_put *given_put,
                                    struct mgw_opaque *state)
{
    struct mgw_blob blob;
    struct mgw_put put;
    struct mgw_opaque room = {
        .size = sizeof room, .bytes = state->bytes, .capacity = state->capacity};
    enum mgw_status status = resumable(store, call);
    if (status == MGW_OK) {
        status = store_check_blob(store, call, given, &blob);
    }
    if (status == MGW_OK) {
        status = store_check_put(store, call, given_put, &put);
    }
    if (status == MGW_OK && state->capacity < MGW_UPLOAD_STATE_MAX) {
        return mgw_fail(call, MGW_INVALID, "a state needs room for %u bytes", MGW_UPLOAD_STATE_MAX);
    }
    if (status == MGW_OK) {
        status = GUARDED(store, call, upload_create, store->instance, &blob, &put, &room);
    }
    return status == MGW_OK
               ? give_opaque(store, call, "upload_create() answered a state", &room, state)
               : status;
}

enum mgw_status store_upload_part(struct store *store, struct mgw_call *call,
                                  const struct mgw_opaque *state, const struct mgw_part *given,
                                  const struct mgw_source *given_source, uint64_t fence,
                                  struct mgw_opaque *receipt)
{
    struct mgw_part part;
    struct mgw_source source;
    struct mgw_opaque held;
    struct mgw_opaque room = {
        .size = sizeof room, .bytes = receipt->bytes, .capacity = receipt->capacity};
    enum mgw_status status = resumable(store, call);
    if (status != MGW_OK) {
        return status;
    }
    struct_take(&part, given, sizeof part);
    struct_take(&source, given_source, sizeof source);
    struct_take(&held, state, sizeof held);
    if (part.number == 0 || part.length != source.length || part.offset > INT64_MAX - part.length ||
        part.length > INT64_MAX) {
        return mgw_fail(call, MGW_INVALID, "the part's number, offset or length is wrong");
    }
    if (receipt->capacity < MGW_UPLOAD_RECEIPT_MAX) {
        return mgw_fail(call, MGW_INVALID, "a receipt needs room for %u bytes",
                        MGW_UPLOAD_RECEIPT_MAX);
    }
    status =
        GUARDED(store, call, upload_part, store->instance, &held, &part, &source, fence, &room);
    return status == MGW_OK
               ? give_opaque(store, call, "upload_part() answered a receipt", &room, receipt)
               : status;
}

enum mgw_status store_upload_complete(struct store *store, struct mgw_call *call,
                                      const struct mgw_opaque *state, const struct mgw_part *parts,
                                      size_t count, size_t stride, uint64_t fence,
                                      struct mgw_stat *stat)
{
    struct mgw_opaque held;
    struct mgw_stat answered = {.size = sizeof answered};
    enum mgw_status status = resumable(store, call);
    if (status != MGW_OK) {
        return status;
    }
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        const struct mgw_part *part =
            (const struct mgw_part *)(const void *)((const char *)parts + i * stride);
        if (part->number != i + 1 || part->length > INT64_MAX - total) {
            return mgw_fail(call, MGW_INVALID, "the parts are not numbered from 1 in order");
        }
        total += part->length;
    }
    struct_take(&held, state, sizeof held);
    status = GUARDED(store, call, upload_complete, store->instance, &held, parts, count, stride,
                     fence, &answered);
    if (status == MGW_OK && answered.bytes != total) {
        return guard_corrupt(&store->guard, call, "upload_complete() of %llu bytes answered %llu",
                             (unsigned long long)total, (unsigned long long)answered.bytes);
    }
    return status == MGW_OK ? store_give_stat(store, call, &answered, stat) : status;
}

enum mgw_status store_upload_abort(struct store *store, struct mgw_call *call,
                                   const struct mgw_opaque *state, uint64_t fence)
{
    struct mgw_opaque held;
    enum mgw_status status = resumable(store, call);
    if (status != MGW_OK) {
        return status;
    }
    struct_take(&held, state, sizeof held);
    return GUARDED(store, call, upload_abort, store->instance, &held, fence);
}

static bool presign_granted(const struct store *store, uint32_t op)
{
    uint64_t bit = op == MGW_PRESIGN_GET    ? MGW_STORAGE_PRESIGN_GET
                   : op == MGW_PRESIGN_PUT  ? MGW_STORAGE_PRESIGN_PUT
                   : op == MGW_PRESIGN_PART ? MGW_STORAGE_PRESIGN_PART
                                            : 0;
    return (store->limits.capabilities & bit) != 0;
}

/* NULL, or what is wrong with an answer that a client is to be sent to. */
static const char *presigned_fault(const struct mgw_presigned *presigned)
{
    enum { URL_MAX = 16384, HEADERS_MAX = 64, NAME_MOST = 256, HEADER_MAX = 8192 };
    const char *method = presigned->method, *url = presigned->url;
    if (!method ||
        (strcmp(method, "GET") != 0 && strcmp(method, "PUT") != 0 && strcmp(method, "POST") != 0)) {
        return "a method that is not GET, PUT or POST";
    }
    if (!check_line(url, URL_MAX) ||
        (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)) {
        return "a URL that is not http or https";
    }
    for (const char *c = url; *c; c++) {
        if (*c <= 0x20 || *c >= 0x7f) {
            return "a URL with characters that no URL has";
        }
    }
    size_t count = 0;
    for (const char *const *header = presigned->headers; header && header[0]; header += 2) {
        size_t name = strnlen(header[0], NAME_MOST + 1);
        if (++count > HEADERS_MAX || !header[1] || name == 0 || name > NAME_MOST ||
            token_span(header[0]) != name || !check_line(header[1], HEADER_MAX)) {
            return "headers that are no headers";
        }
    }
    bool expires = presigned->expires_at_ms > 0 && check_time(presigned->expires_at_ms);
    return expires ? NULL : "no time of expiry";
}

enum mgw_status store_presign(struct store *store, struct mgw_call *call,
                              const struct mgw_blob *given, const struct mgw_presign *given_presign,
                              struct mgw_presigned *presigned)
{
    struct mgw_blob blob;
    struct mgw_presign presign;
    struct mgw_presigned answered = {.size = sizeof answered};
    enum mgw_status status = store_check_blob(store, call, given, &blob);
    if (status != MGW_OK) {
        return status;
    }
    struct_take(&presign, given_presign, sizeof presign);
    if (!presign_granted(store, presign.op)) {
        return store_unsupported(store, call, "a presigned request");
    }
    if (presign.ttl_sec < 1 || presign.ttl_sec > store->limits.max_presign_ttl_sec) {
        return mgw_fail(call, MGW_INVALID, "a ttl of %lld s is not 1 to %lld s",
                        (long long)presign.ttl_sec, (long long)store->limits.max_presign_ttl_sec);
    }
    status = GUARDED(store, call, presign, store->instance, &blob, &presign, &answered);
    if (status != MGW_OK) {
        return status;
    }
    const char *fault = presigned_fault(&answered);
    if (fault) {
        return guard_corrupt(&store->guard, call, "presign() answered %s", fault);
    }
    struct_give(presigned, &answered, sizeof answered);
    return MGW_OK;
}
