/* SPDX-License-Identifier: Apache-2.0
 *
 * A fixed number of buffers in which pieces of bodies are gathered, so that a worker is troubled
 * once for many of them. A buffer is lent while bytes wait in it, and nobody waits for one. Any
 * thread. */
#ifndef HTTP_GATHER_H
#define HTTP_GATHER_H

#include <stddef.h>

#define GATHER_BYTES ((size_t)256 * 1024)

struct gather;

struct gather *gather_new(void);
/* All buffers have come back. NULL is nothing. */
void gather_free(struct gather *gather);
/* GATHER_BYTES of memory; NULL: all are lent, or memory is short. */
char *gather_borrow(struct gather *gather);
void gather_return(struct gather *gather, char *buffer);
/* Gives the system the buffers that were not needed since the last call. */
void gather_tidy(struct gather *gather);

#endif
