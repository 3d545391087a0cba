/* SPDX-License-Identifier: Apache-2.0
 *
 * See settings.h. The lock makes "read the pointer, count one more user" one step; it is held for
 * no more than that. */
#include "core/http/settings.h"

#include "core/base/buf.h"
#include "core/http/jwt.h"

#include <pthread.h>
#include <stdatomic.h>

struct settings {
    _Atomic size_t users;
    const struct config *config;
    struct config *own;
    struct jwt *jwt;
};

struct settings_now {
    pthread_mutex_t lock;
    struct settings *settings;
};

static enum mgw_status refuse(const struct config *config, const struct jwt_fault *fault,
                              struct mgw_error *error)
{
    AUTO_BUF struct buf pointer = {0};
    buf_printf(&pointer, "/auth/jwt/%zu", fault->issuer);
    if (fault->key) {
        buf_printf(&pointer, "/%s", fault->key);
    }
    return config_fault(config, error, pointer.data ? pointer.data : "", fault->why);
}

static enum mgw_status make_jwt(const struct config *config, struct jwt **jwt,
                                struct mgw_error *error)
{
    size_t count = config->auth.jwt_count;
    AUTO_FREE struct jwt_issuer *issuers = calloc(count + 1, sizeof *issuers);
    struct jwt_fault fault = {.why = "out of memory"};
    for (size_t i = 0; issuers && i < count; i++) {
        const struct config_jwt *from = &config->auth.jwt[i];
        issuers[i] = (struct jwt_issuer){.alg = from->alg,
                                         .jwks = from->jwks,
                                         .pem = from->pem,
                                         .secret = from->secret,
                                         .issuer = from->issuer,
                                         .audience = from->audience,
                                         .account_claim = from->account_claim};
    }
    if (count == 0 && issuers) {
        return MGW_OK;
    }
    return issuers && jwt_new(issuers, count, jwt, &fault) == MGW_OK
               ? MGW_OK
               : refuse(config, &fault, error);
}

enum mgw_status settings_new(const struct config *config, struct settings **out,
                             struct mgw_error *error)
{
    struct settings *settings = calloc(1, sizeof *settings);
    if (!settings) {
        return config_fault(config, error, "", "out of memory");
    }
    settings->users = 1;
    settings->config = config;
    enum mgw_status status = make_jwt(config, &settings->jwt, error);
    if (status != MGW_OK) {
        settings_release(settings);
        return status;
    }
    *out = settings;
    return MGW_OK;
}

void settings_own(struct settings *settings, struct config *config)
{
    settings->own = config;
}

const struct config *settings_config(const struct settings *settings)
{
    return settings->config;
}

struct jwt *settings_jwt(const struct settings *settings)
{
    return settings->jwt;
}

void settings_release(struct settings *settings)
{
    if (settings && atomic_fetch_sub(&settings->users, 1) == 1) {
        jwt_free(settings->jwt);
        config_free(settings->own);
        free(settings);
    }
}

struct settings_now *settings_now_new(struct settings *settings)
{
    struct settings_now *now = calloc(1, sizeof *now);
    if (!now) {
        settings_release(settings);
        return NULL;
    }
    pthread_mutex_init(&now->lock, NULL);
    now->settings = settings;
    return now;
}

void settings_now_free(struct settings_now *now)
{
    if (now) {
        settings_release(now->settings);
        pthread_mutex_destroy(&now->lock);
        free(now);
    }
}

struct settings *settings_take(struct settings_now *now)
{
    pthread_mutex_lock(&now->lock);
    struct settings *settings = now->settings;
    atomic_fetch_add(&settings->users, 1);
    pthread_mutex_unlock(&now->lock);
    return settings;
}

void settings_swap(struct settings_now *now, struct settings *next)
{
    pthread_mutex_lock(&now->lock);
    struct settings *before = now->settings;
    now->settings = next;
    pthread_mutex_unlock(&now->lock);
    settings_release(before);
}
