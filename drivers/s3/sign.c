/* SPDX-License-Identifier: Apache-2.0
 *
 * S3's own rules where they differ from the other services': the path is signed as it is sent,
 * neither normalised nor encoded a second time. */
#include "sign.h"

#include "canonical.h"
#include "sign_key.h"

#include <mediagw/help/driver.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define HEX_SIZE (2 * SIGN_KEY_SIZE + 1)

struct signer {
    struct sign_key_table *keys;
};

/* When, and for what: "20130524T000000Z", and "20130524/us-east-1/s3/aws4_request". */
struct scope {
    char time[24], day[16];
    struct text text;
};

struct signer *signer_new(void)
{
    struct signer *signer = calloc(1, sizeof *signer);
    if (signer && !(signer->keys = sign_key_table_new())) {
        free(signer);
        return NULL;
    }
    return signer;
}

void signer_free(struct signer *signer)
{
    if (signer) {
        sign_key_table_free(signer->keys);
        free(signer);
    }
}

static bool is_s3(const struct sign_request *request)
{
    return strncmp(request->service, "s3", 2) == 0;
}

static void scope_free(struct scope *scope)
{
    text_free(&scope->text);
}

static bool scope_init(struct scope *scope, const struct sign_request *request)
{
    time_t now = (time_t)(request->now_ms / 1000);
    struct tm utc;
    if (!gmtime_r(&now, &utc) ||
        !strftime(scope->time, sizeof scope->time, "%Y%m%dT%H%M%SZ", &utc) ||
        !strftime(scope->day, sizeof scope->day, "%Y%m%d", &utc)) {
        return false;
    }
    text_printf(&scope->text, "%s/%s/%s/aws4_request", scope->day, request->region,
                request->service);
    return !scope->text.failed;
}

static bool sign_text(struct signer *signer, const struct credential *credential,
                      const struct sign_request *request, const struct scope *scope,
                      const struct text *canonical, char signature[HEX_SIZE])
{
    unsigned char digest[SIGN_KEY_SIZE], key[SIGN_KEY_SIZE], mac[SIGN_KEY_SIZE];
    if (canonical->failed ||
        !EVP_Digest(text_of(canonical), canonical->length, digest, NULL, EVP_sha256(), NULL)) {
        return false;
    }
    char hex[HEX_SIZE];
    mgw_hex(digest, SIGN_KEY_SIZE, hex);
    AUTO_TEXT struct text to_sign = {0};
    text_printf(&to_sign, ALGORITHM "\n%s\n%s\n%s", scope->time, text_of(&scope->text), hex);
    bool ok = !to_sign.failed &&
              sign_key_get(signer->keys, credential->secret_key, scope->day, request->region,
                           request->service, key) &&
              sign_key_hmac(key, sizeof key, text_of(&to_sign), to_sign.length, mac);
    OPENSSL_cleanse(key, sizeof key);
    if (ok) {
        mgw_hex(mac, SIGN_KEY_SIZE, signature);
    }
    return ok;
}

/* Method to payload; CANONICAL_HEADERS ends with its newline. */
static void put_canonical(struct text *to, const struct sign_request *request,
                          const struct text *query, const struct text *canonical_headers,
                          const struct text *signed_names, const char *payload)
{
    text_printf(to, "%s\n%s\n%s\n%s\n%s\n%s", request->method, request->path, text_of(query),
                text_of(canonical_headers), text_of(signed_names), payload);
}

static bool start_headers(struct canonical *headers, const struct sign_request *request)
{
    if (!canonical_init(headers, request->header_count + 4)) {
        return false;
    }
    canonical_add_header(headers, "host", request->host);
    for (size_t i = 0; i < request->header_count; i++) {
        canonical_add_header(headers, request->headers[i].name, request->headers[i].value);
    }
    return true;
}

