/* SPDX-License-Identifier: Apache-2.0
 *
 * An S3 server that does as it is told: it answers by a script, in whatever way a network or a
 * server can go wrong, and remembers every request. Raw sockets on loopback, a thread for each
 * connection, TLS by OpenSSL with a certificate made at run time. One server at a time; from the
 * test's thread. */
#ifndef TESTS_S3_FAULT_H
#define TESTS_S3_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_how {
    FAULT_ANSWER,      /* the answer; the connection stays */
    FAULT_CLOSE,       /* the answer, and without a word the connection's end */
    FAULT_NO_ANSWER,   /* the request is read, then the connection's end */
    FAULT_RESET,       /* the same, with RST */
    FAULT_CUT_REQUEST, /* RST after BYTES of the request's body */
    FAULT_CUT_HEAD,    /* half of the answer's header */
    FAULT_CUT_BODY,    /* BYTES of the answer's body */
    FAULT_SILENT       /* nothing any more, until the server stops */
};

#define FAULT_ALWAYS UINT32_MAX /* times: also never */

struct fault_step {
    const char *request; /* what the request line begins with: "PUT /bucket/key" */
    uint32_t times;      /* 0: once */
    enum fault_how how;
    int status;
    /* "Name: value\n" each; "{name}" in it is the value of that header in the latest request that
     * had one: what a driver has marked its object with. NULL: none. */
    const char *headers;
    const char *body; /* NULL: none */
    size_t length;    /* of the body; 0: of the text */
    size_t announced; /* what Content-Length says instead; 0: the truth */
    size_t bytes;
    uint32_t delay_ms; /* before the answer */
};

struct fault_request {
    struct fault_request *next;
    unsigned connection; /* from 1, in the order of their coming */
    char *line;          /* "PUT /bucket/key?x=y" */
    char *head;          /* the header's lines, parted by '\n' */
    char *body;          /* as far as it came */
    size_t length;
    int64_t at_ms; /* monotonic: when its header was read */
};

struct fault_options {
    const char *name; /* TLS, with a certificate for this name; NULL: none */
};

/* Starts the server; OPTIONS NULL: plain. */
void fault_start(const struct fault_options *options);
/* COUNT steps, whose texts must outlive it: a request takes the first step left that fits. */
void fault_script(const struct fault_step *steps, size_t count);
#define FAULT_SCRIPT(...)                                                                          \
    fault_script((const struct fault_step[]){__VA_ARGS__},                                         \
                 sizeof((const struct fault_step[]){__VA_ARGS__}) / sizeof(struct fault_step))
/* Ends it; every request is forgotten. */
void fault_stop(void);
uint16_t fault_port(void);
/* The PEM file that vouches for it (TLS). */
const char *fault_ca_file(void);

/* How many requests came whose lines begin with LINE, and the Nth of them (from 0; NULL: none). */
size_t fault_count(const char *line);
const struct fault_request *fault_request(const char *line, size_t n);
/* The value of header NAME of REQUEST; NULL: none. Valid until the next call. */
const char *fault_header(const struct fault_request *request, const char *name);
/* Connections so far. */
unsigned fault_connections(void);
/* True where every step was taken and no request came without one; else says what. */
bool fault_is_done(void);

#endif
