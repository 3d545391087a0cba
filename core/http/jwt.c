/* SPDX-License-Identifier: Apache-2.0
 *
 * See jwt.h. libcjose checks that key type and algorithm agree, but takes an unknown `crit` and
 * tells nothing of claims: those are looked at here, after the signature. */
#include "core/http/jwt.h"

#include "core/base/cleanup.h"
#include "core/base/id.h"
#include "core/base/text.h"
#include "core/http/jwt_keys.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

enum { REMEMBERED = 1024, HASH_BYTES = 32, ES256_BYTES = 64 };

struct issuer {
    enum jwt_alg alg;
    struct jwt_keys keys;
    char *issuer, *audience, *account_claim;
};

/* A token that verified. */
struct verified {
    unsigned char hash[HASH_BYTES];
    int64_t until;
    char account[JWT_ACCOUNT_SIZE];
};

struct jwt {
    pthread_mutex_t lock; /* guards `verified` */
    pthread_mutex_t work; /* libcjose's keys count their users without a lock of their own */
    size_t count;
    struct verified verified[REMEMBERED];
    struct issuer issuers[];
};

static enum mgw_status refuse(struct jwt_fault *fault, size_t i, const char *key, const char *why)
{
    *fault = (struct jwt_fault){.issuer = i, .key = key, .why = why};
    return MGW_INVALID;
}

static enum mgw_status add_keys(struct issuer *to, const struct jwt_issuer *from, size_t i,
                                struct jwt_fault *fault)
{
    int sources = (from->jwks != NULL) + (from->pem != NULL) + (from->secret != NULL);
    if (sources != 1) {
        return refuse(fault, i, NULL, "give exactly one of jwks, pem and secret");
    }
    if (from->secret && to->alg != JWT_HS256) {
        return refuse(fault, i, "secret", "is for HS256; RS256 and ES256 take jwks or pem");
    }
    const char *wrong = from->jwks ? jwt_keys_from_jwks(&to->keys, to->alg, from->jwks)
                        : from->pem
                            ? jwt_keys_from_pem(&to->keys, to->alg, from->pem)
                            : jwt_keys_from_secret(&to->keys, from->secret, strlen(from->secret));
    const char *key = from->jwks ? "jwks" : from->pem ? "pem" : "secret";
    return wrong ? refuse(fault, i, key, wrong) : MGW_OK;
}

static enum mgw_status add_issuer(struct jwt *jwt, const struct jwt_issuer *from, size_t i,
                                  struct jwt_fault *fault)
{
    struct issuer *to = &jwt->issuers[jwt->count++];
    if (!from->alg || !jwt_alg_of(from->alg, &to->alg)) {
        return refuse(fault, i, "alg", "must be HS256, RS256 or ES256");
    }
    to->issuer = from->issuer ? strdup(from->issuer) : NULL;
    to->audience = from->audience ? strdup(from->audience) : NULL;
    to->account_claim = strdup(from->account_claim ? from->account_claim : "sub");
    if ((from->issuer && !to->issuer) || (from->audience && !to->audience) || !to->account_claim) {
        return refuse(fault, i, NULL, "out of memory");
    }
    return add_keys(to, from, i, fault);
}

enum mgw_status jwt_new(const struct jwt_issuer *issuers, size_t count, struct jwt **out,
                        struct jwt_fault *fault)
{
    struct jwt *jwt = calloc(1, sizeof *jwt + count * sizeof jwt->issuers[0]);
    if (!jwt) {
        return refuse(fault, 0, NULL, "out of memory");
    }
    pthread_mutex_init(&jwt->lock, NULL);
    pthread_mutex_init(&jwt->work, NULL);
    for (size_t i = 0; i < count; i++) {
        enum mgw_status status = add_issuer(jwt, &issuers[i], i, fault);
        if (status != MGW_OK) {
            jwt_free(jwt);
            return status;
        }
    }
    *out = jwt;
    return MGW_OK;
}

void jwt_free(struct jwt *jwt)
{
    for (size_t i = 0; jwt && i < jwt->count; i++) {
        jwt_keys_release(&jwt->issuers[i].keys);
        free(jwt->issuers[i].issuer);
        free(jwt->issuers[i].audience);
        free(jwt->issuers[i].account_claim);
    }
    if (jwt) {
        pthread_mutex_destroy(&jwt->lock);
        pthread_mutex_destroy(&jwt->work);
    }
    free(jwt);
}

