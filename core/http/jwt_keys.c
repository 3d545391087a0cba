/* SPDX-License-Identifier: Apache-2.0
 *
 * See jwt_keys.h. */
#include "core/http/jwt_keys.h"

#include "core/base/cleanup.h"

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

enum { HS_SECRET_LEAST = 32, RSA_BITS_LEAST = 2048, KEYS_MAX = 64 };

static const struct {
    const char *name;
    cjose_jwk_kty_t type;
} algs[JWT_ALGS] = {
    [JWT_HS256] = {"HS256", CJOSE_JWK_KTY_OCT},
    [JWT_RS256] = {"RS256", CJOSE_JWK_KTY_RSA},
    [JWT_ES256] = {"ES256", CJOSE_JWK_KTY_EC},
};

const char *jwt_alg_name(enum jwt_alg alg)
{
    return algs[alg].name;
}

bool jwt_alg_of(const char *name, enum jwt_alg *alg)
{
    for (int i = 0; i < JWT_ALGS; i++) {
        if (strcmp(name, algs[i].name) == 0) {
            *alg = (enum jwt_alg)i;
            return true;
        }
    }
    return false;
}

bool jwt_is_base64url(const char *text, size_t length)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t last = 0;
    for (size_t i = 0; i < length; i++) {
        const char *at = text[i] ? strchr(alphabet, text[i]) : NULL;
        if (!at) {
            return false;
        }
        last = (size_t)(at - alphabet);
    }
    size_t left_over = length % 4 == 2 ? 15 : length % 4 == 3 ? 3 : 0;
    return length > 0 && length % 4 != 1 && (last & left_over) == 0;
}

/* Takes KEY in every case. */
static const char *keys_add(struct jwt_keys *keys, enum jwt_alg alg, cjose_jwk_t *key)
{
    cjose_err err;
    const char *wrong = NULL;
    if (cjose_jwk_get_kty(key, &err) != algs[alg].type) {
        wrong = "the key is of another type than the algorithm";
    } else if (alg == JWT_HS256 && cjose_jwk_get_keysize(key, &err) < HS_SECRET_LEAST * 8) {
        wrong = "a secret must have at least 32 bytes";
    } else if (alg == JWT_RS256 && cjose_jwk_get_keysize(key, &err) < RSA_BITS_LEAST) {
        wrong = "an RSA key must have at least 2048 bits";
    } else if (alg == JWT_ES256 && cjose_jwk_EC_get_curve(key, &err) != CJOSE_JWK_EC_P_256) {
        wrong = "ES256 needs a key on the curve P-256";
    }
    cjose_jwk_t **more =
        wrong ? NULL : realloc(keys->keys, (keys->count + 1) * sizeof(cjose_jwk_t *));
    if (!more) {
        cjose_jwk_release(key);
        return wrong ? wrong : "out of memory";
    }
    keys->keys = more;
    keys->keys[keys->count++] = key;
    return NULL;
}

/* Whether a set's member is there for something else. */
static bool is_other(const json_t *member, enum jwt_alg alg)
{
    const char *use = json_string_value(json_object_get(member, "use"));
    const char *named = json_string_value(json_object_get(member, "alg"));
    const char *type = json_string_value(json_object_get(member, "kty"));
    static const char *const types[JWT_ALGS] = {"oct", "RSA", "EC"};
    return (use && strcmp(use, "sig") != 0) || (named && strcmp(named, algs[alg].name) != 0) ||
           !type || strcmp(type, types[alg]) != 0;
}

/* Whether all numbers of a set's member can be given to libcjose. */
static bool is_well_spelled(const json_t *member)
{
    static const char *const numbers[] = {"k", "n", "e", "d", "p", "q", "dp", "dq", "qi", "x", "y"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const json_t *number = json_object_get(member, numbers[i]);
        if (json_is_string(number) &&
            !jwt_is_base64url(json_string_value(number), json_string_length(number))) {
            return false;
        }
    }
    return true;
}

