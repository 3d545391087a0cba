/* SPDX-License-Identifier: Apache-2.0
 *
 * Random bytes and the text forms of bytes. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Cryptographically strong; ends the process where the kernel gives none. */
void id_random(void *bytes, size_t length);

#define ID_UUID_SIZE 37
/* A random UUID (version 4, RFC 9562), lower case. */
void id_uuid(char out[ID_UUID_SIZE]);

/* Lower-case hex, NUL-terminated: OUT has 2 * length + 1 bytes. */
void id_hex(const void *bytes, size_t length, char *out);
/* False where TEXT is not exactly 2 * length hex digits. */
bool id_unhex(const char *text, void *bytes, size_t length);
/* base64url without padding (RFC 4648 section 5), NUL-terminated: OUT has ID_BASE64URL_SIZE(length)
 * bytes. */
#define ID_BASE64URL_SIZE(length) (((length)*4 + 2) / 3 + 1)
void id_base64url(const void *bytes, size_t length, char *out);
/* Decodes strictly; *LENGTH is the room in BYTES before, what was written after. */
bool id_unbase64url(const char *text, void *bytes, size_t *length);

#endif
