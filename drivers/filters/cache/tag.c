/* SPDX-License-Identifier: Apache-2.0
 *
 * See tag.h: GCM that authenticates and encrypts nothing. */
#include "tag.h"

#include <string.h>

bool tag_make(const struct cache *cache, const struct version *key, uint64_t block,
              const void *bytes, size_t length, struct tag *tag)
{
    unsigned char place[12] = {0};
    int unused = 0;
    memcpy(place, &block, sizeof block);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool made = ctx && EVP_EncryptInit_ex2(ctx, cache->cipher, key->key, place, NULL) &&
                EVP_EncryptUpdate(ctx, NULL, &unused, bytes, (int)length) &&
                EVP_EncryptFinal_ex(ctx, tag->bytes, &unused) &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, sizeof tag->bytes, tag->bytes) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return made;
}
