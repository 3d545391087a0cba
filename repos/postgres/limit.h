/* SPDX-License-Identifier: Apache-2.0
 *
 * How long something may wait: until the call's deadline, until it is cancelled, and never longer
 * than the driver's own limit. The call's thread; without a call any one. */
#ifndef POSTGRES_LIMIT_H
#define POSTGRES_LIMIT_H

#include "fault.h"

struct limit {
    const struct mgw_host *host;
    struct mgw_call *call; /* NULL: the driver's own work */
    int64_t until_ms;      /* monotonic */
};

struct limit limit_new(const struct mgw_host *host, struct mgw_call *call, int64_t most_ms);
/* MGW_OK, or MGW_TIMEOUT or MGW_CANCELLED with the fault set. WHAT was waited for. */
enum mgw_status limit_check(const struct limit *limit, const char *what, struct fault *fault);
/* What is left, at least 1. */
int64_t limit_left_ms(const struct limit *limit);
/* How long to sleep before limit_check must be asked again, at most MOST_MS. */
int limit_nap_ms(const struct limit *limit, int64_t most_ms);

#endif
