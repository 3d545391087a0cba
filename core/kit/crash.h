/* SPDX-License-Identifier: Apache-2.0
 *
 * Scripts that are killed. The case runs its script again and again, each time in a new process
 * that SIGKILL ends before, or during, another of its steps; then it looks at what is left. The
 * case's thread only. */
#ifndef KIT_CRASH_H
#define KIT_CRASH_H

#include <stdbool.h>

enum { CRASH_BETWEEN = -1 };

/* Runs the case's script: ROUND is for its names, STEP where it is killed: before that step, or
 * DELAY_US after it began (where it may be over already). True: it was killed; false: it came to
 * its end first. Fails the case where the script itself failed. */
bool crash_run(unsigned round, unsigned step, int delay_us);

/* In the script: ROUND, and the beginning of the next step, where the process may end. */
unsigned crash_round(void);
void crash_step(void);

/* The child's own: what --crash said, "ROUND:STEP:DELAY". */
bool crash_told(const char *text);
void crash_words(int argc, char **argv);

#endif
