/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the credentials: what a source sees (the config's keys and the environment, as they were
 * at create) and what it answers. */
#ifndef S3_CREDS_SOURCE_H
#define S3_CREDS_SOURCE_H

#include "secret.h"

#include <mediagw/plugin.h>

enum creds_env {
    CREDS_ENV_ACCESS_KEY,
    CREDS_ENV_SECRET_KEY,
    CREDS_ENV_SESSION_TOKEN,
    CREDS_ENV_PROFILE,
    CREDS_ENV_CREDENTIALS_FILE,
    CREDS_ENV_CONFIG_FILE,
    CREDS_ENV_TOKEN_FILE,
    CREDS_ENV_ROLE_ARN,
    CREDS_ENV_ROLE_SESSION_NAME,
    CREDS_ENV_STS_ENDPOINT,
    CREDS_ENV_REGION,
    CREDS_ENV_DEFAULT_REGION,
    CREDS_ENV_CA_BUNDLE,
    CREDS_ENV_CONTAINER_RELATIVE_URI,
    CREDS_ENV_CONTAINER_FULL_URI,
    CREDS_ENV_CONTAINER_TOKEN,
    CREDS_ENV_CONTAINER_TOKEN_FILE,
    CREDS_ENV_IMDS_ENDPOINT,
    CREDS_ENV_IMDS_MODE,
    CREDS_ENV_IMDS_DISABLED,
    CREDS_ENV_IMDS_TIMEOUT,
    CREDS_ENV_IMDS_ATTEMPTS,
    CREDS_ENV_HOME,
    CREDS_ENV_COUNT
};

struct creds_settings {
    const struct mgw_host *host;
    /* the config's own; NULL where it says nothing */
    char *access_key, *secret_key, *session_token, *profile, *region;
    char *env[CREDS_ENV_COUNT]; /* NULL: not set, or empty */
};

struct creds_found {
    char *access_key, *secret_key;
    char *session_token;   /* NULL: none */
    int64_t expires_at_ms; /* 0: never */
};

/* Copies what is needed; half a pair is MGW_INVALID. settings_free also after a failure. */
enum mgw_status creds_settings_init(struct mgw_call *call, const struct mgw_config *config,
                                    const struct mgw_host *host, struct creds_settings *settings);
void creds_settings_free(struct creds_settings *settings);
/* The variable's name, for texts. */
const char *creds_env_name(enum creds_env which);

/* Copies the three into an empty FOUND; TOKEN may be NULL or "". MGW_DENIED where one is missing or
 * has bytes that no such key has; WHERE_ names their place for the text. */
enum mgw_status creds_found_set(struct mgw_call *call, struct creds_found *found, const char *where,
                                const char *access_key, const char *secret_key, const char *token);
void creds_found_free(struct creds_found *found);
#define AUTO_FOUND __attribute__((cleanup(creds_found_free)))

/* "2026-11-24T00:35:02Z", also with a fraction or an offset. */
bool creds_time(const char *text, int64_t *wall_ms);

/* A source. MGW_OK: FOUND is filled. MGW_NOT_FOUND: it is not in use here, the next one is asked;
 * the text says in a few words why. MGW_DENIED: it is in use, but wrong; MGW_UNAVAILABLE,
 * MGW_TIMEOUT, MGW_CANCELLED: it is in use and does not answer now. Texts hold no secret. */
typedef enum mgw_status creds_load(struct mgw_call *call, const struct creds_settings *settings,
                                   struct creds_found *found);
creds_load creds_config_load;       /* access_key, secret_key, session_token of the config */
creds_load creds_env_load;          /* AWS_ACCESS_KEY_ID and so on */
creds_load creds_web_identity_load; /* AWS_WEB_IDENTITY_TOKEN_FILE */
creds_load creds_shared_file_load;  /* ~/.aws/credentials, ~/.aws/config */
creds_load creds_container_load;    /* ECS, EKS Pod Identity */
creds_load creds_imds_load;         /* IMDSv2 */

/* AssumeRoleWithWebIdentity with the token in TOKEN_FILE; SESSION_NAME may be NULL. */
enum mgw_status creds_assume_role(struct mgw_call *call, const struct creds_settings *settings,
                                  const char *token_file, const char *role_arn,
                                  const char *session_name, struct creds_found *found);

#endif
