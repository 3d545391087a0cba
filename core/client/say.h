/* SPDX-License-Identifier: Apache-2.0
 *
 * What the user is told: one line a message, nothing in it that a terminal would obey. */
#ifndef CLIENT_SAY_H
#define CLIENT_SAY_H

#include "core/base/buf.h"

struct wire_answer;

/* `mediagw: MESSAGE` to standard error; answers EXIT. */
int say(int exit, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* `mediagw: WHAT: why (HTTP status, error, request): what to do` for an answer that is a refusal;
 * answers CLIENT_FAILED. */
int say_refused(const char *what, const struct wire_answer *answer);
/* The same out of WHY where no answer came. */
int say_cut(const char *what, const char *why);
/* What was written to standard output has arrived, else the process ends as a filter does: silently
 * by SIGPIPE where nobody reads any more. EXIT or CLIENT_FAILED. */
int say_flush(int exit);
/* A write to standard output has failed with errno; answers CLIENT_FAILED. */
int say_unwritable(void);

#endif
