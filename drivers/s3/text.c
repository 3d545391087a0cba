/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool reserve(struct text *text, size_t more)
{
    if (text->failed || more >= SIZE_MAX / 2 - text->length) {
        text->failed = true;
        return false;
    }
    size_t need = text->length + more + 1;
    if (need <= text->capacity) {
        return true;
    }
    size_t capacity = text->capacity ? text->capacity : 128;
    while (capacity < need) {
        capacity *= 2;
    }
    char *data = realloc(text->data, capacity);
    if (!data) {
        text_free(text);
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void text_add(struct text *text, const void *bytes, size_t length)
{
    if (reserve(text, length)) {
        if (length) {
            memcpy(text->data + text->length, bytes, length);
        }
        text->length += length;
        text->data[text->length] = '\0';
    }
}

void text_put(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length < 0) {
        text->failed = true;
    } else if (reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(args);
}

void text_free(struct text *text)
{
    free(text->data);
    text->data = NULL;
    text->length = text->capacity = 0;
}

char *text_take(struct text *text)
{
    if (!text->data && !text->failed) {
        text_add(text, "", 0);
    }
    char *data = text->data;
    text->data = NULL;
    text->length = text->capacity = 0;
    return data;
}
