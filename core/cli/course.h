/* SPDX-License-Identifier: Apache-2.0
 *
 * What long commands (copy, verify) show while they run: a progress line on a terminal, a plain
 * line every few seconds elsewhere, and messages between them; and how they are interrupted. One at
 * a time. course_say and course_clear may be called from any thread, the rest from the one that
 * started it. */
#ifndef CLI_COURSE_H
#define CLI_COURSE_H

#include "core/base/progress.h"

#include <pthread.h>

struct course {
    pthread_mutex_t lock;
    struct progress progress;
    const char *verb;
    char label[64];
    bool plain;
    int64_t said_ms;
};

/* VERB: "copied". From here on SIGINT and SIGTERM ask the command to end; the second one ends it.
 */
void course_start(struct course *course, const char *verb);
/* How far it is. False: it was asked to end. */
bool course_at(struct course *course, uint64_t rows, uint64_t rows_total, uint64_t bytes,
               uint64_t bytes_total);
/* One line to standard error, whatever stands there. */
void course_say(struct course *course, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Takes the progress line away: something else is to be written. Any thread. */
void course_clear(struct course *course);
void course_end(struct course *course, bool done);

/* --jobs: 1 to 64, TEXT NULL: FALLBACK. False: it was said what is wrong. */
bool course_jobs(const char *text, unsigned fallback, unsigned *jobs);

#endif
