/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows' routes: get, reissue, delete, list. */
#ifndef HTTP_MEDIA_H
#define HTTP_MEDIA_H

#include "core/http/exchange.h"

void media_get(struct exchange *x);
/* `{"ttlSec": 600, "fileName": "holiday.webm"}`, both optional: a body that is empty is {}. */
void media_reissue(struct exchange *x);
void media_delete(struct exchange *x);
void media_list(struct exchange *x);

/* Answers GRANT as JSON and frees it. */
void media_answer_grant(struct exchange *x, unsigned status, struct mgw_grant *grant);

#endif
