/* SPDX-License-Identifier: Apache-2.0
 *
 * multipart/form-data bodies, part by part and byte by byte, also wrong ones. Kept until the test's
 * end. */
#ifndef TESTS_SUPPORT_FORM_H
#define TESTS_SUPPORT_FORM_H

#include "tests/support/body.h"

#define FORM_BOUNDARY "----WebKitFormBoundaryA1b2C3d4E5f6G7h8"
#define FORM_TYPE "multipart/form-data; boundary=" FORM_BOUNDARY

struct form {
    char *bytes;
    size_t length;
};

struct form *form_new(void);
void form_raw(struct form *form, const void *bytes, size_t length);
/* A part with these header lines (CRLF between them, none at the end). */
void form_part(struct form *form, const char *headers, const void *bytes, size_t length);
void form_field(struct form *form, const char *name, const char *value);
/* The blob as a browser sends it. TYPE NULL: no Content-Type. */
void form_blob(struct form *form, const char *type, struct body body);
/* The end boundary. */
void form_end(struct form *form);

#endif
