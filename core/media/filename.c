/* SPDX-License-Identifier: Apache-2.0
 *
 * See filename.h. */
#include "core/media/filename.h"

#include "core/base/text.h"

#include <string.h>

const char *filename_check(const char *name)
{
    size_t length = strlen(name);
    if (length < 1 || length > 255) {
        return "must have 1 to 255 bytes";
    }
    if (!text_is_utf8(name, length)) {
        return "must be UTF-8";
    }
    for (const unsigned char *at = (const unsigned char *)name; *at; at++) {
        if (*at < 0x20 || *at == 0x7f || *at == '/' || *at == '\\' ||
            (*at == 0xc2 && at[1] < 0xa0)) {
            return "must not hold control characters, / or \\";
        }
    }
    return NULL;
}
