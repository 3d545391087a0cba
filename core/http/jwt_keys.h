/* SPDX-License-Identifier: Apache-2.0
 *
 * Verification keys of JWTs: out of a JWK set, a PEM text or a secret, each pinned to one
 * algorithm. Read at start. */
#ifndef HTTP_JWT_KEYS_H
#define HTTP_JWT_KEYS_H

#include <mediagw/status.h>

#include <cjose/cjose.h>
#include <stdbool.h>
#include <stddef.h>

enum jwt_alg { JWT_HS256, JWT_RS256, JWT_ES256, JWT_ALGS };

struct jwt_keys {
    cjose_jwk_t **keys;
    size_t count;
};

const char *jwt_alg_name(enum jwt_alg alg);
bool jwt_alg_of(const char *name, enum jwt_alg *alg);

/* Whether TEXT is base64url in its one spelling, which is all that libcjose may be given: of other
 * text it overlooks left-over bits, so that an altered token would be as good as the one that was
 * signed, and some ends the process (an assertion in its base64.c). */
bool jwt_is_base64url(const char *text, size_t length);

/* Each adds keys; NULL, or what is wrong. Keys of another type, use or algorithm in a set are left
 * out; none left is wrong. */
const char *jwt_keys_from_jwks(struct jwt_keys *keys, enum jwt_alg alg, const char *json);
const char *jwt_keys_from_pem(struct jwt_keys *keys, enum jwt_alg alg, const char *pem);
const char *jwt_keys_from_secret(struct jwt_keys *keys, const char *secret, size_t length);
void jwt_keys_release(struct jwt_keys *keys);

#endif
