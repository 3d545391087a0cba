/* SPDX-License-Identifier: Apache-2.0
 *
 * The text parts of multipart: a part's header and the boundary parameter. For multipart.c alone.
 */
#ifndef HTTP_MULTIPART_HEADER_H
#define HTTP_MULTIPART_HEADER_H

#include "core/http/multipart.h"

#define MULTIPART_BOUNDARY_MAX 70

/* Writes the boundary of CONTENT_TYPE, NUL-terminated. NULL, or what is wrong. */
const char *multipart_header_boundary(const char *content_type,
                                      char boundary[MULTIPART_BOUNDARY_MAX + 1]);

/* Reads a part's header lines: TEXT is LENGTH bytes, each line ended by CRLF, without the empty
 * line, and NUL-terminated; it is changed, and PART points into it. NULL, or what is wrong. */
const char *multipart_header_read(char *text, size_t length, struct multipart_part *part);

#endif
