/* SPDX-License-Identifier: Apache-2.0
 *
 * JWTs: what is believed, and everything that must not be. Tokens are made here with libcjose and,
 * where that refuses to make a bad one, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/id.h"
#include "core/http/jwt.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "0123456789abcdef0123456789abcdef"
#define ISSUER "https://id.example.com"
#define NOW 1800000000

static cjose_jwk_t *rsa, *ec, *other_rsa;
static char *rsa_public, *ec_public;

static int make_keys(void **state)
{
    (void)state;
    cjose_err err;
    rsa = cjose_jwk_create_RSA_random(2048, (const uint8_t *)"\1\0\1", 3, &err);
    other_rsa = cjose_jwk_create_RSA_random(2048, (const uint8_t *)"\1\0\1", 3, &err);
    ec = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &err);
    cjose_jwk_set_kid(rsa, "r1", 2, &err);
    rsa_public = cjose_jwk_to_json(rsa, false, &err);
    ec_public = cjose_jwk_to_json(ec, false, &err);
    return rsa && other_rsa && ec && rsa_public && ec_public ? 0 : -1;
}

static int drop_keys(void **state)
{
    (void)state;
    cjose_jwk_release(rsa);
    cjose_jwk_release(other_rsa);
    cjose_jwk_release(ec);
    free(rsa_public);
    free(ec_public);
    return 0;
}

static char *text(const char *format, const char *argument)
{
    char *out = NULL;
    assert_true(asprintf(&out, format, argument) > 0);
    return out;
}

/* base64url(HEADER).base64url(CLAIMS) */
static char *unsigned_part(const char *header, const char *claims)
{
    char *h = malloc(ID_BASE64URL_SIZE(strlen(header)));
    char *c = malloc(ID_BASE64URL_SIZE(strlen(claims)));
    char *out = NULL;
    id_base64url(header, strlen(header), h);
    id_base64url(claims, strlen(claims), c);
    assert_true(asprintf(&out, "%s.%s", h, c) > 0);
    free(h);
    free(c);
    return out;
}

/* A token with any header at all, signed by HMAC-SHA256. */
static char *hs_token(const char *secret, size_t length, const char *header, const char *claims)
{
    char *front = unsigned_part(header, claims), *out = NULL;
    unsigned char mac[32];
    unsigned size = sizeof mac;
    char sig[ID_BASE64URL_SIZE(32)];
    HMAC(EVP_sha256(), secret, (int)length, (const unsigned char *)front, strlen(front), mac,
         &size);
    id_base64url(mac, sizeof mac, sig);
    assert_true(asprintf(&out, "%s.%s", front, sig) > 0);
    free(front);
    return out;
}

static char *signed_token(const char *alg, const char *kid, cjose_jwk_t *key, const char *claims)
{
    cjose_err err;
    cjose_header_t *header = cjose_header_new(&err);
    cjose_header_set(header, CJOSE_HDR_ALG, alg, &err);
    if (kid) {
        cjose_header_set(header, CJOSE_HDR_KID, kid, &err);
    }
    cjose_jws_t *jws = cjose_jws_sign(key, header, (const uint8_t *)claims, strlen(claims), &err);
    assert_non_null(jws);
    const char *compact;
    assert_true(cjose_jws_export(jws, &compact, &err));
    char *copy = strdup(compact);
    cjose_jws_release(jws);
    cjose_header_release(header);
    return copy;
}

#define CLAIMS(more)                                                                               \
    "{\"iss\":\"" ISSUER "\",\"aud\":\"mediagw\",\"account_id\":\"acme\",\"exp\":1800000300" more  \
    "}"

static struct jwt *open_issuer(struct jwt_issuer issuer)
{
    struct jwt_fault fault;
    struct jwt *jwt = NULL;
    if (jwt_new(&issuer, 1, &jwt, &fault) != MGW_OK) {
        fail_msg("%s: %s", fault.key ? fault.key : "", fault.why);
    }
    return jwt;
}

static struct jwt_issuer hs_issuer(void)
{
    return (struct jwt_issuer){.alg = "HS256",
                               .secret = SECRET,
                               .issuer = ISSUER,
                               .audience = "mediagw",
                               .account_claim = "account_id"};
}

