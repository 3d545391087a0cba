/* SPDX-License-Identifier: Apache-2.0
 *
 * Clients that upload, read, delete and repeat, each in a thread of its own, and write what they
 * were told into the ledger. An answer that must not be is counted and printed. */
#ifndef TESTS_CRASH_LOAD_H
#define TESTS_CRASH_LOAD_H

#include "tests/support/server.h"

#include <stddef.h>
#include <stdint.h>

#define LOAD_ACCOUNTS 2
#define LOAD_CLIENTS 6

struct load;

/* TOKENS: one for each account. */
struct load *load_start(const struct server *server, char *const tokens[LOAD_ACCOUNTS],
                        unsigned round, uint64_t seed);
/* Ends the clients after the request they are at; how many wrong answers there were. */
size_t load_stop(struct load *load);

struct http_client;
/* Sends the create of ledger entry NUMBER (again); the answer's status. A 201 is written into the
 * ledger. */
long load_create(struct http_client *client, size_t number, unsigned round);

#endif
