/* SPDX-License-Identifier: Apache-2.0
 *
 * A record that one process at a time holds, and that runs out when it is not renewed: a node's
 * name, a lease. Taken and renewed by compare-and-set, by the repository's clock. Whether it is
 * still held is told by this machine's monotonic clock, from before the last renewal was asked for:
 * a process that was paused knows that it lost it before anybody tells it.
 *
 * Nothing that must not happen twice may rest on a claim: between the look and the deed any time
 * may pass. Rows are changed by compare-and-set of their own. A claim is one thread's at a time. */
#ifndef MEDIA_CLAIM_H
#define MEDIA_CLAIM_H

#include "core/plugin/rows.h"

#include <jansson.h>

struct claim {
    struct rows *rows;
    const char *kind;
    char *id;
    char *text; /* JSON; nobody else's claim has the same */
    int64_t ttl_ms;
    int64_t held_until; /* monotonic; 0: not held */
};

/* What every claim of this process says of its holder: host, pid, which process of which machine.
 * MORE goes in as well (taken over; NULL: nothing). The text to be freed; NULL: memory is short. */
char *claim_text(const char *owner, json_t *more);
/* ID is copied, TEXT taken over. False: memory is short. */
bool claim_init(struct claim *claim, struct rows *rows, const char *kind, const char *id,
                char *text, int64_t ttl_ms);
void claim_end(struct claim *claim);

/* Takes or renews it. MGW_BUSY: another one has it, whose text goes to *HOLDER (to be freed; may be
 * NULL) and its record's version to *VERSION (may be NULL). One whose holder is a process of this
 * machine that is certainly dead is taken over at once, any other once it has run out. */
enum mgw_status claim_take(struct claim *claim, struct mgw_call *call, char **holder,
                           int64_t *version);
bool claim_is_held(const struct claim *claim);
/* Gives it up where it is still ours. */
void claim_release(struct claim *claim, struct mgw_call *call);

#endif
