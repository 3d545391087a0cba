/* SPDX-License-Identifier: Apache-2.0
 *
 * An endpoint on loopback that hands out credentials as AWS's do: IMDSv2, a container's, and STS
 * AssumeRoleWithWebIdentity. Each set of credentials is a new one. Its fields are behind its lock:
 * ENDPOINT(endpoint, endpoint->role = NULL). Every secret holds the word HUSH. */
#ifndef TESTS_S3CREDS_ENDPOINT_H
#define TESTS_S3CREDS_ENDPOINT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define HUSH "hush"
#define WEB_TOKEN "eyJhbGciOi.hush-web-identity-token/+==.sig"
#define CONTAINER_PATH "/v2/credentials/one"

struct endpoint {
    struct MHD_Daemon *daemon;
    uint16_t port;
    char url[64]; /* without a slash at its end */
    pthread_mutex_t lock;
    /* how it answers */
    const char *role;          /* of IMDS; NULL: the instance has none */
    const char *authorization; /* that a container must show; NULL: none */
    const char *sts_error;     /* the code that STS answers with; NULL: credentials */
    const char *sts_message;
    const char *body;        /* the last answer of each way, instead of credentials */
    const char *location;    /* where every request is redirected to */
    unsigned int status;     /* of every answer; 0: as it should be */
    unsigned int fail_first; /* so many requests are answered with 503 */
    int64_t expires_at_ms;   /* of what it hands out; 0: no Expiration at all */
    int64_t delay_ms;        /* before every answer */
    size_t pad;              /* white space behind every answer */
    bool same;               /* it hands out the same ones again */
    /* what it has seen */
    unsigned int requests, tokens, roles, given;
    char form[8192]; /* the last request to STS */
};

struct endpoint *endpoint_new(void);
void endpoint_free(struct endpoint *endpoint);

#define ENDPOINT(endpoint, statement)                                                              \
    do {                                                                                           \
        pthread_mutex_lock(&(endpoint)->lock);                                                     \
        statement;                                                                                 \
        pthread_mutex_unlock(&(endpoint)->lock);                                                   \
    } while (0)
/* How many of FIELD it has seen. */
#define SEEN(endpoint, field)                                                                      \
    __extension__({                                                                                \
        unsigned int seen_;                                                                        \
        ENDPOINT(endpoint, seen_ = (endpoint)->field);                                             \
        seen_;                                                                                     \
    })

#endif
