/* SPDX-License-Identifier: Apache-2.0
 *
 * See json_out.h. */
#include "core/http/json_out.h"

#include "core/base/clock.h"
#include "core/base/text.h"

#include <jansson.h>
#include <string.h>

static int to_buf(const char *bytes, size_t length, void *ctx)
{
    return buf_append(ctx, bytes, length) ? 0 : -1;
}

/* TEXT with U+FFFD for each byte that is not ASCII: what a driver must not have given. */
static bool put_repaired(struct buf *out, const char *text)
{
    AUTO_BUF struct buf repaired = {0};
    for (; *text; text++) {
        buf_append(&repaired, (unsigned char)*text < 0x80 ? text : "\xef\xbf\xbd",
                   (unsigned char)*text < 0x80 ? 1 : 3);
    }
    out->failed = out->failed || repaired.failed;
    return !repaired.failed && json_out_text(out, repaired.data);
}

/* Whether TEXT stands in JSON as it is: printable ASCII without quote and backslash. */
static bool is_plain(const char *text, size_t *length)
{
    const char *at = text;
    while (*at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\') {
        at++;
    }
    *length = (size_t)(at - text);
    return *at == '\0';
}

bool json_out_text(struct buf *out, const char *text)
{
    size_t length;
    if (text && is_plain(text, &length)) { /* nearly all are, and jansson takes its time */
        buf_append(out, "\"", 1);
        buf_append(out, text, length);
        return buf_append(out, "\"", 1);
    }
    if (text && !text_is_utf8(text, strlen(text))) {
        return put_repaired(out, text);
    }
    json_t *json = text ? json_string_nocheck(text) : json_null();
    if (!json || json_dump_callback(json, to_buf, out, JSON_ENCODE_ANY) != 0) {
        out->failed = true;
    }
    json_decref(json);
    return !out->failed;
}

/* `,"name":`, or without the comma behind a bracket. NAMES are ours, they need no escaping. */
static void put_name(struct buf *out, const char *name)
{
    bool first = out->length > 0 && (out->data[out->length - 1] == '{');
    buf_text(out, first ? "\"" : ",\"");
    buf_text(out, name);
    buf_append(out, "\":", 2);
}

static void put_text(struct buf *out, const char *name, const char *text)
{
    if (text) {
        put_name(out, name);
        json_out_text(out, text);
    }
}

static void put_number(struct buf *out, const char *name, int64_t number)
{
    if (number != MGW_ABSENT) {
        put_name(out, name);
        buf_number(out, number);
    }
}

static void put_time(struct buf *out, const char *name, int64_t ms)
{
    if (ms != MGW_ABSENT) {
        char iso[CLOCK_ISO_SIZE];
        clock_iso(ms, iso);
        put_text(out, name, iso);
    }
}

static const struct {
    uint32_t status;
    const char *name;
} statuses[] = {
    {MGW_ROW_UPLOADING, "uploading"},
    {MGW_ROW_READY, "ready"},
    {MGW_ROW_DELETED, "deleted"},
    {MGW_ROW_FAILED, "failed"},
};
#define STATUSES (sizeof statuses / sizeof *statuses)

const char *json_out_status(uint32_t status)
{
    for (size_t i = 0; i < STATUSES; i++) {
        if (statuses[i].status == status) {
            return statuses[i].name;
        }
    }
    return NULL;
}

uint32_t json_out_status_of(const char *name)
{
    for (size_t i = 0; i < STATUSES; i++) {
        if (strcmp(statuses[i].name, name) == 0) {
            return statuses[i].status;
        }
    }
    return 0;
}

