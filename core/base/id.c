/* SPDX-License-Identifier: Apache-2.0
 *
 * See id.h. */
#include "core/base/id.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>

void id_random(void *bytes, size_t length)
{
    char *at = bytes;
    while (length > 0) {
        ssize_t got = getrandom(at, length, 0);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            /* Going on with guessable ids and secrets would be worse than ending. */
            fprintf(stderr, "mediagw: the kernel gives no random bytes: %s\n", strerror(errno));
            abort();
        }
        at += got;
        length -= (size_t)got;
    }
}

void id_hex(const void *bytes, size_t length, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = bytes;
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = digits[from[i] >> 4];
        out[2 * i + 1] = digits[from[i] & 15];
    }
    out[2 * length] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool id_unhex(const char *text, void *bytes, size_t length)
{
    unsigned char *to = bytes;
    for (size_t i = 0; i < length; i++) {
        int high = hex_digit(text[2 * i]);
        int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (low < 0) {
            return false;
        }
        to[i] = (unsigned char)(high << 4 | low);
    }
    return text[2 * length] == '\0';
}

/* Random bytes for names, of which every request takes some: a thread asks the kernel for many at
 * once. Secrets are not made of these, they would lie in memory before their use. */
static void ids_random(void *bytes, size_t length)
{
    static _Thread_local unsigned char stock[512];
    static _Thread_local size_t left;
    if (left < length) {
        id_random(stock, sizeof stock);
        left = sizeof stock;
    }
    left -= length;
    memcpy(bytes, stock + left, length);
    memset(stock + left, 0, length);
}

void id_uuid(char out[ID_UUID_SIZE])
{
    unsigned char b[16];
    ids_random(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    char *at = out;
    for (size_t i = 0; i < sizeof b; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *at++ = '-';
        }
        id_hex(&b[i], 1, at);
        at += 2;
    }
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void id_base64url(const void *bytes, size_t length, char *out)
{
    const unsigned char *from = bytes;
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < length; i++) {
        bits = bits << 8 | from[i];
        count += 8;
        while (count >= 6) {
            count -= 6;
            *out++ = alphabet[bits >> count & 63];
        }
        bits &= (1u << count) - 1;
    }
    if (count > 0) {
        *out++ = alphabet[bits << (6 - count) & 63];
    }
    *out = '\0';
}

bool id_unbase64url(const char *text, void *bytes, size_t *length)
{
    unsigned char *to = bytes;
    size_t room = *length, got = 0, n = strlen(text);
    uint32_t bits = 0;
    unsigned count = 0;
    if (n % 4 == 1) {
        return false;
    }
    for (; *text; text++) {
        const char *at = strchr(alphabet, *text);
        if (!at) {
            return false;
        }
        bits = bits << 6 | (uint32_t)(at - alphabet);
        count += 6;
        if (count >= 8) {
            count -= 8;
            if (got == room) {
                return false;
            }
            to[got++] = (unsigned char)(bits >> count);
            bits &= (1u << count) - 1;
        }
    }
    *length = got;
    return bits == 0; /* left-over bits that are not zero would be a second spelling */
}
