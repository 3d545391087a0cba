/* SPDX-License-Identifier: Apache-2.0
 *
 * See name.h. */
#include "name.h"

#include <string.h>

void name_path(struct name *name)
{
    static const char digits[] = "0123456789abcdef";
    char *hex = name->file + 3;
    for (size_t i = 0; i < NAME_HASH; i++) {
        hex[2 * i] = digits[name->hash[i] >> 4];
        hex[2 * i + 1] = digits[name->hash[i] & 15];
    }
    memcpy(name->file, hex, 2);
    name->file[2] = '/';
    name->file[NAME_FILE] = '\0';
}

bool name_make(const struct cache *cache, const struct mgw_blob *blob, struct name *name)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    /* each with its NUL: no two blobs run together */
    bool made = md && EVP_DigestInit_ex(md, cache->digest, NULL) &&
                EVP_DigestUpdate(md, cache->store_id, strlen(cache->store_id) + 1) &&
                EVP_DigestUpdate(md, blob->bucket, strlen(blob->bucket) + 1) &&
                EVP_DigestUpdate(md, blob->key, strlen(blob->key) + 1) &&
                EVP_DigestFinal_ex(md, name->hash, NULL);
    EVP_MD_CTX_free(md);
    if (made) {
        name_path(name);
    }
    return made;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool name_parse(const char *file, struct name *name)
{
    if (strlen(file) != 2 * (size_t)NAME_HASH) {
        return false;
    }
    for (size_t i = 0; i < NAME_HASH; i++) {
        int high = digit(file[2 * i]), low = digit(file[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        name->hash[i] = (unsigned char)(high << 4 | low);
    }
    name_path(name);
    return true;
}

bool name_version(const struct cache *cache, const struct name *name, const char *etag,
                  struct version *version)
{
    unsigned char whole[32];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool made = md && EVP_DigestInit_ex(md, cache->digest, NULL) &&
                EVP_DigestUpdate(md, name->hash, NAME_HASH) &&
                EVP_DigestUpdate(md, etag, strlen(etag)) && EVP_DigestFinal_ex(md, whole, NULL);
    EVP_MD_CTX_free(md);
    if (made) {
        memcpy(version->key, whole, sizeof version->key);
    }
    return made;
}