bool json_out_row(struct buf *out, const struct mgw_row *row)
{
    buf_room(out, 1024);
    buf_text(out, "{");
    put_text(out, "id", row->id);
    put_text(out, "accountId", row->account_id);
    put_text(out, "ownerEmail", row->owner_email);
    put_text(out, "bucket", row->bucket);
    put_text(out, "key", row->key);
    put_text(out, "mimeType", row->mime_type);
    put_number(out, "sizeBytes", row->size_bytes);
    put_number(out, "durationMs", row->duration_ms);
    put_text(out, "kind", row->kind);
    put_text(out, "status", json_out_status(row->status));
    put_text(out, "sessionId", row->session_id);
    put_number(out, "takeIndex", row->take_index);
    put_text(out, "checksum", row->checksum);
    if (row->metadata) {
        put_name(out, "metadata");
        buf_text(out, row->metadata);
    }
    put_time(out, "createdAt", row->created_at);
    put_time(out, "updatedAt", row->updated_at);
    return buf_text(out, "}");
}

static void put_url(struct buf *out, const char *name, const char *base, const char *url)
{
    AUTO_BUF struct buf absolute = {0};
    buf_room(&absolute, 512);
    buf_text(&absolute, base && url[0] == '/' ? base : "");
    buf_text(&absolute, url);
    out->failed = out->failed || absolute.failed;
    put_text(out, name, absolute.failed ? NULL : absolute.data);
}

bool json_out_grant(struct buf *out, const struct mgw_grant *grant, const char *base)
{
    buf_text(out, "{");
    put_name(out, "row");
    json_out_row(out, grant->row);
    if (grant->signed_url) {
        put_url(out, "signedUrl", base, grant->signed_url);
        put_time(out, "signedUrlExpiresAt", grant->signed_url_expires_at);
    }
    return buf_text(out, "}");
}

/* The members of one request of a direct upload. */
static void put_request(struct buf *out, const struct mgw_direct_request *request, const char *base)
{
    put_text(out, "method", request->method);
    put_url(out, "url", base, request->url);
    put_name(out, "headers");
    buf_text(out, "{");
    const char *const *header = request->headers;
    for (; header && header[0]; header += 2) {
        put_text(out, header[0], header[1]);
    }
    buf_text(out, "}");
}

static void put_parts(struct buf *out, const struct mgw_direct *direct, const char *base)
{
    put_name(out, "parts");
    buf_text(out, "[");
    for (size_t i = 0; i < direct->count; i++) {
        const struct mgw_direct_request *request =
            (const void *)((const char *)(const void *)direct->requests + i * direct->stride);
        buf_text(out, i > 0 ? ",{" : "{");
        put_number(out, "partNumber", request->number);
        put_number(out, "offset", (int64_t)request->offset);
        put_number(out, "length", (int64_t)request->length);
        put_request(out, request, base);
        buf_text(out, "}");
    }
    buf_text(out, "]");
    put_number(out, "partSize", (int64_t)direct->part_bytes);
}

bool json_out_direct(struct buf *out, const struct mgw_direct *direct, const char *base)
{
    if (direct->grant) {
        return json_out_grant(out, direct->grant, base);
    }
    buf_text(out, "{");
    put_name(out, "row");
    json_out_row(out, direct->row);
    put_name(out, "upload");
    buf_text(out, "{");
    if (direct->part_bytes > 0) {
        put_parts(out, direct, base);
    } else {
        put_request(out, direct->requests, base);
    }
    put_time(out, "expiresAt", direct->expires_at);
    buf_text(out, "}");
    put_name(out, "completePath");
    buf_printf(out, "\"/api/media/%s/complete\"", direct->row->id); /* an id needs no escaping */
    return buf_text(out, "}");
}

bool json_out_list_begin(struct buf *out)
{
    return buf_text(out, "{\"items\":[");
}

bool json_out_list_row(struct buf *out, const struct mgw_row *row)
{
    bool first = out->length > 0 && out->data[out->length - 1] == '[';
    buf_text(out, first ? "" : ",");
    return json_out_row(out, row);
}

bool json_out_list_end(struct buf *out, const char *next_cursor)
{
    buf_text(out, "]");
    put_text(out, "nextCursor", next_cursor);
    return buf_text(out, "}");
}

bool json_out_error(struct buf *out, const char *error, const char *message, const char *request_id)
{
    buf_text(out, "{");
    put_text(out, "error", error);
    put_text(out, "message", message);
    put_text(out, "requestId", request_id);
    return buf_text(out, "}");
}
