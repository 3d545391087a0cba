/* SPDX-License-Identifier: Apache-2.0
 *
 * The one growing byte buffer. Always NUL-terminated once it holds something; never longer than
 * `max`. A failed append (memory, limit) leaves it as it was and sets `failed`, which sticks: build
 * first, ask once. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "core/base/cleanup.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data;
    size_t length;
    size_t capacity;
    size_t max; /* 0: no limit */
    bool failed;
};

bool buf_append(struct buf *buf, const void *bytes, size_t length);
bool buf_text(struct buf *buf, const char *text);
/* NUMBER in decimal: what buf_printf does, in a tenth of its time. */
bool buf_number(struct buf *buf, int64_t number);
bool buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool buf_vprintf(struct buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* TEXT with everything but A-Za-z0-9-._~ percent-encoded (RFC 3986 section 2.3); '/' stays where
 * KEEP_SLASH. */
bool buf_percent(struct buf *buf, const char *text, bool keep_slash);
/* Makes room for BYTES more, so that what follows moves nothing. */
bool buf_room(struct buf *buf, size_t bytes);
void buf_reset(struct buf *buf);
void buf_free(struct buf *buf);
/* Its text, which the caller frees; NULL where it failed. The buffer is empty afterwards. */
char *buf_take(struct buf *buf);

#define AUTO_BUF AUTO(buf_free)

#endif
