/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's own words: uploads, rows, signed URLs, errors. What is not as it must be ends the
 * running test. */
#ifndef TESTS_SUPPORT_API_H
#define TESTS_SUPPORT_API_H

#include "tests/support/form.h"
#include "tests/support/http.h"
#include "tests/support/raw.h"

#include <jansson.h>

#define API_RECORDINGS "/api/media/recordings"
#define API_VIDEO "video/webm;codecs=vp9,opus"
#define API_AUDIO "audio/webm;codecs=opus"

/* The answer's JSON, its Content-Type checked. */
json_t *api_json(const struct http_answer *answer);
/* The same where the status is as expected; else the answer is shown. */
json_t *api_expect(const struct http_answer *answer, long status);
/* An error as every one must be: status, `error` (NULL: any), `message`, `requestId` that is also
 * the X-Request-Id header. */
void api_error(const struct http_answer *answer, long status, const char *error);

/* POST of a form that has its end boundary. HEADERS as for http_send. */
struct http_answer *api_post(struct http_client *client, const struct form *form,
                             const char *headers);
/* A raw body; QUERY is "" or "?name=value…". */
struct http_answer *api_post_raw(struct http_client *client, const char *query, const char *type,
                                 struct body body, const char *headers);
/* A recording with no optional field; answers 201's JSON. */
json_t *api_upload(struct http_client *client, const char *type, struct body body);
/* The same with a session id. */
json_t *api_upload_session(struct http_client *client, const char *type, struct body body,
                           const char *session_id);

/* A row's text field; NULL: absent. */
const char *api_text(const json_t *answer, const char *field);
const char *api_id(const json_t *answer);
/* The signed URL as a request target: without scheme and authority. */
const char *api_url(const json_t *answer);
/* "/api/media/{id}SUFFIX" */
const char *api_path(const json_t *answer, const char *suffix);

/* True for "2026-11-23T04:51:00.123Z". */
bool api_is_time(const char *text);

/* How many rows one page of GET /api/media QUERY has. */
size_t api_count(struct http_client *client, const char *query);

#endif
