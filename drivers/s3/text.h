/* SPDX-License-Identifier: Apache-2.0
 *
 * A growing NUL-terminated text. After a failed allocation it stays empty and `failed`, so that a
 * row of appends needs one look at its end. */
#ifndef S3_TEXT_H
#define S3_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct text {
    char *data; /* NULL while nothing was appended */
    size_t length, capacity;
    bool failed;
};

void text_add(struct text *text, const void *bytes, size_t length);
void text_put(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *text);
/* The text or "". */
static inline const char *text_of(const struct text *text)
{
    return text->data ? text->data : "";
}
/* Its memory, the caller's from now on; NULL where it failed. */
char *text_take(struct text *text);
#define AUTO_TEXT __attribute__((cleanup(text_free)))

static inline void s3_cleanup_free(void *pointer)
{
    free(*(void **)pointer);
}
#define AUTO_FREE __attribute__((cleanup(s3_cleanup_free)))

#endif
