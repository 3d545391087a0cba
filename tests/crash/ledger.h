/* SPDX-License-Identifier: Apache-2.0
 *
 * What the clients were told: every recording that was acknowledged, every delete that was sent or
 * acknowledged, every keyed create. Any thread. */
#ifndef TESTS_CRASH_LEDGER_H
#define TESTS_CRASH_LEDGER_H

#include "tests/support/body.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ledger_state {
    LEDGER_SENT,     /* a create without an answer so far */
    LEDGER_TRYING,   /* is being sent again */
    LEDGER_KEPT,     /* acknowledged with 201 */
    LEDGER_DELETING, /* a delete was sent: it may be there or not */
    LEDGER_DELETED   /* acknowledged */
};

struct ledger_entry {
    enum ledger_state state;
    uint64_t seed;
    size_t length;
    unsigned account;
    unsigned round; /* when it was acknowledged, or sent last */
    char name[40];  /* its Idempotency-Key and session id; "": none */
    char id[72];    /* from here on known once acknowledged */
    char url[512];  /* as a target */
};

/* A new entry's number. */
size_t ledger_add(const struct ledger_entry *entry);
struct ledger_entry ledger_get(size_t number);
void ledger_set(size_t number, const struct ledger_entry *entry);
size_t ledger_count(void);
size_t ledger_count_state(enum ledger_state state);
/* Whether ROUND is to be run: of ROUNDS, and of up to ten times as many until as many creates are
 * acknowledged, for a machine whose disk stands still a while acknowledges none. */
bool ledger_wants_round(unsigned round, unsigned rounds);
/* A random entry in STATE that is older than BEFORE_ROUND; it becomes NEXT. False: none found.
 * RANDOM is any number. */
bool ledger_pick(enum ledger_state state, enum ledger_state next, unsigned before_round,
                 uint64_t random, size_t *number);
void ledger_free(void);

#endif