static bool believes(struct jwt *jwt, const char *token, int64_t now)
{
    char account[JWT_ACCOUNT_SIZE] = "";
    const char *why;
    bool good = jwt_check(jwt, token, now, account, &why);
    if (good) {
        assert_string_equal(account, "acme");
    } else {
        assert_non_null(why);
    }
    return good;
}

/* Whether an HS256 token with CLAIMS is believed; it is freed. */
static bool believes_claims(struct jwt *jwt, const char *claims)
{
    char *token = hs_token(SECRET, 32, "{\"alg\":\"HS256\"}", claims);
    bool good = believes(jwt, token, NOW);
    free(token);
    return good;
}

static void each_algorithm_is_believed_with_its_own_key(void **state)
{
    (void)state;
    struct jwt *hs = open_issuer(hs_issuer());
    assert_true(believes_claims(hs, CLAIMS("")));
    jwt_free(hs);
    struct jwt_issuer issuer = hs_issuer();
    issuer.secret = NULL;
    issuer.alg = "RS256";
    char *set = text("{\"keys\":[{\"kty\":\"EC\"},%s]}", rsa_public);
    issuer.jwks = set;
    struct jwt *rs = open_issuer(issuer);
    char *token = signed_token("RS256", "r1", rsa, CLAIMS(""));
    assert_true(believes(rs, token, NOW));
    assert_true(believes(rs, token, NOW)); /* remembered */
    free(token);
    token = signed_token("RS256", NULL, rsa, CLAIMS("")); /* no kid: every key is tried */
    assert_true(believes(rs, token, NOW));
    free(token);
    jwt_free(rs);
    free(set);
    issuer.alg = "ES256";
    issuer.jwks = ec_public;
    struct jwt *es = open_issuer(issuer);
    token = signed_token("ES256", NULL, ec, CLAIMS(""));
    assert_true(believes(es, token, NOW));
    free(token);
    jwt_free(es);
}

static char *public_pem(const char *alg, EVP_PKEY **key)
{
    *key = strcmp(alg, "RS256") == 0 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, *key);
    char *data;
    long length = BIO_get_mem_data(bio, &data);
    char *pem = strndup(data, (size_t)length);
    BIO_free(bio);
    return pem;
}

static void a_pem_serves_as_a_key(void **state)
{
    (void)state;
    EVP_PKEY *key;
    char *pem = public_pem("RS256", &key);
    struct jwt_issuer issuer = hs_issuer();
    issuer.secret = NULL;
    issuer.alg = "RS256";
    issuer.pem = pem;
    struct jwt *jwt = open_issuer(issuer);
    char *front = unsigned_part("{\"alg\":\"RS256\"}", CLAIMS("")), *token = NULL;
    unsigned char sig[256];
    size_t length = sizeof sig;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(md, sig, &length, (const unsigned char *)front, strlen(front)),
                     1);
    char encoded[ID_BASE64URL_SIZE(256)];
    id_base64url(sig, length, encoded);
    assert_true(asprintf(&token, "%s.%s", front, encoded) > 0);
    assert_true(believes(jwt, token, NOW));
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    free(front);
    free(token);
    free(pem);
    jwt_free(jwt);
    pem = public_pem("ES256", &key);
    issuer.alg = "ES256";
    issuer.pem = pem;
    jwt_free(open_issuer(issuer));
    EVP_PKEY_free(key);
    free(pem);
}

