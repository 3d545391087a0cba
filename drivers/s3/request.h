/* SPDX-License-Identifier: Apache-2.0
 *
 * One S3 request: addressed, signed, sent, sent again where that is safe and may help (full jitter,
 * Retry-After, the other region of a redirect, renewed credentials), and judged: a status with a
 * text that carries S3's code, message and request id. One thread a request. */
#ifndef S3_REQUEST_H
#define S3_REQUEST_H

#include "lane.h"
#include "s3.h"

#define REQUEST_PAIRS 96

struct request {
    const char *method;
    const char *bucket; /* NULL: the service */
    const char *object; /* NULL: the bucket */
    struct sign_pair query[8];
    size_t query_count;
    struct sign_pair headers[REQUEST_PAIRS];
    size_t header_count;
    struct lane_body body;
    bool body_sent;     /* there is a body, be it empty */
    const char *sha256; /* hex digest of a body that has bytes */
    size_t answer_max;  /* 0: ANSWER_MAX */
    bool once;          /* no second attempt */
    bool paid;          /* the payer's header is among the others already */
    const char *result; /* the element that a 2xx must bring, or it is a failure; NULL: any */
    bool (*sink)(void *ctx, const void *bytes, size_t length);
    void *sink_ctx;

    /* The answer. */
    struct lane_exchange exchange;
    enum lane_end end; /* LANE_DONE, or LANE_PAUSED with a sink */
    long status;       /* of the last answer; 0: none */
    char code[64];     /* S3's own code of a failure */
    bool doubtful;     /* an earlier attempt may have been carried out, unlike the last */
};

/* Headers and query parameters; the strings must live as long as the request. */
void request_header(struct request *request, const char *name, const char *value);
void request_query(struct request *request, const char *name, const char *value);

/* MGW_OK for every 2xx (with `result`: that brings it; CompleteMultipartUpload and the copies
 * answer 200 with an <Error>). UNKNOWN_OUTCOME where any attempt of a request that writes may have
 * been carried out. With a sink that has taken bytes: also where the rest did not come, and
 * `end` says so; who reads on knows from where. To be ended in any case. */
enum mgw_status request_send(struct mgw_call *call, struct s3 *s3, struct request *request);
void request_end(struct s3 *s3, struct request *request);

/* Whether S3 answered one of these codes. */
bool request_is(const struct request *request, const char *code);
/* A 2xx whose body is not what it must be, where that is seen only after request_send. Judges it as
 * if it had been the answer's status. */
enum mgw_status request_judge_body(struct mgw_call *call, const struct s3 *s3,
                                   struct request *request);
/* Sleeps, but no longer than the call lasts. */
enum mgw_status request_pause(struct mgw_call *call, const struct s3 *s3, int64_t ms);
/* The delay before attempt NUMBER (from 1): full jitter. */
int64_t request_delay(const struct s3 *s3, unsigned number);

#endif
