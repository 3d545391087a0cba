/* SPDX-License-Identifier: Apache-2.0
 *
 * See sum.h. */
#include "core/client/sum.h"

#include "core/base/id.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { SHA256 = 32, BASE64 = 44 };

struct sum {
    EVP_MD_CTX *hash;
};

struct sum *sum_new(void)
{
    struct sum *sum = calloc(1, sizeof *sum);
    if (!sum || !(sum->hash = EVP_MD_CTX_new())) {
        free(sum);
        return NULL;
    }
    sum_restart(sum);
    return sum;
}

void sum_free(struct sum *sum)
{
    if (sum) {
        EVP_MD_CTX_free(sum->hash);
        free(sum);
    }
}

void sum_restart(struct sum *sum)
{
    if (EVP_DigestInit_ex(sum->hash, EVP_sha256(), NULL) != 1) {
        abort(); /* no library without SHA-256 would get so far */
    }
}

void sum_add(struct sum *sum, const void *bytes, size_t length)
{
    EVP_DigestUpdate(sum->hash, bytes, length);
}

void sum_end(struct sum *sum, uint8_t sha256[32])
{
    EVP_DigestFinal_ex(sum->hash, sha256, NULL);
}

bool sum_of_checksum(const char *checksum, uint8_t sha256[32])
{
    return checksum && strncmp(checksum, "sha256:", 7) == 0 &&
           id_unhex(checksum + 7, sha256, SHA256);
}

void sum_field(const uint8_t sha256[32], char out[SUM_FIELD_SIZE])
{
    memcpy(out, "sha-256=:", 9);
    EVP_EncodeBlock((unsigned char *)out + 9, sha256, SHA256);
    memcpy(out + 9 + BASE64, ":", 2);
}

bool sum_of_field(const char *field, uint8_t sha256[32])
{
    const char *value = field ? strstr(field, "sha-256=:") : NULL;
    uint8_t bytes[SHA256 + 1]; /* EVP_DecodeBlock counts the padding as a byte */
    if (!value || strcspn(value + 9, ":") != BASE64 || value[9 + BASE64] != ':' ||
        EVP_DecodeBlock(bytes, (const unsigned char *)value + 9, BASE64) != SHA256 + 1) {
        return false;
    }
    memcpy(sha256, bytes, SHA256);
    return true;
}
