/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Web Tokens for the black-box tests, made with libcjose and, where that refuses to make a bad
 * one, by hand. Texts are kept until the test's end. */
#ifndef TESTS_IDENTITY_TOKEN_H
#define TESTS_IDENTITY_TOKEN_H

#include <stdint.h>

#define TOKEN_SECRET "a secret of the tests' tokens, 32 bytes and more"
#define TOKEN_ISSUER "https://id.example.com"
#define TOKEN_AUDIENCE "mediagw"

enum token_alg { TOKEN_HS256, TOKEN_RS256, TOKEN_ES256, TOKEN_ALGS };

struct token_key; /* a private key of RS256 or ES256 */

struct token_key *token_key_new(enum token_alg alg);
void token_key_free(struct token_key *key);
/* Its public part as a JWK set. */
char *token_jwks(const struct token_key *key);

/* One that holds for ACCOUNT for FOR_SEC; KEY NULL: HS256 with TOKEN_SECRET. */
char *token_for(const struct token_key *key, const char *account, int64_t for_sec);
/* The same with these claims, as JSON. */
char *token_of(const struct token_key *key, const char *claims);
/* HEADER and CLAIMS as they are, signed by HMAC-SHA256 with SECRET; SECRET NULL: no signature. */
char *token_raw(const char *header, const char *claims, const char *secret);
/* The claims of token_for, with MORE (",\"a\":1") at their end. */
char *token_claims(const char *account, int64_t for_sec, const char *more);

/* A config's "auth.jwt" element of HS256 or of KEY, as JSON. */
char *token_issuer(const struct token_key *key);

#endif
