/* SPDX-License-Identifier: Apache-2.0
 *
 * See retry.h. */
#include "core/client/retry.h"

#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/base/progress.h"

#include <string.h>
#include <time.h>

enum {
    FIRST_MS = 200,
    MOST_MS = 10000,
    ADVISED_MOST_MS = 60000,
    EARLIER_MOST_MS = 180000, /* an upload whose gateway died is taken over after its lease */
    STEP_MS = 100
};

void retry_start(struct retry *retry, int64_t attempts)
{
    *retry = (struct retry){.left = attempts, .attempts = attempts};
}

void retry_progress(struct retry *retry)
{
    retry->left = retry->attempts;
    retry->failures = 0;
}

/* The first request with this Idempotency-Key still runs: to wait is all there is to do. */
static bool is_earlier_one(enum wire_result result, const struct wire_answer *answer)
{
    return result == WIRE_ANSWERED && answer->status == 409 && answer->body.data &&
           strstr(answer->body.data, "\"in_progress\"");
}

static bool may_help(enum wire_result result, const struct wire_answer *answer)
{
    if (result != WIRE_ANSWERED) {
        return result == WIRE_CUT;
    }
    switch (answer->status) {
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
        return true;
    default:
        return false;
    }
}

/* Half of the growing bound, and up to all of it. */
static int64_t pause_ms(int failures)
{
    int64_t bound = failures < 6 ? (int64_t)FIRST_MS << failures : MOST_MS;
    uint32_t random;
    id_random(&random, sizeof random);
    return bound / 2 + (int64_t)(random % (uint32_t)(bound / 2));
}

static void wait_out(int64_t ms, struct progress *progress)
{
    int64_t end = clock_mono_ms() + ms;
    for (int64_t left = ms; left > 0; left = end - clock_mono_ms()) {
        int64_t step = left < STEP_MS ? left : STEP_MS;
        struct timespec pause = {.tv_nsec = step * 1000000};
        nanosleep(&pause, NULL);
        if (progress) {
            progress_tick(progress);
        }
    }
}

bool retry_again(struct retry *retry, enum wire_result result, const struct wire_answer *answer,
                 struct progress *progress)
{
    bool earlier = is_earlier_one(result, answer);
    if (earlier ? retry->waited_ms >= EARLIER_MOST_MS || retry->attempts == 0
                : retry->left <= 0 || !may_help(result, answer)) {
        return false;
    }
    int64_t ms = pause_ms(retry->failures);
    int64_t advised = result == WIRE_ANSWERED ? answer->retry_after_ms : -1;
    if (advised > ms) {
        ms = advised < ADVISED_MOST_MS ? advised : ADVISED_MOST_MS;
    }
    wait_out(ms, progress);
    retry->waited_ms += earlier ? ms : 0;
    retry->left -= earlier ? 0 : 1;
    retry->failures++;
    return true;
}
