/* SPDX-License-Identifier: Apache-2.0
 *
 * What a reader is, for read.c, and open.c, which makes it. */
#ifndef CACHE_READER_H
#define CACHE_READER_H

#include "entry.h"

struct reader {
    struct cache *cache;
    struct name name;
    struct version version;
    struct mgw_blob blob; /* its strings lie behind the reader */
    char etag[257];
    uint64_t bytes;

    struct entry entry; /* fd -1: there is no copy */
    struct head *head;  /* of the copy to be made with the first block; NULL: none */
    bool keeps;         /* what is fetched goes into the copy */
    uint64_t checked;   /* the block that was read or written last, whole: it is right */
    uint64_t passing;   /* the block that was fetched and not kept: the rest of it passes */
    unsigned skipped;   /* blocks in a row that had no room */
    uint64_t prefix;    /* blocks from the first on that were so */

    void *lower;                          /* NULL: not open yet */
    uint64_t lower_at, lower_until;       /* what the layer below gives next, and was told of */
    uint64_t advised_from, advised_until; /* the host's word on what it reads next */
};

/* Exactly LENGTH bytes from the layer below. */
enum mgw_status reader_below(struct mgw_call *call, struct reader *reader, uint64_t offset,
                             void *buffer, size_t length);
void reader_free(struct reader *reader);

#endif
