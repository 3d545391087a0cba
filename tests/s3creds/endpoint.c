/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/s3creds/endpoint.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TTL_HEADER "X-aws-ec2-metadata-token-ttl-seconds"
#define TOKEN_HEADER "X-aws-ec2-metadata-token"
#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"

struct form {
    char text[8192];
    size_t length;
};

struct answer {
    unsigned int status;
    char body[4096];
};

static void put_time(int64_t wall_ms, char text[32])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static bool has_header(struct MHD_Connection *connection, const char *name, const char *value)
{
    const char *sent = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return sent && strcmp(sent, value) == 0;
}

static void put_document(struct endpoint *endpoint, struct answer *answer)
{
    char ends[32], expiration[64] = "";
    put_time(endpoint->expires_at_ms, ends);
    if (endpoint->expires_at_ms) {
        snprintf(expiration, sizeof expiration, ", \"Expiration\": \"%s\"", ends);
    }
    endpoint->given += !endpoint->same || endpoint->given == 0;
    answer->status = 200;
    snprintf(answer->body, sizeof answer->body,
             "{\"Code\": \"Success\", \"LastUpdated\": \"2026-11-24T00:00:00Z\",\n \"Type\": "
             "\"AWS-HMAC\", \"AccessKeyId\": \"ASIA%u\", \"SecretAccessKey\": \"" HUSH
             "/secret+%u\", \"Token\": \"" HUSH "-token-%u==\"%s}",
             endpoint->given, endpoint->given, endpoint->given, expiration);
}

static void answer_imds(struct endpoint *endpoint, struct MHD_Connection *connection,
                        const char *method, const char *path, struct answer *answer)
{
    char token[64];
    if (strcmp(path, "/latest/api/token") == 0) {
        const char *ttl = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, TTL_HEADER);
        bool good = strcmp(method, "PUT") == 0 && ttl && atol(ttl) > 0 && atol(ttl) <= 21600;
        endpoint->tokens += good;
        answer->status = good ? 200 : 400;
        snprintf(answer->body, sizeof answer->body, good ? HUSH "-imds-%u==" : "bad",
                 endpoint->tokens);
        return;
    }
    snprintf(token, sizeof token, HUSH "-imds-%u==", endpoint->tokens);
    if (strcmp(method, "GET") != 0 || !has_header(connection, TOKEN_HEADER, token)) {
        answer->status = 401;
    } else if (!endpoint->role) {
        answer->status = 404;
    } else if (strcmp(path, ROLE_PATH) == 0) {
        endpoint->roles++;
        answer->status = 200;
        snprintf(answer->body, sizeof answer->body, "%s", endpoint->role);
    } else if (strcmp(path + strlen(ROLE_PATH), endpoint->role) == 0) {
        put_document(endpoint, answer);
    }
}

static void answer_sts(struct endpoint *endpoint, const struct form *form, struct answer *answer)
{
    char ends[32];
    put_time(endpoint->expires_at_ms, ends);
    snprintf(endpoint->form, sizeof endpoint->form, "%s", form->text);
    if (endpoint->sts_error) {
        answer->status = 400;
        snprintf(answer->body, sizeof answer->body,
                 "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
                 "<Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>"
                 "<RequestId>r</RequestId></ErrorResponse>",
                 endpoint->sts_error, endpoint->sts_message ? endpoint->sts_message : "");
        return;
    }
    endpoint->given++;
    answer->status = 200;
    snprintf(answer->body, sizeof answer->body,
             "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/"
             "2011-06-15/\">\n  <AssumeRoleWithWebIdentityResult>\n    "
             "<SubjectFromWebIdentityToken>s</SubjectFromWebIdentityToken>\n    <Credentials>\n"
             "      <SessionToken>" HUSH "&#45;token&amp;%u</SessionToken>\n"
             "      <SecretAccessKey>" HUSH "/secret+%u</SecretAccessKey>\n"
             "      <Expiration>%s</Expiration>\n      <AccessKeyId>ASIA%u</AccessKeyId>\n"
             "    </Credentials>\n  </AssumeRoleWithWebIdentityResult>\n"
             "</AssumeRoleWithWebIdentityResponse>\n",
             endpoint->given, endpoint->given, ends, endpoint->given);
}

