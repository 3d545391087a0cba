/* SPDX-License-Identifier: Apache-2.0
 *
 * One large body up or down by libcurl, as the curl program does it: the same client for the
 * gateway and for what it is measured against. */
#ifndef TESTS_BENCH_TRANSFER_H
#define TESTS_BENCH_TRANSFER_H

#include "tests/bench/series.h"

struct transfer {
    const char *url, *headers; /* lines that end in CRLF */
    const char *method;        /* "GET" has no body */
    long status;               /* that the answer must have */
    const char *pattern;       /* what the body is made of, again and again */
    size_t pattern_length;
    uint64_t bytes; /* of the body, up or down */
    pid_t pid;      /* the server's */
    /* Is told the answer to an upload, once the time is taken; may be NULL. */
    void (*done)(void *ctx, const char *answer);
    void *done_ctx;
};

/* Contender: one transfer a round, in MiB a second. CTX is a transfer. */
bool transfer_run(void *ctx, double seconds, struct result *result);

#endif
