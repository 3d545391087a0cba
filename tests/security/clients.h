/* SPDX-License-Identifier: Apache-2.0
 *
 * A crowd of clients that each begin a request's header and then send a line of it every now and
 * then, in a thread of its own: who is cut off comes again until the crowd is told to end. */
#ifndef TESTS_SECURITY_CLIENTS_H
#define TESTS_SECURITY_CLIENTS_H

#include <stddef.h>
#include <stdint.h>

struct clients;

/* What became of the connections. */
struct clients_found {
    size_t opened;       /* connections in all */
    size_t most;         /* at once */
    size_t answered;     /* got any byte (a 408 would be one) */
    int64_t shortest_ms; /* life of a connection, from connect to the peer's end of it */
    int64_t longest_ms;
    size_t still_open; /* when the crowd's time was over */
};

/* COUNT clients of the gateway at PORT, a line each every PAUSE_MS. */
struct clients *clients_start(uint16_t port, size_t count, int64_t pause_ms);
/* How many are connected at the moment. */
size_t clients_connected(const struct clients *clients);
/* Nobody comes again; waits at most PATIENCE_MS for the last to be cut off, and frees. */
struct clients_found clients_end(struct clients *clients, int64_t patience_ms);

#endif
