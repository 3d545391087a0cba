/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Web Tokens as an identity provider of the tests signs them, by HS256. */
#ifndef TESTS_SECURITY_TOKEN_H
#define TESTS_SECURITY_TOKEN_H

#define TOKEN_SECRET "a secret of an identity provider, 32 bytes and more"
#define TOKEN_ISSUER "https://id.example.com"
#define TOKEN_AUDIENCE "mediagw"
/* What a config says of them; the cookie is `session`. */
#define TOKEN_CONFIG                                                                               \
    "\"auth\": {\"jwt\": [{\"alg\": \"HS256\", \"secret\": \"" TOKEN_SECRET                        \
    "\", \"issuer\": \"" TOKEN_ISSUER "\", \"audience\": \"" TOKEN_AUDIENCE                        \
    "\", \"account_claim\": \"account_id\"}], \"cookie\": \"session\"}"

/* A token of ACCOUNT that ends in an hour; kept until the test's end. */
char *token_make(const char *account);

#endif
