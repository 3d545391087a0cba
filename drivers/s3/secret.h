/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that held a secret is cleansed before it goes back. */
#ifndef S3_SECRET_H
#define S3_SECRET_H

#include "text.h"

/* Copies; NULL: memory is short. */
char *secret_dup(const char *text);
/* NULL is no-op. */
void secret_free(char *text);
static inline void secret_cleanup(char **text)
{
    secret_free(*text);
}
#define AUTO_SECRET __attribute__((cleanup(secret_cleanup)))

/* A text with room for SIZE bytes, so that growing leaves no copies behind. */
struct text secret_text(size_t size);
void secret_text_free(struct text *text);
#define AUTO_SECRET_TEXT __attribute__((cleanup(secret_text_free)))

/* The file PATH without the white space at its end; it must be a regular one of at most MAX bytes
 * and hold no NUL. NULL: errno says why. */
char *secret_read(const char *path, size_t max);

#endif
