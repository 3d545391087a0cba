/* SPDX-License-Identifier: Apache-2.0
 *
 * See json_text.h. */
#include "core/client/json_text.h"

#include "core/base/json_skip.h"

#include <string.h>

const char *json_text_member(const char *object, const char *name, size_t *length)
{
    const char *at = json_skip_space(object);
    size_t named = strlen(name);
    if (*at != '{') {
        return NULL;
    }
    for (at = json_skip_space(at + 1); *at == '"';) {
        const char *end = json_skip_string(at);
        bool same = (size_t)(end - at) == named + 2 && memcmp(at + 1, name, named) == 0;
        const char *value = json_skip_space(end);
        value = *value == ':' ? json_skip_space(value + 1) : value;
        at = json_skip_value(value);
        if (same) {
            *length = (size_t)(at - value);
            return value;
        }
        at = json_skip_space(at);
        at = *at == ',' ? json_skip_space(at + 1) : at;
    }
    return NULL;
}

const char *json_text_next(const char **at, size_t *length)
{
    const char *value = json_skip_space(*at);
    if (*value != '[' && *value != ',') {
        return NULL;
    }
    value = json_skip_space(value + 1);
    if (*value == ']' || !*value) {
        return NULL;
    }
    *at = json_skip_value(value);
    *length = (size_t)(*at - value);
    *at = json_skip_space(*at);
    return value;
}

void json_text_line(struct buf *out, const char *value, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool end = value[i] == '\n' || value[i] == '\r';
        buf_append(out, end ? " " : value + i, 1);
    }
}
