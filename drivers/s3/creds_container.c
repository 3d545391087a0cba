/* SPDX-License-Identifier: Apache-2.0
 *
 * The endpoint that ECS and EKS Pod Identity put beside a container. A URI over plain http leads
 * to this machine or to one of AWS's own link-local addresses and nowhere else: whoever can set an
 * environment variable must not learn the authorization token by it. */
#include "creds_json.h"
#include "creds_source.h"
#include "fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#define RELATIVE_TO "http://169.254.170.2"

enum { TOKEN_MAX = 16 * 1024, CONNECT_MS = 1000, TOTAL_MS = 5000, ATTEMPTS = 3 };

static bool is_local(const char *host)
{
    struct in_addr four;
    struct in6_addr six, pod_identity;
    char address[64];
    size_t length = strlen(host);
    if (strcmp(host, "localhost") == 0) {
        return true;
    }
    if (inet_pton(AF_INET, host, &four) == 1) {
        uint32_t number = ntohl(four.s_addr);
        return number >> 24 == 127 || number == 0xa9feaa02 || number == 0xa9feaa17;
    }
    if (length < 3 || length - 2 >= sizeof address || host[0] != '[' || host[length - 1] != ']') {
        return false;
    }
    memcpy(address, host + 1, length - 2);
    address[length - 2] = '\0';
    return inet_pton(AF_INET6, address, &six) == 1 &&
           inet_pton(AF_INET6, "fd00:ec2::23", &pod_identity) == 1 &&
           (IN6_IS_ADDR_LOOPBACK(&six) || memcmp(&six, &pod_identity, sizeof six) == 0);
}

/* By curl's own parser, so that both see the same host. */
static bool is_allowed(const char *uri)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL;
    bool allowed =
        parts && curl_url_set(parts, CURLUPART_URL, uri, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        (strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && is_local(host)));
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parts);
    return allowed;
}

/* "Authorization: …" in HEADER; stays empty where no token is given. */
static enum mgw_status put_authorization(struct mgw_call *call,
                                         const struct creds_settings *settings, struct text *header)
{
    const char *file = settings->env[CREDS_ENV_CONTAINER_TOKEN_FILE];
    const char *given = settings->env[CREDS_ENV_CONTAINER_TOKEN];
    AUTO_SECRET char *read = file ? secret_read(file, TOKEN_MAX) : NULL;
    if (file && !read) {
        return mgw_fail(call, MGW_DENIED, "%s %s cannot be read: %s",
                        creds_env_name(CREDS_ENV_CONTAINER_TOKEN_FILE), file, strerror(errno));
    }
    const char *token = file ? read : given;
    if (!token) {
        return MGW_OK;
    }
    for (const char *at = token; *at; at++) {
        if (*at < ' ' || *at > '~') {
            return mgw_fail(
                call, MGW_DENIED, "%s: no header can hold it",
                creds_env_name(file ? CREDS_ENV_CONTAINER_TOKEN_FILE : CREDS_ENV_CONTAINER_TOKEN));
        }
    }
    *header = secret_text(strlen(token) + 32);
    text_printf(header, "Authorization: %s", token);
    return header->failed ? mgw_fail(call, MGW_UNAVAILABLE, "memory is short") : MGW_OK;
}

static enum mgw_status ask(struct mgw_call *call, const struct creds_settings *settings,
                           const char *uri, struct creds_found *found)
{
    AUTO_SECRET_TEXT struct text authorization = {0};
    enum mgw_status status = put_authorization(call, settings, &authorization);
    if (status != MGW_OK) {
        return status;
    }
    struct fetch_request request = {
        .method = "GET",
        .url = uri,
        .headers = (const char *const[]){"Accept: application/json", authorization.data, NULL},
        .ca_file = settings->env[CREDS_ENV_CA_BUNDLE],
        .connect_ms = CONNECT_MS,
        .total_ms = TOTAL_MS,
        .attempts = ATTEMPTS};
    AUTO_FETCH struct fetch_answer answer = {0};
    status = fetch(call, settings->host, &request, &answer);
    if (status == MGW_OK && answer.status != 200) {
        bool refused = answer.status >= 400 && answer.status < 500 && answer.status != 429;
        return mgw_fail(call, refused ? MGW_DENIED : MGW_UNAVAILABLE, "its endpoint: HTTP %ld",
                        answer.status);
    }
    return status != MGW_OK
               ? status
               : creds_json_read(call, "its endpoint", answer.body, answer.length, false, found);
}

enum mgw_status creds_container_load(struct mgw_call *call, const struct creds_settings *settings,
                                     struct creds_found *found)
{
    const char *relative = settings->env[CREDS_ENV_CONTAINER_RELATIVE_URI];
    const char *full = settings->env[CREDS_ENV_CONTAINER_FULL_URI];
    if (!relative && !full) {
        return mgw_fail(call, MGW_NOT_FOUND, "no AWS_CONTAINER_CREDENTIALS_FULL_URI");
    }
    if (!relative && !is_allowed(full)) {
        return mgw_fail(call, MGW_DENIED,
                        "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to this machine "
                        "or to 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
    }
    if (relative && *relative != '/') {
        return mgw_fail(call, MGW_DENIED,
                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash");
    }
    AUTO_TEXT struct text uri = {0};
    text_put(&uri, relative ? RELATIVE_TO : "");
    text_put(&uri, relative ? relative : full);
    return uri.failed ? mgw_fail(call, MGW_UNAVAILABLE, "memory is short")
                      : ask(call, settings, text_of(&uri), found);
}
