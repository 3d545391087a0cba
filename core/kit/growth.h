/* SPDX-License-Identifier: Apache-2.0
 *
 * What a process holds: memory, descriptors, threads; and whether rounds of the same work make it
 * grow. One thread, while no other works. */
#ifndef KIT_GROWTH_H
#define KIT_GROWTH_H

#include <stddef.h>

/* Runs WORK(CTX) until what was made once is there, then in several batches of ROUNDS. Fails the
 * case where each batch has left memory, a descriptor or a thread behind for each round. */
void growth_check(void (*work)(void *ctx), void *ctx, size_t rounds);

#endif
