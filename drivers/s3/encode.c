/* SPDX-License-Identifier: Apache-2.0 */
#include "encode.h"

#include <string.h>

void encode_uri(struct text *to, const char *plain, bool slash)
{
    static const char kept[] =
        "/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char digits[] = "0123456789ABCDEF";
    while (*plain) {
        size_t length = strspn(plain, slash ? kept : kept + 1);
        text_add(to, plain, length);
        plain += length;
        if (*plain) {
            unsigned char byte = (unsigned char)*plain++;
            text_add(to, (char[]){'%', digits[byte >> 4], digits[byte & 15]}, 3);
        }
    }
}
