/* SPDX-License-Identifier: Apache-2.0
 *
 * See digest.h. */
#include "core/http/digest.h"

#include "core/base/id.h"
#include "core/base/token.h"

#include <stdio.h>

static bool is_key_char(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || c == '*' ||
           (!first && (token_digit(c) || c == '_' || c == '-' || c == '.'));
}

/* RFC 8941 section 3.1.2: the length of a key at TEXT, 0: none. */
static size_t key_span(const char *text)
{
    size_t length = 0;
    while (is_key_char(text[length], length == 0)) {
        length++;
    }
    return length;
}

static bool is_base64(char c)
{
    return token_alnum(c) || c == '+' || c == '/';
}

/* A byte sequence, `:base64:`; its base64 (with padding) is *TEXT. NULL: malformed, else what
 * follows. */
static const char *read_bytes(const char *at, const char **text, size_t *length)
{
    if (*at++ != ':') {
        return NULL;
    }
    *text = at;
    while (is_base64(*at)) {
        at++;
    }
    size_t digits = (size_t)(at - *text), padding = 0;
    for (; *at == '='; at++) {
        padding++;
    }
    *length = digits + padding;
    bool whole = padding <= 2 && *length % 4 == 0;
    return whole && *at == ':' ? at + 1 : NULL;
}

static const char *read_string(const char *at)
{
    for (at++; *at != '"'; at++) {
        if (*at == '\\') {
            at++;
            if (*at != '"' && *at != '\\') {
                return NULL;
            }
        } else if (*at < ' ' || *at > '~') {
            return NULL;
        }
    }
    return at + 1;
}

/* Parameters say nothing here, but must be well-formed (RFC 8941 section 3.1.2). */
static const char *skip_parameters(const char *at)
{
    while (at && *at == ';') {
        at += 1 + strspn(at + 1, " ");
        size_t key = key_span(at);
        if (key == 0) {
            return NULL;
        }
        at += key;
        if (*at != '=') {
            continue;
        }
        at++;
        const char *text;
        size_t length;
        if (*at == '"') {
            at = read_string(at);
        } else if (*at == ':') {
            at = read_bytes(at, &text, &length);
        } else if (*at == '?') {
            at = at[1] == '0' || at[1] == '1' ? at + 2 : NULL;
        } else {
            length = 0;
            while (token_char(at[length]) || at[length] == ':' || at[length] == '/') {
                length++;
            }
            at = length > 0 ? at + length : NULL;
        }
    }
    return at;
}

/* Decodes LENGTH characters of padded base64 that must be SIZE bytes. */
static bool decode(const char *text, size_t length, uint8_t *bytes, size_t size)
{
    char url[ID_BASE64URL_SIZE(64)];
    size_t digits = (size * 4 + 2) / 3;
    if (length != (size + 2) / 3 * 4 || (digits < length && text[digits] != '=')) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        url[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    }
    url[digits] = '\0';
    size_t got = size;
    return id_unbase64url(url, bytes, &got) && got == size;
}

/* One known algorithm's digest: named once, of the right length. */
static bool keep(bool *has, const char *text, size_t length, uint8_t *bytes, size_t size)
{
    if (*has) {
        return false;
    }
    *has = true;
    return decode(text, length, bytes, size);
}

static bool is_key(const char *key, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(key, name, length) == 0;
}

bool digest_parse(const char *header, struct digest *digest)
{
    *digest = (struct digest){0};
    uint8_t unverified[64];
    const char *at = token_skip(header);
    while (*at) {
        const char *key = at, *text;
        size_t name = key_span(at), length;
        if (name == 0 || at[name] != '=') {
            return false;
        }
        at = skip_parameters(read_bytes(at + name + 1, &text, &length));
        if (!at) {
            return false;
        }
        if (is_key(key, name, "sha-256") &&
            !keep(&digest->has_sha256, text, length, digest->sha256, sizeof digest->sha256)) {
            return false;
        }
        if (is_key(key, name, "sha-512") &&
            !keep(&digest->has_sha512, text, length, unverified, sizeof unverified)) {
            return false;
        }
        at = token_skip(at);
        if (*at == '\0') {
            return true;
        }
        if (*at != ',') {
            return false;
        }
        at = token_skip(at + 1);
    }
    return false; /* empty, or a comma at the end */
}

static const char checksum_prefix[] = "sha256:";

void digest_checksum(const uint8_t sha256[32], char out[DIGEST_CHECKSUM_SIZE])
{
    memcpy(out, checksum_prefix, sizeof checksum_prefix);
    id_hex(sha256, 32, out + sizeof checksum_prefix - 1);
}

bool digest_from_checksum(const char *checksum, uint8_t sha256[32])
{
    size_t prefix = sizeof checksum_prefix - 1;
    return checksum && strncmp(checksum, checksum_prefix, prefix) == 0 &&
           id_unhex(checksum + prefix, sha256, 32);
}

void digest_field(const uint8_t sha256[32], char out[DIGEST_FIELD_SIZE])
{
    char url[ID_BASE64URL_SIZE(32)];
    id_base64url(sha256, 32, url);
    for (char *c = url; *c; c++) {
        *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    }
    snprintf(out, DIGEST_FIELD_SIZE, "sha-256=:%.43s=:", url);
}

bool digest_field_of_checksum(const char *checksum, char out[DIGEST_FIELD_SIZE])
{
    uint8_t sha256[32];
    bool ok = digest_from_checksum(checksum, sha256);
    if (ok) {
        digest_field(sha256, out);
    }
    return ok;
}
