/* SPDX-License-Identifier: Apache-2.0
 *
 * See inject.h. */
#include "inject.h"

#include <string.h>
#include <time.h>

enum { STEP_MS = 10 };

/* splitmix64's finaliser. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Whether the rule's next call is hit; *RANDOM belongs to that call. */
static bool hit(const struct fault *fault, size_t at, uint64_t *random)
{
    struct rule *rule = &fault->rules[at];
    uint64_t number = rule->calls++;
    *random = mix(mix(fault->seed ^ mix(at)) + number);
    if (number < rule->skip || (double)(*random >> 11) * 0x1p-53 >= rule->rate) {
        return false;
    }
    if (rule->hits++ < rule->times || !rule->times) {
        return true;
    }
    rule->hits--;
    return false;
}

static enum mgw_status wait_ms(struct mgw_call *call, const struct fault *fault,
                               const struct rule *rule)
{
    int64_t until = fault->host->monotonic_ms() + rule->number;
    for (;;) {
        int64_t now = fault->host->monotonic_ms();
        if (rule->what == FAULT_DELAY && call->cancelled(call)) {
            return mgw_fail(call, MGW_CANCELLED, "cancelled during the delay of \"%s\"",
                            rule->text);
        }
        if (rule->what == FAULT_DELAY && call->deadline_ms && now >= call->deadline_ms) {
            return mgw_fail(call, MGW_TIMEOUT, "the deadline passed in the delay of \"%s\"",
                            rule->text);
        }
        if (now >= until) {
            return MGW_OK;
        }
        long step = (long)(until - now < STEP_MS ? until - now : STEP_MS);
        nanosleep(&(struct timespec){.tv_nsec = step * 1000000}, NULL);
    }
}

enum mgw_status inject_fail(struct mgw_call *call, const struct rule *rule)
{
    snprintf(call->error->foreign_code, sizeof call->error->foreign_code, "Injected");
    call->error->retry_after_ms = rule->retry_after_ms;
    return mgw_fail(call, (enum mgw_status)rule->number, "injected by the rule \"%s\"", rule->text);
}

static enum mgw_status apply(struct mgw_call *call, const struct fault *fault,
                             const struct rule *rule, uint64_t random, struct injection *injection)
{
    injection->random = mix(random);
    switch (rule->what) {
    case FAULT_DELAY:
    case FAULT_DEAF:
        return wait_ms(call, fault, rule);
    case FAULT_SHORT:
        injection->shorter = true;
        return MGW_OK;
    case FAULT_LIE:
        injection->lie = rule->lie;
        return MGW_OK;
    case FAULT_STATUS:
        if (rule->when == FAULT_BEFORE || (rule->when == FAULT_EITHER && injection->random >> 63)) {
            return inject_fail(call, rule);
        }
        injection->after = rule;
        return MGW_OK;
    }
    return MGW_OK;
}

enum mgw_status inject_before(struct mgw_call *call, const struct fault *fault,
                              enum fault_verb verb, struct injection *injection)
{
    *injection = (struct injection){0};
    for (size_t i = 0; i < fault->count; i++) {
        uint64_t random;
        const struct rule *rule = &fault->rules[i];
        if ((rule->verbs & (1u << verb)) && hit(fault, i, &random)) {
            fault->host->log("fault", MGW_LOG_DEBUG, "%s: %s", fault_verb_name(verb), rule->text);
            enum mgw_status status = apply(call, fault, rule, random, injection);
            if (status != MGW_OK) {
                return status;
            }
        }
    }
    return MGW_OK;
}

enum mgw_status inject_after(struct mgw_call *call, const struct injection *injection,
                             enum mgw_status status)
{
    return status == MGW_OK && injection->after ? inject_fail(call, injection->after) : status;
}

void inject_stat(struct mgw_call *call, const struct injection *injection, enum mgw_status status,
                 struct mgw_stat *stat)
{
    char *text = NULL;
    if (status != MGW_OK) {
        return;
    }
    switch (injection->lie) {
    case LIE_SIZE:
        stat->bytes++;
        return;
    case LIE_WILD:
        stat->bytes = UINT64_MAX;
        return;
    case LIE_NO_ETAG:
        stat->etag = NULL;
        return;
    case LIE_ETAG:
        text = call->alloc(call, 32);
        if (text) {
            snprintf(text, 32, "lie-%016llx", (unsigned long long)injection->random);
            stat->etag = text;
        }
        return;
    case LIE_UTF8:
        text = call->alloc(call, 8);
        if (text && MGW_HAS(stat, content_type)) {
            memcpy(text, "\xff\xfe/\n", 5);
            stat->content_type = text;
        }
        return;
    default:
        return;
    }
}
