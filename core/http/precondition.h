/* SPDX-License-Identifier: Apache-2.0
 *
 * Conditional requests (RFC 9110 section 13), evaluated in the order of section 13.2.2. Pure. */
#ifndef HTTP_PRECONDITION_H
#define HTTP_PRECONDITION_H

#include <stdbool.h>
#include <stdint.h>

/* The request's headers; NULL: absent. One that came several times is joined with ", ". */
struct precondition {
    bool get_or_head;
    const char *if_match;
    const char *if_none_match;
    const char *if_modified_since;
    const char *if_unmodified_since;
    const char *if_range;
};

/* What is there. */
struct precondition_content {
    const char *etag;    /* strong, without quotes; NULL: none */
    int64_t modified_at; /* ms since the epoch (compared as the seconds that Last-Modified shows) */
};

enum precondition_answer {
    PRECONDITION_PROCEED,
    PRECONDITION_NOT_MODIFIED, /* 304 */
    PRECONDITION_FAILED        /* 412 */
};

/* *RANGE_COUNTS: whether a Range header is to be honoured (If-Range absent, or true). A condition
 * that cannot be read: a date is ignored, an If-Match list matches nothing (412), an If-None-Match
 * list matches nothing (the content is sent). */
enum precondition_answer precondition_check(const struct precondition *request,
                                            const struct precondition_content *content,
                                            bool *range_counts);

#endif
