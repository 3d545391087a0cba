/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Web Tokens with a known HS256 secret beside an ES256 issuer. The first byte chooses: the
 * rest is a token; header and claims (lines) that are signed here; changes (fuzz_alter) to a token
 * that is good; or a key file. Whatever is believed, this file checks for itself. */
#include "core/http/jwt.h"

#include "core/base/buf.h"
#include "core/base/id.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <openssl/hmac.h>

#define SECRET "0123456789abcdef0123456789abcdef"
#define ISSUER "https://id.example.com"
#define NOW 1800000000

static struct jwt *gate(void)
{
    static struct jwt *made;
    const struct jwt_issuer issuers[] = {
        {.alg = "HS256",
         .secret = SECRET,
         .issuer = ISSUER,
         .audience = "mediagw",
         .account_claim = "account_id"},
        {.alg = "ES256",
         .jwks = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e1\","
                 "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                 "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",
         .issuer = "https://other.example.com"}};
    struct jwt_fault fault;
    if (!made) {
        PROMISE(jwt_new(issuers, 2, &made, &fault) == MGW_OK);
    }
    return made;
}

/* The bytes of a part, as JSON; NULL where it is none. */
static json_t *part_json(const char *part, size_t length)
{
    AUTO_FREE char *text = fuzz_text((const uint8_t *)part, length);
    AUTO_FREE char *bytes = malloc(length + 1);
    size_t got = length + 1;
    bool good = bytes && id_unbase64url(text, bytes, &got);
    return good ? json_loadb(bytes, got, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static void sign(const char *text, size_t length, char sig[ID_BASE64URL_SIZE(32)])
{
    unsigned char mac[32];
    unsigned size = sizeof mac;
    PROMISE(HMAC(EVP_sha256(), SECRET, (int)strlen(SECRET), (const unsigned char *)text, length,
                 mac, &size));
    id_base64url(mac, sizeof mac, sig);
}

/* The signature but for the two bits of its last letter that say nothing. */
static bool is_signed(const char *token, const char *last_dot)
{
    char sig[ID_BASE64URL_SIZE(32)];
    sign(token, (size_t)(last_dot - token), sig);
    return strncmp(last_dot + 1, sig, 42) == 0;
}

static bool says_audience(const json_t *aud)
{
    bool says = json_is_string(aud) && strcmp(json_string_value(aud), "mediagw") == 0;
    for (size_t i = 0; i < json_array_size(aud); i++) {
        const char *one = json_string_value(json_array_get(aud, i));
        says = says || (one && strcmp(one, "mediagw") == 0);
    }
    return says;
}

/* All that must hold of a token that was believed for ACCOUNT. */
static void audit(const char *token, const char *account)
{
    const char *dot = strchr(token, '.'), *last = strrchr(token, '.');
    PROMISE(dot && last > dot && strlen(token) <= JWT_BYTES_MAX && is_signed(token, last));
    json_t *header = part_json(token, (size_t)(dot - token));
    json_t *claims = part_json(dot + 1, (size_t)(last - dot - 1));
    const char *alg = json_string_value(json_object_get(header, "alg"));
    const char *issuer = json_string_value(json_object_get(claims, "iss"));
    const char *name = json_string_value(json_object_get(claims, "account_id"));
    const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");
    PROMISE(alg && strcmp(alg, "HS256") == 0 && !json_object_get(header, "crit"));
    PROMISE(issuer && strcmp(issuer, ISSUER) == 0);
    PROMISE(says_audience(json_object_get(claims, "aud")));
    PROMISE(json_is_number(exp) && json_number_value(exp) + JWT_LEEWAY_SEC > NOW);
    PROMISE(!nbf || json_number_value(nbf) - JWT_LEEWAY_SEC < NOW + 1);
    PROMISE(name && strcmp(name, account) == 0 && *account && strlen(account) <= 128);
    PROMISE(account[strspn(account, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789._:@|-")] == '\0');
    json_decref(header);
    json_decref(claims);
}

static bool check(const char *token)
{
    char account[JWT_ACCOUNT_SIZE] = "", again[JWT_ACCOUNT_SIZE] = "";
    const char *why = NULL;
    bool good = jwt_check(gate(), token, NOW, account, &why);
    PROMISE(good == (why == NULL));
    if (good) {
        audit(token, account);
        PROMISE(jwt_check(gate(), token, NOW, again, &why) && strcmp(again, account) == 0);
        PROMISE(!jwt_check(gate(), token, (int64_t)2e15, again, &why));
    }
    return good;
}

/* HEADER and CLAIMS, signed. */
static char *make(const char *header, const char *claims)
{
    AUTO_BUF struct buf out = {0};
    AUTO_FREE char *h = malloc(ID_BASE64URL_SIZE(strlen(header)));
    AUTO_FREE char *c = malloc(ID_BASE64URL_SIZE(strlen(claims)));
    char sig[ID_BASE64URL_SIZE(32)];
    PROMISE(h && c);
    id_base64url(header, strlen(header), h);
    id_base64url(claims, strlen(claims), c);
    buf_printf(&out, "%s.%s", h, c);
    sign(out.data, out.length, sig);
    buf_printf(&out, ".%s", sig);
    return buf_take(&out);
}

static void try_signed(struct fuzz_rest *rest)
{
    AUTO_FREE char *header = fuzz_line(rest), *claims = fuzz_line(rest);
    AUTO_FREE char *token = make(header, claims);
    check(token);
}

static void try_altered(struct fuzz_rest *rest)
{
    AUTO_FREE char *good = make("{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
                                "{\"iss\":\"" ISSUER "\",\"aud\":\"mediagw\",\"exp\":1800000300,"
                                "\"account_id\":\"acme\"}");
    PROMISE(check(good));
    AUTO_FREE char *altered = fuzz_alter(good, rest);
    bool only_spare_bits =
        strlen(altered) == strlen(good) && strncmp(altered, good, strlen(good) - 1) == 0;
    PROMISE(!check(altered) || only_spare_bits);
}

static void try_keys(uint8_t what, const char *text)
{
    static const char *const algs[] = {"HS256", "RS256", "ES256", "none"};
    struct jwt_issuer issuer = {.alg = algs[what / 4 % 4],
                                .jwks = what % 16 < 8 ? text : NULL,
                                .pem = what % 16 < 8 ? NULL : text};
    struct jwt_fault fault = {0};
    struct jwt *jwt = NULL;
    if (jwt_new(&issuer, 1, &jwt, &fault) == MGW_OK) {
        jwt_free(jwt);
    } else {
        PROMISE(fault.why && *fault.why);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct fuzz_rest rest = {data + 1, size - 1};
    if (data[0] % 4 == 1) {
        try_signed(&rest);
    } else if (data[0] % 4 == 2) {
        try_altered(&rest);
    } else {
        AUTO_FREE char *text = fuzz_text(rest.data, rest.size);
        if (data[0] % 4 == 0) {
            check(text);
        } else {
            try_keys(data[0], text);
        }
    }
    return 0;
}
