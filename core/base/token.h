/* SPDX-License-Identifier: Apache-2.0
 *
 * The smallest grammar that HTTP, MIME and structured fields share: tokens and optional white space
 * (RFC 9110 section 5.6), free of the locale. */
#ifndef BASE_TOKEN_H
#define BASE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool token_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool token_alnum(char c)
{
    return token_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool token_char(char c)
{
    return token_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* How many characters of TEXT are a token. */
static inline size_t token_span(const char *text)
{
    size_t length = 0;
    while (token_char(text[length])) {
        length++;
    }
    return length;
}

/* The first character of TEXT that is no blank or tab. */
static inline const char *token_skip(const char *text)
{
    return text + strspn(text, " \t");
}

#endif
