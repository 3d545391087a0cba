/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/body.h"

#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char webm_magic[8] = {0x1a, 0x45, 0xdf, 0xa3, 0x42, 0x86, 0x81, 0x01};

struct body body_file(const char *name)
{
    char *path = keep_text("%s/%s", MEDIAGW_TEST_DATA, name);
    struct body body = {0};
    body.bytes = scratch_read(path, &body.length);
    if (!body.bytes) {
        fprintf(stderr, "%s: cannot read\n", path);
        abort();
    }
    return body;
}

void body_stream_start(struct body_stream *stream, uint64_t seed, uint64_t length)
{
    *stream = (struct body_stream){.state = seed * 0x9e3779b97f4a7c15u + 1, .length = length};
}

static uint64_t next(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *state = x;
    return x;
}

/* Words of eight bytes at offsets that are multiples of eight, so that the pieces' sizes do not
 * matter: CAPACITY is rounded down to a multiple of eight save at the end. */
size_t body_stream_read(struct body_stream *stream, void *bytes, size_t capacity)
{
    uint64_t left = stream->length - stream->at;
    size_t length = left < capacity ? (size_t)left : capacity & ~(size_t)7;
    unsigned char *out = bytes;
    for (size_t at = 0; at < length; at += 8) {
        uint64_t word = next(&stream->state);
        if (stream->at + at == 0) {
            memcpy(&word, webm_magic, sizeof word);
        }
        memcpy(out + at, &word, length - at < 8 ? length - at : 8);
    }
    stream->at += length;
    return length;
}

struct body body_random(uint64_t seed, size_t length)
{
    char *bytes = keep(malloc(length + 8));
    struct body_stream stream;
    body_stream_start(&stream, seed, length);
    body_stream_read(&stream, bytes, length + 8);
    bytes[length] = '\0';
    return (struct body){.bytes = bytes, .length = length};
}

void body_checksum_of(EVP_MD_CTX *hash, char text[SHA256_TEXT])
{
    unsigned char digest[32];
    unsigned length = sizeof digest;
    if (EVP_DigestFinal_ex(hash, digest, &length) != 1) {
        abort();
    }
    int at = snprintf(text, SHA256_TEXT, "sha256:");
    for (unsigned i = 0; i < length; i++) {
        at += snprintf(text + at, SHA256_TEXT - (size_t)at, "%02x", digest[i]);
    }
    EVP_MD_CTX_free(hash);
}

void body_checksum(const void *bytes, size_t length, char text[SHA256_TEXT])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (!hash || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1 ||
        EVP_DigestUpdate(hash, bytes, length) != 1) {
        abort();
    }
    body_checksum_of(hash, text);
}

void body_stream_checksum(uint64_t seed, uint64_t length, char text[SHA256_TEXT])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    struct body_stream stream;
    body_stream_start(&stream, seed, length);
    static _Thread_local char piece[65536];
    if (!hash || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1) {
        abort();
    }
    size_t got = 0;
    while ((got = body_stream_read(&stream, piece, sizeof piece)) > 0) {
        EVP_DigestUpdate(hash, piece, got);
    }
    body_checksum_of(hash, text);
}

const char *body_digest(const void *bytes, size_t length)
{
    unsigned char digest[32];
    unsigned char base64[48];
    if (EVP_Digest(bytes, length, digest, NULL, EVP_sha256(), NULL) != 1) {
        abort();
    }
    EVP_EncodeBlock(base64, digest, sizeof digest);
    return keep_text("sha-256=:%s:", (char *)base64);
}
