/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /healthz and /readyz. */
#ifndef HTTP_HEALTH_H
#define HTTP_HEALTH_H

#include "core/http/exchange.h"

/* What readyz found last; shared by all requests. NULL when memory is short. */
struct health *health_new(void);
void health_free(struct health *health);

/* 200 as long as the process answers. */
void health_live(struct exchange *x);
/* 200, or 503 where a driver is not well, does not answer in 5 s, or has too many calls that do not
 * come back, or the gateway is draining. Asks at most once a second. Why goes to the log, and to
 * a client with a valid credential; nobody else gets a detail. */
void health_ready(struct exchange *x);

#endif
