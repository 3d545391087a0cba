/* SPDX-License-Identifier: Apache-2.0
 *
 * One cookie out of a Cookie header (RFC 6265 section 4.2.1). Pure. */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include <stddef.h>

/* How often HEADER names the cookie NAME (letter for letter); the first one's value, without double
 * quotes around it, is *VALUE, *LENGTH: a part of HEADER. */
size_t cookie_find(const char *header, const char *name, const char **value, size_t *length);

#endif