static bool start_query(struct canonical *query, const struct sign_request *request)
{
    if (!canonical_init(query, request->query_count + 6)) {
        return false;
    }
    for (size_t i = 0; i < request->query_count; i++) {
        canonical_add_query(query, request->query[i].name, request->query[i].value);
    }
    return true;
}

/* A header of the signer's own: signed, and a line to send. */
static void add_own(struct canonical *headers, struct text *lines, const char *name,
                    const char *value)
{
    canonical_add_header(headers, name, value);
    text_printf(lines, "%s: %s\n", name, value);
}

bool sign_header(struct signer *signer, const struct credential *credential,
                 const struct sign_request *request, struct text *query, struct text *lines)
{
    __attribute__((cleanup(scope_free))) struct scope scope = {0};
    AUTO_CANONICAL struct canonical parameters = {0}, headers = {0};
    AUTO_TEXT struct text sorted = {0}, header_lines = {0}, names = {0}, canonical = {0};
    const char *payload = *request->payload ? request->payload : SIGN_EMPTY;
    if (!scope_init(&scope, request) || !start_query(&parameters, request) ||
        !start_headers(&headers, request)) {
        return false;
    }
    add_own(&headers, lines, "x-amz-date", scope.time);
    if (*request->payload && is_s3(request)) {
        add_own(&headers, lines, "x-amz-content-sha256", payload);
    }
    if (credential->session_token) {
        add_own(&headers, lines, "x-amz-security-token", credential->session_token);
    }
    char signature[HEX_SIZE];
    if (!canonical_put_query(&sorted, &parameters) ||
        !canonical_put_headers(&header_lines, &names, &headers)) {
        return false;
    }
    put_canonical(&canonical, request, &sorted, &header_lines, &names, payload);
    if (!sign_text(signer, credential, request, &scope, &canonical, signature)) {
        return false;
    }
    text_add(query, text_of(&sorted), sorted.length);
    text_printf(lines,
                "Authorization: " ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s\n",
                credential->access_key, text_of(&scope.text), text_of(&names), signature);
    return !query->failed && !lines->failed;
}

bool sign_query(struct signer *signer, const struct credential *credential,
                const struct sign_request *request, int64_t ttl_sec, struct text *query)
{
    __attribute__((cleanup(scope_free))) struct scope scope = {0};
    AUTO_CANONICAL struct canonical parameters = {0}, headers = {0};
    AUTO_TEXT struct text sorted = {0}, header_lines = {0}, names = {0}, canonical = {0},
                          owner = {0};
    const char *payload = *request->payload ? request->payload : SIGN_UNSIGNED;
    if (!scope_init(&scope, request) || !start_query(&parameters, request) ||
        !start_headers(&headers, request) ||
        !canonical_put_headers(&header_lines, &names, &headers)) {
        return false;
    }
    char ttl[24], signature[HEX_SIZE];
    snprintf(ttl, sizeof ttl, "%lld", (long long)ttl_sec);
    text_printf(&owner, "%s/%s", credential->access_key, text_of(&scope.text));
    canonical_add_query(&parameters, "X-Amz-Algorithm", ALGORITHM);
    canonical_add_query(&parameters, "X-Amz-Credential", text_of(&owner));
    canonical_add_query(&parameters, "X-Amz-Date", scope.time);
    canonical_add_query(&parameters, "X-Amz-Expires", ttl);
    canonical_add_query(&parameters, "X-Amz-SignedHeaders", text_of(&names));
    if (credential->session_token) {
        canonical_add_query(&parameters, "X-Amz-Security-Token", credential->session_token);
    }
    if (owner.failed || !canonical_put_query(&sorted, &parameters)) {
        return false;
    }
    put_canonical(&canonical, request, &sorted, &header_lines, &names, payload);
    if (!sign_text(signer, credential, request, &scope, &canonical, signature)) {
        return false;
    }
    text_add(query, text_of(&sorted), sorted.length);
    text_printf(query, "&X-Amz-Signature=%s", signature);
    return !query->failed;
}
