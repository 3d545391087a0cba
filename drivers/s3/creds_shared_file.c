/* SPDX-License-Identifier: Apache-2.0
 *
 * ~/.aws/credentials and ~/.aws/config. A profile's keys come from the first of the two files that
 * has any; what a profile may say besides (another profile's role, a program to run, single
 * sign-on) is refused by name, since passing it over would sign as somebody else. */
#include "creds_ini.h"
#include "creds_source.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX (1024 * 1024)

enum key {
    KEY_ACCESS,
    KEY_SECRET,
    KEY_TOKEN,
    KEY_ROLE,
    KEY_TOKEN_FILE,
    KEY_SESSION_NAME,
    KEY_SOURCE_PROFILE,
    KEY_CREDENTIAL_SOURCE,
    KEY_PROCESS,
    KEY_SSO_SESSION,
    KEY_SSO_ACCOUNT,
    KEY_COUNT
};

static const char *const key_names[KEY_COUNT] = {
    [KEY_ACCESS] = "aws_access_key_id",
    [KEY_SECRET] = "aws_secret_access_key",
    [KEY_TOKEN] = "aws_session_token",
    [KEY_ROLE] = "role_arn",
    [KEY_TOKEN_FILE] = "web_identity_token_file",
    [KEY_SESSION_NAME] = "role_session_name",
    [KEY_SOURCE_PROFILE] = "source_profile",
    [KEY_CREDENTIAL_SOURCE] = "credential_source",
    [KEY_PROCESS] = "credential_process",
    [KEY_SSO_SESSION] = "sso_session",
    [KEY_SSO_ACCOUNT] = "sso_account_id",
};

struct profile {
    const char *name;
    bool in_config; /* "[profile NAME]" instead of "[NAME]" */
    bool seen, failed;
    char *values[KEY_COUNT];
};

static void profile_free(struct profile *profile)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        secret_free(profile->values[i]);
    }
}
#define AUTO_PROFILE __attribute__((cleanup(profile_free)))

static bool is_section(const struct profile *profile, const char *section)
{
    static const char prefix[] = "profile ";
    if (profile->in_config && strncmp(section, prefix, sizeof prefix - 1) == 0) {
        return strcmp(section + sizeof prefix - 1, profile->name) == 0;
    }
    return strcmp(section, profile->name) == 0 &&
           (!profile->in_config || strcmp(section, "default") == 0);
}

static void take(void *ctx, const char *section, const char *name, const char *value)
{
    struct profile *profile = ctx;
    if (!is_section(profile, section)) {
        return;
    }
    profile->seen = true;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(name, key_names[i]) == 0) {
            secret_free(profile->values[i]);
            profile->values[i] = *value ? secret_dup(value) : NULL;
            profile->failed = profile->failed || (*value && !profile->values[i]);
        }
    }
}

/* Where the file is: PATH (the environment's; "~/" is the home) or ~/.aws/NAME. NULL: there is no
 * home, or no memory. */
static char *place(const struct creds_settings *settings, const char *path, const char *name)
{
    const char *home = settings->env[CREDS_ENV_HOME];
    struct text text = {0};
    if (path && strncmp(path, "~/", 2) != 0) {
        text_put(&text, path);
    } else if (home) {
        text_printf(&text, "%s/%s%s", home, path ? path + 2 : ".aws/", path ? "" : name);
    } else {
        return NULL;
    }
    return text_take(&text);
}

/* A file that is not there has no profiles. */
static enum mgw_status read_file(struct mgw_call *call, const char *path, struct profile *profile)
{
    AUTO_SECRET char *text = path ? secret_read(path, FILE_MAX) : NULL;
    if (!text && path && errno != ENOENT && errno != ENOTDIR) {
        return mgw_fail(call, MGW_DENIED, "%s cannot be read: %s", path, strerror(errno));
    }
    if (!text) {
        return MGW_OK;
    }
    size_t length = strlen(text), fault = creds_ini_walk(text, take, profile);
    OPENSSL_cleanse(text, length); /* it has been cut up: its end is no longer where it was */
    if (fault) {
        return mgw_fail(call, MGW_DENIED, "%s, line %zu: neither [section] nor name = value", path,
                        fault);
    }
    return profile->failed ? mgw_fail(call, MGW_UNAVAILABLE, "memory is short") : MGW_OK;
}

