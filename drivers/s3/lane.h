/* SPDX-License-Identifier: Apache-2.0
 *
 * One HTTP exchange over libcurl, and the lanes that they run on: a lane is an easy handle in a
 * multi handle of its own, with the connections that it keeps, so that the next exchange on it
 * costs no handshake and a call's deadline and cancellation are looked at while it waits. A lane
 * belongs to one thread at a time; the pool to any. Redirects are never followed, no proxy but the
 * configured one is used, no .netrc is read. */
#ifndef S3_LANE_H
#define S3_LANE_H

#include "text.h"

#include <mediagw/plugin.h>

struct lane;
struct lanes;

struct lane_options {
    const char *ca_file, *proxy; /* NULL: the system's; none */
    bool verify;
    int64_t connect_ms, idle_ms;
};
/* NULL when memory is short. Copies what it keeps. */
struct lanes *lanes_new(const struct mgw_host *host, const struct lane_options *options);
void lanes_free(struct lanes *lanes);

/* What is sent: bytes in memory, or a part of a file. Read again from its start for each attempt.
 */
struct lane_body {
    const void *bytes; /* NULL: of FD, from OFFSET on */
    int fd;
    uint64_t offset, length;
};

enum lane_end {
    LANE_DONE,      /* an answer came, whole */
    LANE_PAUSED,    /* the sink has enough for now */
    LANE_NOT_SENT,  /* nothing reached the server: refused, no such host, TLS */
    LANE_UNTRUSTED, /* the same, since the server's certificate does not hold */
    LANE_BROKEN,    /* cut or silent after the request may have been read */
    LANE_TOO_LARGE, /* the answer is larger than the exchange takes */
    LANE_OVER       /* the call's deadline passed, or it was cancelled */
};

struct lane_exchange {
    const char *method, *url;
    const char *lines;     /* headers to send, each "Name: value\n" */
    struct lane_body body; /* length 0: none, unless BODY_SENT */
    bool body_sent;
    size_t answer_max; /* bytes of a whole answer */
    /* With a sink the body goes there and not to `answer`: takes all of the bytes, or none and
     * returns false, and is asked again by the next lane_run. */
    bool (*sink)(void *ctx, const void *bytes, size_t length);
    void *sink_ctx;

    /* The answer. */
    long status;
    struct text headers; /* "name: value\n" each, names in lower case */
    struct text answer;
    char error[256]; /* of LANE_NOT_SENT and LANE_BROKEN: why */

    uint64_t sent; /* the lane's own: of the body */
    uint64_t sunk; /* bytes that the sink has taken */
    bool refused;
    struct lane *lane;
};

/* Takes a lane and begins. False when memory is short. */
bool lane_begin(struct lanes *lanes, struct lane_exchange *exchange);
/* Goes on until the exchange has ended, or the sink is full. */
enum lane_end lane_run(struct mgw_call *call, const struct mgw_host *host,
                       struct lane_exchange *exchange);
/* Gives the lane back (its connection too, where the exchange was over) and frees the answer. */
void lane_end(struct lanes *lanes, struct lane_exchange *exchange);

/* The value of header NAME (in lower case), "" where it is missing: in OUT, cut to its size. */
const char *lane_header(const struct lane_exchange *exchange, const char *name, char *out,
                        size_t size);

#endif
