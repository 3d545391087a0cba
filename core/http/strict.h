/* SPDX-License-Identifier: Apache-2.0
 *
 * What libmicrohttpd lets pass and a gateway behind proxies must not (request smuggling, RFC 9112
 * sections 3, 5 and 6): asked at a request's first handler call; a text means 400 and close. Pure.
 */
#ifndef HTTP_STRICT_H
#define HTTP_STRICT_H

#include <stddef.h>

/* A header as it came; values may hold NUL. */
struct strict_header {
    const char *name;
    size_t name_length;
    const char *value; /* NULL: empty */
    size_t value_length;
};

struct strict_request {
    const char *method;
    const char *version; /* "HTTP/1.1" */
    const char *target;  /* raw; NULL: not asked here */
    const struct strict_header *headers;
    size_t count;
};

/* NULL where the request is fine, else one line that may be shown to the client. Refused: a method
 * or header name that is no token; NUL, CR or LF in a value; Content-Length beside
 * Transfer-Encoding, a Transfer-Encoding that is not exactly `chunked` (or in HTTP/1.0), a
 * Content-Length that is no decimal of at most 19 digits; Host absent in HTTP/1.1 or malformed; a
 * second Content-Length, Transfer-Encoding, Host, Authorization, Content-Type, Idempotency-Key,
 * Range, X-Account-Id or X-Api-Key; a target that does not begin with '/'. */
const char *strict_check(const struct strict_request *request);

#endif
