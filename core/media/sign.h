/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys behind signed URLs and cursors: HMAC-SHA256 over length-prefixed fields, a derived key
 * (HKDF) for each purpose. Constant after sign_keys_new; any thread. */
#ifndef MEDIA_SIGN_H
#define MEDIA_SIGN_H

#include <mediagw/media.h>

enum { SIGN_BYTES = 32, SIGN_TEXT = 44 /* base64url, with the NUL */ };
enum sign_purpose { SIGN_GET, SIGN_CURSOR, SIGN_PUT, SIGN_PURPOSES };

struct sign_keys;

/* Copies the keys' secrets; none given: one is made up. MGW_INVALID with the reason in ERROR. */
enum mgw_status sign_keys_new(const struct mgw_url_key *keys, size_t count, struct sign_keys **out,
                              struct mgw_error *error);
void sign_keys_free(struct sign_keys *keys);
/* The id of the key that new URLs are signed with. */
const char *sign_key_id(const struct sign_keys *keys);

/* The signature of FIELDS (NULL reads as absent, which differs from "") with the key KEY_ID; false
 * where there is none. */
bool sign_make(const struct sign_keys *keys, enum sign_purpose purpose, const char *key_id,
               const char *const *fields, size_t count, char out[SIGN_TEXT]);
/* True where SIG is the one: in constant time, and as long for an unknown key. */
bool sign_check(const struct sign_keys *keys, enum sign_purpose purpose, const char *key_id,
                const char *const *fields, size_t count, const char *sig);

/* SHA-256 of TEXT as lower-case hex, 65 bytes with the NUL. */
void sign_sha256_hex(const void *bytes, size_t length, char out[65]);

#endif
