/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of a JSON text as the text they came in: to parse and to print again would change numbers.
 * The text must be valid JSON (jansson has taken it). Pure. */
#ifndef CLIENT_JSON_TEXT_H
#define CLIENT_JSON_TEXT_H

#include "core/base/buf.h"

/* The value of the object's member NAME (plain ASCII); NULL: there is none. */
const char *json_text_member(const char *object, const char *name, size_t *length);
/* The next element: *AT is the array's text at first. NULL: there are no more. */
const char *json_text_next(const char **at, size_t *length);
/* Appends the value on one line: line ends in valid JSON are white space. */
void json_text_line(struct buf *out, const char *value, size_t length);

#endif
