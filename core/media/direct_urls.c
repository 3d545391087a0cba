/* SPDX-License-Identifier: Apache-2.0
 *
 * See direct_urls.h. The answer's strings lie in the arena of a call of its own. */
#include "core/media/direct_urls.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/media/row.h"
#include "core/media/url.h"

#include <string.h>

enum { PARTS_USUAL = 256 }; /* more only where a part would be too large: each has its URL */

struct answer {
    struct mgw_direct direct;
    struct mgw_call *arena;
    struct mgw_direct_request requests[];
};

struct mgw_direct *direct_answer(size_t requests)
{
    struct answer *answer = calloc(1, sizeof *answer + requests * sizeof answer->requests[0]);
    if (!answer || !(answer->arena = call_new("", NULL, 0))) {
        free(answer);
        return NULL;
    }
    answer->direct = (struct mgw_direct){
        .size = sizeof answer->direct,
        .requests = answer->requests,
        .count = requests,
        .stride = sizeof answer->requests[0],
        .expires_at = MGW_ABSENT,
    };
    return &answer->direct;
}

bool direct_answer_row(struct mgw_direct *answer, const struct mgw_row *row)
{
    free((void *)(uintptr_t)answer->row);
    answer->row = row_copy(row);
    return answer->row != NULL;
}

void mgw_direct_free(struct mgw_direct *direct)
{
    if (direct) {
        struct answer *answer = (struct answer *)direct; /* `direct` is its first field */
        free((void *)(uintptr_t)direct->row);
        mgw_grant_free((struct mgw_grant *)(uintptr_t)direct->grant);
        call_free(answer->arena);
        free(answer);
    }
}

struct mgw_put direct_put(const struct mgw_row *row, const char **metadata)
{
    const char *map[] = {"id",        row->id,        "account", row->account_id,
                         "mime-type", row->mime_type, NULL};
    memcpy(metadata, map, sizeof map);
    return (struct mgw_put){
        .size = sizeof(struct mgw_put),
        .flags = MGW_PUT_IF_ABSENT | MGW_PUT_LENGTH_KNOWN,
        .length = (uint64_t)row->size_bytes,
        .content_type = row->mime_type,
        .metadata = metadata,
    };
}

/* ---- One PUT or parts ---- */

static uint64_t divide_up(uint64_t number, uint64_t by)
{
    return number / by + (number % by != 0);
}

/* Few parts, but none larger than it has to be; 0: LENGTH does not fit the plan. */
static uint64_t part_bytes(const struct mgw_media *media, const struct mgw_upload_plan *plan,
                           uint64_t length)
{
    uint64_t align = plan->part_align ? plan->part_align : 1;
    uint64_t bytes = divide_up(media->direct_part_from_bytes, 4);
    uint64_t usual = divide_up(length, PARTS_USUAL);
    bytes = usual > bytes ? usual : bytes;
    bytes = plan->part_min > bytes ? plan->part_min : bytes;
    bytes = bytes > plan->part_max ? plan->part_max : divide_up(bytes, align) * align;
    if (bytes > plan->part_max) {
        bytes = plan->part_max / align * align;
    }
    bool fits = bytes > 0 && divide_up(length, bytes) <= plan->max_parts;
    return fits ? bytes : 0;
}

enum mgw_status direct_choose(struct mgw_media *media, struct mgw_call *call,
                              const struct mgw_row *row, uint32_t wish, struct direct *direct)
{
    const struct mgw_storage_limits *limits = store_limits(media->store);
    uint64_t caps = !media->proxies && limits->max_presign_ttl_sec > 0 ? limits->capabilities : 0;
    uint64_t parts = MGW_STORAGE_RESUMABLE | MGW_STORAGE_PRESIGN_PART;
    uint64_t length = (uint64_t)row->size_bytes;
    bool large = length > media->direct_part_from_bytes && !direct->content_md5;
    bool wanted = wish == MGW_DIRECT_PARTS_YES || (wish == MGW_DIRECT_PARTS_AUTO && large);
    direct->mode = caps & MGW_STORAGE_PRESIGN_PUT ? DIRECT_PUT : DIRECT_GATEWAY;
    if (!wanted || length == 0 || (caps & parts) != parts) {
        return MGW_OK;
    }
    if (direct->content_md5) {
        return mgw_fail(call, MGW_INVALID, "contentMd5: it is for one PUT, not for parts");
    }
    const char *metadata[7];
    struct mgw_put put = direct_put(row, metadata);
    struct mgw_upload_plan plan = {.size = sizeof plan};
    enum mgw_status status = media_outside(store_plan(media->store, call, &put, &plan));
    if (status == MGW_OK) {
        direct->mode = DIRECT_PARTS;
        direct->part_bytes = part_bytes(media, &plan, length);
        if (direct->part_bytes == 0) {
            status = mgw_fail(call, MGW_TOO_LARGE, "the store's parts do not suffice for it");
        }
    }
    return status;
}

/* ---- URLs ---- */

static const char *keep_text(struct answer *answer, const char *text)
{
    return call_strdup(answer->arena, text);
}

