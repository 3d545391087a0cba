/* SPDX-License-Identifier: Apache-2.0
 *
 * The environment is read once, when the instance is made: nothing else in the process may change
 * it safely afterwards. */
#include "creds_source.h"

#include <string.h>
#include <time.h>

static const char *const env_names[CREDS_ENV_COUNT] = {
    [CREDS_ENV_ACCESS_KEY] = "AWS_ACCESS_KEY_ID",
    [CREDS_ENV_SECRET_KEY] = "AWS_SECRET_ACCESS_KEY",
    [CREDS_ENV_SESSION_TOKEN] = "AWS_SESSION_TOKEN",
    [CREDS_ENV_PROFILE] = "AWS_PROFILE",
    [CREDS_ENV_CREDENTIALS_FILE] = "AWS_SHARED_CREDENTIALS_FILE",
    [CREDS_ENV_CONFIG_FILE] = "AWS_CONFIG_FILE",
    [CREDS_ENV_TOKEN_FILE] = "AWS_WEB_IDENTITY_TOKEN_FILE",
    [CREDS_ENV_ROLE_ARN] = "AWS_ROLE_ARN",
    [CREDS_ENV_ROLE_SESSION_NAME] = "AWS_ROLE_SESSION_NAME",
    [CREDS_ENV_STS_ENDPOINT] = "AWS_ENDPOINT_URL_STS",
    [CREDS_ENV_REGION] = "AWS_REGION",
    [CREDS_ENV_DEFAULT_REGION] = "AWS_DEFAULT_REGION",
    [CREDS_ENV_CA_BUNDLE] = "AWS_CA_BUNDLE",
    [CREDS_ENV_CONTAINER_RELATIVE_URI] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    [CREDS_ENV_CONTAINER_FULL_URI] = "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    [CREDS_ENV_CONTAINER_TOKEN] = "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    [CREDS_ENV_CONTAINER_TOKEN_FILE] = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    [CREDS_ENV_IMDS_ENDPOINT] = "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    [CREDS_ENV_IMDS_MODE] = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    [CREDS_ENV_IMDS_DISABLED] = "AWS_EC2_METADATA_DISABLED",
    [CREDS_ENV_IMDS_TIMEOUT] = "AWS_METADATA_SERVICE_TIMEOUT",
    [CREDS_ENV_IMDS_ATTEMPTS] = "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
    [CREDS_ENV_HOME] = "HOME",
};

const char *creds_env_name(enum creds_env which)
{
    return env_names[which];
}

/* False: memory is short. */
static bool copy(char **to, const char *text)
{
    *to = text && *text ? secret_dup(text) : NULL;
    return *to || !text || !*text;
}

static bool copy_value(char **to, const struct mgw_config *config, const char *key)
{
    const struct mgw_config_value *value = mgw_config_get(config, key);
    return copy(to, value ? value->text : NULL);
}

static enum mgw_status check_pair(struct mgw_call *call, const char *access_key,
                                  const char *access_name, const char *secret_key,
                                  const char *secret_name)
{
    if (!access_key == !secret_key) {
        return MGW_OK;
    }
    return mgw_fail(call, MGW_INVALID, "%s is set, but %s is missing",
                    access_key ? access_name : secret_name, access_key ? secret_name : access_name);
}

static enum mgw_status check(struct mgw_call *call, const struct creds_settings *settings)
{
    enum mgw_status status =
        check_pair(call, settings->access_key, "access_key", settings->secret_key, "secret_key");
    if (status == MGW_OK && settings->session_token && !settings->access_key) {
        status = mgw_fail(call, MGW_INVALID,
                          "session_token is set, but access_key and secret_key are missing");
    }
    if (status == MGW_OK && !settings->access_key && !settings->profile) {
        status =
            check_pair(call, settings->env[CREDS_ENV_ACCESS_KEY], env_names[CREDS_ENV_ACCESS_KEY],
                       settings->env[CREDS_ENV_SECRET_KEY], env_names[CREDS_ENV_SECRET_KEY]);
    }
    return status;
}

