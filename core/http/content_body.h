/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of a content answer: one range of a local file by sendfile, everything else (several
 * ranges, storage without a local file) by a reader that suspends the connection while a worker
 * reads. */
#ifndef HTTP_CONTENT_BODY_H
#define HTTP_CONTENT_BODY_H

#include "core/http/exchange.h"
#include "core/http/range.h"

/* A response with RANGES of *CONTENT; several are framed as multipart/byteranges with BOUNDARY.
 * *LENGTH is the body's. *CONTENT becomes NULL where the response needs it (it then lives as long).
 * NULL: memory is short, or the storage failed and the answer is left. */
struct MHD_Response *content_body_new(struct exchange *x, struct mgw_content **content,
                                      const struct range_set *ranges, const char *boundary,
                                      uint64_t *length);

#endif
