/* SPDX-License-Identifier: Apache-2.0
 *
 * What an encrypted blob looks like in the layer below. Version 1, fixed for ever:
 *
 *   body     = segment 0, segment 1, …, trailer
 *   segment  = prefix (8 bytes), ciphertext (as long as its plain bytes), GCM tag (16)
 *   trailer  = 128 bytes, numbers big-endian:
 *        0   "mgwcrypt"
 *        8   version (1), log2 of the segment size (16), bytes of the key's id, 5 times 0
 *       16   plain bytes of the blob, 64 bits
 *       24   salt, 32 random bytes of this blob's own
 *       56   id of the master key, with zeros behind it up to 32 bytes
 *       88   the first 8 bytes of SHA-256 over what stands before
 *       96   HMAC-SHA-256 over what stands before, by the blob's trailer key
 *
 * Each segment holds FORMAT_SEGMENT plain bytes, the last one 1 up to as many; a blob of no bytes
 * is a trailer alone. So the plain size follows from the size below by arithmetic, without a look
 * at the bytes: that is what stat and list do. It is why the segment size is fixed and no option:
 * blobs written under another one would be told in wrong sizes.
 *
 * Keys. HKDF-SHA-256 (key: the master key; salt: the trailer's; info: FORMAT_INFO, a NUL, and
 * SHA-256 over bucket, NUL, key) gives 64 bytes: the segments' AES-256-GCM key and the trailer's
 * HMAC key. A blob that is moved to another name, or whose trailer is another's, has other keys.
 *
 * Nonces. Segment N's is its prefix and N as 32 bits. The prefix is 64 random bits for each put,
 * and for each time that a part of a resumable upload is sent; N keeps the segments of one such run
 * apart. Hence a part that is sent again with other bytes shares no nonce with what was sent
 * before, though both may be seen in the store, while one run's bytes can be made again from any
 * offset when a request is repeated. Two runs of the same part would have to draw the same 64 bits.
 * N being part of the nonce, a segment in another's place does not open.
 *
 * What is found out. The trailer says how many bytes there are: a body that is shorter, longer, or
 * without its trailer contradicts it when it is opened, before a byte is read. A changed byte in a
 * segment breaks its tag when that segment is read. The SHA-256 is no protection: it tells damage
 * from a key that is not there.
 *
 * What is not: that somebody who can write to the store puts back an older blob of the same name,
 * or an earlier sending of a part of the same upload. The gateway never uses a name twice.
 *
 * Why a trailer: the size may be unknown until the end, and the parts of an upload stay alike (a
 * header would make the first one longer, which a store of uniform parts refuses). Content type and
 * metadata are not encrypted: the layer below answers with them.
 *
 * Pure functions, any thread. */
#ifndef ENCRYPT_FORMAT_H
#define ENCRYPT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORMAT_INFO "mediagw encrypt 1"
#define FORMAT_SEGMENT_LOG2 16u
#define FORMAT_SEGMENT (1u << FORMAT_SEGMENT_LOG2)
#define FORMAT_PREFIX 8u
#define FORMAT_TAG 16u
#define FORMAT_OVERHEAD (FORMAT_PREFIX + FORMAT_TAG)
#define FORMAT_SEALED (FORMAT_SEGMENT + FORMAT_OVERHEAD) /* a whole segment below */
#define FORMAT_SALT 32u
#define FORMAT_ID_MAX 32u
#define FORMAT_NAME 32u /* SHA-256 over bucket, NUL, key */
#define FORMAT_TRAILER 128u
#define FORMAT_TRAILER_SIGNED 96u /* what the HMAC covers */
#define FORMAT_HMAC 32u
/* Segment numbers have 32 bits. */
#define FORMAT_PLAIN_MAX ((uint64_t)UINT32_MAX << FORMAT_SEGMENT_LOG2)

struct trailer {
    uint64_t plain;
    unsigned char salt[FORMAT_SALT];
    char id[FORMAT_ID_MAX + 1];
};

/* Bytes of all segments of PLAIN bytes, without the trailer. */
uint64_t format_segments_bytes(uint64_t plain);
/* Bytes below of a blob of PLAIN bytes, at most FORMAT_PLAIN_MAX. */
uint64_t format_cipher_bytes(uint64_t plain);
/* The reverse; false: no blob of ours has so many. */
bool format_plain_bytes(uint64_t cipher, uint64_t *plain);
/* The most plain bytes that CIPHER bytes below have room for; 0 where not even a trailer fits. */
uint64_t format_plain_room(uint64_t cipher);
/* Plain bytes of segment NUMBER of a blob of PLAIN bytes. */
size_t format_segment_length(uint64_t plain, uint32_t number);

/* [A-Za-z0-9._-]{1,32}. */
bool format_id_good(const char *id, size_t length);
/* All but the HMAC. */
void format_trailer_encode(const struct trailer *trailer, unsigned char bytes[FORMAT_TRAILER]);
/* NULL, or what is wrong, as in "the blob …". */
const char *format_trailer_decode(const unsigned char bytes[FORMAT_TRAILER],
                                  struct trailer *trailer);

void format_put64(unsigned char *bytes, uint64_t number);
uint64_t format_get64(const unsigned char *bytes);

#endif
