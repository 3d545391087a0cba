/* SPDX-License-Identifier: Apache-2.0
 *
 * See apply.h. */
#include "apply.h"

#include "transaction.h"

#include <time.h>

enum { TRIES = 10, PAUSE_MS = 20 };

/* Those that met in a deadlock shall not meet again. */
static void pause_a_little(const struct limit *limit, int attempt)
{
    uint32_t random;
    limit->host->random(&random, sizeof random);
    int ms = limit_nap_ms(limit, 1 + random % (uint32_t)(PAUSE_MS * (attempt + 1)));
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static enum mgw_status run_once(struct pool *pool, const struct limit *limit,
                                struct request *request, struct fault *fault)
{
    struct session *session;
    enum mgw_status status = pool_borrow(pool, limit, &session, fault);
    if (status == MGW_OK) {
        status = transaction_run(session, limit, INT64_MAX, request, fault);
        pool_return(pool, session);
    }
    return status;
}

void apply_request(struct pool *pool, const struct limit *limit, struct request *request)
{
    struct fault fault = {0};
    enum mgw_status status = MGW_OK;
    for (int i = 0; i < TRIES; i++) {
        fault = (struct fault){0};
        status = run_once(pool, limit, request, &fault);
        if (status == MGW_OK || !fault.again) {
            break;
        }
        pause_a_little(limit, i);
        struct fault over;
        if (limit_check(limit, "a change", &over) != MGW_OK) {
            fault = over;
            break;
        }
    }
    if (status != MGW_OK) {
        transaction_fail(request, &fault);
    }
}
