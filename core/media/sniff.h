/* SPDX-License-Identifier: Apache-2.0
 *
 * The MIME type of bytes that came without one, by libmagic. A cookie costs about 3 MiB and is one
 * thread's: there is one, made when first needed, behind a lock. Any thread. */
#ifndef MEDIA_SNIFF_H
#define MEDIA_SNIFF_H

#include <stddef.h>

#define SNIFF_BYTES 4096 /* what is looked at, at most */

/* The type as text to be freed: "application/octet-stream" where nothing better is known (or
 * libmagic has no database), never with parameters. NULL when memory is short. */
char *sniff_mime(const void *bytes, size_t length);
/* Gives the cookie back; the next sniff makes another. */
void sniff_release(void);

#endif