bool jwt_is_token(const char *token)
{
    const char *first = strchr(token, '.');
    const char *second = first ? strchr(first + 1, '.') : NULL;
    return second && jwt_is_base64url(token, (size_t)(first - token)) &&
           jwt_is_base64url(first + 1, (size_t)(second - first) - 1) &&
           jwt_is_base64url(second + 1, strlen(second + 1));
}

/* ---- Remembered tokens ---- */

static struct verified *slot_of(struct jwt *jwt, const unsigned char hash[HASH_BYTES])
{
    return &jwt->verified[(hash[0] << 8 | hash[1]) % REMEMBERED];
}

static bool recall(struct jwt *jwt, const unsigned char hash[HASH_BYTES], int64_t now,
                   char account[JWT_ACCOUNT_SIZE])
{
    pthread_mutex_lock(&jwt->lock);
    const struct verified *slot = slot_of(jwt, hash);
    bool known = slot->until > now && memcmp(slot->hash, hash, HASH_BYTES) == 0;
    if (known) {
        memcpy(account, slot->account, JWT_ACCOUNT_SIZE);
    }
    pthread_mutex_unlock(&jwt->lock);
    return known;
}

static void remember(struct jwt *jwt, const unsigned char hash[HASH_BYTES], int64_t until,
                     const char account[JWT_ACCOUNT_SIZE])
{
    pthread_mutex_lock(&jwt->lock);
    struct verified *slot = slot_of(jwt, hash);
    memcpy(slot->hash, hash, HASH_BYTES);
    slot->until = until;
    memcpy(slot->account, account, JWT_ACCOUNT_SIZE);
    pthread_mutex_unlock(&jwt->lock);
}

/* ---- Verifying ---- */

/* Whether one of ISSUER's keys made the signature. A `kid` narrows the keys, but only to those of
 * this issuer. */
static bool signed_by(cjose_jws_t *jws, size_t signature, const struct issuer *issuer)
{
    cjose_err err;
    cjose_header_t *header = cjose_jws_get_protected(jws);
    const char *alg = cjose_header_get(header, CJOSE_HDR_ALG, &err);
    const char *kid = cjose_header_get(header, CJOSE_HDR_KID, &err);
    if (!alg || strcmp(alg, jwt_alg_name(issuer->alg)) != 0) {
        return false;
    }
    if (issuer->alg == JWT_ES256 && signature != ES256_BYTES) {
        return false; /* libcjose leaves what is behind it unread */
    }
    for (size_t i = 0; i < issuer->keys.count; i++) {
        const char *id = cjose_jwk_get_kid(issuer->keys.keys[i], &err);
        bool other = kid && id && strcmp(kid, id) != 0;
        if (!other && cjose_jws_verify(jws, issuer->keys.keys[i], &err)) {
            return true;
        }
    }
    return false;
}

static bool names_audience(const json_t *aud, const char *audience)
{
    if (json_is_string(aud)) {
        return strcmp(json_string_value(aud), audience) == 0;
    }
    size_t i;
    const json_t *one;
    json_array_foreach(aud, i, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), audience) == 0) {
            return true;
        }
    }
    return false;
}

/* NumericDate (RFC 7519 section 2): seconds, perhaps with a fraction. Wild numbers are out of all
 * time. */
static bool read_time(const json_t *value, int64_t *seconds)
{
    double number = json_number_value(value);
    if (!json_is_number(value) || !(number > -1e15 && number < 1e15)) {
        return false;
    }
    *seconds = (int64_t)number;
    return true;
}

static const char *check_times(const json_t *claims, int64_t now, int64_t *until)
{
    int64_t expires, not_before = INT64_MIN;
    const json_t *nbf = json_object_get(claims, "nbf");
    if (!read_time(json_object_get(claims, "exp"), &expires)) {
        return "the token has no exp";
    }
    if (nbf && !read_time(nbf, &not_before)) {
        return "the token's nbf is no time";
    }
    *until = expires + JWT_LEEWAY_SEC;
    if (now >= *until) {
        return "the token has expired";
    }
    return nbf && not_before - JWT_LEEWAY_SEC > now ? "the token is not valid yet" : NULL;
}