const char *jwt_keys_from_jwks(struct jwt_keys *keys, enum jwt_alg alg, const char *text)
{
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    json_t *set = json_object_get(root, "keys");
    const char *wrong = json_is_object(root) ? NULL : "it is not a JWK set";
    size_t count = json_is_array(set) ? json_array_size(set) : 1;
    if (count > KEYS_MAX) {
        wrong = "it has more than 64 keys";
    }
    for (size_t i = 0; !wrong && i < count; i++) {
        const json_t *member = json_is_array(set) ? json_array_get(set, i) : root;
        if (is_other(member, alg)) {
            continue;
        }
        AUTO_FREE char *one = is_well_spelled(member) ? json_dumps(member, JSON_COMPACT) : NULL;
        cjose_err err;
        cjose_jwk_t *key = one ? cjose_jwk_import(one, strlen(one), &err) : NULL;
        wrong = key ? keys_add(keys, alg, key) : "one of its keys cannot be read";
    }
    json_decref(root);
    return wrong || keys->count > 0 ? wrong : "it has no key for this algorithm";
}

static EVP_PKEY *read_pem(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    if (!key && bio) {
        BIO_free(bio);
        bio = BIO_new_mem_buf(pem, -1);
        X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
        key = certificate ? X509_get_pubkey(certificate) : NULL;
        X509_free(certificate);
    }
    BIO_free(bio);
    return key;
}

/* A number of KEY as big-endian bytes of at least LEAST, to be freed. */
static unsigned char *number_of(const EVP_PKEY *key, const char *name, int least, size_t *length)
{
    BIGNUM *number = NULL;
    if (!EVP_PKEY_get_bn_param(key, name, &number)) {
        return NULL;
    }
    int size = BN_num_bytes(number) > least ? BN_num_bytes(number) : least;
    unsigned char *bytes = malloc((size_t)size);
    if (bytes && BN_bn2binpad(number, bytes, size) != size) {
        free(bytes);
        bytes = NULL;
    }
    BN_free(number);
    *length = (size_t)size;
    return bytes;
}

static cjose_jwk_t *from_rsa(const EVP_PKEY *pkey)
{
    cjose_jwk_rsa_keyspec spec = {0};
    AUTO_FREE unsigned char *n = number_of(pkey, OSSL_PKEY_PARAM_RSA_N, 1, &spec.nlen);
    AUTO_FREE unsigned char *e = number_of(pkey, OSSL_PKEY_PARAM_RSA_E, 1, &spec.elen);
    spec.n = n;
    spec.e = e;
    cjose_err err;
    return n && e ? cjose_jwk_create_RSA_spec(&spec, &err) : NULL;
}

static cjose_jwk_t *from_ec(const EVP_PKEY *pkey)
{
    char group[32] = "";
    cjose_jwk_ec_keyspec spec = {.crv = CJOSE_JWK_EC_P_256};
    AUTO_FREE unsigned char *x = number_of(pkey, OSSL_PKEY_PARAM_EC_PUB_X, 32, &spec.xlen);
    AUTO_FREE unsigned char *y = number_of(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, 32, &spec.ylen);
    spec.x = x;
    spec.y = y;
    cjose_err err;
    bool p256 = EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) &&
                strcmp(group, "prime256v1") == 0;
    return p256 && x && y ? cjose_jwk_create_EC_spec(&spec, &err) : NULL;
}

const char *jwt_keys_from_pem(struct jwt_keys *keys, enum jwt_alg alg, const char *pem)
{
    if (alg == JWT_HS256) {
        return "HS256 takes a secret or a JWK set, not a PEM";
    }
    EVP_PKEY *pkey = read_pem(pem);
    if (!pkey) {
        return "it is no PEM of a public key or a certificate";
    }
    bool fits = EVP_PKEY_is_a(pkey, alg == JWT_RS256 ? "RSA" : "EC");
    cjose_jwk_t *key = !fits ? NULL : alg == JWT_RS256 ? from_rsa(pkey) : from_ec(pkey);
    EVP_PKEY_free(pkey);
    return key ? keys_add(keys, alg, key)
               : "its key does not fit the algorithm (RS256: RSA, ES256: EC on P-256)";
}

const char *jwt_keys_from_secret(struct jwt_keys *keys, const char *secret, size_t length)
{
    cjose_err err;
    if (length < HS_SECRET_LEAST) {
        return "a secret must have at least 32 bytes";
    }
    cjose_jwk_t *key = cjose_jwk_create_oct_spec((const uint8_t *)secret, length, &err);
    return key ? keys_add(keys, JWT_HS256, key) : "out of memory";
}

void jwt_keys_release(struct jwt_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        cjose_jwk_release(keys->keys[i]);
    }
    free(keys->keys);
    *keys = (struct jwt_keys){0};
}