static void make_answer(struct endpoint *endpoint, struct MHD_Connection *connection,
                        const char *method, const char *path, const struct form *form,
                        struct answer *answer)
{
    if (strncmp(path, "/latest/", strlen("/latest/")) == 0) {
        answer_imds(endpoint, connection, method, path, answer);
    } else if (strcmp(path, "/") == 0 && strcmp(method, "POST") == 0) {
        answer_sts(endpoint, form, answer);
    } else if (strcmp(path, CONTAINER_PATH) == 0 && endpoint->authorization &&
               !has_header(connection, "Authorization", endpoint->authorization)) {
        answer->status = 401;
    } else if (strcmp(path, CONTAINER_PATH) == 0 && strcmp(method, "GET") == 0) {
        put_document(endpoint, answer);
    }
    bool last = strcmp(path, "/latest/api/token") != 0 && strcmp(path, ROLE_PATH) != 0;
    if (endpoint->body && last) {
        snprintf(answer->body, sizeof answer->body, "%s", endpoint->body);
    }
    if (endpoint->fail_first > 0) {
        endpoint->fail_first--;
        answer->status = 503;
    } else if (endpoint->location) {
        answer->status = 307;
    } else if (endpoint->status) {
        answer->status = endpoint->status;
    }
}

static enum MHD_Result send_answer(struct endpoint *endpoint, struct MHD_Connection *connection,
                                   const struct answer *answer, const char *location, size_t pad)
{
    (void)endpoint;
    size_t length = strlen(answer->body);
    char *body = malloc(length + pad + 1);
    memcpy(body, answer->body, length);
    memset(body + length, ' ', pad);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length + pad, body, MHD_RESPMEM_MUST_FREE);
    if (location) {
        MHD_add_response_header(response, "Location", location);
    }
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result serve(void *ctx, struct MHD_Connection *connection, const char *path,
                             const char *method, const char *version, const char *bytes,
                             size_t *length, void **state)
{
    (void)version;
    struct endpoint *endpoint = ctx;
    struct form *form = *state;
    if (!form) {
        *state = calloc(1, sizeof *form);
        return MHD_YES;
    }
    if (*length) {
        size_t room = sizeof form->text - 1 - form->length;
        size_t taken = *length < room ? *length : room;
        memcpy(form->text + form->length, bytes, taken);
        form->length += taken;
        *length = 0;
        return MHD_YES;
    }
    struct answer answer = {.status = 404};
    int64_t delay_ms;
    size_t pad;
    const char *location;
    ENDPOINT(endpoint, {
        endpoint->requests++;
        make_answer(endpoint, connection, method, path, form, &answer);
        delay_ms = endpoint->delay_ms;
        pad = endpoint->pad;
        location = endpoint->location;
    });
    nanosleep(&(struct timespec){.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000},
              NULL);
    return send_answer(endpoint, connection, &answer, location, pad);
}

static void completed(void *ctx, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode why)
{
    (void)ctx;
    (void)connection;
    (void)why;
    free(*state);
    *state = NULL;
}

struct endpoint *endpoint_new(void)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    assert_non_null(endpoint);
    pthread_mutex_init(&endpoint->lock, NULL);
    endpoint->role = "media-role";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    endpoint->daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, NULL,
                         NULL, serve, endpoint, MHD_OPTION_SOCK_ADDR, &address,
                         MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
    assert_non_null(endpoint->daemon);
    endpoint->port = MHD_get_daemon_info(endpoint->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    snprintf(endpoint->url, sizeof endpoint->url, "http://127.0.0.1:%u", endpoint->port);
    return endpoint;
}

void endpoint_free(struct endpoint *endpoint)
{
    if (endpoint) {
        MHD_stop_daemon(endpoint->daemon);
        pthread_mutex_destroy(&endpoint->lock);
        free(endpoint);
    }
}
