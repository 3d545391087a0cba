/* SPDX-License-Identifier: Apache-2.0
 *
 * One request and its answer, from the request line to the last byte: the state machine between
 * libmicrohttpd, the worker pool and the routes.
 *
 * An exchange is touched by one thread at a time: by libmicrohttpd's thread of its connection, or,
 * while the connection is suspended, by one worker. Handlers and sinks read the request, do their
 * work and leave exactly one answer (answer.h); they never see libmicrohttpd's calling rules. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "core/base/buf.h"
#include "core/base/pool.h"
#include "core/http/conn.h"
#include "core/http/gateway.h"
#include "core/http/target.h"

#include <microhttpd.h>

#define EXCHANGE_REQUEST_ID_SIZE 65
#define EXCHANGE_JSON_MAX 65536
#define EXCHANGE_GRACE_MS 2000 /* for drivers to answer that the deadline has passed */

struct direct_put;
struct exchange;
struct forwarded;
struct route;
struct settings;
struct upload;

/* Who takes a streamed body, always on a worker. `open` and `feed` answer false once they have left
 * an answer that refuses the request: then `drop` follows and the rest of the body is discarded. */
struct sink {
    bool (*open)(struct exchange *x);
    /* BYTES are lent for the call. */
    bool (*feed)(struct exchange *x, const char *bytes, size_t length);
    /* The body is complete: leaves the answer and releases everything. */
    void (*finish)(struct exchange *x);
    /* Gives up; after `open` was called, whatever it answered, unless `finish` was. */
    void (*drop)(struct exchange *x);
};

enum exchange_access { ACCESS_NONE, ACCESS_PENDING, ACCESS_GRANTED };

struct exchange {
    struct gateway *gateway;
    struct conn *conn;
    struct MHD_Connection *mhd;
    struct pool_job job;
    const struct route *route; /* NULL until it is known */
    struct settings *settings; /* those of the request's start */

    /* The request. Strings of libmicrohttpd live as long as the request. */
    const char *method;
    char *raw_target;
    struct target *target; /* NULL where it is malformed */
    char request_id[EXCHANGE_REQUEST_ID_SIZE];
    bool has_body;
    uint64_t content_length;     /* UINT64_MAX: unknown (chunked) */
    uint64_t received;           /* bytes of the body so far */
    struct buf body;             /* of a JSON request */
    struct forwarded *forwarded; /* what a trusted proxy said; NULL: the peer is none */
    bool counted;                /* in gateway->addresses */

    /* Who asks. */
    enum exchange_access access;
    char *account; /* NULL until it is known */
    uint32_t scopes;
    struct mgw_call *call; /* for handlers: there while one runs */

    struct upload *upload; /* the sink's own, one of the two */
    struct direct_put *direct_put;
    bool sink_opened;

    /* The answer. */
    struct MHD_Response *response;
    unsigned status;
    uint64_t answer_bytes;
    const char *answer_text; /* of a JSON answer; the response owns it */

    /* The state machine's own. */
    int state;
    bool admitted;     /* past the pool's bound once */
    const char *slice; /* what a worker is given */
    size_t slice_length;
    size_t slice_shown; /* how much of it libmicrohttpd still shows */
    size_t consumed;    /* of what libmicrohttpd shows: it is told when all of it is done */
    char *copy;         /* `slice`, where libmicrohttpd would move it */
    char *gathered;     /* lent: pieces that libmicrohttpd shows no more, until a worker has them */
    size_t gathered_length;
    uint64_t discarded;
    int64_t started_us;
    int64_t work_until; /* CLOCK_MONOTONIC, ms: the deadline of the work under way */
    bool given_up;      /* it took longer, and its client was told so */
    unsigned told;      /* the status that it was told; 0: none */
    uint64_t told_bytes;
};

/* libmicrohttpd's callbacks; the first argument is the gateway. */
void *exchange_begin(void *gateway, const char *target, struct MHD_Connection *mhd);
enum MHD_Result exchange_handle(void *gateway, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *length, void **exchange);
void exchange_end(void *gateway, struct MHD_Connection *mhd, void **exchange,
                  enum MHD_RequestTerminationCode code);

/* The request's header NAME (the first one); NULL: absent. */
const char *exchange_header(const struct exchange *x, const char *name);
size_t exchange_header_count(const struct exchange *x, const char *name);
/* All headers of that name joined with ", ", to be freed; NULL: absent (or memory short). */
char *exchange_header_list(const struct exchange *x, const char *name);
/* "https://media.example.com", or what a trusted proxy said, or "http://" and the request's Host,
 * appended to OUT. */
void exchange_base_url(const struct exchange *x, struct buf *out);

#endif
