/* SPDX-License-Identifier: Apache-2.0
 *
 * See content.h: checks, preconditions, ranges and headers; the bytes are content_body.c's. */
#include "core/http/content.h"

#include "core/base/clock.h"
#include "core/base/disposition.h"
#include "core/base/id.h"
#include "core/http/answer.h"
#include "core/http/content_body.h"
#include "core/http/digest.h"
#include "core/http/precondition.h"
#include "core/http/range.h"

#include <string.h>

/* Lets a browser show or play the file when it is opened directly, and nothing else. The document
 * keeps its origin, since its <video> would fetch the file as a foreign one's otherwise; no script
 * runs in it. */
#define CONTENT_POLICY                                                                             \
    "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; "            \
    "sandbox allow-same-origin"

enum { CACHE_AGE_MAX_SEC = 604800, BOUNDARY_BYTES = 16 };

static enum mgw_status content_open(struct exchange *x, struct mgw_content **content)
{
    const struct target *target = x->target;
    struct mgw_content_request request = {
        .size = sizeof request,
        .bucket = target->bucket,
        .key = target->key,
        .expires = target_param(target, "expires"),
        .kid = target_param(target, "kid"),
        .disposition = target_param(target, "disposition"),
        .file_name = target_param(target, "filename"),
        .sig = target_param(target, "sig"),
    };
    return mgw_content_open(x->gateway->media, x->call, &request, content);
}

/* What every answer about the content carries, 304 and 412 too. */
static void content_headers(struct exchange *x, const struct mgw_content_info *info)
{
    char date[CLOCK_HTTP_SIZE];
    AUTO_BUF struct buf text = {0};
    buf_printf(&text, "\"%s\"", info->etag);
    answer_header(x, "ETag", text.data);
    clock_http(info->modified_at, date);
    answer_header(x, "Last-Modified", date);
    int64_t left_sec = (info->expires_at - clock_wall_ms()) / 1000;
    left_sec = left_sec < 0 ? 0 : left_sec > CACHE_AGE_MAX_SEC ? CACHE_AGE_MAX_SEC : left_sec;
    buf_reset(&text);
    buf_printf(&text, "private, max-age=%lld", (long long)left_sec);
    answer_header(x, "Cache-Control", text.data);
    answer_header(x, "Accept-Ranges", "bytes");
    answer_header(x, "Cross-Origin-Resource-Policy", "cross-origin");
}

/* What the answers with the content itself, or a part of it, carry besides. */
static void content_headers_full(struct exchange *x, const struct mgw_content_info *info,
                                 bool whole)
{
    AUTO_BUF struct buf disposition = {0};
    disposition_value(&disposition, info->attachment, info->file_name);
    answer_header(x, "Content-Disposition", disposition.data);
    answer_header(x, "Content-Security-Policy", CONTENT_POLICY);
    char digest[DIGEST_FIELD_SIZE];
    if (digest_field_of_checksum(info->checksum, digest)) {
        answer_header(x, "Repr-Digest", digest);
        answer_header(x, "Content-Digest", whole ? digest : NULL);
    }
}

static const char *type_of(const struct mgw_content_info *info)
{
    return info->mime_type ? info->mime_type : "application/octet-stream";
}

/* A 200 or 206 with the bytes of RANGES. CONTENT is taken where they have to be read from it. */
static void content_send(struct exchange *x, struct mgw_content **content,
                         const struct mgw_content_info *info, const struct range_set *ranges,
                         bool partial)
{
    char boundary[2 * BOUNDARY_BYTES + 1] = "";
    if (ranges->count > 1) {
        unsigned char random[BOUNDARY_BYTES];
        id_random(random, sizeof random);
        id_hex(random, sizeof random, boundary);
    }
    uint64_t length = 0;
    struct MHD_Response *response = content_body_new(x, content, ranges, boundary, &length);
    if (!response && x->response) {
        return; /* the storage refused, and that is the answer */
    }
    answer_response(x, partial ? 206 : 200, response, length);
    AUTO_BUF struct buf text = {0};
    if (ranges->count > 1) {
        buf_printf(&text, "multipart/byteranges; boundary=%s", boundary);
        answer_header(x, "Content-Type", text.data);
    } else {
        answer_header(x, "Content-Type", type_of(info));
    }
    if (ranges->count == 1 && partial) {
        range_content(&text, &ranges->ranges[0], info->bytes);
        answer_header(x, "Content-Range", text.data);
    }
    content_headers(x, info);
    content_headers_full(x, info, ranges->count == 1 && ranges->ranges[0].length == info->bytes);
}

static enum precondition_answer content_conditions(const struct exchange *x,
                                                   const struct mgw_content_info *info,
                                                   bool *range_counts)
{
    AUTO_FREE char *if_match = exchange_header_list(x, "If-Match");
    AUTO_FREE char *if_none_match = exchange_header_list(x, "If-None-Match");
    struct precondition request = {
        .get_or_head = true,
        .if_match = if_match,
        .if_none_match = if_none_match,
        .if_modified_since = exchange_header(x, "If-Modified-Since"),
        .if_unmodified_since = exchange_header(x, "If-Unmodified-Since"),
        .if_range = exchange_header(x, "If-Range"),
    };
    struct precondition_content content = {.etag = info->etag, .modified_at = info->modified_at};
    return precondition_check(&request, &content, range_counts);
}

static void content_answer(struct exchange *x, struct mgw_content **content)
{
    const struct mgw_content_info *info = mgw_content_info(*content);
    bool range_counts = true;
    switch (content_conditions(x, info, &range_counts)) {
    case PRECONDITION_NOT_MODIFIED:
        answer_empty(x, 304);
        content_headers(x, info);
        return;
    case PRECONDITION_FAILED:
        answer_error(x, 412, "precondition_failed", "the recording is not the one that was named");
        return;
    case PRECONDITION_PROCEED:
        break;
    }
    struct range_set ranges = {.count = 1, .ranges = {{0, info->bytes}}};
    struct range_set asked = {0};
    const char *header = range_counts ? exchange_header(x, "Range") : NULL;
    switch (range_parse(header, info->bytes, &asked)) {
    case RANGE_WHOLE:
        content_send(x, content, info, &ranges, false);
        break;
    case RANGE_PARTIAL:
        content_send(x, content, info, &asked, true);
        break;
    case RANGE_UNSATISFIABLE: {
        AUTO_BUF struct buf text = {0};
        range_unsatisfied(&text, info->bytes);
        answer_error(x, 416, "range_not_satisfiable", "the range lies beyond the end");
        answer_header(x, "Content-Range", text.data);
        answer_header(x, "Accept-Ranges", "bytes");
        break;
    }
    }
}

void content_get(struct exchange *x)
{
    static const char *const signed_ones[] = {"expires",  "kid", "disposition",
                                              "filename", "sig", NULL};
    if (target_repeated(x->target, signed_ones)) {
        answer_bad(x, "a query parameter came twice");
        return;
    }
    struct mgw_content *content = NULL;
    enum mgw_status status = content_open(x, &content);
    if (status != MGW_OK) {
        answer_failure(x, status, ANSWER_CONTENT);
        return;
    }
    content_answer(x, &content);
    mgw_content_close(content);
}
