/* SPDX-License-Identifier: Apache-2.0
 *
 * See blob.h. */
#include "core/media/blob.h"

#include "core/base/cleanup.h"
#include "core/base/id.h"
#include "core/plugin/call.h"

#include <openssl/evp.h>
#include <string.h>

enum { BUFFER = 256 * 1024 };

static void free_digest(EVP_MD_CTX **digest)
{
    EVP_MD_CTX_free(*digest);
}
#define AUTO_DIGEST AUTO(free_digest)

bool blob_checksum_is_ours(const char *checksum)
{
    return checksum && strncmp(checksum, "sha256:", 7) == 0 &&
           strspn(checksum + 7, "0123456789abcdef") == 64 && checksum[71] == '\0';
}

static enum mgw_status pass_bytes(struct store_reader *reader, uint64_t length,
                                  struct mgw_call *call, struct store_writer *to,
                                  _Atomic uint64_t *passed, EVP_MD_CTX *digest, bool *wrote)
{
    AUTO_FREE char *buffer = malloc(BUFFER);
    uint64_t at = 0;
    if (!buffer) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    store_advise(reader, call, 0, length);
    for (;;) {
        size_t got = 0;
        enum mgw_status status = call_check(call);
        if (status == MGW_OK) {
            status = store_read(reader, call, at, buffer, BUFFER, &got);
        }
        if (status != MGW_OK) {
            return status;
        }
        if (got == 0 || got > length - at) {
            break;
        }
        if (!EVP_DigestUpdate(digest, buffer, got)) {
            return mgw_fail(call, MGW_IO, "SHA-256 failed");
        }
        status = to ? store_put_write(to, call, buffer, got) : MGW_OK;
        *wrote = status != MGW_OK;
        if (*wrote) {
            return status;
        }
        at += got;
        if (passed) {
            *passed += got;
        }
        if (at == length) {
            return MGW_OK;
        }
    }
    return length == 0 && at == 0
               ? MGW_OK
               : mgw_fail(call, MGW_CORRUPT,
                          "other bytes came than the %llu that the store told of",
                          (unsigned long long)length);
}

enum mgw_status blob_pass(struct store_reader *reader, uint64_t length, struct mgw_call *call,
                          struct store_writer *to, _Atomic uint64_t *passed,
                          char checksum[BLOB_CHECKSUM], bool *wrote)
{
    unsigned char hash[32];
    AUTO_DIGEST EVP_MD_CTX *digest = EVP_MD_CTX_new();
    *wrote = false;
    if (!digest || !EVP_DigestInit_ex(digest, EVP_sha256(), NULL)) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    enum mgw_status status = pass_bytes(reader, length, call, to, passed, digest, wrote);
    if (status != MGW_OK) {
        return status;
    }
    if (!EVP_DigestFinal_ex(digest, hash, NULL)) {
        return mgw_fail(call, MGW_IO, "SHA-256 failed");
    }
    memcpy(checksum, "sha256:", 7);
    id_hex(hash, sizeof hash, checksum + 7);
    return MGW_OK;
}

enum mgw_status blob_sum(struct store *store, struct mgw_call *call, const struct mgw_blob *blob,
                         _Atomic uint64_t *passed, char checksum[BLOB_CHECKSUM], uint64_t *length)
{
    struct store_reader *reader = NULL;
    struct mgw_stat stat = {.size = sizeof stat};
    bool wrote;
    enum mgw_status status = store_open(store, call, blob, NULL, &reader, &stat);
    if (status != MGW_OK) {
        return status;
    }
    *length = stat.bytes;
    status = blob_pass(reader, stat.bytes, call, NULL, passed, checksum, &wrote);
    store_close(reader);
    return status;
}
