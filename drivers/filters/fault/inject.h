/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens to one call. The N-th call that a rule sees is hit or not by the seed, the rule's
 * place and N alone, so that a run in one thread repeats exactly. Any thread. */
#ifndef FAULT_INJECT_H
#define FAULT_INJECT_H

#include "fault.h"

struct injection {
    const struct rule *after; /* its status is answered although it was done; NULL: none */
    enum fault_lie lie;
    bool shorter;    /* a read of fewer bytes */
    uint64_t random; /* for what the lie or the failure leaves open */
};

/* Delays, and fails where that is to be before VERB is done: any status but MGW_OK is the answer,
 * and VERB is not done. */
enum mgw_status inject_before(struct mgw_call *call, const struct fault *fault,
                              enum fault_verb verb, struct injection *injection);
/* After it was done with STATUS: the answer. */
enum mgw_status inject_after(struct mgw_call *call, const struct injection *injection,
                             enum mgw_status status);
/* Bends what a stat tells, as the lie goes. */
void inject_stat(struct mgw_call *call, const struct injection *injection, enum mgw_status status,
                 struct mgw_stat *stat);
/* RULE's status, which may be one that there is not. */
enum mgw_status inject_fail(struct mgw_call *call, const struct rule *rule);

#endif
