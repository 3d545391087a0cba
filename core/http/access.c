/* SPDX-License-Identifier: Apache-2.0
 *
 * See access.h. Every credential that a request carries is looked at; all that hold must name the
 * same account. A cookie that does not hold counts for nothing beside one that does: a browser
 * sends it unasked. */
#include "core/http/access.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/http/access_proxy.h"
#include "core/http/answer.h"
#include "core/http/cookie.h"
#include "core/http/jwt.h"
#include "core/http/origin.h"
#include "core/http/routes.h"
#include "core/http/settings.h"

#include <string.h>
#include <strings.h>

#define ACCOUNT_EXTRA "._:@|-"
#define KEY_PREFIX "mgw_"
enum { ACCOUNT_MAX = 128, TOKEN_MAX = JWT_BYTES_MAX };

/* What the headers have; tokens are libmicrohttpd's strings. */
struct credentials {
    const char *key; /* an API key */
    const char *jwt; /* in Authorization */
    bool proxy, cookie;
};

static bool access_refuse(struct exchange *x, const char *message)
{
    answer_error(x, 401, "unauthorized", message);
    answer_header(x, "WWW-Authenticate", "Bearer realm=\"mediagw\"");
    return false;
}

/* A credential names ACCOUNT; false where another one named another. */
static bool access_claim(struct exchange *x, const char *account)
{
    if (x->account) {
        return strcmp(x->account, account) == 0 ||
               access_refuse(x, "two credentials name different accounts");
    }
    x->account = strdup(account);
    if (!x->account) {
        answer_bad(x, NULL);
    }
    return x->account != NULL;
}

/* The token of `Authorization: Bearer <token>`; NULL where it is of another form. */
static const char *bearer_token(const char *authorization)
{
    if (strncasecmp(authorization, "Bearer ", 7) != 0) {
        return NULL;
    }
    const char *token = authorization + 7 + strspn(authorization + 7, " ");
    return *token ? token : NULL;
}

/* Authorization and X-Api-Key, unverified. */
static bool access_tokens(struct exchange *x, struct credentials *found)
{
    const char *authorization = exchange_header(x, "Authorization");
    const char *key = exchange_header(x, "X-Api-Key");
    const char *bearer = authorization ? bearer_token(authorization) : NULL;
    if (authorization && (!bearer || strlen(bearer) > TOKEN_MAX)) {
        return access_refuse(x, "Authorization must be `Bearer <token>`, of at most 8 KiB");
    }
    if (key && strlen(key) > TOKEN_MAX) {
        return access_refuse(x, "the key is too long");
    }
    bool is_key = bearer && strncmp(bearer, KEY_PREFIX, strlen(KEY_PREFIX)) == 0;
    if (bearer && !is_key && settings_jwt(x->settings)) {
        found->jwt = bearer;
        bearer = NULL;
    }
    if (key && bearer && strcmp(key, bearer) != 0) {
        return access_refuse(x, "two different keys were sent");
    }
    found->key = key ? key : bearer;
    return true;
}

static bool token_holds(struct exchange *x, const char *token, const char *from,
                        char account[JWT_ACCOUNT_SIZE])
{
    const char *why;
    if (jwt_check(settings_jwt(x->settings), token, clock_wall_ms() / 1000, account, &why)) {
        return true;
    }
    log_event(LOG_LEVEL_INFO, "token refused", LOG_TEXT("request", x->request_id),
              LOG_TEXT("in", from), LOG_TEXT("reason", why));
    return false;
}

static bool access_jwt(struct exchange *x, const struct credentials *found)
{
    char account[JWT_ACCOUNT_SIZE];
    if (!token_holds(x, found->jwt, "Authorization", account)) {
        return access_refuse(x, "the token is not valid");
    }
    return access_claim(x, account);
}

static bool access_cookie(struct exchange *x, struct credentials *found)
{
    const char *name = settings_config(x->settings)->auth.cookie, *value;
    const char *header = name ? exchange_header(x, "Cookie") : NULL;
    size_t length, count = header ? cookie_find(header, name, &value, &length) : 0;
    if (count == 0 || !settings_jwt(x->settings)) {
        return true;
    }
    count += exchange_header_count(x, "Cookie") - 1;
    char account[JWT_ACCOUNT_SIZE];
    AUTO_FREE char *token = strndup(value, length);
    bool other = found->key || found->jwt || found->proxy;
    if (!token || count > 1) { /* one of them may be another site's */
        return access_refuse(x, "the cookie is given twice");
    }
    if (!token_holds(x, token, "cookie", account)) {
        return other || access_refuse(x, "the cookie's token is not valid");
    }
    found->cookie = true;
    return access_claim(x, account);
}

