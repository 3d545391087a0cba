/* SPDX-License-Identifier: Apache-2.0
 *
 * See media.h. */
#include "core/http/media.h"

#include "core/base/disposition.h"
#include "core/http/answer.h"
#include "core/http/fields.h"
#include "core/http/json_out.h"

#include <jansson.h>
#include <string.h>

enum { LIST_LIMIT_MAX = 200, ID_SEGMENT = 2 };

void media_answer_grant(struct exchange *x, unsigned status, struct mgw_grant *grant)
{
    AUTO_BUF struct buf base = {0};
    AUTO_BUF struct buf text = {0};
    exchange_base_url(x, &base);
    json_out_grant(&text, grant, base.data);
    mgw_grant_free(grant);
    answer_json(x, status, &text);
}

static void media_grant(struct exchange *x, int64_t ttl_sec, const char *file_name)
{
    struct mgw_grant *grant = NULL;
    enum mgw_status status = mgw_media_get(
        x->gateway->media, x->call, x->target->segments[ID_SEGMENT], ttl_sec, file_name, &grant);
    if (status != MGW_OK) {
        answer_failure(x, status, ANSWER_ANY);
        return;
    }
    media_answer_grant(x, 200, grant);
}

void media_get(struct exchange *x)
{
    media_grant(x, 0, NULL);
}

/* What is wrong with the object; NULL: nothing. */
static const char *read_reissue(const json_t *object, int64_t *ttl_sec, const char **file_name)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        if (strcmp(key, "ttlSec") == 0) {
            if (!json_is_integer(value) || json_integer_value(value) < 1) {
                return "ttlSec must be a whole number of seconds, 1 or more";
            }
            *ttl_sec = json_integer_value(value);
        } else if (strcmp(key, "fileName") == 0) {
            *file_name = json_string_value(value);
            const char *wrong = *file_name ? disposition_check_name(*file_name) : "no text";
            if (wrong) {
                return "fileName must be a file name: 1 to 255 bytes, no control character, no "
                       "slash or backslash";
            }
        } else {
            return "the body may hold ttlSec and fileName only";
        }
    }
    return NULL;
}

void media_reissue(struct exchange *x)
{
    int64_t ttl_sec = 0;
    const char *file_name = NULL;
    json_t *object = NULL;
    if (x->body.length > 0) {
        json_error_t error;
        object = json_loadb(x->body.data, x->body.length, JSON_REJECT_DUPLICATES, &error);
        const char *wrong = json_is_object(object) ? read_reissue(object, &ttl_sec, &file_name)
                                                   : "the body must be one JSON object without "
                                                     "duplicate keys";
        if (wrong) {
            answer_bad(x, wrong);
            json_decref(object);
            return;
        }
    }
    media_grant(x, ttl_sec, file_name);
    json_decref(object);
}

void media_delete(struct exchange *x)
{
    enum mgw_status status =
        mgw_media_delete(x->gateway->media, x->call, x->target->segments[ID_SEGMENT]);
    if (status != MGW_OK) {
        answer_failure(x, status, ANSWER_ANY);
        return;
    }
    AUTO_BUF struct buf text = {0};
    buf_text(&text, "{\"ok\":true}");
    answer_json(x, 200, &text);
}

static bool list_row(void *ctx, const struct mgw_row *row)
{
    return json_out_list_row(ctx, row);
}

/* What is wrong with the query; NULL: nothing. */
static const char *read_list(const struct exchange *x, struct mgw_list_query *query)
{
    static const char *const known[] = {"status", "kind", "sessionId", "limit", "cursor", NULL};
    if (target_repeated(x->target, known)) {
        return "a query parameter came twice";
    }
    const char *status = target_param(x->target, "status");
    if (status && (query->status = json_out_status_of(status)) == 0) {
        return "status must be uploading, ready, failed or deleted";
    }
    const char *limit = target_param(x->target, "limit");
    int64_t number = 0;
    if (limit && (!fields_integer(limit, LIST_LIMIT_MAX, &number) || number < 1)) {
        return "limit must be a whole number from 1 to 200";
    }
    query->limit = (uint32_t)number;
    query->kind = target_param(x->target, "kind");
    query->session_id = target_param(x->target, "sessionId");
    query->cursor = target_param(x->target, "cursor");
    return NULL;
}

void media_list(struct exchange *x)
{
    struct mgw_list_query query = {.size = sizeof query};
    const char *wrong = read_list(x, &query);
    if (wrong) {
        answer_bad(x, wrong);
        return;
    }
    AUTO_BUF struct buf text = {0};
    AUTO_FREE char *cursor = NULL;
    json_out_list_begin(&text);
    enum mgw_status status =
        mgw_media_list(x->gateway->media, x->call, &query, list_row, &text, &cursor);
    if (status != MGW_OK) {
        answer_failure(x, status, ANSWER_ANY);
        return;
    }
    json_out_list_end(&text, cursor);
    answer_json(x, 200, &text);
}
