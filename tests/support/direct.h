/* SPDX-License-Identifier: Apache-2.0
 *
 * Direct uploads as a client does them, which knows nothing of where the bytes go: the gateway, or
 * a store that presigns. */
#ifndef TESTS_SUPPORT_DIRECT_H
#define TESTS_SUPPORT_DIRECT_H

#include "tests/support/gateway.h"

#define DIRECT_TARGET API_RECORDINGS "/direct"

/* POST of JSON; HEADERS as for http_send. */
struct http_answer *direct_ask(struct http_client *client, const char *json, const char *headers);
/* An upload of BODY as TYPE; MORE is "" or further members (`, "kind": "file"`). Answers 201's
 * JSON.
 */
json_t *direct_begin(struct http_client *client, const char *type, struct body body,
                     const char *more);
/* Sends BODY by the requests that BEGUN names, with their headers (TYPE, unless NULL, in place of
 * their Content-Type); the answer of the last, or of the first that is not 2xx. */
struct http_answer *direct_send(struct http_client *nobody, json_t *begun, const char *type,
                                struct body body);
/* True for 200 to 299. */
bool direct_taken(const struct http_answer *answer);
struct http_answer *direct_complete(struct http_client *client, json_t *begun);
/* The bytes that an answer's signedUrl leads to. */
struct http_answer *direct_fetch(struct http_client *nobody, json_t *answer);
/* A URL as http_send takes it: one of the gateway's own without scheme and authority (the gateway
 * may have another port by now), any other as it is. */
const char *direct_target(const char *url);
/* Where the only request of BEGUN goes. */
const char *direct_url(json_t *begun);

#endif
