/* SPDX-License-Identifier: Apache-2.0
 *
 * See sign.h. The message is: version tag, purpose, key id, then each field as a 4-byte length (all
 * ones: absent) and its bytes, so that no two lists of fields have the same message. */
#include "core/media/sign.h"

#include "core/base/buf.h"
#include "core/base/id.h"
#include "core/base/text.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#define SIGN_VERSION "mediagw-url-v1"

static const char *const purpose_names[SIGN_PURPOSES] = {"get", "cursor", "put"};

struct sign_key {
    char *id;
    EVP_MAC_CTX *macs[SIGN_PURPOSES]; /* HMAC-SHA256 with the derived key; only ever copied from */
};

struct sign_keys {
    size_t count, signer;
    struct sign_key keys[];
};

/* HKDF-SHA256 (RFC 5869) with the purpose as info. */
static bool derive(const void *secret, size_t length, const char *purpose,
                   unsigned char out[SIGN_BYTES])
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    AUTO_BUF struct buf info = {0};
    buf_printf(&info, SIGN_VERSION " %s", purpose);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret, length),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data, info.length),
        OSSL_PARAM_construct_end(),
    };
    bool ok = ctx && !info.failed && EVP_KDF_derive(ctx, out, SIGN_BYTES, params) > 0;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok;
}

/* An HMAC that has taken its key in: making one anew for each URL would cost more than the URL. */
static EVP_MAC_CTX *prepare(const unsigned char key[SIGN_BYTES])
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_end(),
    };
    if (ctx && !EVP_MAC_init(ctx, key, SIGN_BYTES, params)) {
        EVP_MAC_CTX_free(ctx);
        ctx = NULL;
    }
    EVP_MAC_free(mac);
    return ctx;
}

static enum mgw_status refuse(struct mgw_error *error, const char *why, const char *id)
{
    snprintf(error->text, sizeof error->text, "url key \"%s\": %s", id, why);
    return MGW_INVALID;
}

static enum mgw_status add_key(struct sign_keys *keys, const struct mgw_url_key *key,
                               struct mgw_error *error)
{
    const char *id = key->id ? key->id : "";
    if (!text_is_word(id, 32, "._-")) {
        return refuse(error, "its id must be 1 to 32 of A-Z a-z 0-9 . _ -", id);
    }
    if (key->secret_length < SIGN_BYTES) {
        return refuse(error, "its secret must have at least 32 bytes", id);
    }
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->keys[i].id, id) == 0) {
            return refuse(error, "another key has the same id", id);
        }
    }
    struct sign_key *to = &keys->keys[keys->count++];
    to->id = strdup(id);
    for (int purpose = 0; purpose < SIGN_PURPOSES; purpose++) {
        unsigned char derived[SIGN_BYTES];
        bool ok = derive(key->secret, key->secret_length, purpose_names[purpose], derived);
        to->macs[purpose] = ok ? prepare(derived) : NULL;
        OPENSSL_cleanse(derived, sizeof derived);
        if (!to->id || !to->macs[purpose]) {
            return refuse(error, "deriving its keys failed", id);
        }
    }
    return MGW_OK;
}

enum mgw_status sign_keys_new(const struct mgw_url_key *given, size_t count, struct sign_keys **out,
                              struct mgw_error *error)
{
    unsigned char made[SIGN_BYTES];
    struct mgw_url_key own = {.size = sizeof own,
                              .id = "process",
                              .secret = made,
                              .secret_length = sizeof made,
                              .sign = true};
    if (count == 0) {
        id_random(made, sizeof made);
        given = &own;
        count = 1;
    }
    struct sign_keys *keys = calloc(1, sizeof *keys + count * sizeof keys->keys[0]);
    if (!keys) {
        return refuse(error, "out of memory", given->id);
    }
    size_t signers = 0;
    enum mgw_status status = MGW_OK;
    for (size_t i = 0; i < count && status == MGW_OK; i++) {
        status = add_key(keys, &given[i], error);
        if (given[i].sign) {
            keys->signer = i;
            signers++;
        }
    }
    OPENSSL_cleanse(made, sizeof made);
    if (status == MGW_OK && signers != 1) {
        status = refuse(error, "exactly one key must have \"sign\": true", given[0].id);
    }
    if (status != MGW_OK) {
        sign_keys_free(keys);
        return status;
    }
    *out = keys;
    return MGW_OK;
}

void sign_keys_free(struct sign_keys *keys)
{
    for (size_t i = 0; keys && i < keys->count; i++) {
        free(keys->keys[i].id);
        for (int purpose = 0; purpose < SIGN_PURPOSES; purpose++) {
            EVP_MAC_CTX_free(keys->keys[i].macs[purpose]);
        }
    }
    free(keys);
}

const char *sign_key_id(const struct sign_keys *keys)
{
    return keys->keys[keys->signer].id;
}

static void put_field(struct buf *message, const char *field)
{
    uint32_t length = field ? (uint32_t)strlen(field) : UINT32_MAX;
    unsigned char prefix[4] = {(unsigned char)(length >> 24), (unsigned char)(length >> 16),
                               (unsigned char)(length >> 8), (unsigned char)length};
    buf_append(message, prefix, sizeof prefix);
    if (field) {
        buf_append(message, field, length);
    }
}

/* The key KEY_ID's signature; that of the signing key, and false, where there is no such key. */
static bool make(const struct sign_keys *keys, enum sign_purpose purpose, const char *key_id,
                 const char *const *fields, size_t count, char out[SIGN_TEXT])
{
    const struct sign_key *key = NULL;
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->keys[i].id, key_id) == 0) {
            key = &keys->keys[i];
        }
    }
    bool known = key != NULL;
    key = known ? key : &keys->keys[keys->signer];
    AUTO_BUF struct buf message = {0};
    buf_room(&message, 256);
    put_field(&message, SIGN_VERSION);
    put_field(&message, purpose_names[purpose]);
    put_field(&message, key_id);
    for (size_t i = 0; i < count; i++) {
        put_field(&message, fields[i]);
    }
    unsigned char mac[SIGN_BYTES];
    size_t length = 0;
    EVP_MAC_CTX *ctx = message.failed ? NULL : EVP_MAC_CTX_dup(key->macs[purpose]);
    bool made = ctx && EVP_MAC_update(ctx, (const unsigned char *)message.data, message.length) &&
                EVP_MAC_final(ctx, mac, &length, sizeof mac) && length == sizeof mac;
    EVP_MAC_CTX_free(ctx);
    if (!made) {
        return false;
    }
    id_base64url(mac, sizeof mac, out);
    return known;
}

bool sign_make(const struct sign_keys *keys, enum sign_purpose purpose, const char *key_id,
               const char *const *fields, size_t count, char out[SIGN_TEXT])
{
    return make(keys, purpose, key_id, fields, count, out);
}

bool sign_check(const struct sign_keys *keys, enum sign_purpose purpose, const char *key_id,
                const char *const *fields, size_t count, const char *sig)
{
    char right[SIGN_TEXT] = "";
    bool known = make(keys, purpose, key_id, fields, count, right);
    return strlen(sig) == SIGN_TEXT - 1 && CRYPTO_memcmp(sig, right, SIGN_TEXT - 1) == 0 && known;
}

void sign_sha256_hex(const void *bytes, size_t length, char out[65])
{
    unsigned char digest[32] = {0};
    EVP_Digest(bytes, length, digest, NULL, EVP_sha256(), NULL);
    id_hex(digest, sizeof digest, out);
}
