/* SPDX-License-Identifier: Apache-2.0
 *
 * One rule of the filter "fault", as its text says it:
 *
 *     VERB:WHAT[=ARG][:RATE][:before|after][:skip=N][:times=N][:retry_after=DURATION]
 *
 * VERB is a callback of storage.h or *. WHAT is a status in small letters, status=NUMBER (also one
 * that there is not), delay=DURATION, deaf=DURATION (a delay that heeds neither deadline nor
 * cancellation), short, or lie=LIE. A rule never changes but for its counters. */
#ifndef FAULT_RULE_H
#define FAULT_RULE_H

#include <mediagw/storage.h>

enum fault_verb {
    FAULT_PUT_BEGIN,
    FAULT_PUT_WRITE,
    FAULT_PUT_PREPARE,
    FAULT_PUT_COMMIT,
    FAULT_OPEN,
    FAULT_READ,
    FAULT_DESCRIPTOR,
    FAULT_STAT,
    FAULT_REMOVE,
    FAULT_LIST,
    FAULT_COPY,
    FAULT_PRESIGN,
    FAULT_PLAN,
    FAULT_UPLOAD_CREATE,
    FAULT_UPLOAD_PART,
    FAULT_UPLOAD_COMPLETE,
    FAULT_UPLOAD_ABORT,
    FAULT_SWEEP,
    FAULT_HEALTH,
    FAULT_FREE_BYTES,
    FAULT_VERBS
};

enum fault_what { FAULT_STATUS, FAULT_DELAY, FAULT_DEAF, FAULT_SHORT, FAULT_LIE };
enum fault_when { FAULT_BEFORE, FAULT_AFTER, FAULT_EITHER };

enum fault_lie {
    LIE_NONE,
    LIE_SIZE,    /* one byte more than there are */
    LIE_WILD,    /* a number that cannot be */
    LIE_ETAG,    /* another etag */
    LIE_NO_ETAG, /* none */
    LIE_FLIP,    /* one bit of what was read */
    LIE_UTF8,    /* text that is none */
    LIE_END,     /* no bytes before the end */
    LIE_ENDLESS, /* a list that goes on and on, whatever it is told */
    LIE_REPEAT,  /* each entry twice */
    LIE_NULL,    /* OK, and nothing */
    LIES
};

struct rule {
    char *text;
    uint32_t verbs; /* bits, 1 << enum fault_verb */
    enum fault_what what;
    enum fault_lie lie;
    int64_t number; /* a status; milliseconds */
    int64_t retry_after_ms;
    double rate;
    enum fault_when when;
    uint64_t skip, times; /* times: 0: any number */
    _Atomic uint64_t calls, hits;
};

const char *fault_verb_name(enum fault_verb verb);
/* MGW_INVALID with the place and what may stand there. TEXT is copied. */
enum mgw_status rule_parse(struct mgw_call *call, const char *text, struct rule *rule);
void rule_release(struct rule *rule);

#endif
