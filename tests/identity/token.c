/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/identity/token.h"

#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct token_key {
    enum token_alg alg;
    cjose_jwk_t *jwk;
};

static const char *const names[TOKEN_ALGS] = {"HS256", "RS256", "ES256"};

struct token_key *token_key_new(enum token_alg alg)
{
    cjose_err err;
    struct token_key *key = calloc(1, sizeof *key);
    assert_non_null(key);
    key->alg = alg;
    key->jwk = alg == TOKEN_RS256
                   ? cjose_jwk_create_RSA_random(2048, (const uint8_t *)"\1\0\1", 3, &err)
                   : cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &err);
    assert_non_null(key->jwk);
    return key;
}

void token_key_free(struct token_key *key)
{
    if (key) {
        cjose_jwk_release(key->jwk);
        free(key);
    }
}

char *token_jwks(const struct token_key *key)
{
    cjose_err err;
    char *jwk = cjose_jwk_to_json(key->jwk, false, &err);
    assert_non_null(jwk);
    char *set = keep_text("{\"keys\": [%s]}", jwk);
    free(jwk);
    return set;
}

char *token_claims(const char *account, int64_t for_sec, const char *more)
{
    return keep_text("{\"iss\":\"" TOKEN_ISSUER "\",\"aud\":[\"other\",\"" TOKEN_AUDIENCE
                     "\"],\"account_id\":\"%s\",\"exp\":%lld%s}",
                     account, (long long)time(NULL) + (long long)for_sec, more);
}

/* base64url without padding. */
static char *encode(const void *bytes, size_t length)
{
    char *text = keep(malloc(length * 2 + 8));
    int size = EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);
    for (int i = 0; i < size; i++) {
        text[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
    }
    text[strcspn(text, "=")] = '\0';
    return text;
}

char *token_raw(const char *header, const char *claims, const char *secret)
{
    char *front =
        keep_text("%s.%s", encode(header, strlen(header)), encode(claims, strlen(claims)));
    unsigned char mac[32];
    unsigned size = sizeof mac;
    if (!secret) {
        return keep_text("%s.", front);
    }
    assert_non_null(HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)front,
                         strlen(front), mac, &size));
    return keep_text("%s.%s", front, encode(mac, sizeof mac));
}

char *token_of(const struct token_key *key, const char *claims)
{
    if (!key) {
        return token_raw("{\"alg\":\"HS256\"}", claims, TOKEN_SECRET);
    }
    cjose_err err;
    const char *compact;
    cjose_header_t *header = cjose_header_new(&err);
    cjose_header_set(header, CJOSE_HDR_ALG, names[key->alg], &err);
    cjose_jws_t *jws =
        cjose_jws_sign(key->jwk, header, (const uint8_t *)claims, strlen(claims), &err);
    assert_non_null(jws);
    assert_true(cjose_jws_export(jws, &compact, &err));
    char *copy = keep_text("%s", compact);
    cjose_jws_release(jws);
    cjose_header_release(header);
    return copy;
}

char *token_for(const struct token_key *key, const char *account, int64_t for_sec)
{
    return token_of(key, token_claims(account, for_sec, ""));
}

char *token_issuer(const struct token_key *key)
{
    json_t *issuer = keep_json(json_pack(
        "{s:s, s:s, s:s, s:s}", "alg", names[key ? key->alg : TOKEN_HS256], "issuer", TOKEN_ISSUER,
        "audience", TOKEN_AUDIENCE, key ? "jwks" : "secret", key ? token_jwks(key) : TOKEN_SECRET));
    return keep(json_dumps(issuer, 0));
}
