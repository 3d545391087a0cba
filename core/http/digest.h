/* SPDX-License-Identifier: Apache-2.0
 *
 * Content-Digest and Repr-Digest (RFC 9530): a structured-field dictionary (RFC 8941) of byte
 * sequences. SHA-256 is what the gateway computes, so the one that is verified. Pure. */
#ifndef HTTP_DIGEST_H
#define HTTP_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

struct digest {
    bool has_sha256;
    bool has_sha512; /* named, well-formed, not verified */
    uint8_t sha256[32];
};

/* Reads a header's value (several headers joined with ", "). Other algorithms are skipped. False
 * where it is malformed, or a digest has not its algorithm's length: 400. */
bool digest_parse(const char *header, struct digest *digest);

#define DIGEST_CHECKSUM_SIZE 72 /* "sha256:" + 64 hex digits + NUL */
#define DIGEST_FIELD_SIZE 55    /* "sha-256=:" + 44 base64 + ":" + NUL */

/* "sha256:<hex>" as rows have it. */
void digest_checksum(const uint8_t sha256[32], char out[DIGEST_CHECKSUM_SIZE]);
/* The reverse; false where CHECKSUM (may be NULL) is not exactly that. Upper-case hex is read too.
 */
bool digest_from_checksum(const char *checksum, uint8_t sha256[32]);
/* "sha-256=:<base64>:" for Content-Digest and Repr-Digest. */
void digest_field(const uint8_t sha256[32], char out[DIGEST_FIELD_SIZE]);
/* The same out of a row's checksum; false where it is none. */
bool digest_field_of_checksum(const char *checksum, char out[DIGEST_FIELD_SIZE]);

#endif
