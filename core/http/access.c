/* SPDX-License-Identifier: Apache-2.0
 *
 * See access.h. */
#include "core/http/access.h"

#include "core/base/text.h"
#include "core/http/answer.h"
#include "core/http/routes.h"

#include <string.h>
#include <strings.h>

#define ACCOUNT_EXTRA "._:@|-"
enum { ACCOUNT_MAX = 128, TOKEN_MAX = 8192 };

static bool access_refuse(struct exchange *x, const char *message)
{
    answer_error(x, 401, "unauthorized", message);
    answer_header(x, "WWW-Authenticate", "Bearer realm=\"mediagw\"");
    return false;
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

/* The request's API key; false where two name different ones or one is of no known form. */
static bool access_token(struct exchange *x, const char **token)
{
    const char *authorization = exchange_header(x, "Authorization");
    const char *key = exchange_header(x, "X-Api-Key");
    *token = key;
    if (!authorization) {
        return !key || strlen(key) <= TOKEN_MAX || access_refuse(x, "the key is too long");
    }
    *token = bearer_token(authorization);
    if (!*token || strlen(*token) > TOKEN_MAX) {
        return access_refuse(x, "Authorization must be `Bearer <API key>`");
    }
    return !key || strcmp(key, *token) == 0 || access_refuse(x, "two different keys were sent");
}

bool access_look(struct exchange *x)
{
    const char *token;
    if (!access_token(x, &token)) {
        return false;
    }
    if (token) {
        x->access = ACCESS_PENDING;
        return true;
    }
    if (!x->gateway->config->dev) {
        return access_refuse(x, "an API key is needed: Authorization: Bearer mgw_…");
    }
    const char *account = exchange_header(x, "X-Account-Id");
    if (account && !text_is_word(account, ACCOUNT_MAX, ACCOUNT_EXTRA)) {
        answer_bad(x, "X-Account-Id must be 1 to 128 characters of A-Za-z0-9._:@|-");
        return false;
    }
    x->account = strdup(account ? account : "dev");
    if (!x->account) {
        answer_bad(x, NULL);
        return false;
    }
    x->scopes = MGW_SCOPE_READ | MGW_SCOPE_WRITE;
    x->access = ACCESS_GRANTED;
    return true;
}

static bool take_key(void *ctx, const struct mgw_api_key *key)
{
    struct exchange *x = ctx;
    x->account = strdup(key->account);
    x->scopes = key->scopes;
    return false;
}

/* In the dev mode an account may be named beside a key; it must be the key's. */
static bool names_another(const struct exchange *x)
{
    const char *account = exchange_header(x, "X-Account-Id");
    return x->gateway->config->dev && account && strcmp(account, x->account) != 0;
}

bool access_check(struct exchange *x)
{
    if (x->access == ACCESS_PENDING) {
        const char *token;
        if (!access_token(x, &token)) {
            return false;
        }
        x->call = mgw_call_new(NULL, x->request_id, x->gateway->config->limits.request_deadline_ms);
        enum mgw_status status = x->call
                                     ? mgw_key_check(x->gateway->media, x->call, token, take_key, x)
                                     : MGW_UNAVAILABLE;
        bool known = status == MGW_OK && x->account;
        if (status == MGW_DENIED || status == MGW_NOT_FOUND || status == MGW_INVALID) {
            access_refuse(x, "the API key is unknown, revoked or expired");
        } else if (!known) {
            answer_failure(x, status == MGW_OK ? MGW_UNAVAILABLE : status, ANSWER_ANY);
        }
        mgw_call_free(x->call);
        x->call = NULL;
        if (!known) {
            return false;
        }
        if (names_another(x)) {
            return access_refuse(x, "the API key and X-Account-Id name different accounts");
        }
        x->access = ACCESS_GRANTED;
    }
    if ((x->scopes & x->route->scope) != x->route->scope) {
        answer_error(x, 403, "forbidden", "this API key's scopes do not allow it");
        return false;
    }
    return true;
}
