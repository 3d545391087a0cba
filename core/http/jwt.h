/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Web Tokens (RFC 7519) as credentials, verified by libcjose. An issuer pins one algorithm to
 * its keys; issuer, audience and expiry are checked, `crit` is refused, and keys or URLs inside a
 * token count for nothing. Any thread. */
#ifndef HTTP_JWT_H
#define HTTP_JWT_H

#include <mediagw/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JWT_BYTES_MAX 8192
#define JWT_ACCOUNT_SIZE 129 /* the longest account name, with the NUL */
#define JWT_LEEWAY_SEC 60

/* Whose tokens are believed. Exactly one of jwks, pem and secret is given. Texts are borrowed by
 * jwt_new only. */
struct jwt_issuer {
    const char *alg;      /* "HS256", "RS256" or "ES256": no other is accepted with these keys */
    const char *jwks;     /* a JWK set, or one JWK, as JSON text */
    const char *pem;      /* one public key or certificate */
    const char *secret;   /* of HS256, 32 bytes or more */
    const char *issuer;   /* `iss` must equal it; NULL: any */
    const char *audience; /* `aud` must name it; NULL: any */
    const char *account_claim; /* whose text is the account */
};

struct jwt;

/* What is wrong with an issuer, in static texts. */
struct jwt_fault {
    size_t issuer;
    const char *key; /* "jwks", "pem", …; NULL: the whole */
    const char *why;
};

/* MGW_INVALID with the reason in *FAULT where an issuer cannot be used. */
enum mgw_status jwt_new(const struct jwt_issuer *issuers, size_t count, struct jwt **jwt,
                        struct jwt_fault *fault);
void jwt_free(struct jwt *jwt);

/* Whether TOKEN looks like one (three parts): to tell it from an API key. */
bool jwt_is_token(const char *token);
/* Verifies TOKEN at NOW (seconds since the epoch): its account, or false with the reason for the
 * log in *WHY (static text). A token that verified is remembered by its hash until it expires. */
bool jwt_check(struct jwt *jwt, const char *token, int64_t now_sec, char account[JWT_ACCOUNT_SIZE],
               const char **why);

#endif