static const char *check_claims(const json_t *claims, const struct issuer *issuer, int64_t now,
                                int64_t *until, char account[JWT_ACCOUNT_SIZE])
{
    const char *iss = json_string_value(json_object_get(claims, "iss"));
    if (issuer->issuer && (!iss || strcmp(iss, issuer->issuer) != 0)) {
        return "the token is another issuer's";
    }
    if (issuer->audience && !names_audience(json_object_get(claims, "aud"), issuer->audience)) {
        return "the token is for another audience";
    }
    const char *why = check_times(claims, now, until);
    const char *name = json_string_value(json_object_get(claims, issuer->account_claim));
    if (!why && (!name || !text_is_word(name, JWT_ACCOUNT_SIZE - 1, "._:@|-"))) {
        why = "the token's account claim is missing or no account name";
    }
    if (!why) {
        snprintf(account, JWT_ACCOUNT_SIZE, "%s", name);
    }
    return why;
}

static json_t *claims_of(cjose_jws_t *jws)
{
    cjose_err err;
    uint8_t *text;
    size_t length;
    if (!cjose_jws_get_plaintext(jws, &text, &length, &err)) {
        return NULL;
    }
    json_t *claims = json_loadb((const char *)text, length, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(claims)) {
        json_decref(claims);
        return NULL;
    }
    return claims;
}

/* NULL where an issuer vouches for it; else why not, of the issuer that came nearest. */
static const char *verify(struct jwt *jwt, cjose_jws_t *jws, size_t signature, int64_t now,
                          int64_t *until, char account[JWT_ACCOUNT_SIZE])
{
    cjose_err err;
    AUTO_FREE char *crit = cjose_header_get_raw(cjose_jws_get_protected(jws), "crit", &err);
    if (crit) {
        return "the token has a crit header";
    }
    const char *why = "no issuer's key made the token's signature";
    for (size_t i = 0; i < jwt->count; i++) {
        if (!signed_by(jws, signature, &jwt->issuers[i])) {
            continue;
        }
        json_t *claims = claims_of(jws);
        why = claims ? check_claims(claims, &jwt->issuers[i], now, until, account)
                     : "the token's claims are no JSON object";
        json_decref(claims);
        if (!why) {
            return NULL;
        }
    }
    return why;
}

/* No duplicate parameter (RFC 7515 section 4): libcjose would take the last of them. */
static bool is_header(const unsigned char *bytes, size_t length)
{
    json_t *header = json_loadb((const char *)bytes, length, JSON_REJECT_DUPLICATES, NULL);
    bool good = json_is_object(header);
    json_decref(header);
    return good;
}

/* Whether each part is base64url in its one spelling (RFC 7515 section 2): libcjose takes others,
 * so that one token would have several texts. *SIGNATURE is the last part's length. */
static bool is_canonical(const char *token, size_t *signature)
{
    unsigned char bytes[JWT_BYTES_MAX];
    AUTO_FREE char *copy = strdup(token);
    char *rest = copy, *part;
    while ((part = strsep(&rest, "."))) {
        size_t length = sizeof bytes;
        if (!id_unbase64url(part, bytes, &length) || (part == copy && !is_header(bytes, length))) {
            return false;
        }
        *signature = length;
    }
    return copy != NULL;
}

bool jwt_check(struct jwt *jwt, const char *token, int64_t now, char account[JWT_ACCOUNT_SIZE],
               const char **why)
{
    unsigned char hash[HASH_BYTES];
    size_t length = strlen(token), signature = 0;
    *why = NULL;
    if (length > JWT_BYTES_MAX) {
        *why = "the token is longer than 8 KiB";
    } else if (!jwt_is_token(token)) {
        *why = "it is no token";
    } else if (!is_canonical(token, &signature)) {
        *why = "the token is malformed";
    } else if (!EVP_Digest(token, length, hash, NULL, EVP_sha256(), NULL)) {
        *why = "SHA-256 failed";
    }
    if (*why || recall(jwt, hash, now, account)) {
        return !*why;
    }
    cjose_err err;
    pthread_mutex_lock(&jwt->work);
    cjose_jws_t *jws = cjose_jws_import(token, length, &err);
    int64_t until = 0;
    *why = jws ? verify(jwt, jws, signature, now, &until, account) : "the token is malformed";
    cjose_jws_release(jws);
    pthread_mutex_unlock(&jwt->work);
    if (!*why) {
        remember(jwt, hash, until, account);
    }
    return !*why;
}
