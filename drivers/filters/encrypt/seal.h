/* SPDX-License-Identifier: Apache-2.0
 *
 * The cryptography of format.h: OpenSSL's EVP, and nothing of storage. The algorithms are fetched
 * once an instance and shared by any thread; a struct seal holds the keys of one blob and is used
 * by one thread at a time. Keys are wiped when it ends. */
#ifndef ENCRYPT_SEAL_H
#define ENCRYPT_SEAL_H

#include "format.h"
#include "keys.h"

#include <mediagw/storage.h>

#include <openssl/evp.h>

struct algorithms {
    EVP_CIPHER *gcm;
    EVP_KDF *hkdf;
};
bool algorithms_fetch(struct algorithms *algorithms);
void algorithms_free(struct algorithms *algorithms);

struct seal {
    EVP_CIPHER_CTX *ctx; /* keyed; NULL: none */
    unsigned char hmac_key[FORMAT_HMAC];
    unsigned char prefix[FORMAT_PREFIX]; /* of the segments that it makes */
};

/* What stands for (bucket, key) in the keys. MGW_INVALID where they are longer than the header
 * allows. */
enum mgw_status seal_name(struct mgw_call *call, const struct mgw_blob *blob,
                          unsigned char name[FORMAT_NAME]);

/* The keys of a blob. What makes segments sets `prefix` afterwards. */
enum mgw_status seal_start(struct mgw_call *call, const struct algorithms *algorithms,
                           const struct key *key, const unsigned char salt[FORMAT_SALT],
                           const unsigned char name[FORMAT_NAME], struct seal *seal);
void seal_end(struct seal *seal);

/* A segment in pieces: begin writes the prefix to OUT, add as many bytes as it takes, end the tag.
 * False: OpenSSL failed, and the segment is none. */
bool seal_begin(struct seal *seal, uint32_t number, unsigned char out[FORMAT_PREFIX]);
bool seal_add(struct seal *seal, const void *plain, size_t length, unsigned char *out);
bool seal_tag(struct seal *seal, unsigned char out[FORMAT_TAG]);

/* The three at once; PLAIN may be where the ciphertext will lie. */
bool seal_segment(struct seal *seal, uint32_t number, const void *plain, size_t length,
                  unsigned char *out);

/* Opens a segment of LENGTH plain bytes into PLAIN, which may be where its ciphertext lies. False:
 * it is not what was sealed, and PLAIN is wiped. */
bool seal_open(struct seal *seal, uint32_t number, const unsigned char *sealed, size_t length,
               unsigned char *plain);

/* Encodes a trailer with its HMAC. */
bool seal_trailer(const struct seal *seal, const struct trailer *trailer,
                  unsigned char bytes[FORMAT_TRAILER]);
/* True where the HMAC is the blob's own. */
bool seal_trailer_good(const struct seal *seal, const unsigned char bytes[FORMAT_TRAILER]);

#endif
