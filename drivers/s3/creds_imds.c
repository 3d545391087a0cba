/* SPDX-License-Identifier: Apache-2.0
 *
 * An EC2 instance's role, by the Instance Metadata Service version 2: a session token first, then
 * the role's name, then its credentials. Version 1 is not tried: a machine without version 2 is
 * older than this program. */
#include "creds_json.h"
#include "creds_source.h"
#include "encode.h"
#include "fetch.h"

#include <string.h>
#include <strings.h>

#define FOUR "http://169.254.169.254"
#define SIX "http://[fd00:ec2::254]"
#define TOKEN_PATH "/latest/api/token"
#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"

enum { TOKEN_MAX = 1024, ROLE_MAX = 64, TIMEOUT_SEC = 1, ATTEMPTS = 2 };

/* A small number of the environment; what is none is passed over. */
static long number_of(const char *text, long fallback)
{
    char *end = NULL;
    long number = text ? strtol(text, &end, 10) : 0;
    return text && *end == '\0' && number >= 1 && number <= 600 ? number : fallback;
}

/* One request to PATH and SUFFIX below the endpoint. */
static enum mgw_status ask(struct mgw_call *call, const struct creds_settings *settings,
                           const char *method, const char *header, const char *path,
                           const char *suffix, struct fetch_answer *answer)
{
    const char *endpoint = settings->env[CREDS_ENV_IMDS_ENDPOINT];
    const char *mode = settings->env[CREDS_ENV_IMDS_MODE];
    if (!endpoint) {
        endpoint = mode && strcasecmp(mode, "ipv6") == 0 ? SIX : FOUR;
    }
    size_t length = strlen(endpoint);
    length -= length > 0 && endpoint[length - 1] == '/';
    AUTO_TEXT struct text url = {0};
    text_add(&url, endpoint, length);
    text_put(&url, path);
    encode_uri(&url, suffix, false);
    if (url.failed) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    long timeout_ms = 1000 * number_of(settings->env[CREDS_ENV_IMDS_TIMEOUT], TIMEOUT_SEC);
    struct fetch_request request = {
        .method = method,
        .url = text_of(&url),
        .headers = (const char *const[]){header, "Content-Type:", NULL},
        .connect_ms = timeout_ms,
        .total_ms = 2 * timeout_ms,
        .attempts = (int)number_of(settings->env[CREDS_ENV_IMDS_ATTEMPTS], ATTEMPTS)};
    return fetch(call, settings->host, &request, answer);
}

/* An answer that is not 200: one that may change says so. */
static enum mgw_status refused(struct mgw_call *call, const char *what, long status)
{
    bool later = status == 429 || status >= 500;
    return mgw_fail(call, later ? MGW_UNAVAILABLE : MGW_NOT_FOUND, "HTTP %ld for %s", status, what);
}

static bool is_line_of(const char *text, size_t max)
{
    size_t length = strlen(text);
    for (const char *at = text; *at; at++) {
        if (*at <= ' ' || *at > '~') {
            return false;
        }
    }
    return length > 0 && length <= max;
}

/* "X-aws-ec2-metadata-token: …" in HEADER. Nobody there: MGW_NOT_FOUND. */
static enum mgw_status get_token(struct mgw_call *call, const struct creds_settings *settings,
                                 struct text *header)
{
    AUTO_FETCH struct fetch_answer answer = {0};
    enum mgw_status status =
        ask(call, settings, "PUT", "X-aws-ec2-metadata-token-ttl-seconds: 21600", TOKEN_PATH, "",
            &answer);
    if (status != MGW_OK) {
        return status == MGW_UNAVAILABLE ? MGW_NOT_FOUND : status;
    }
    if (answer.status != 200) {
        return refused(call, "a token", answer.status);
    }
    if (!is_line_of(answer.body, TOKEN_MAX)) {
        return mgw_fail(call, MGW_UNAVAILABLE, "the token is not one");
    }
    *header = secret_text(answer.length + 32);
    text_printf(header, "X-aws-ec2-metadata-token: %s", answer.body);
    return header->failed ? mgw_fail(call, MGW_UNAVAILABLE, "memory is short") : MGW_OK;
}

static enum mgw_status get_role(struct mgw_call *call, const struct creds_settings *settings,
                                const char *token, char role[ROLE_MAX + 1])
{
    AUTO_FETCH struct fetch_answer answer = {0};
    enum mgw_status status = ask(call, settings, "GET", token, ROLE_PATH, "", &answer);
    if (status != MGW_OK) {
        return status;
    }
    if (answer.status == 404) {
        return mgw_fail(call, MGW_NOT_FOUND, "the instance has no role");
    }
    if (answer.status != 200) {
        return refused(call, "the role's name", answer.status);
    }
    answer.body[strcspn(answer.body, "\r\n")] = '\0';
    if (!is_line_of(answer.body, ROLE_MAX)) {
        return mgw_fail(call, MGW_UNAVAILABLE, "the role's name is not one");
    }
    memcpy(role, answer.body, strlen(answer.body) + 1);
    return MGW_OK;
}

enum mgw_status creds_imds_load(struct mgw_call *call, const struct creds_settings *settings,
                                struct creds_found *found)
{
    const char *disabled = settings->env[CREDS_ENV_IMDS_DISABLED];
    if (disabled && strcasecmp(disabled, "true") == 0) {
        return mgw_fail(call, MGW_NOT_FOUND, "AWS_EC2_METADATA_DISABLED");
    }
    AUTO_SECRET_TEXT struct text token = {0};
    char role[ROLE_MAX + 1];
    enum mgw_status status = get_token(call, settings, &token);
    status = status == MGW_OK ? get_role(call, settings, text_of(&token), role) : status;
    if (status != MGW_OK) {
        return status;
    }
    AUTO_FETCH struct fetch_answer answer = {0};
    status = ask(call, settings, "GET", text_of(&token), ROLE_PATH, role, &answer);
    if (status == MGW_OK && answer.status != 200) {
        return mgw_fail(call, MGW_UNAVAILABLE, "HTTP %ld for the role's credentials",
                        answer.status);
    }
    return status != MGW_OK
               ? status
               : creds_json_read(call, "the role", answer.body, answer.length, true, found);
}
