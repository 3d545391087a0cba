/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys that are given outright: the config's own, and those of the environment. */
#include "creds_source.h"

enum mgw_status creds_config_load(struct mgw_call *call, const struct creds_settings *settings,
                                  struct creds_found *found)
{
    if (!settings->access_key) {
        return mgw_fail(call, MGW_NOT_FOUND, "no access_key");
    }
    return creds_found_set(call, found, "the config", settings->access_key, settings->secret_key,
                           settings->session_token);
}

enum mgw_status creds_env_load(struct mgw_call *call, const struct creds_settings *settings,
                               struct creds_found *found)
{
    if (settings->profile) { /* as in AWS's tools: a profile that is named outright goes first */
        return mgw_fail(call, MGW_NOT_FOUND, "not asked, since the config names a profile");
    }
    if (!settings->env[CREDS_ENV_ACCESS_KEY]) {
        return mgw_fail(call, MGW_NOT_FOUND, "no AWS_ACCESS_KEY_ID");
    }
    return creds_found_set(call, found, "the environment", settings->env[CREDS_ENV_ACCESS_KEY],
                           settings->env[CREDS_ENV_SECRET_KEY],
                           settings->env[CREDS_ENV_SESSION_TOKEN]);
}
