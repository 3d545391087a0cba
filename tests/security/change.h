/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts that were altered on the way, from a seed: the same seed gives the same ones everywhere.
 * One thread. */
#ifndef TESTS_SECURITY_CHANGE_H
#define TESTS_SECURITY_CHANGE_H

#include <stddef.h>
#include <stdint.h>

struct change {
    uint64_t state; /* the seed, not 0 */
};

/* A number below LIMIT. */
size_t change_number(struct change *change, size_t limit);
/* TEXT after one to three alterations (a character replaced, left out, put in, two swapped, case
 * turned, a piece cut, doubled or overwritten, the rest taken from OTHER), which may cancel each
 * other out. New characters come from ALPHABET. Kept until the test's end. */
char *change_text(struct change *change, const char *text, const char *other, const char *alphabet);

#endif
