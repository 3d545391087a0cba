/* SPDX-License-Identifier: Apache-2.0
 *
 * See json_skip.h. */
#include "core/base/json_skip.h"

#include <stddef.h>
#include <string.h>

const char *json_skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

const char *json_skip_string(const char *at)
{
    for (at++; *at && *at != '"'; at++) {
        if (*at == '\\' && at[1]) {
            at++;
        }
    }
    return *at ? at + 1 : at;
}

const char *json_skip_value(const char *at)
{
    size_t depth = 0;
    do {
        at = json_skip_space(at);
        if (*at == '"') {
            at = json_skip_string(at);
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
