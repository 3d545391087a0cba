/* SPDX-License-Identifier: Apache-2.0
 *
 * See direct.h: the two calls. */
#include "core/http/direct.h"

#include "core/http/answer.h"
#include "core/http/json_out.h"
#include "core/http/media.h"

#include <jansson.h>

enum { ID_SEGMENT = 2 };

void direct_begin(struct exchange *x)
{
    struct direct_body body;
    const char *wrong = direct_body_read(x->body.data, x->body.length, &body);
    if (wrong) {
        answer_bad(x, wrong);
        direct_body_release(&body);
        return;
    }
    struct mgw_direct *direct = NULL;
    body.options.idempotency_key = exchange_header(x, "Idempotency-Key");
    enum mgw_status status = mgw_direct_begin(x->gateway->media, x->call, &body.options, &direct);
    direct_body_release(&body);
    if (status != MGW_OK) {
        answer_failure(x, status, ANSWER_CREATE);
        return;
    }
    AUTO_BUF struct buf base = {0};
    AUTO_BUF struct buf text = {0};
    exchange_base_url(x, &base);
    json_out_direct(&text, direct, base.data);
    mgw_direct_free(direct);
    answer_json(x, 201, &text);
}

/* The body says nothing: {}, or none at all. */
static bool says_nothing(const struct buf *body)
{
    json_error_t error;
    json_t *json = json_loadb(body->data ? body->data : "", body->length, 0, &error);
    bool nothing = body->length == 0 || (json_is_object(json) && json_object_size(json) == 0);
    json_decref(json);
    return nothing;
}

void direct_complete(struct exchange *x)
{
    if (!says_nothing(&x->body)) {
        answer_bad(x, "the body must be {} or empty");
        return;
    }
    struct mgw_grant *grant = NULL;
    enum mgw_status status =
        mgw_direct_complete(x->gateway->media, x->call, x->target->segments[ID_SEGMENT], &grant);
    if (status == MGW_OK) {
        media_answer_grant(x, 200, grant);
    } else {
        answer_failure(x, status, ANSWER_COMPLETE);
    }
}
