/* SPDX-License-Identifier: Apache-2.0
 *
 * See seal.h. */
#include "seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/sha.h>
#include <string.h>

enum { NONCE = FORMAT_PREFIX + 4, DERIVED = KEY_BYTES + FORMAT_HMAC, BUCKET_MAX = 63 };

bool algorithms_fetch(struct algorithms *algorithms)
{
    algorithms->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    algorithms->hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    return algorithms->gcm && algorithms->hkdf;
}

void algorithms_free(struct algorithms *algorithms)
{
    EVP_CIPHER_free(algorithms->gcm);
    EVP_KDF_free(algorithms->hkdf);
}

enum mgw_status seal_name(struct mgw_call *call, const struct mgw_blob *blob,
                          unsigned char name[FORMAT_NAME])
{
    char text[BUCKET_MAX + 1 + MGW_KEY_MAX];
    size_t bucket = strlen(blob->bucket), key = strlen(blob->key);
    if (bucket > BUCKET_MAX || key > MGW_KEY_MAX) {
        return mgw_fail(call, MGW_INVALID, "the bucket's name or the key is too long");
    }
    memcpy(text, blob->bucket, bucket + 1);
    memcpy(text + bucket + 1, blob->key, key);
    SHA256((const unsigned char *)text, bucket + 1 + key, name);
    return MGW_OK;
}

static bool derive(const struct algorithms *algorithms, const struct key *key,
                   const unsigned char salt[FORMAT_SALT], const unsigned char name[FORMAT_NAME],
                   unsigned char out[DERIVED])
{
    unsigned char info[sizeof FORMAT_INFO + FORMAT_NAME];
    memcpy(info, FORMAT_INFO, sizeof FORMAT_INFO);
    memcpy(info + sizeof FORMAT_INFO, name, FORMAT_NAME);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key->bytes,
                                          KEY_BYTES),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt,
                                          FORMAT_SALT),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, sizeof info),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(algorithms->hkdf);
    bool good = ctx && EVP_KDF_derive(ctx, out, DERIVED, params) == 1;
    EVP_KDF_CTX_free(ctx);
    return good;
}

enum mgw_status seal_start(struct mgw_call *call, const struct algorithms *algorithms,
                           const struct key *key, const unsigned char salt[FORMAT_SALT],
                           const unsigned char name[FORMAT_NAME], struct seal *seal)
{
    unsigned char keys[DERIVED];
    memset(seal, 0, sizeof *seal);
    seal->ctx = EVP_CIPHER_CTX_new();
    /* The direction is chosen with each nonce. */
    bool good = seal->ctx && derive(algorithms, key, salt, name, keys) &&
                EVP_EncryptInit_ex2(seal->ctx, algorithms->gcm, keys, NULL, NULL) == 1;
    if (good) {
        memcpy(seal->hmac_key, keys + KEY_BYTES, FORMAT_HMAC);
    }
    OPENSSL_cleanse(keys, sizeof keys);
    if (!good) {
        seal_end(seal);
        return mgw_fail(call, MGW_UNAVAILABLE, "OpenSSL makes no keys: out of memory?");
    }
    return MGW_OK;
}

void seal_end(struct seal *seal)
{
    EVP_CIPHER_CTX_free(seal->ctx); /* wipes its key */
    OPENSSL_cleanse(seal, sizeof *seal);
}

static void make_nonce(const unsigned char prefix[FORMAT_PREFIX], uint32_t number,
                       unsigned char nonce[NONCE])
{
    memcpy(nonce, prefix, FORMAT_PREFIX);
    for (unsigned i = 0; i < 4; i++) {
        nonce[FORMAT_PREFIX + i] = (unsigned char)(number >> (24 - 8 * i));
    }
}

bool seal_begin(struct seal *seal, uint32_t number, unsigned char out[FORMAT_PREFIX])
{
    unsigned char nonce[NONCE];
    make_nonce(seal->prefix, number, nonce);
    memcpy(out, seal->prefix, FORMAT_PREFIX);
    return EVP_EncryptInit_ex2(seal->ctx, NULL, NULL, nonce, NULL) == 1;
}

bool seal_add(struct seal *seal, const void *plain, size_t length, unsigned char *out)
{
    int made = 0; /* LENGTH is a segment's at most */
    return EVP_EncryptUpdate(seal->ctx, out, &made, plain, (int)length) == 1 && made == (int)length;
}

bool seal_tag(struct seal *seal, unsigned char out[FORMAT_TAG])
{
    unsigned char none[FORMAT_TAG];
    int made = 0;
    return EVP_EncryptFinal_ex(seal->ctx, none, &made) == 1 &&
           EVP_CIPHER_CTX_ctrl(seal->ctx, EVP_CTRL_AEAD_GET_TAG, FORMAT_TAG, out) == 1;
}

bool seal_segment(struct seal *seal, uint32_t number, const void *plain, size_t length,
                  unsigned char *out)
{
    return seal_begin(seal, number, out) && seal_add(seal, plain, length, out + FORMAT_PREFIX) &&
           seal_tag(seal, out + FORMAT_PREFIX + length);
}

bool seal_open(struct seal *seal, uint32_t number, const unsigned char *sealed, size_t length,
               unsigned char *plain)
{
    unsigned char nonce[NONCE], tag[FORMAT_TAG], none[FORMAT_TAG];
    int made = 0, rest = 0;
    make_nonce(sealed, number, nonce);
    memcpy(tag, sealed + FORMAT_PREFIX + length, FORMAT_TAG);
    bool good =
        EVP_DecryptInit_ex2(seal->ctx, NULL, NULL, nonce, NULL) == 1 &&
        EVP_DecryptUpdate(seal->ctx, plain, &made, sealed + FORMAT_PREFIX, (int)length) == 1 &&
        made == (int)length &&
        EVP_CIPHER_CTX_ctrl(seal->ctx, EVP_CTRL_AEAD_SET_TAG, FORMAT_TAG, tag) == 1 &&
        EVP_DecryptFinal_ex(seal->ctx, none, &rest) == 1;
    if (!good) {
        OPENSSL_cleanse(plain, length);
    }
    return good;
}

static bool hmac(const struct seal *seal, const unsigned char bytes[FORMAT_TRAILER],
                 unsigned char out[FORMAT_HMAC])
{
    unsigned length = 0;
    return HMAC(EVP_sha256(), seal->hmac_key, FORMAT_HMAC, bytes, FORMAT_TRAILER_SIGNED, out,
                &length) &&
           length == FORMAT_HMAC;
}

bool seal_trailer(const struct seal *seal, const struct trailer *trailer,
                  unsigned char bytes[FORMAT_TRAILER])
{
    format_trailer_encode(trailer, bytes);
    return hmac(seal, bytes, bytes + FORMAT_TRAILER_SIGNED);
}

bool seal_trailer_good(const struct seal *seal, const unsigned char bytes[FORMAT_TRAILER])
{
    unsigned char expected[FORMAT_HMAC];
    return hmac(seal, bytes, expected) &&
           CRYPTO_memcmp(expected, bytes + FORMAT_TRAILER_SIGNED, FORMAT_HMAC) == 0;
}
