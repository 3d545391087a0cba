/* SPDX-License-Identifier: Apache-2.0
 *
 * What a test and the filter "far" tell each other, in a file of shared memory that the test makes:
 * zeros to begin with. */
#ifndef FAR_H
#define FAR_H

#include <stdatomic.h>

struct far_shared {
    atomic_long opens, stats, reads, bytes; /* asked of the layer below, by any process */
    atomic_long delay_ms;                   /* before each read */
    atomic_long failing;                    /* so many reads are MGW_UNAVAILABLE from now on */
};

#endif
