/* SPDX-License-Identifier: Apache-2.0
 *
 * The form fields of a create, gathered from multipart parts, query parameters or headers: at most
 * 64 KiB each, each at most once wherever it comes from, well-formed UTF-8 without NUL. Unknown
 * names are checked alike and then dropped. Numbers are strict decimal integers. Pure; one thread
 * at a time. */
#ifndef HTTP_FIELDS_H
#define HTTP_FIELDS_H

#include "core/base/cleanup.h"

#include <mediagw/media.h>

#define FIELDS_VALUE_MAX 65536

struct fields;

/* NULL when memory is short. */
struct fields *fields_new(void);
void fields_free(struct fields *fields);
static inline void fields_cleanup(struct fields **fields)
{
    fields_free(*fields);
}
#define AUTO_FIELDS AUTO(fields_cleanup)

/* One field's value in pieces: begin, data any number of times, end. Each answers false where the
 * request is wrong (fields_error) or memory is short (fields_error is NULL); nothing may follow. */
bool fields_begin(struct fields *fields, const char *name);
bool fields_data(struct fields *fields, const char *bytes, size_t length);
bool fields_end(struct fields *fields);
/* The three at once. */
bool fields_set(struct fields *fields, const char *name, const char *value, size_t length);

/* The field that a request header of a raw-body create stands for ("X-Duration-Ms": "durationMs",
 * "X-Session-Id", "X-Take-Index", "X-Owner-Email", "X-Media-Metadata", "X-Kind"), in any case;
 * NULL: the header is no field. Content-Type is the caller's. */
const char *fields_name_of_header(const char *header);
/* True for mimeType, durationMs, sessionId, takeIndex, ownerEmail, metadata, kind, checksum. */
bool fields_is_known(const char *name);
/* A known field's value so far; NULL: not given. */
const char *fields_get(const struct fields *fields, const char *name);

/* All that is known as the service takes it: strings lent until fields_free, absent ones NULL,
 * absent numbers MGW_ABSENT. False where a number is wrong (fields_error names the field). An empty
 * value is a value: the service's own checks judge it. */
bool fields_recording(struct fields *fields, struct mgw_recording *recording);
/* One line that may be shown to the client; NULL: none. Valid until fields_free. */
const char *fields_error(const struct fields *fields);

/* A strict decimal: 1 or more digits, nothing else, at most MAX. */
bool fields_integer(const char *text, int64_t max, int64_t *number);

#endif
