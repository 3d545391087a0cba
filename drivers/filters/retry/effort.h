/* SPDX-License-Identifier: Apache-2.0
 *
 * One verb, as often as it takes: which failures are worth another attempt, how long to wait before
 * it, and what is to be said in the end. Used so:
 *
 *     struct effort effort;
 *     effort_begin(&effort, retry, call, EFFORT_READS);
 *     do {
 *         status = lower.stat(effort_attempt(&effort), …);
 *     } while (effort_again(&effort, &status));
 *
 * One thread at a time. */
#ifndef RETRY_EFFORT_H
#define RETRY_EFFORT_H

#include "retry.h"

enum effort_kind { EFFORT_READS, EFFORT_WRITES };

struct effort {
    const struct retry *retry;
    struct mgw_call *call;
    enum effort_kind kind;
    unsigned attempts;
    int64_t began_ms;
    bool unlimited; /* this attempt may last as long as the call */
    bool ambiguous; /* an attempt may have done what was asked */
    struct attempt {
        struct mgw_call call; /* first */
        struct mgw_call *outer;
    } attempt;
};

void effort_begin(struct effort *effort, const struct retry *retry, struct mgw_call *call,
                  enum effort_kind kind);
/* The call for the next attempt: the caller's own but for its deadline. It shares the error slot,
 * which the host clears before each attempt. */
struct mgw_call *effort_attempt(struct effort *effort);
/* The same for a further call below within one attempt, with time of its own. */
struct mgw_call *effort_renewed(struct effort *effort);
/* True: wait is over, try again. False: *STATUS is the answer. A write of which any attempt may
 * have happened is MGW_UNKNOWN_OUTCOME rather than "it certainly did not". */
bool effort_again(struct effort *effort, enum mgw_status *status);
/* Whether STATUS is one that another attempt may mend. */
bool effort_mends(enum mgw_status status);

#endif
