/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes to send and what they should be: the recordings of tests/data, bodies made from a seed,
 * SHA-256. Any thread. */
#ifndef TESTS_SUPPORT_BODY_H
#define TESTS_SUPPORT_BODY_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct body {
    const void *bytes;
    size_t length;
};

/* tests/data/NAME; ends the program where it is not there. */
struct body body_file(const char *name);
/* LENGTH bytes that follow from SEED; they begin like a WebM file. */
struct body body_random(uint64_t seed, size_t length);

/* The same bytes as body_random, piece by piece. */
struct body_stream {
    uint64_t state;
    uint64_t at;
    uint64_t length;
};
void body_stream_start(struct body_stream *stream, uint64_t seed, uint64_t length);
/* Up to CAPACITY bytes, 0 at the end. */
size_t body_stream_read(struct body_stream *stream, void *bytes, size_t capacity);

#define SHA256_TEXT 72
/* "sha256:<hex>" */
void body_checksum(const void *bytes, size_t length, char text[SHA256_TEXT]);
/* Ends and frees HASH (a SHA-256 under way). */
void body_checksum_of(EVP_MD_CTX *hash, char text[SHA256_TEXT]);
void body_stream_checksum(uint64_t seed, uint64_t length, char text[SHA256_TEXT]);
/* "sha-256=:<base64>:" as RFC 9530 writes it; kept until the test's end. */
const char *body_digest(const void *bytes, size_t length);

#endif
