/* SPDX-License-Identifier: Apache-2.0
 *
 * See exchange_inside.h: the answer to a request whose work does not come back. The work still has
 * the exchange, so that the answer is made in another one, of what does not change any more once
 * the head was read; and libmicrohttpd still has the connection suspended (or its thread is the one
 * that is away), so that nobody else writes to the socket. */
#include "core/http/answer.h"
#include "core/http/direct.h"
#include "core/http/exchange_inside.h"
#include "core/http/routes.h"
#include "core/http/upload.h"

#include <string.h>

static enum answer_context context_of(const struct route *route)
{
    return route->sink == &upload_sink       ? ANSWER_CREATE
           : route->sink == &direct_put_sink ? ANSWER_PUT
           : route->run == direct_complete   ? ANSWER_COMPLETE
                                             : ANSWER_ANY;
}

bool exchange_overdue(void *argument)
{
    struct exchange *x = argument;
    struct exchange answer = {
        .gateway = x->gateway,
        .conn = x->conn,
        .mhd = x->mhd,
        .route = x->route,
        .settings = x->settings,
        .method = x->method,
    };
    memcpy(answer.request_id, x->request_id, sizeof answer.request_id);
    answer_failure(&answer, MGW_TIMEOUT, context_of(x->route));
    bool sent = answer_raw(&answer);
    if (sent) {
        x->told = answer.status;
        x->told_bytes = answer.answer_bytes;
    }
    if (answer.response) {
        MHD_destroy_response(answer.response);
    }
    return sent;
}
