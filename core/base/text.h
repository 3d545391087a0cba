/* SPDX-License-Identifier: Apache-2.0
 *
 * Small questions about text: UTF-8, percent-decoding, the nearest known word, whole files. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "core/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool text_is_utf8(const char *text, size_t length);
/* 1 to MAX bytes, each alphanumeric or one of EXTRA. */
bool text_is_word(const char *text, size_t max, const char *extra);
/* Decodes %XX once, in place; false on a bad escape, %00, or where the result is no UTF-8. */
bool text_unpercent(char *text);
/* The candidate nearest to WORD by edit distance, NULL where none is near. CANDIDATES end with
 * NULL. */
const char *text_nearest(const char *word, const char *const *candidates);
/* A file's content, NUL-terminated and to be freed, of at most MAX bytes; NULL with errno set
 * (EFBIG: larger). */
char *text_read_file(const char *path, size_t max, size_t *length);

/* Appends TEXT with each control character (C0, DEL, C1) and each byte that is no UTF-8 as '?':
 * nothing is left that a terminal would obey. */
void text_clean(struct buf *out, const char *text);

#endif
