/* SPDX-License-Identifier: Apache-2.0
 *
 * How many of something each account has at the moment, up to a limit. Any thread. */
#ifndef HTTP_TALLY_H
#define HTTP_TALLY_H

#include <stdbool.h>
#include <stddef.h>

struct tally;

struct tally *tally_new(size_t limit);
void tally_free(struct tally *tally);
/* One more for ACCOUNT; false, and nothing counted, at the limit (or when memory is short). */
bool tally_enter(struct tally *tally, const char *account);
void tally_leave(struct tally *tally, const char *account);

#endif
