/* SPDX-License-Identifier: Apache-2.0
 *
 * See keys.h. */
#include "keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

enum { BASE64 = 44 }; /* characters of 32 bytes, the last one '=' */

#define SEPARATORS ", \t\r\n"
#define HOW "`openssl rand -base64 32` makes one"

/* 32 bytes in their one right spelling. */
static bool decode(const char *text, size_t length, unsigned char bytes[KEY_BYTES])
{
    unsigned char out[KEY_BYTES + 1], again[BASE64 + 1];
    bool good = length == BASE64 && text[BASE64 - 1] == '=' &&
                EVP_DecodeBlock(out, (const unsigned char *)text, BASE64) == sizeof out &&
                EVP_EncodeBlock(again, out, KEY_BYTES) == BASE64 &&
                memcmp(again, text, BASE64) == 0;
    if (good) {
        memcpy(bytes, out, KEY_BYTES);
    }
    OPENSSL_cleanse(out, sizeof out);
    OPENSSL_cleanse(again, sizeof again);
    return good;
}

/* What random bytes never are: few different ones, or 32 that can all be typed (once in 7 * 10^13
 * times). */
static bool is_weak(const unsigned char bytes[KEY_BYTES])
{
    bool seen[256] = {0};
    unsigned different = 0, typed = 0;
    for (size_t i = 0; i < KEY_BYTES; i++) {
        different += !seen[bytes[i]];
        seen[bytes[i]] = true;
        typed += bytes[i] >= ' ' && bytes[i] <= '~';
    }
    OPENSSL_cleanse(seen, sizeof seen);
    return different < 12 || typed == KEY_BYTES;
}

static enum mgw_status check_new(struct mgw_call *call, const struct keys *keys,
                                 const struct key *key)
{
    if (is_weak(key->bytes)) {
        return mgw_fail(call, MGW_INVALID,
                        "keys: the key \"%s\" is text or a pattern, not random bytes: " HOW,
                        key->id);
    }
    for (size_t i = 0; i < keys->count; i++) {
        const struct key *other = &keys->all[i];
        if (strcmp(other->id, key->id) == 0) {
            return mgw_fail(call, MGW_INVALID, "keys: the id \"%s\" is there twice", key->id);
        }
        if (CRYPTO_memcmp(other->bytes, key->bytes, KEY_BYTES) == 0) {
            return mgw_fail(call, MGW_INVALID, "keys: \"%s\" and \"%s\" are one and the same key",
                            other->id, key->id);
        }
    }
    return MGW_OK;
}

static enum mgw_status add(struct mgw_call *call, struct keys *keys, const char *text,
                           size_t length)
{
    const char *colon = memchr(text, ':', length);
    size_t id = colon ? (size_t)(colon - text) : 0;
    if (keys->count == KEYS_MAX) {
        return mgw_fail(call, MGW_INVALID, "keys: more than %d", KEYS_MAX);
    }
    struct key *key = &keys->all[keys->count];
    if (!colon || !format_id_good(text, id)) {
        return mgw_fail(call, MGW_INVALID,
                        "keys: number %zu is not ID:KEY with an id of 1 to %u of A-Za-z0-9._-",
                        keys->count + 1, FORMAT_ID_MAX);
    }
    memcpy(key->id, text, id);
    key->id[id] = '\0';
    if (!decode(colon + 1, length - id - 1, key->bytes)) {
        return mgw_fail(call, MGW_INVALID, "keys: the key \"%s\" is not 32 bytes in base64: " HOW,
                        key->id);
    }
    enum mgw_status status = check_new(call, keys, key);
    keys->count += status == MGW_OK;
    return status;
}

enum mgw_status keys_parse(struct mgw_call *call, const char *text, struct keys *keys)
{
    while (*(text += strspn(text, SEPARATORS))) {
        size_t length = strcspn(text, SEPARATORS);
        enum mgw_status status = add(call, keys, text, length);
        if (status != MGW_OK) {
            return status;
        }
        text += length;
    }
    return keys->count > 0 ? MGW_OK
                           : mgw_fail(call, MGW_INVALID, "keys: there is none; ID:KEY, where " HOW);
}

struct key *keys_find(struct keys *keys, const char *id)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->all[i].id, id) == 0) {
            return &keys->all[i];
        }
    }
    return NULL;
}

void keys_wipe(struct keys *keys)
{
    OPENSSL_cleanse(keys, sizeof *keys);
}
