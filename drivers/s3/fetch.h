/* SPDX-License-Identifier: Apache-2.0
 *
 * One small request to an endpoint that hands out credentials, waited for: no proxy, no redirects,
 * http and https only, at most 64 KiB of answer. Any thread; it ends at the call's deadline or
 * cancellation at the latest. */
#ifndef S3_FETCH_H
#define S3_FETCH_H

#include <mediagw/plugin.h>

struct fetch_request {
    const char *method;
    const char *url;
    const char *const *headers; /* "Name: value", NULL at the end; NULL: none */
    const char *body;           /* NULL: none */
    const char *ca_file;        /* NULL: the system's */
    long connect_ms, total_ms;  /* of one attempt */
    int attempts;               /* as long as there is no answer, or one of 500 and above */
};

struct fetch_answer {
    long status;
    char *body; /* NUL-terminated */
    size_t length;
};

/* Before the first thread. False: libcurl does not start. */
bool fetch_init(void);

/* MGW_OK: an answer came, of whatever status. MGW_UNAVAILABLE: none (the text names the server and
 * says why); MGW_TIMEOUT, MGW_CANCELLED: the call is over. */
enum mgw_status fetch(struct mgw_call *call, const struct mgw_host *host,
                      const struct fetch_request *request, struct fetch_answer *answer);
/* Cleanses what the answer held. */
void fetch_free(struct fetch_answer *answer);
#define AUTO_FETCH __attribute__((cleanup(fetch_free)))

/* MGW_OK, or that the call is over, with the text set. */
enum mgw_status fetch_over(struct mgw_call *call, const struct mgw_host *host);

#endif
