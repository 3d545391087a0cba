/* SPDX-License-Identifier: Apache-2.0
 *
 * Clients that upload, read, delete and repeat, each in a thread of its own, and write what they
 * were told into the ledger. An answer that must not be is counted and printed. */
#ifndef TESTS_CRASH_LOAD_H
#define TESTS_CRASH_LOAD_H

#include "tests/support/server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_ACCOUNTS 2
#define LOAD_CLIENTS 6

struct load;

struct load_plan {
    const struct server *server;
    char *const *tokens; /* one for each account */
    unsigned round;
    uint64_t seed;
    bool goes_on; /* a cut connection ends no client: it comes again soon */
};
struct load *load_start(const struct load_plan *plan);

/* What the clients saw. */
struct load_tally {
    size_t requests, served, unavailable, late, cut; /* late: 504 */
    int64_t worst_gap_ms;                            /* without any answer that served */
};
/* Ends the clients after the request they are at; how many wrong answers there were. What they saw
 * is added to *TALLY (NULL: to nothing). */
size_t load_stop(struct load *load, struct load_tally *tally);

struct http_client;
/* Sends the create of ledger entry NUMBER (again); the answer's status, -1 where that is a wrong
 * one. A 201 is written into the ledger. */
long load_create(struct http_client *client, size_t number, unsigned round);

#endif
