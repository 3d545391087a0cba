/* SPDX-License-Identifier: Apache-2.0
 *
 * Cross-origin requests (the Fetch standard's CORS protocol). */
#ifndef HTTP_CORS_H
#define HTTP_CORS_H

#include "core/http/exchange.h"

/* Puts the CORS headers on the answer that is there: every answer has them, errors too. */
void cors_answer(struct exchange *x);
/* Puts on the answer that is there what OPTIONS asks of a path that takes METHODS ("GET, HEAD,
 * OPTIONS"). */
void cors_preflight(struct exchange *x, const char *methods);

#endif
