/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP as the commands need it, on one libcurl handle whose connection is kept: no redirects, http
 * and https only, no .netrc, bounded waits. An answer's content goes to a sink, everything else
 * (JSON, errors) into memory. */
#ifndef CLIENT_WIRE_H
#define CLIENT_WIRE_H

#include "core/base/buf.h"

#include <curl/curl.h>
#include <stdint.h>
#include <sys/types.h>

#define WIRE_UNKNOWN UINT64_MAX

struct progress;
struct settings;

struct wire_answer {
    long status; /* 0: none */
    struct buf body;
    char *etag, *repr_digest, *content_range, *location;
    uint64_t length;        /* Content-Length */
    int64_t retry_after_ms; /* -1: not said */
};

/* A request's body. */
struct wire_source {
    uint64_t length; /* WIRE_UNKNOWN: until read() answers 0 */
    /* Up to ROOM bytes into BYTES; -1: cannot be read, give up. */
    ssize_t (*read)(void *ctx, char *bytes, size_t room);
    bool (*rewind)(void *ctx); /* back to the first byte; NULL: impossible */
    void *ctx;
};

/* Where a 200's or 206's body goes: begin once, before its first byte. False: give up. */
struct wire_sink {
    bool (*begin)(void *ctx, const struct wire_answer *answer);
    bool (*take)(void *ctx, const char *bytes, size_t length);
    void *ctx;
};

struct wire_request {
    const char *method;
    const char *url;
    bool as_caller; /* with key and account: for the gateway only, never for a signed URL */
    const struct curl_slist *headers;
    const struct wire_source *source; /* NULL: no body */
    const struct wire_sink *sink;     /* NULL: all goes into memory */
    struct progress *progress;        /* kept moving while nothing comes; may be NULL */
};

enum wire_result {
    WIRE_ANSWERED,    /* whatever the status */
    WIRE_CUT,         /* the connection failed: to repeat it may help */
    WIRE_UNREACHABLE, /* none came about, and none has before */
    WIRE_GIVEN_UP     /* by source or sink, or it cannot be sent at all */
};

struct wire;

/* SETTINGS are lent. NULL: out of memory. */
struct wire *wire_new(const struct settings *settings, const char *ca_file, long timeout_sec);
void wire_free(struct wire *wire);
/* ANSWER is emptied first; wire_answer_free it. */
enum wire_result wire_send(struct wire *wire, const struct wire_request *request,
                           struct wire_answer *answer);
/* Why the last one was not WIRE_ANSWERED. */
const char *wire_error(const struct wire *wire);
void wire_answer_free(struct wire_answer *answer);
#define AUTO_ANSWER AUTO(wire_answer_free)
/* Appends `NAME: VALUE`; false where memory is short. */
bool wire_header(struct curl_slist **headers, const char *name, const char *value);
static inline void wire_headers_cleanup(struct curl_slist **headers)
{
    curl_slist_free_all(*headers);
}
#define AUTO_HEADERS AUTO(wire_headers_cleanup)

#endif