static void claims_are_checked(void **state)
{
    (void)state;
    struct jwt *jwt = open_issuer(hs_issuer());
    const char *const bad[] = {
        "{\"iss\":\"" ISSUER "\",\"aud\":\"mediagw\",\"account_id\":\"acme\"}",
        "{\"aud\":\"mediagw\",\"account_id\":\"acme\",\"exp\":1800000300}",
        "{\"iss\":\"https://evil\",\"aud\":\"mediagw\",\"account_id\":\"acme\",\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER "\",\"account_id\":\"acme\",\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"other\",\"account_id\":\"acme\",\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER "\",\"aud\":[\"x\",1],\"account_id\":\"acme\",\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"mediagw\",\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"mediagw\",\"account_id\":7,\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"mediagw\",\"account_id\":\"a b\",\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"mediagw\",\"account_id\":\"\",\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER
        "\",\"aud\":\"mediagw\",\"account_id\":\"acme\",\"exp\":\"1800000300\"}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"mediagw\",\"account_id\":\"acme\",\"exp\":1799999940}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"mediagw\",\"account_id\":\"acme\",\"exp\":1e300}",
        CLAIMS(",\"nbf\":1800000061"),
        CLAIMS(",\"nbf\":\"soon\""),
        CLAIMS(",\"exp\":1800000300"), /* twice the same name */
        "[]",
        "",
        "{",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (believes_claims(jwt, bad[i])) {
            fail_msg("believed: %s", bad[i]);
        }
    }
    assert_true(believes_claims(jwt, CLAIMS(",\"nbf\":1800000060")));
    assert_true(believes_claims(
        jwt, "{\"iss\":\"" ISSUER
             "\",\"aud\":[\"x\",\"mediagw\"],\"account_id\":\"acme\",\"exp\":1799999941.5}"));
    jwt_free(jwt);
}

static void a_remembered_token_still_expires(void **state)
{
    (void)state;
    struct jwt *jwt = open_issuer(hs_issuer());
    char *token = hs_token(SECRET, 32, "{\"alg\":\"HS256\"}", CLAIMS(""));
    assert_true(believes(jwt, token, NOW));
    assert_true(believes(jwt, token, 1800000300 + JWT_LEEWAY_SEC - 1));
    assert_false(believes(jwt, token, 1800000300 + JWT_LEEWAY_SEC));
    free(token);
    jwt_free(jwt);
}

static void algorithms_cannot_be_swapped(void **state)
{
    (void)state;
    struct jwt_issuer issuer = hs_issuer();
    issuer.secret = NULL;
    issuer.alg = "RS256";
    issuer.jwks = rsa_public;
    struct jwt *jwt = open_issuer(issuer);
    char *token = hs_token(rsa_public, strlen(rsa_public), "{\"alg\":\"HS256\"}", CLAIMS(""));
    assert_false(believes(jwt, token, NOW)); /* the public key as a secret */
    free(token);
    char *front = unsigned_part("{\"alg\":\"none\"}", CLAIMS(""));
    token = text("%s.", front);
    assert_false(believes(jwt, token, NOW));
    free(token);
    token = signed_token("RS384", NULL, rsa, CLAIMS(""));
    assert_false(believes(jwt, token, NOW)); /* the right key, another algorithm */
    free(token);
    token = signed_token("RS256", "r1", other_rsa, CLAIMS(""));
    assert_false(believes(jwt, token, NOW)); /* another's key under our key's id */
    free(token);
    token = signed_token("RS256", "unknown", rsa, CLAIMS(""));
    assert_false(believes(jwt, token, NOW));
    free(token);
    free(front);
    jwt_free(jwt);
}

static void what_a_token_brings_along_counts_for_nothing(void **state)
{
    (void)state;
    struct jwt *jwt = open_issuer(hs_issuer());
    const char *const headers[] = {
        "{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}",
        "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}",
        "{\"alg\":\"HS256\",\"crit\":[]}",
        "{\"typ\":\"JWT\"}",
        "{\"alg\":\"hs256\"}",
        "{\"alg\":\"none\",\"alg\":\"HS256\"}", /* no parameter twice, whichever counts */
        "{\"alg\":\"HS256\",\"typ\":\"a\",\"typ\":\"JWT\"}",
        "[]",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        char *token = hs_token(SECRET, 32, headers[i], CLAIMS(""));
        assert_false(believes(jwt, token, NOW));
        free(token);
    }
    /* a key of its own, signed with it */
    char *token = hs_token("ffffffffffffffffffffffffffffffff", 32,
                           "{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":"
                           "\"ZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY\"}}",
                           CLAIMS(""));
    assert_false(believes(jwt, token, NOW));
    free(token);
    jwt_free(jwt);
}

