/* SPDX-License-Identifier: Apache-2.0
 *
 * See head.h. */
#include "core/http/head.h"

#include "core/base/id.h"
#include "core/base/text.h"
#include "core/http/access.h"
#include "core/http/answer.h"
#include "core/http/cors.h"
#include "core/http/fields.h"
#include "core/http/head_client.h"
#include "core/http/origin.h"
#include "core/http/routes.h"
#include "core/http/strict.h"
#include "core/http/upload.h"

#include <string.h>
#include <strings.h>

enum {
    HEADER_BYTES_MAX = 16384,
    HEADERS_MAX = 128,
};

struct headers {
    struct strict_header *at;
    size_t count, capacity;
};

static enum MHD_Result take_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                   size_t name_length, const char *value, size_t value_length)
{
    (void)kind;
    struct headers *headers = ctx;
    if (headers->count == headers->capacity) {
        return MHD_NO;
    }
    headers->at[headers->count++] =
        (struct strict_header){name, name_length, value, value ? value_length : 0};
    return MHD_YES;
}

/* libmicrohttpd 0.9 ends a value at a NUL, unfolds folded lines and ends the target at a NUL, and
 * says nothing of it. But its strings lie where they were received, one behind the other: where
 * more than a line end stands between two of them, something has been left out. */
static const char *head_check_gaps(const struct exchange *x, const char *version,
                                   const struct headers *headers, size_t header_size)
{
#if MHD_VERSION < 0x01000000
    uintptr_t start = (uintptr_t)x->method;
    size_t line = strlen(x->method) + 1 + strlen(x->raw_target) + 1;
    if ((uintptr_t)version - start != line || strchr(x->raw_target, ' ')) {
        return "the request line is malformed";
    }
    uintptr_t end = start + line + strlen(version);
    for (size_t i = 0; i <= headers->count; i++) {
        const struct strict_header *header = &headers->at[i];
        bool last = i == headers->count;
        uintptr_t next = last ? start + header_size : (uintptr_t)header->name;
        if (next - end < 1 || next - end > (last ? 4 : 2)) {
            return "a header is folded or holds a NUL";
        }
        end = last ? next : (uintptr_t)header->value + header->value_length;
    }
#else
    (void)x, (void)version, (void)headers, (void)header_size;
#endif
    return NULL;
}

/* False: hostile, the answer is left. */
static bool head_strict(struct exchange *x, const char *version)
{
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    int count = MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, NULL, NULL);
    if (count > HEADERS_MAX || (size && size->header_size > HEADER_BYTES_MAX)) {
        answer_error(x, 431, "header_too_large", "the header is larger than 16 KiB or 128 lines");
        return false;
    }
    struct headers headers = {.capacity = count > 0 ? (size_t)count : 0};
    AUTO_FREE struct strict_header *lines = calloc(headers.capacity + 1, sizeof *lines);
    if (!lines || !x->raw_target) {
        answer_bad(x, NULL);
        return false;
    }
    headers.at = lines;
    MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, take_header, &headers);
    const char *wrong = strict_check(&(struct strict_request){
        .method = x->method,
        .version = version,
        .target = x->raw_target,
        .headers = lines,
        .count = headers.count,
    });
    if (!wrong && size) {
        wrong = head_check_gaps(x, version, &headers, size->header_size);
    }
    if (wrong) {
        answer_bad(x, wrong);
    }
    return !wrong;
}

static void head_request_id(struct exchange *x)
{
    const char *given = exchange_header(x, "X-Request-Id");
    if (given && text_is_word(given, EXCHANGE_REQUEST_ID_SIZE - 1, "._-")) {
        strncpy(x->request_id, given, sizeof x->request_id - 1);
    } else {
        id_uuid(x->request_id);
    }
}

/* The framing has been checked: Content-Length, if any, is a number. */
static void head_body(struct exchange *x)
{
    const char *length = exchange_header(x, "Content-Length");
    int64_t number = 0;
    if (exchange_header(x, "Transfer-Encoding")) {
        x->has_body = true;
        x->content_length = UINT64_MAX;
    } else if (length) {
        bool fits = fields_integer(length, INT64_MAX, &number);
        x->content_length = fits ? (uint64_t)number : INT64_MAX;
        x->has_body = x->content_length > 0;
    }
}

/* The dev mode believes whoever calls, so that it serves its own machine alone. */
static bool head_origin(struct exchange *x, bool signed_content)
{
    switch (origin_check_dev(x, signed_content)) {
    case ORIGIN_DEV_FINE:
        return true;
    case ORIGIN_DEV_MISDIRECTED:
        answer_error(
            x, 421, "misdirected",
            "without a config this gateway answers to localhost, 127.0.0.1 and [::1] only");
        break;
    case ORIGIN_DEV_FOREIGN:
        answer_error(x, 403, "forbidden",
                     "without a config this gateway serves pages of this machine only");
        break;
    }
    return false;
}

static enum head_verdict head_route(struct exchange *x)
{
    AUTO_BUF struct buf allow = {0};
    x->route = routes_find(x->method, x->target, &allow);
    if (x->route) {
        return HEAD_FINE;
    }
    if (allow.length == 0) {
        answer_error(x, 404, "not_found", "there is nothing under this path");
    } else if (strcmp(x->method, "OPTIONS") == 0) {
        answer_empty(x, 204);
        cors_preflight(x, allow.data);
    } else {
        answer_error(x, 405, "method_not_allowed", "this path does not take this method");
        answer_header(x, "Allow", allow.data);
    }
    return HEAD_REFUSED;
}

/* Limits that the header alone breaks. */
static bool head_limits(struct exchange *x)
{
    const char *expect = exchange_header(x, "Expect");
    if (expect && strcasecmp(expect, "100-continue") != 0) {
        answer_error(x, 417, "expectation_failed", "Expect: 100-continue is the only one known");
        return false;
    }
    bool known = x->has_body && x->content_length != UINT64_MAX;
    bool stream = x->route->body == ROUTE_BODY_STREAM;
    uint64_t most =
        stream ? x->gateway->max_upload_bytes + UPLOAD_FORM_BYTES_MAX : EXCHANGE_JSON_MAX;
    if (known && x->content_length > most) {
        answer_error(x, 413, "too_large",
                     stream ? "the content is larger than is allowed"
                            : "the body is larger than 64 KiB");
        return false;
    }
    return true;
}

enum head_verdict head_check(struct exchange *x, const char *version)
{
    head_request_id(x);
    if (!head_strict(x, version)) {
        return HEAD_HOSTILE;
    }
    head_body(x);
    if (!head_client_look(x)) {
        return HEAD_REFUSED;
    }
    const char *wrong = NULL;
    x->target = target_parse(x->raw_target, strlen(x->raw_target), &wrong);
    if (!x->target) {
        answer_bad(x, wrong);
        return HEAD_REFUSED;
    }
    bool content = x->target->bucket != NULL;
    if (x->gateway->config->dev && !head_origin(x, content)) {
        return HEAD_REFUSED;
    }
    enum head_verdict verdict = head_route(x);
    if (verdict != HEAD_FINE) {
        return verdict;
    }
    bool welcome = (x->route->scope == 0 || access_look(x)) && head_limits(x);
    return welcome ? HEAD_FINE : HEAD_REFUSED;
}
