/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether what the clients were told still holds. What does not ends the running test. */
#ifndef TESTS_CRASH_JUDGE_H
#define TESTS_CRASH_JUDGE_H

#include "tests/crash/load.h"
#include "tests/support/http.h"

struct judge {
    struct http_client *accounts[LOAD_ACCOUNTS];
    struct http_client *nobody; /* no credential */
    int64_t deleted_within_ms;  /* how long other gateways may not know of a delete */
};

/* Every entry of the ledger from number FROM on, and some before it that RANDOM picks. */
void judge_newest(const struct judge *judge, size_t from, uint64_t random);
void judge_all(const struct judge *judge);
/* Each key left one recording, where its create was acknowledged, and else not more. What was never
 * answered is sent once more before. ROUND goes to the ledger. */
void judge_keys(const struct judge *judge, unsigned round);

#endif
