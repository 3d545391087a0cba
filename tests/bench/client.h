/* SPDX-License-Identifier: Apache-2.0
 *
 * The client of the benchmarks: some keep-alive connections over which prepared requests go one
 * after the other, on two threads with an epoll each. It measures; it checks of each answer the
 * status and that all of its bytes came. */
#ifndef TESTS_BENCH_CLIENT_H
#define TESTS_BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A prepared request; its memory is its maker's. The body is BODY again and again until BODY_TOTAL
 * bytes of it are sent, then TAIL. */
struct request {
    char *head;
    size_t head_length;
    const char *body;
    size_t body_length;
    uint64_t body_total;
    const char *tail;
    size_t tail_length;
};

struct load {
    uint16_t port;
    unsigned connections;
    const struct request *requests; /* each connection takes the next one in turn */
    size_t count;
    unsigned status;  /* what every answer must have */
    double seconds;   /* then nothing new is sent, and what is under way ends */
    uint64_t at_most; /* requests; 0: as many as fit */
};

struct outcome {
    uint64_t answers, bytes; /* bytes of the answers' bodies */
    double seconds;          /* until the last answer */
    double p50_ms, p99_ms;
};

/* False where an answer was not what it had to be; the reason is on standard error. */
bool client_run(const struct load *load, struct outcome *outcome);

/* One request on a connection of its own: the answer's body, to be freed, a NUL behind it; NULL:
 * not of that STATUS. */
char *client_once(uint16_t port, const struct request *request, unsigned status);

/* A socket connected to the port on loopback; ends the program where it cannot be. */
int client_connect(uint16_t port);

/* A request's head; to be freed. */
char *client_head(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A request without a body. HEADERS: lines that end in CRLF, or "". */
struct request client_get(const char *target, const char *headers);
void client_release(struct request *request);

int64_t client_now_us(void);

#endif