enum mgw_status creds_settings_init(struct mgw_call *call, const struct mgw_config *config,
                                    const struct mgw_host *host, struct creds_settings *settings)
{
    *settings = (struct creds_settings){.host = host};
    bool ok = copy_value(&settings->access_key, config, "access_key") &&
              copy_value(&settings->secret_key, config, "secret_key") &&
              copy_value(&settings->session_token, config, "session_token") &&
              copy_value(&settings->profile, config, "profile") &&
              copy_value(&settings->region, config, "region");
    for (size_t i = 0; ok && i < CREDS_ENV_COUNT; i++) {
        ok = copy(&settings->env[i], getenv(env_names[i]));
    }
    return ok ? check(call, settings) : mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
}

void creds_settings_free(struct creds_settings *settings)
{
    secret_free(settings->access_key);
    secret_free(settings->secret_key);
    secret_free(settings->session_token);
    free(settings->profile);
    free(settings->region);
    for (size_t i = 0; i < CREDS_ENV_COUNT; i++) {
        secret_free(settings->env[i]);
    }
}

/* What can stand in a header: a line's end in it would begin another one. */
static bool is_graphic(const char *text)
{
    for (; *text > ' ' && *text <= '~'; text++) {
    }
    return !*text;
}

static bool has_control(const char *text)
{
    for (; *text && (unsigned char)*text >= ' ' && *text != '\x7f'; text++) {
    }
    return *text;
}

enum mgw_status creds_found_set(struct mgw_call *call, struct creds_found *found, const char *where,
                                const char *access_key, const char *secret_key, const char *token)
{
    const char *fault = !access_key || !*access_key   ? "the access key is missing"
                        : !secret_key || !*secret_key ? "the secret key is missing"
                        : !is_graphic(access_key)     ? "the access key has odd characters"
                        : has_control(secret_key)     ? "the secret key has control characters"
                        : token && !is_graphic(token) ? "the session token has odd characters"
                                                      : NULL;
    if (fault) {
        return mgw_fail(call, MGW_DENIED, "%s: %s", where, fault);
    }
    if (!copy(&found->access_key, access_key) || !copy(&found->secret_key, secret_key) ||
        !copy(&found->session_token, token)) {
        creds_found_free(found);
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    found->expires_at_ms = 0;
    return MGW_OK;
}

void creds_found_free(struct creds_found *found)
{
    secret_free(found->access_key);
    secret_free(found->secret_key);
    secret_free(found->session_token);
    *found = (struct creds_found){0};
}

/* Of "Z", "+01:00", "-0130" and "" behind a time: what to take off, in seconds. */
static bool read_offset(const char *text, int64_t *offset_sec)
{
    int hours = 0, minutes = 0, used = 0;
    *offset_sec = 0;
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        return true;
    }
    if ((*text != '+' && *text != '-') || strspn(text + 1, "0123456789:") != strlen(text + 1) ||
        (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 &&
         sscanf(text + 1, "%2d%2d%n", &hours, &minutes, &used) != 2) ||
        text[1 + used] || hours > 23 || minutes > 59) {
        return false;
    }
    *offset_sec = (hours * 60 + minutes) * (*text == '-' ? -60 : 60);
    return true;
}

bool creds_time(const char *text, int64_t *wall_ms)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    for (size_t i = 0; shape[i]; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !digit : text[i] != shape[i]) {
            return false;
        }
    }
    struct tm utc = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    if (!rest || rest != text + sizeof shape - 1) {
        return false;
    }
    if (*rest == '.') {
        size_t digits = strspn(rest + 1, "0123456789");
        rest += 1 + digits;
        if (!digits) {
            return false;
        }
    }
    int64_t offset_sec;
    if (!read_offset(rest, &offset_sec)) {
        return false;
    }
    *wall_ms = ((int64_t)timegm(&utc) - offset_sec) * 1000;
    return *wall_ms > 0; /* 0 would mean "never" */
}
