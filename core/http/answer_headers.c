/* SPDX-License-Identifier: Apache-2.0
 *
 * See answer.h: headers of the answer that is there. */
#include "core/http/answer.h"

#include "core/base/log.h"

#include <inttypes.h>

void answer_header(struct exchange *x, const char *name, const char *value)
{
    if (x->response && value && MHD_add_response_header(x->response, name, value) != MHD_YES) {
        log_event(LOG_LEVEL_WARN, "header left out", LOG_TEXT("header", name),
                  LOG_TEXT("request", x->request_id));
    }
}

void answer_header_number(struct exchange *x, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    answer_header(x, name, text);
}
