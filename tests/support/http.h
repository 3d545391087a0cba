/* SPDX-License-Identifier: Apache-2.0
 *
 * An HTTP client on libcurl: one keep-alive connection, exact headers, whole answers. A client is
 * one thread's. Answers are kept until the test's end. */
#ifndef TESTS_SUPPORT_HTTP_H
#define TESTS_SUPPORT_HTTP_H

#include "tests/support/body.h"
#include "tests/support/server.h"

struct http_answer {
    long status; /* 0: no answer, `error` says why */
    char *head;  /* status line and headers, each ended by CRLF */
    char *body;  /* NUL-terminated */
    size_t length;
    const char *error;
};

struct http_client;

/* TOKEN NULL: no Authorization. */
struct http_client *http_new(const struct server *server, const char *token);
void http_free(struct http_client *client);
/* The account of dev mode (X-Account-Id); copied. */
void http_account(struct http_client *client, const char *account);
/* Goes to SERVER from now on (it was restarted: another port), by a new connection. */
void http_server(struct http_client *client, const struct server *server);

/* One request: TARGET is sent as it is (or is the whole URL of another server); HEADERS are lines
 * parted by '\n', NULL: none; BODY NULL: none. */
struct http_answer *http_send(struct http_client *client, const char *method, const char *target,
                              const char *headers, const void *body, size_t length);
struct http_answer *http_get(struct http_client *client, const char *target, const char *headers);

/* A body of LENGTH bytes from SEED, streamed: PREFIX and SUFFIX stand before and behind it.
 * CHUNKED: with Transfer-Encoding instead of Content-Length. */
struct http_stream {
    uint64_t seed;
    uint64_t length;
    const char *prefix; /* may be NULL */
    const char *suffix;
    bool chunked;
};
struct http_answer *http_send_stream(struct http_client *client, const char *method,
                                     const char *target, const char *headers,
                                     const struct http_stream *stream);
/* GET without keeping the body: its SHA-256 goes to CHECKSUM, its length to the answer. */
struct http_answer *http_get_checksum(struct http_client *client, const char *target,
                                      char checksum[SHA256_TEXT]);

/* The first header NAME's value; NULL: not there. Kept until the test's end. */
const char *http_header(const struct http_answer *answer, const char *name);
size_t http_header_count(const struct http_answer *answer, const char *name);
/* How many connections the client has opened so far. */
long http_connections(const struct http_client *client);

#endif
