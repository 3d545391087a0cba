/* SPDX-License-Identifier: Apache-2.0
 *
 * Which callback of which plugin each thread is inside of, so that one that never returns is
 * noticed: some time after its deadline it counts as lost. Then the log names it, its worker's pool
 * makes up for the thread, and the plugin's gate knows; where too many are lost the gate lets
 * nobody in any more. When a lost call does come back all of that is undone. A thread of this
 * room's own looks, twice a second, for as long as there is a gate. Any thread. */
#ifndef PLUGIN_WATCH_H
#define PLUGIN_WATCH_H

#include <mediagw/plugin.h>

#include <stdatomic.h>

enum {
    WATCH_GRACE_MS = 2000, /* a callback may answer so long after its deadline */
    WATCH_MOST = 16,       /* lost calls of an instance, unless watch_set_most said less */
    WATCH_CLOSE_MS = 10000 /* for a callback that ends something: it has no deadline of its own */
};

/* One instance's, or that of all that share one lock. */
struct watch_gate {
    const char *plugin; /* its name, valid as long as the gate */
    _Atomic unsigned lost;
    bool single; /* one at a time: one lost call keeps all others out */
    /* A read that should never wait did: until then (CLOCK_MONOTONIC, ms) nobody calls inline. */
    _Atomic int64_t slow_until;
};

/* One call under way, on its thread's stack. */
struct watch_frame {
    struct watch_gate *gate;
    const char *verb;
    const char *request_id; /* NULL: none */
    int64_t since, overdue; /* CLOCK_MONOTONIC, ms; `overdue` 0: never */
    bool quick;             /* one of those that an inline instance answers without waiting */
    bool lost;
    struct watch_frame *outer; /* what this thread was inside of before */
};

/* The thread that looks runs between the first watch_start and the last watch_stop. False: it could
 * not be started. */
bool watch_start(void);
void watch_stop(void);

/* Whether GATE lets one more in. */
bool watch_admits(const struct watch_gate *gate);
/* FRAME's gate, verb, request id, deadline and quickness are set; it lives until watch_leave. */
void watch_enter(struct watch_frame *frame);
void watch_leave(struct watch_frame *frame);

/* Process-wide: how many lost calls shut an instance's gate, 1 to WATCH_MOST. */
void watch_set_most(unsigned most);

struct watch_call {
    const char *plugin, *verb, *request_id;
    int64_t for_ms;
    bool lost;
};
/* Every thread's innermost call that has been under way for LEAST_MS or more, lent to EMIT. */
void watch_each(int64_t least_ms, void (*emit)(void *ctx, const struct watch_call *call),
                void *ctx);

/* Ends the process (1) after PATIENCE_MS with a line for each call that is still under way: the
 * last resort of a stop that waits for a plugin. */
void watch_end_after(int64_t patience_ms);

#endif
