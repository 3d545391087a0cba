/* SPDX-License-Identifier: Apache-2.0
 *
 * A stat that outlives the call which answered it. */
#ifndef FAULT_KEPT_STAT_H
#define FAULT_KEPT_STAT_H

#include <mediagw/storage.h>

struct kept_stat {
    struct mgw_stat stat; /* its strings are in `block` */
    char *block;
};

/* False when memory is short. */
bool kept_stat_take(struct kept_stat *kept, const struct mgw_stat *stat);
/* Hands it to STAT, in the call's memory; false when that is short. */
bool kept_stat_give(const struct kept_stat *kept, struct mgw_call *call, struct mgw_stat *stat);
void kept_stat_release(struct kept_stat *kept);

#endif
