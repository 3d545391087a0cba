/* SPDX-License-Identifier: Apache-2.0
 *
 * See cookie.h. */
#include "core/http/cookie.h"

#include "core/base/token.h"

size_t cookie_find(const char *header, const char *name, const char **value, size_t *length)
{
    size_t found = 0, name_length = strlen(name);
    for (const char *at = header; *at; at += strcspn(at, ";"), at += *at == ';') {
        const char *pair = token_skip(at);
        if (strncmp(pair, name, name_length) != 0 || pair[name_length] != '=') {
            continue;
        }
        const char *from = pair + name_length + 1, *to = from + strcspn(from, ";");
        while (to > from && (to[-1] == ' ' || to[-1] == '\t')) {
            to--;
        }
        if (to - from >= 2 && *from == '"' && to[-1] == '"') {
            from++;
            to--;
        }
        if (found++ == 0) {
            *value = from;
            *length = (size_t)(to - from);
        }
    }
    return found;
}
