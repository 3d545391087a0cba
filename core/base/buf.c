/* SPDX-License-Identifier: Apache-2.0
 *
 * See buf.h. */
#include "core/base/buf.h"

#include <stdint.h>
#include <string.h>

bool buf_room(struct buf *buf, size_t more)
{
    if (buf->failed) {
        return false;
    }
    if (more > SIZE_MAX - buf->length - 1 || (buf->max != 0 && buf->length + more > buf->max)) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->length + more + 1;
    if (need <= buf->capacity) {
        return true;
    }
    size_t capacity = buf->capacity ? buf->capacity : 64;
    while (capacity < need) {
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    }
    char *data = realloc(buf->data, capacity);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

bool buf_append(struct buf *buf, const void *bytes, size_t length)
{
    if (!buf_room(buf, length)) {
        return false;
    }
    if (length > 0) {
        memcpy(buf->data + buf->length, bytes, length);
    }
    buf->length += length;
    buf->data[buf->length] = '\0';
    return true;
}

bool buf_text(struct buf *buf, const char *text)
{
    return buf_append(buf, text, strlen(text));
}

bool buf_number(struct buf *buf, int64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        digits[--at] = '-';
    }
    return buf_append(buf, digits + at, sizeof digits - at);
}

bool buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    va_list measure;
    va_copy(measure, args);
    int length = vsnprintf(NULL, 0, format, measure);
    va_end(measure);
    if (length < 0 || !buf_room(buf, (size_t)length)) {
        buf->failed = true;
        return false;
    }
    vsnprintf(buf->data + buf->length, (size_t)length + 1, format, args);
    buf->length += (size_t)length;
    return true;
}

bool buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ok = buf_vprintf(buf, format, args);
    va_end(args);
    return ok;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

bool buf_percent(struct buf *buf, const char *text, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (is_unreserved(*text) || (keep_slash && *text == '/')) {
            buf_append(buf, text, 1);
        } else {
            buf_append(buf, (const char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
        }
    }
    return !buf->failed;
}

void buf_reset(struct buf *buf)
{
    buf->length = 0;
    buf->failed = false;
    if (buf->data) {
        buf->data[0] = '\0';
    }
}

void buf_free(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}

char *buf_take(struct buf *buf)
{
    if (!buf->failed && !buf->data) {
        buf_append(buf, "", 0);
    }
    if (buf->failed) {
        buf_free(buf);
        return NULL;
    }
    char *text = buf->data;
    *buf = (struct buf){.max = buf->max};
    return text;
}
