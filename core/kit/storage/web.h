/* SPDX-License-Identifier: Apache-2.0
 *
 * A plain HTTP client on libcurl, for the URLs that a driver has signed: it sends what it is told
 * and nothing of its own, follows nothing and uses no proxy. */
#ifndef WEB_H
#define WEB_H

#include "core/kit/storage/kit.h"

struct web_answer {
    long status; /* 0: no answer, `error` says why */
    char *head;  /* the header lines */
    char *body;  /* with a NUL behind it */
    size_t length;
    char error[256];
};
void web_free(struct web_answer *answer);
#define AUTO_ANSWER __attribute__((cleanup(web_free), unused)) /* some only ask */

/* HEADERS: name, value, …, NULL. BODY NULL: none, else LENGTH bytes. */
struct web_answer web_send(const char *method, const char *url, const char *const *headers,
                           const void *body, size_t length);
/* What PRESIGNED allows, done as it says; BODY as above. */
struct web_answer web_do(const struct mgw_presigned *presigned, const void *body, size_t length);
/* The header NAME; NULL: there is none. To be freed. */
char *web_header(const struct web_answer *answer, const char *name);

#define assert_answer(answer, expected) web_assert(answer, expected, __FILE__, __LINE__)
void web_assert(const struct web_answer *answer, long expected, const char *file, int line);
/* Refused: 400, 403, 404, 409, 411 or 412. */
#define assert_answer_refused(answer) web_assert_refused(answer, __FILE__, __LINE__)
void web_assert_refused(const struct web_answer *answer, const char *file, int line);

#endif