static void every_altered_token_is_refused(void **state)
{
    (void)state;
    struct jwt *jwt = open_issuer(hs_issuer());
    char *token = hs_token(SECRET, 32, "{\"alg\":\"HS256\"}", CLAIMS(""));
    for (size_t i = 0; token[i]; i++) {
        char right = token[i];
        token[i] = right == 'A' ? 'Q' : 'A';
        assert_false(believes(jwt, token, NOW));
        token[i] = right;
    }
    assert_true(believes(jwt, token, NOW));
    const char *const odd[] = {"", ".", "..", "a.b.c", "a.b", "a.b.c.d", "\xff.\xff.\xff"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        assert_false(believes(jwt, odd[i], NOW));
    }
    char *longest = malloc(JWT_BYTES_MAX + 2);
    memset(longest, 'a', JWT_BYTES_MAX + 1);
    longest[JWT_BYTES_MAX + 1] = '\0';
    longest[10] = longest[20] = '.';
    assert_false(believes(jwt, longest, NOW));
    free(longest);
    free(token);
    jwt_free(jwt);
}

static void issuers_that_cannot_be_used_are_refused(void **state)
{
    (void)state;
    struct jwt_issuer bad[9];
    for (size_t i = 0; i < 9; i++) {
        bad[i] = hs_issuer();
    }
    bad[0].secret = "0123456789abcdef0123456789abcde"; /* 31 bytes */
    bad[1].alg = "none";
    bad[2].alg = NULL;
    bad[3].jwks = "{}"; /* two sources */
    bad[4].secret = NULL;
    bad[5].alg = "RS256"; /* with a secret */
    bad[6].secret = NULL, bad[6].jwks = "not json";
    bad[7].secret = NULL, bad[7].alg = "ES256", bad[7].jwks = rsa_public;
    bad[8].secret = NULL, bad[8].alg = "RS256", bad[8].pem = "-----BEGIN NOTHING-----";
    for (size_t i = 0; i < 9; i++) {
        struct jwt_fault fault = {.issuer = 9};
        struct jwt *jwt = NULL;
        assert_int_equal(jwt_new(&bad[i], 1, &jwt, &fault), MGW_INVALID);
        assert_null(jwt);
        assert_int_equal(fault.issuer, 0);
        assert_true(fault.why && fault.why[0]);
    }
}

static void an_algorithm_is_pinned_to_its_keys(void **state)
{
    (void)state;
    static const char long_secret[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    cjose_err err;
    cjose_jwk_t *oct = cjose_jwk_create_oct_spec((const uint8_t *)long_secret, 64, &err);
    struct jwt_issuer hs = hs_issuer();
    hs.secret = long_secret;
    struct jwt_issuer rs = hs_issuer();
    rs.alg = "RS256";
    rs.secret = NULL;
    rs.jwks = rsa_public;
    const struct {
        struct jwt_issuer issuer;
        const char *alg;
        cjose_jwk_t *key;
        bool good;
    } cases[] = {{hs, "HS256", oct, true}, {hs, "HS384", oct, false}, {hs, "HS512", oct, false},
                 {rs, "RS256", rsa, true}, {rs, "RS384", rsa, false}, {rs, "RS512", rsa, false},
                 {rs, "PS256", rsa, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char account[JWT_ACCOUNT_SIZE];
        const char *why;
        struct jwt *jwt = open_issuer(cases[i].issuer);
        char *token = signed_token(cases[i].alg, NULL, cases[i].key, CLAIMS(""));
        assert_int_equal(jwt_check(jwt, token, NOW, account, &why), cases[i].good);
        free(token);
        jwt_free(jwt);
    }
    cjose_jwk_release(oct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_algorithm_is_believed_with_its_own_key),
        cmocka_unit_test(a_pem_serves_as_a_key),
        cmocka_unit_test(an_algorithm_is_pinned_to_its_keys),
        cmocka_unit_test(claims_are_checked),
        cmocka_unit_test(a_remembered_token_still_expires),
        cmocka_unit_test(algorithms_cannot_be_swapped),
        cmocka_unit_test(what_a_token_brings_along_counts_for_nothing),
        cmocka_unit_test(every_altered_token_is_refused),
        cmocka_unit_test(issuers_that_cannot_be_used_are_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
