/* SPDX-License-Identifier: Apache-2.0
 *
 * The head of a copy's file: which version of the blob it is, and its properties. */
#ifndef CACHE_HEAD_H
#define CACHE_HEAD_H

#include "name.h"

#define ENTRY_HEAD 4096u

/* As it lies in the file. */
struct head {
    unsigned char bytes[ENTRY_HEAD];
};

/* STAT is a whole one. False: its properties do not fit, and the blob is not to be kept. */
bool head_make(const struct cache *cache, const struct name *name, const struct mgw_stat *stat,
               struct head *head);
/* Whether it is NAME's, and as it was made. The others are for heads that were checked. */
bool head_check(const struct cache *cache, const struct name *name, const struct head *head);
const char *head_etag(const struct head *head);
uint64_t head_bytes(const struct head *head);
/* The properties, as far as STAT has room; strings in the call's memory. */
enum mgw_status head_stat(struct mgw_call *call, const struct head *head, struct mgw_stat *stat);

#endif