/* A copy of HEADERS; NULL where there are none or memory is short (*GOOD is false then). */
static const char *const *keep_headers(struct answer *answer, const char *const *headers,
                                       bool *good)
{
    size_t count = 0;
    while (headers && headers[count]) {
        count++;
    }
    const char **kept =
        count ? answer->arena->alloc(answer->arena, (count + 1) * sizeof *kept) : NULL;
    for (size_t i = 0; kept && i < count; i++) {
        kept[i] = keep_text(answer, headers[i]);
        *good = *good && kept[i];
    }
    *good = *good && (kept || !count);
    return kept;
}

static bool keep_request(struct answer *answer, size_t i, const struct mgw_presigned *presigned)
{
    struct mgw_direct_request *request = &answer->requests[i];
    bool good = true;
    request->method = keep_text(answer, presigned->method);
    request->url = keep_text(answer, presigned->url);
    request->headers = keep_headers(answer, presigned->headers, &good);
    int64_t *first = &answer->direct.expires_at;
    if (*first == MGW_ABSENT || presigned->expires_at_ms < *first) {
        *first = presigned->expires_at_ms;
    }
    return good && request->method && request->url;
}

static enum mgw_status own_request(struct mgw_media *media, struct mgw_call *call,
                                   const struct mgw_row *row, const struct direct *direct,
                                   struct answer *answer)
{
    int64_t expires = clock_wall_ms() / 1000 + media->direct_ttl_sec;
    const char *sha256 = direct->checksum ? strchr(direct->checksum, ':') + 1 : NULL;
    struct url_put put = {.bucket = row->bucket,
                          .key = row->key,
                          .length = (uint64_t)row->size_bytes,
                          .type = row->mime_type,
                          .content_md5 = direct->content_md5,
                          .sha256 = sha256};
    AUTO_FREE char *url = url_sign_put(media, &put, expires);
    const char *headers[] = {"Content-Type",
                             row->mime_type,
                             "If-None-Match",
                             "*",
                             direct->content_md5 ? "Content-MD5" : NULL,
                             direct->content_md5,
                             NULL};
    struct mgw_presigned made = {.size = sizeof made,
                                 .method = "PUT",
                                 .url = url,
                                 .headers = headers,
                                 .expires_at_ms = expires * 1000};
    return url && keep_request(answer, 0, &made) ? MGW_OK : mgw_fail(call, MGW_IO, "out of memory");
}

static enum mgw_status store_request(struct mgw_media *media, struct mgw_call *call,
                                     const struct mgw_row *row, struct direct *direct,
                                     struct answer *answer, size_t i)
{
    int64_t most = store_limits(media->store)->max_presign_ttl_sec;
    struct mgw_blob blob = {sizeof blob, row->bucket, row->key};
    const char *metadata[7];
    struct mgw_put put = direct_put(row, metadata);
    struct mgw_opaque state = direct_state(direct);
    bool part = direct->mode == DIRECT_PARTS;
    struct mgw_presign presign = {
        .size = sizeof presign,
        .op = part ? MGW_PRESIGN_PART : MGW_PRESIGN_PUT,
        .part_number = answer->requests[i].number,
        .ttl_sec = media->direct_ttl_sec < most ? media->direct_ttl_sec : most,
        .length = answer->requests[i].length,
        .content_type = part ? NULL : row->mime_type,
        .content_md5 = direct->content_md5,
        .upload_state = part ? &state : NULL,
        .metadata = part ? NULL : put.metadata,
    };
    struct mgw_presigned presigned = {.size = sizeof presigned};
    enum mgw_status status =
        media_outside(store_presign(media->store, call, &blob, &presign, &presigned));
    if (status == MGW_OK && !keep_request(answer, i, &presigned)) {
        status = mgw_fail(call, MGW_IO, "out of memory");
    }
    return status;
}

enum mgw_status direct_urls(struct mgw_media *media, struct mgw_call *call,
                            const struct mgw_row *row, struct direct *direct,
                            struct mgw_direct **out, int64_t *urls_ms)
{
    uint64_t length = (uint64_t)row->size_bytes;
    bool parts = direct->mode == DIRECT_PARTS;
    size_t count = parts ? (size_t)divide_up(length, direct->part_bytes) : 1;
    struct answer *answer = (struct answer *)direct_answer(count);
    if (!answer || !direct_answer_row(&answer->direct, row)) {
        mgw_direct_free(answer ? &answer->direct : NULL);
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    answer->direct.part_bytes = direct->part_bytes;
    enum mgw_status status = MGW_OK;
    for (size_t i = 0; i < count && status == MGW_OK; i++) {
        uint64_t offset = i * direct->part_bytes, left = length - offset;
        answer->requests[i] = (struct mgw_direct_request){
            .size = sizeof answer->requests[i],
            .number = parts ? (uint32_t)i + 1 : 0,
            .offset = offset,
            .length = parts && left > direct->part_bytes ? direct->part_bytes : left,
        };
        status = direct->mode == DIRECT_GATEWAY
                     ? own_request(media, call, row, direct, answer)
                     : store_request(media, call, row, direct, answer, i);
    }
    if (status != MGW_OK) {
        mgw_direct_free(&answer->direct);
        return status;
    }
    *urls_ms = media->direct_ttl_sec * 1000; /* no URL was granted more than that */
    *out = &answer->direct;
    return MGW_OK;
}
