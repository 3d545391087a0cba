/* SPDX-License-Identifier: Apache-2.0
 *
 * What must hold of keys and of who is believed: url_keys, auth.jwt, auth.cookie, auth.proxy. */
#include "core/base/text.h"
#include "core/base/token.h"
#include "core/config/inside.h"

#include <string.h>
#include <strings.h>

enum { SECRET_LEAST = 32 };

/* Refuses "/LIST/INDEX/KEY". */
static enum mgw_status refuse_in(const struct config *config, struct mgw_error *error,
                                 const char *list, size_t index, const char *key, const char *why)
{
    AUTO_FREE char *element = pointer_index(list, index);
    AUTO_FREE char *pointer = element && key ? pointer_member(element, key) : NULL;
    return config_refuse(config, error, pointer ? pointer : element ? element : list, "%s", why);
}

static enum mgw_status check_url_key(const struct config *config, size_t i, struct mgw_error *error)
{
    const struct config_url_key *key = &config->url_keys[i];
    if (!text_is_word(key->id, 32, "._-")) {
        return refuse_in(config, error, "/url_keys", i, "id", "expected 1 to 32 of A-Za-z0-9._-");
    }
    if (strlen(key->secret) < SECRET_LEAST) {
        return refuse_in(config, error, "/url_keys", i, "secret",
                         "expected text of 32 bytes or more (openssl rand -hex 32)");
    }
    for (size_t j = 0; j < i; j++) {
        if (strcmp(config->url_keys[j].id, key->id) == 0) {
            return refuse_in(config, error, "/url_keys", i, "id", "another key has the same id");
        }
    }
    return MGW_OK;
}

enum mgw_status check_url_keys(struct config_inside *inside, struct mgw_error *error)
{
    struct config *config = &inside->pub;
    const json_t *list = json_object_get(inside->root, "url_keys");
    size_t signs = 0;
    if (config->url_key_count == 0) {
        return config_refuse(config, error, "/url_keys", "expected a list of at least one key");
    }
    if (config->url_key_count == 1 && !json_object_get(json_array_get(list, 0), "sign")) {
        config->url_keys[0].sign = true; /* the only one there is */
    }
    for (size_t i = 0; i < config->url_key_count; i++) {
        enum mgw_status status = check_url_key(config, i, error);
        if (status != MGW_OK) {
            return status;
        }
        signs += config->url_keys[i].sign;
    }
    return signs == 1 ? MGW_OK
                      : config_refuse(config, error, "/url_keys",
                                      "exactly one key must have \"sign\": true, not %zu", signs);
}

static enum mgw_status check_jwt(const struct config *config, size_t i, struct mgw_error *error)
{
    static const char list[] = "/auth/jwt";
    const struct config_jwt *jwt = &config->auth.jwt[i];
    bool hmac = strcmp(jwt->alg, "HS256") == 0;
    int sources = (jwt->jwks != NULL) + (jwt->pem != NULL) + (jwt->secret != NULL);
    if (sources != 1) {
        return refuse_in(config, error, list, i, NULL,
                         "expected exactly one of jwks, pem and secret");
    }
    if (jwt->secret && !hmac) {
        return refuse_in(config, error, list, i, "secret",
                         "is for HS256; RS256 and ES256 take jwks or pem");
    }
    if (jwt->pem && hmac) {
        return refuse_in(config, error, list, i, "pem", "HS256 takes secret or jwks");
    }
    if (jwt->secret && strlen(jwt->secret) < SECRET_LEAST) {
        return refuse_in(config, error, list, i, "secret",
                         "expected text of 32 bytes or more (openssl rand -hex 32)");
    }
    const struct {
        const char *name, *text;
    } texts[] = {{"issuer", jwt->issuer},
                 {"audience", jwt->audience},
                 {"account_claim", jwt->account_claim}};
    for (size_t j = 0; j < sizeof texts / sizeof texts[0]; j++) {
        if (texts[j].text && !texts[j].text[0]) {
            return refuse_in(config, error, list, i, texts[j].name, "expected text, got \"\"");
        }
    }
    return MGW_OK;
}

static bool is_token(const char *text)
{
    return text[0] && !text[token_span(text)];
}

/* A header that a proxy may speak in: a name of its own. */
static enum mgw_status check_header(const struct config *config, const char *pointer,
                                    const char *name, struct mgw_error *error)
{
    static const char *const taken[] = {"Authorization",  "X-Api-Key",         "Cookie", "Host",
                                        "Content-Length", "Transfer-Encoding", "Origin"};
    bool good = is_token(name);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        good = good && strcasecmp(name, taken[i]) != 0;
    }
    return good ? MGW_OK
                : config_refuse(config, error, pointer,
                                "expected a header's name that means nothing else, such as "
                                "\"X-Auth-Account\", got \"%s\"",
                                name);
}

static enum mgw_status check_proxy(const struct config *config, struct mgw_error *error)
{
    const char *account = config->auth.proxy.account_header;
    const char *header = config->auth.proxy.secret_header, *secret = config->auth.proxy.secret;
    const struct config_addresses *from = &config->auth.proxy.from;
    if (!account) {
        return MGW_OK;
    }
    if (from->count == 0) {
        return config_refuse(config, error, "/auth/proxy/from", "expected at least one address");
    }
    enum mgw_status status = check_header(config, "/auth/proxy/account_header", account, error);
    if (status == MGW_OK && header) {
        status = check_header(config, "/auth/proxy/secret_header", header, error);
    }
    if (status != MGW_OK) {
        return status;
    }
    if (!header != !secret) {
        return config_refuse(config, error, "/auth/proxy",
                             "secret_header and secret are given together");
    }
    if (header && strcasecmp(header, account) == 0) {
        return config_refuse(config, error, "/auth/proxy/secret_header",
                             "expected another header than account_header");
    }
    if (secret && strlen(secret) < SECRET_LEAST) {
        return config_refuse(config, error, "/auth/proxy/secret",
                             "expected text of 32 bytes or more (openssl rand -hex 32)");
    }
    return secret || from->named_unix == from->count
               ? MGW_OK
               : config_refuse(config, error, "/auth/proxy",
                               "an address proves nothing by itself: secret_header and secret are "
                               "needed unless from is [\"unix\"]");
}

enum mgw_status check_auth(const struct config *config, struct mgw_error *error)
{
    enum mgw_status status = MGW_OK;
    for (size_t i = 0; i < config->auth.jwt_count && status == MGW_OK; i++) {
        status = check_jwt(config, i, error);
    }
    const char *cookie = config->auth.cookie;
    if (status == MGW_OK && cookie && !is_token(cookie)) {
        return config_refuse(config, error, "/auth/cookie",
                             "expected a cookie's name such as \"session\", got \"%s\"", cookie);
    }
    if (status == MGW_OK && cookie && config->auth.jwt_count == 0) {
        return config_refuse(config, error, "/auth/cookie",
                             "a cookie holds a JSON Web Token: auth.jwt says whose are believed");
    }
    return status == MGW_OK ? check_proxy(config, error) : status;
}
