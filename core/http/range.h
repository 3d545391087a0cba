/* SPDX-License-Identifier: Apache-2.0
 *
 * The Range request header (RFC 9110 section 14) and the framing of what answers it. Pure. */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include "core/base/buf.h"

#include <stdint.h>

#define RANGE_MAX 16 /* more ranges than this: the whole is answered */

struct range {
    uint64_t first;
    uint64_t length; /* never 0 */
};

struct range_set {
    size_t count;
    struct range
        ranges[RANGE_MAX]; /* in the order asked for; overlapping and adjacent ones merged */
};

enum range_answer {
    RANGE_WHOLE,        /* 200: no header, a malformed one, another unit, too many ranges */
    RANGE_PARTIAL,      /* 206: one range, or multipart/byteranges where there are several */
    RANGE_UNSATISFIABLE /* 416 with range_unsatisfied() */
};

/* What HEADER (NULL: absent) asks of content of SIZE bytes. */
enum range_answer range_parse(const char *header, uint64_t size, struct range_set *set);

/* "bytes 0-99/1234" and "bytes * / 1234" (without blanks), for Content-Range; appended to OUT. */
bool range_content(struct buf *out, const struct range *range, uint64_t size);
bool range_unsatisfied(struct buf *out, uint64_t size);

/* multipart/byteranges: what stands before the INDEX-th range's bytes (with the CRLF that ends the
 * part before), and what ends the body; appended to OUT. BOUNDARY is 1 to 70 bytes of token
 * characters, MIME_TYPE as the row has it (NULL: application/octet-stream). */
bool range_part_head(struct buf *out, const char *boundary, const char *mime_type,
                     const struct range_set *set, size_t index, uint64_t size);
bool range_part_tail(struct buf *out, const char *boundary);
/* The exact Content-Length of that body; false when memory is short. */
bool range_body_length(const char *boundary, const char *mime_type, const struct range_set *set,
                       uint64_t size, uint64_t *length);

#endif
