/* SPDX-License-Identifier: Apache-2.0
 *
 * A line on standard error, written over itself while a transfer goes on: how much, how fast, how
 * long still. One at a time; shown on a terminal only. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_UNKNOWN UINT64_MAX

struct progress {
    bool shown;
    const char *label;
    uint64_t done, total; /* total may be PROGRESS_UNKNOWN */
    int64_t drawn_ms;     /* when the line was written last */
    int64_t sampled_ms;   /* where the running sample of the rate begins */
    uint64_t sampled;
    double rate; /* bytes a second; 0: not known yet */
};

/* LABEL is lent until the end, and may change meanwhile. Where not SHOWN nothing is ever written.
 */
void progress_start(struct progress *progress, bool shown, const char *label, uint64_t total);
void progress_at(struct progress *progress, uint64_t done);
/* Time has passed. */
void progress_tick(struct progress *progress);
/* Takes the line away: something else is to be written. It comes back with the next bytes. */
void progress_clear(struct progress *progress);
/* The last state of it stays where DONE, else the line goes. */
void progress_end(struct progress *progress, bool done);

/* "12.3 MiB" into OUT. */
#define PROGRESS_SIZE 16
void progress_bytes(uint64_t bytes, char out[PROGRESS_SIZE]);

#endif
