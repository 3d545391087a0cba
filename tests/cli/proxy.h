/* SPDX-License-Identifier: Apache-2.0
 *
 * A bad network between a client and the gateway: a proxy that cuts a connection after so many
 * bytes, changes one on the way, or answers by itself. It remembers what clients sent. */
#ifndef TESTS_CLI_PROXY_H
#define TESTS_CLI_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What happens to one connection; 0 in every field: nothing. */
struct proxy_plan {
    size_t cut_up;      /* cut once so many bytes came from the client */
    size_t cut_down;    /* cut once so many bytes went to it */
    bool lose_answer;   /* cut in place of the answer's first byte */
    bool slow_up;       /* 16 KiB a ms from the client at most */
    bool silent;        /* nothing goes anywhere, and nothing is closed */
    size_t flip_up;     /* this byte from the client arrives changed */
    size_t flip_down;   /* this byte to the client arrives changed */
    const char *answer; /* to the first request, which goes no further */
};

struct proxy;

/* The connections take the PLANS in their order, those behind COUNT none. Ends with the test. */
struct proxy *proxy_new(uint16_t to, const struct proxy_plan *plans, size_t count);
/* Connections go to TO from now on: the gateway was started again. */
void proxy_follow(struct proxy *proxy, uint16_t to);
/* "http://127.0.0.1:port", kept until the test's end. */
const char *proxy_url(const struct proxy *proxy);
size_t proxy_connections(struct proxy *proxy);
/* How many bytes came from clients (4 MiB are remembered at most). */
size_t proxy_seen(struct proxy *proxy);
/* How often TEXT stood in what clients sent. */
size_t proxy_saw(struct proxy *proxy, const char *text);
/* The request that begins with START, up to its empty line; kept until the test's end; NULL: it did
 * not come. */
const char *proxy_request(struct proxy *proxy, const char *start);

#endif
