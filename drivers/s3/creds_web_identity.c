/* SPDX-License-Identifier: Apache-2.0
 *
 * A role by a token that the platform keeps in a file (EKS service accounts, MinIO's STS): STS
 * AssumeRoleWithWebIdentity, which is not signed. The file is read anew each time: it is
 * exchanged before the token in it ends. */
#include "creds_source.h"
#include "creds_sts.h"
#include "encode.h"
#include "fetch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    TOKEN_MAX = 20000, /* STS's own limit */
    SHARED_BYTES = 12, /* so much of a token in a server's words is a leak */
    CONNECT_MS = 5000,
    TOTAL_MS = 10000,
    ATTEMPTS = 2
};

static bool is_region(const char *region)
{
    return region && *region &&
           region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static void put_endpoint(struct text *url, const struct creds_settings *settings)
{
    const char *region = settings->env[CREDS_ENV_REGION] ? settings->env[CREDS_ENV_REGION]
                         : settings->env[CREDS_ENV_DEFAULT_REGION]
                             ? settings->env[CREDS_ENV_DEFAULT_REGION]
                             : settings->region;
    if (settings->env[CREDS_ENV_STS_ENDPOINT]) {
        text_put(url, settings->env[CREDS_ENV_STS_ENDPOINT]);
    } else if (is_region(region)) {
        text_printf(url, "https://sts.%s.amazonaws.com%s/", region,
                    strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
    } else {
        text_put(url, "https://sts.amazonaws.com/");
    }
}

/* True where SHARED_BYTES of SECRET in a row are in TEXT. */
static bool tells(const char *text, const char *secret)
{
    size_t length = strlen(text);
    for (size_t i = 0; i + SHARED_BYTES <= length; i++) {
        if (memmem(secret, strlen(secret), text + i, SHARED_BYTES)) {
            return true;
        }
    }
    return false;
}

static enum mgw_status refused(struct mgw_call *call, const struct fetch_answer *answer,
                               const char *token)
{
    struct sts_error error;
    sts_read_error(answer->body, answer->length, &error);
    bool later = answer->status == 429 || answer->status >= 500 || !error.code[0] ||
                 strcmp(error.code, "IDPCommunicationError") == 0 ||
                 strncmp(error.code, "Throttling", strlen("Throttling")) == 0;
    bool tell = error.message[0] && !tells(error.message, token);
    return mgw_fail(call, later ? MGW_UNAVAILABLE : MGW_DENIED, "STS: HTTP %ld%s%s%s%s",
                    answer->status, error.code[0] ? " " : "", error.code, tell ? ": " : "",
                    tell ? error.message : "");
}

static struct text body_of(const struct creds_settings *settings, const char *role_arn,
                           const char *session_name, const char *token)
{
    struct text body = secret_text(
        256 + 3 * (strlen(role_arn) + strlen(token) + (session_name ? strlen(session_name) : 0)));
    text_put(&body, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=");
    encode_uri(&body, role_arn, false);
    text_put(&body, "&RoleSessionName=");
    if (session_name) {
        encode_uri(&body, session_name, false);
    } else {
        text_printf(&body, "mediagw-%lld", (long long)settings->host->wall_ms());
    }
    text_put(&body, "&WebIdentityToken=");
    encode_uri(&body, token, false);
    return body;
}

enum mgw_status creds_assume_role(struct mgw_call *call, const struct creds_settings *settings,
                                  const char *token_file, const char *role_arn,
                                  const char *session_name, struct creds_found *found)
{
    AUTO_SECRET char *token = secret_read(token_file, TOKEN_MAX);
    if (!token || !*token) {
        return mgw_fail(call, MGW_DENIED, "the token file %s %s%s", token_file,
                        token ? "is empty" : "cannot be read: ", token ? "" : strerror(errno));
    }
    AUTO_TEXT struct text url = {0};
    put_endpoint(&url, settings);
    AUTO_SECRET_TEXT struct text body = body_of(settings, role_arn, session_name, token);
    if (url.failed || body.failed) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    struct fetch_request request = {
        .method = "POST",
        .url = text_of(&url),
        .headers = (const char *const[]){"Content-Type: application/x-www-form-urlencoded",
                                         "Accept: text/xml", NULL},
        .body = text_of(&body),
        .ca_file = settings->env[CREDS_ENV_CA_BUNDLE],
        .connect_ms = CONNECT_MS,
        .total_ms = TOTAL_MS,
        .attempts = ATTEMPTS};
    AUTO_FETCH struct fetch_answer answer = {0};
    enum mgw_status status = fetch(call, settings->host, &request, &answer);
    if (status != MGW_OK) {
        return status;
    }
    return answer.status == 200 ? sts_read(call, answer.body, answer.length, found)
                                : refused(call, &answer, token);
}

enum mgw_status creds_web_identity_load(struct mgw_call *call,
                                        const struct creds_settings *settings,
                                        struct creds_found *found)
{
    const char *file = settings->env[CREDS_ENV_TOKEN_FILE];
    const char *role = settings->env[CREDS_ENV_ROLE_ARN];
    if (settings->profile) {
        return mgw_fail(call, MGW_NOT_FOUND, "not asked, since the config names a profile");
    }
    if (!file) {
        return mgw_fail(call, MGW_NOT_FOUND, "no AWS_WEB_IDENTITY_TOKEN_FILE");
    }
    if (!role) {
        return mgw_fail(call, MGW_DENIED,
                        "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is missing");
    }
    return creds_assume_role(call, settings, file, role, settings->env[CREDS_ENV_ROLE_SESSION_NAME],
                             found);
}