static const char *value_of(const struct profile files[2], enum key key)
{
    return files[0].values[key] ? files[0].values[key] : files[1].values[key];
}

static enum mgw_status refuse(struct mgw_call *call, const char *name, enum key key)
{
    return mgw_fail(call, MGW_DENIED,
                    "profile %s: %s is not supported; give the profile keys, or role_arn with "
                    "web_identity_token_file",
                    name, key_names[key]);
}

static enum mgw_status use_role(struct mgw_call *call, const struct creds_settings *settings,
                                const struct profile files[2], struct creds_found *found)
{
    const char *role = value_of(files, KEY_ROLE), *file = value_of(files, KEY_TOKEN_FILE);
    for (enum key key = KEY_SOURCE_PROFILE; key <= KEY_CREDENTIAL_SOURCE; key++) {
        if (value_of(files, key)) {
            return refuse(call, files->name, key);
        }
    }
    if (!role || !file) {
        return mgw_fail(call, MGW_DENIED, "profile %s has %s, but no %s", files->name,
                        key_names[role ? KEY_ROLE : KEY_TOKEN_FILE],
                        key_names[role ? KEY_TOKEN_FILE : KEY_ROLE]);
    }
    return creds_assume_role(call, settings, file, role, value_of(files, KEY_SESSION_NAME), found);
}

static enum mgw_status use(struct mgw_call *call, const struct creds_settings *settings,
                           const struct profile files[2], struct creds_found *found)
{
    if (value_of(files, KEY_ROLE) || value_of(files, KEY_TOKEN_FILE)) {
        return use_role(call, settings, files, found);
    }
    for (size_t i = 0; i < 2; i++) {
        char *const *values = files[i].values;
        if (values[KEY_ACCESS] || values[KEY_SECRET]) {
            AUTO_TEXT struct text where_ = {0};
            text_printf(&where_, "profile %s", files->name);
            return creds_found_set(call, found, text_of(&where_), values[KEY_ACCESS],
                                   values[KEY_SECRET], values[KEY_TOKEN]);
        }
    }
    for (enum key key = KEY_SOURCE_PROFILE; key < KEY_COUNT; key++) {
        if (value_of(files, key)) {
            return refuse(call, files->name, key);
        }
    }
    return mgw_fail(call, MGW_NOT_FOUND, "profile %s has no keys", files->name);
}

enum mgw_status creds_shared_file_load(struct mgw_call *call, const struct creds_settings *settings,
                                       struct creds_found *found)
{
    const char *named = settings->profile ? settings->profile : settings->env[CREDS_ENV_PROFILE];
    const char *name = named ? named : "default";
    AUTO_FREE char *credentials =
        place(settings, settings->env[CREDS_ENV_CREDENTIALS_FILE], "credentials");
    AUTO_FREE char *config = place(settings, settings->env[CREDS_ENV_CONFIG_FILE], "config");
    AUTO_PROFILE struct profile one = {.name = name}, two = {.name = name, .in_config = true};
    enum mgw_status status = read_file(call, credentials, &one);
    status = status == MGW_OK ? read_file(call, config, &two) : status;
    if (status != MGW_OK) {
        return status;
    }
    struct profile files[2] = {one, two};
    if (one.seen || two.seen) {
        return use(call, settings, files, found);
    }
    return mgw_fail(call, named ? MGW_DENIED : MGW_NOT_FOUND, "no profile %s in %s or %s", name,
                    credentials ? credentials : "~/.aws/credentials (HOME is not set)",
                    config ? config : "~/.aws/config");
}
