/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys to file names and back. */
#include "name.h"

#include <openssl/sha.h>
#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
static const char digits[] = "0123456789abcdef";

bool name_bucket_is_valid(const char *bucket)
{
    size_t length = strlen(bucket);
    return length >= 2 && length <= 63 && bucket[0] != '.' && bucket[0] != '-' &&
           strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length;
}

static bool is_plain(char c, bool first)
{
    return strchr(plain, c) && !(first && c == '.');
}

static bool encode(const char *key, char file[NAME_SIZE])
{
    size_t at = 0;
    for (const char *c = key; *c; c++) {
        if (at + 4 > NAME_SIZE) {
            return false;
        }
        if (is_plain(*c, c == key)) {
            file[at++] = *c;
        } else {
            file[at++] = '%';
            file[at++] = digits[(unsigned char)*c >> 4];
            file[at++] = digits[*c & 15];
        }
    }
    file[at] = '\0';
    return true;
}

static void hash(const char *key, char text[65])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)key, strlen(key), digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[64] = '\0';
}

enum mgw_status name_make(struct mgw_call *call, const struct mgw_blob *blob, struct name *name)
{
    size_t length = strlen(blob->key);
    if (!name_bucket_is_valid(blob->bucket)) {
        return mgw_fail(call, MGW_INVALID, "bucket: not [a-z0-9][a-z0-9.-]{1,62}");
    }
    if (length < 1 || length > MGW_KEY_MAX) {
        return mgw_fail(call, MGW_INVALID, "key: %zu bytes, 1 to %u are allowed", length,
                        MGW_KEY_MAX);
    }
    name->bucket = blob->bucket;
    name->key = blob->key;
    hash(blob->key, name->hash);
    name->hashed = !encode(blob->key, name->file);
    if (name->hashed) {
        snprintf(name->file, sizeof name->file, ".h%s", name->hash);
    }
    snprintf(name->shard, sizeof name->shard, "buckets/%s/%.2s", blob->bucket, name->hash);
    return MGW_OK;
}

bool name_is_hashed(const char *file)
{
    return file[0] == '.' && file[1] == 'h' && strlen(file) == 66 && strspn(file + 2, digits) == 64;
}

static int digit(char c)
{
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Only what encode() makes: every other byte plain, no plain byte escaped, no NUL. */
static bool is_encoded(const char *file)
{
    if (*file == '\0' || strlen(file) >= NAME_SIZE) {
        return false;
    }
    for (const char *c = file; *c; c++) {
        if (*c != '%') {
            if (!is_plain(*c, c == file)) {
                return false;
            }
            continue;
        }
        int high = digit(c[1]), low = high < 0 ? -1 : digit(c[2]);
        if (low < 0 || (high == 0 && low == 0) || is_plain((char)(high * 16 + low), c == file)) {
            return false;
        }
        c += 2;
    }
    return true;
}

bool name_is_blob(const char *file)
{
    return *file == '.' ? name_is_hashed(file) : is_encoded(file);
}

void name_decode(const char *file, char *key)
{
    size_t at = 0;
    for (const char *c = file; *c && at + 1 < NAME_SIZE; c++) {
        if (*c == '%') {
            key[at++] = (char)(digit(c[1]) * 16 + digit(c[2]));
            c += 2;
        } else {
            key[at++] = *c;
        }
    }
    key[at] = '\0';
}