/* What a browser adds unasked (a cookie, or what a proxy makes of one) is no proof that a page may
 * do this: whose page it is must be. */
static bool access_page(struct exchange *x, const struct credentials *found)
{
    bool reads = strcmp(x->method, "GET") == 0 || strcmp(x->method, "HEAD") == 0;
    bool unasked = !found->key && !found->jwt && (found->cookie || found->proxy);
    if (reads || !unasked) {
        return true;
    }
    if (found->cookie ? origin_is_own(x) : !origin_is_foreign(x)) {
        return true;
    }
    answer_error(x, 403, "forbidden",
                 "with a cookie this needs `Sec-Fetch-Site: same-origin` or an Origin that is "
                 "allowed");
    return false;
}

static bool access_dev(struct exchange *x, const struct credentials *found)
{
    const char *account = exchange_header(x, "X-Account-Id");
    if (account && !text_is_word(account, ACCOUNT_MAX, ACCOUNT_EXTRA)) {
        answer_bad(x, "X-Account-Id must be 1 to 128 characters of A-Za-z0-9._:@|-");
        return false;
    }
    return account ? access_claim(x, account) : found->key || access_claim(x, "dev");
}

static bool access_named_by_proxy(struct exchange *x, struct credentials *found)
{
    const char *account = NULL;
    switch (access_proxy(x, &account)) {
    case ACCESS_PROXY_SILENT:
        return true;
    case ACCESS_PROXY_TWICE:
        answer_bad(x, "a proxy's header is given twice");
        return false;
    case ACCESS_PROXY_UNPROVED:
        return access_refuse(x, "the proxy has not proved itself");
    case ACCESS_PROXY_SPOKE:
        break;
    }
    if (!text_is_word(account, ACCOUNT_MAX, ACCOUNT_EXTRA)) {
        return access_refuse(x, "the proxy's account is no account name");
    }
    found->proxy = true;
    return access_claim(x, account);
}

bool access_look(struct exchange *x)
{
    struct credentials found = {0};
    bool dev = x->gateway->config->dev;
    if (!access_tokens(x, &found) || !access_named_by_proxy(x, &found) ||
        (found.jwt && !access_jwt(x, &found)) || !access_cookie(x, &found) ||
        (dev && !access_dev(x, &found))) {
        return false;
    }
    if (!found.key && !x->account) {
        return access_refuse(x, settings_jwt(x->settings)
                                    ? "a token or an API key is needed: Authorization: Bearer …"
                                    : "an API key is needed: Authorization: Bearer mgw_…");
    }
    x->scopes = MGW_SCOPE_READ | MGW_SCOPE_WRITE;
    x->access = found.key ? ACCESS_PENDING : ACCESS_GRANTED;
    return access_page(x, &found);
}

struct key_found {
    struct exchange *x;
    bool other; /* another credential named another account */
};

static bool take_key(void *ctx, const struct mgw_api_key *key)
{
    struct key_found *found = ctx;
    struct exchange *x = found->x;
    if (x->account) {
        found->other = strcmp(x->account, key->account) != 0;
        x->scopes &= key->scopes;
    } else {
        x->account = strdup(key->account);
        x->scopes = key->scopes;
    }
    return false;
}

static bool access_key(struct exchange *x)
{
    struct credentials tokens = {0};
    struct key_found found = {.x = x};
    if (!access_tokens(x, &tokens)) {
        return false;
    }
    x->call = mgw_call_new(NULL, x->request_id, clock_left_ms(x->work_until));
    enum mgw_status status =
        x->call ? mgw_key_check(x->gateway->media, x->call, tokens.key, take_key, &found)
                : MGW_UNAVAILABLE;
    bool known = status == MGW_OK && x->account;
    if (status == MGW_DENIED || status == MGW_NOT_FOUND || status == MGW_INVALID) {
        access_refuse(x, "the API key is unknown, revoked or expired");
    } else if (!known) {
        answer_failure(x, status == MGW_OK ? MGW_UNAVAILABLE : status, ANSWER_ANY);
    }
    mgw_call_free(x->call);
    x->call = NULL;
    if (known && found.other) {
        return access_refuse(x, "two credentials name different accounts");
    }
    return known;
}

bool access_check(struct exchange *x)
{
    if (x->access == ACCESS_PENDING) {
        if (!access_key(x)) {
            return false;
        }
        x->access = ACCESS_GRANTED;
    }
    if ((x->scopes & x->route->scope) != x->route->scope) {
        answer_error(x, 403, "forbidden", "this API key's scopes do not allow it");
        return false;
    }
    return true;
}
