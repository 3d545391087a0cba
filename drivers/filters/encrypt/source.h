/* SPDX-License-Identifier: Apache-2.0
 *
 * A part's bytes as the layer below gets them: segments sealed while they are read, and a trailer
 * behind them where the part is the last. Any offset may be read again and gives the same bytes, as
 * the plain source does. One thread at a time. */
#ifndef ENCRYPT_SOURCE_H
#define ENCRYPT_SOURCE_H

#include "seal.h"

struct source {
    const struct mgw_source *plain;
    struct seal *seal;
    uint32_t first; /* number of the part's first segment */
    bool last;
    unsigned char trailer[FORMAT_TRAILER]; /* where LAST */
    uint32_t held;                         /* the segment in `buffer` */
    unsigned char *buffer;                 /* NULL: none; to be freed by the maker */
};

/* Bytes below. */
uint64_t source_length(const struct source *source);
/* SOURCE as the layer below takes it. */
struct mgw_source source_below(struct source *source);

#endif
