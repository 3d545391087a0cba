/* SPDX-License-Identifier: Apache-2.0
 *
 * See format.h. */
#include "format.h"

#include <openssl/sha.h>
#include <string.h>

enum {
    AT_VERSION = 8,
    AT_LOG2 = 9,
    AT_ID_LENGTH = 10,
    AT_ZERO = 11,
    AT_PLAIN = 16,
    AT_SALT = 24,
    AT_ID = 56,
    AT_SUM = 88,
    SUM = 8,
    VERSION = 1
};
static const char magic[8] = {'m', 'g', 'w', 'c', 'r', 'y', 'p', 't'};

static uint64_t segments(uint64_t plain)
{
    return plain / FORMAT_SEGMENT + (plain % FORMAT_SEGMENT != 0);
}

uint64_t format_segments_bytes(uint64_t plain)
{
    return plain + segments(plain) * FORMAT_OVERHEAD;
}

uint64_t format_cipher_bytes(uint64_t plain)
{
    return format_segments_bytes(plain) + FORMAT_TRAILER;
}

bool format_plain_bytes(uint64_t cipher, uint64_t *plain)
{
    *plain = format_plain_room(cipher);
    return cipher >= FORMAT_TRAILER && format_cipher_bytes(*plain) == cipher;
}

uint64_t format_plain_room(uint64_t cipher)
{
    if (cipher < FORMAT_TRAILER) {
        return 0;
    }
    uint64_t body = cipher - FORMAT_TRAILER, rest = body % FORMAT_SEALED;
    uint64_t plain = body / FORMAT_SEALED * FORMAT_SEGMENT;
    plain += rest > FORMAT_OVERHEAD ? rest - FORMAT_OVERHEAD : 0;
    return plain < FORMAT_PLAIN_MAX ? plain : FORMAT_PLAIN_MAX;
}

size_t format_segment_length(uint64_t plain, uint32_t number)
{
    uint64_t left = plain - (uint64_t)number * FORMAT_SEGMENT;
    return left < FORMAT_SEGMENT ? (size_t)left : FORMAT_SEGMENT;
}

bool format_id_good(const char *id, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = id[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-';
        if (!word) {
            return false;
        }
    }
    return length >= 1 && length <= FORMAT_ID_MAX;
}

void format_put64(unsigned char *bytes, uint64_t number)
{
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(number >> (56 - 8 * i));
    }
}

uint64_t format_get64(const unsigned char *bytes)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < 8; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

void format_trailer_encode(const struct trailer *trailer, unsigned char bytes[FORMAT_TRAILER])
{
    unsigned char sum[SHA256_DIGEST_LENGTH];
    size_t length = strlen(trailer->id);
    memset(bytes, 0, FORMAT_TRAILER);
    memcpy(bytes, magic, sizeof magic);
    bytes[AT_VERSION] = VERSION;
    bytes[AT_LOG2] = FORMAT_SEGMENT_LOG2;
    bytes[AT_ID_LENGTH] = (unsigned char)length;
    format_put64(bytes + AT_PLAIN, trailer->plain);
    memcpy(bytes + AT_SALT, trailer->salt, FORMAT_SALT);
    memcpy(bytes + AT_ID, trailer->id, length);
    SHA256(bytes, AT_SUM, sum);
    memcpy(bytes + AT_SUM, sum, SUM);
}

const char *format_trailer_decode(const unsigned char bytes[FORMAT_TRAILER],
                                  struct trailer *trailer)
{
    static const unsigned char zeros[FORMAT_ID_MAX];
    unsigned char sum[SHA256_DIGEST_LENGTH];
    size_t length = bytes[AT_ID_LENGTH];
    if (memcmp(bytes, magic, sizeof magic) != 0) {
        return "does not end as an encrypted one does: it was cut short, or not written by encrypt";
    }
    SHA256(bytes, AT_SUM, sum);
    if (memcmp(bytes + AT_SUM, sum, SUM) != 0) {
        return "has a damaged trailer";
    }
    if (bytes[AT_VERSION] != VERSION || bytes[AT_LOG2] != FORMAT_SEGMENT_LOG2) {
        return "is of a version that this release does not know";
    }
    const char *id = (const char *)bytes + AT_ID;
    if (!format_id_good(id, length) ||
        memcmp(bytes + AT_ID + length, zeros, FORMAT_ID_MAX - length) != 0 ||
        memcmp(bytes + AT_ZERO, zeros, AT_PLAIN - AT_ZERO) != 0) {
        return "has a trailer that breaks its own rules";
    }
    trailer->plain = format_get64(bytes + AT_PLAIN);
    memcpy(trailer->salt, bytes + AT_SALT, FORMAT_SALT);
    memcpy(trailer->id, id, length);
    trailer->id[length] = '\0';
    return NULL;
}
