/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether and when to send again: cut connections and answers that say "later", with growing,
 * random pauses, or the gateway's own Retry-After. */
#ifndef CLIENT_RETRY_H
#define CLIENT_RETRY_H

#include "core/client/wire.h"

struct retry {
    int64_t left;      /* more attempts */
    int64_t attempts;  /* as many as there are without progress */
    int64_t waited_ms; /* for an earlier request of the same key to end */
    int failures;
};

void retry_start(struct retry *retry, int64_t attempts);
/* Something was gained: the count begins anew. */
void retry_progress(struct retry *retry);
/* True after a pause where the request is to be sent again. RESULT and ANSWER of the last one. */
bool retry_again(struct retry *retry, enum wire_result result, const struct wire_answer *answer,
                 struct progress *progress);

#endif
