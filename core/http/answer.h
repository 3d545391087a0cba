/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers: each of these leaves the one answer of an exchange, with what every answer carries
 * (X-Request-Id, CORS, nosniff). A second answer replaces the first. Thread: the exchange's. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "core/base/buf.h"
#include "core/http/exchange.h"

/* The same status of the service means different things to different requests. */
enum answer_context {
    ANSWER_ANY,
    ANSWER_CREATE,
    ANSWER_CONTENT,
    ANSWER_COMPLETE, /* of a direct upload */
    ANSWER_PUT       /* its bytes */
};

/* The JSON text in BUF, which is taken. `Cache-Control: no-store`. */
void answer_json(struct exchange *x, unsigned status, struct buf *buf);
/* {"error": ERROR, "message": MESSAGE, "requestId": …} */
void answer_error(struct exchange *x, unsigned status, const char *error, const char *message);
/* What FAILED means, by the one table of this file; logs the call's error text where the client
 * does not get it. */
void answer_failure(struct exchange *x, enum mgw_status failed, enum answer_context context);
/* 400 `bad_request`; MESSAGE NULL: memory is short, 503. */
void answer_bad(struct exchange *x, const char *message);
/* 503 with Retry-After: too much is waiting already. */
void answer_shed(struct exchange *x);
/* RESPONSE (taken; NULL: memory is short) that sends BYTES of body. */
void answer_response(struct exchange *x, unsigned status, struct MHD_Response *response,
                     uint64_t bytes);
/* No body. */
void answer_empty(struct exchange *x, unsigned status);
/* One more header on the answer that is there; a value that cannot be sent is left out. */
void answer_header(struct exchange *x, const char *name, const char *value);
void answer_header_number(struct exchange *x, const char *name, uint64_t value);

/* Sends the answer straight into the socket and shuts its sending side down: for the middle of a
 * body, where libmicrohttpd takes no answer, or for work that does not end. False where it did not
 * fit. Only where nobody else can write to the socket or close it. */
bool answer_raw(struct exchange *x);

#endif
