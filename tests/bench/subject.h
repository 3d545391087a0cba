/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway under measurement, and any HTTP server as a contender. */
#ifndef TESTS_BENCH_SUBJECT_H
#define TESTS_BENCH_SUBJECT_H

#include "tests/bench/client.h"
#include "tests/bench/series.h"

#include <jansson.h>

struct server;

struct subject {
    struct server *server;
    char *headers; /* lines that let a request in */
};

/* A gateway under a config with fs and SQLite, and an API key; in dev mode where DEV. Started,
 * unless it is to be filled before. Ends the program where it does not start. */
void subject_new(struct subject *subject, bool dev, bool start);
/* The same with OVERLAY (JSON) over its config. */
void subject_new_with(struct subject *subject, const char *overlay);
/* The same of another gateway, whose command is COMMAND. */
void subject_new_other(struct subject *subject, const char *command);
/* Not 0 where it did not end well; its folder is gone then. */
int subject_free(struct subject *subject);
/* N rows of the key's account straight into the database, while the gateway does not run: kind
 * video, a session for each ten, one of them (in the middle) kind audio and of the session "rare".
 */
void subject_fill(const struct subject *subject, unsigned count);

/* Uploads of TOTAL bytes, as a raw body or as a form. BYTES stays the caller's. */
struct request subject_upload(const struct subject *subject, bool form, const char *bytes,
                              size_t length, uint64_t total);
/* A request's answer as JSON; ends the program where it has another status. */
json_t *subject_json(const struct subject *subject, const struct request *request, unsigned status);
/* GET TARGET, let in. */
struct request subject_get(const struct subject *subject, const char *target);
/* One recording of TOTAL bytes: the answer to its upload. */
json_t *subject_put(const struct subject *subject, const char *bytes, size_t length,
                    uint64_t total);
/* The target of the answer's signed URL. */
const char *subject_signed(const json_t *grant);

/* Contender: any server. CTX. */
struct served {
    uint16_t port;
    pid_t pid;
    unsigned connections;
    const struct request *requests;
    size_t count;
    unsigned status;
    uint64_t at_most;
    double scale; /* of the rate; 0: requests a second */
};
bool served_run(void *ctx, double seconds, struct result *result);

#endif
