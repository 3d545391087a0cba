/* SPDX-License-Identifier: Apache-2.0
 *
 * See json_text.h. */
#include "core/client/json_text.h"

#include <string.h>

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *skip_string(const char *at)
{
    for (at++; *at && *at != '"'; at++) {
        if (*at == '\\' && at[1]) {
            at++;
        }
    }
    return *at ? at + 1 : at;
}

/* Behind the value at AT. */
static const char *skip_value(const char *at)
{
    size_t depth = 0;
    do {
        at = skip_space(at);
        if (*at == '"') {
            at = skip_string(at);
        } else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (*at == '}' || *at == ']') {
            depth--;
            at++;
        } else if (*at == ',' || *at == ':') {
            at++;
        } else {
            at += strcspn(at, ",:]} \t\r\n");
        }
    } while (depth > 0 && *at);
    return at;
}

const char *json_text_member(const char *object, const char *name, size_t *length)
{
    const char *at = skip_space(object);
    size_t named = strlen(name);
    if (*at != '{') {
        return NULL;
    }
    for (at = skip_space(at + 1); *at == '"';) {
        const char *end = skip_string(at);
        bool same = (size_t)(end - at) == named + 2 && memcmp(at + 1, name, named) == 0;
        const char *value = skip_space(end);
        value = *value == ':' ? skip_space(value + 1) : value;
        at = skip_value(value);
        if (same) {
            *length = (size_t)(at - value);
            return value;
        }
        at = skip_space(at);
        at = *at == ',' ? skip_space(at + 1) : at;
    }
    return NULL;
}

const char *json_text_next(const char **at, size_t *length)
{
    const char *value = skip_space(*at);
    if (*value != '[' && *value != ',') {
        return NULL;
    }
    value = skip_space(value + 1);
    if (*value == ']' || !*value) {
        return NULL;
    }
    *at = skip_value(value);
    *length = (size_t)(*at - value);
    *at = skip_space(*at);
    return value;
}

void json_text_line(struct buf *out, const char *value, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool end = value[i] == '\n' || value[i] == '\r';
        buf_append(out, end ? " " : value + i, 1);
    }
}
