/* SPDX-License-Identifier: Apache-2.0
 *
 * Listing a bucket by shard, then by file name. */
#ifndef FS_LIST_H
#define FS_LIST_H

#include "fs.h"

enum mgw_status list_page(struct mgw_call *call, void *instance, const char *bucket,
                          const char *prefix, const char *cursor, uint32_t limit,
                          mgw_list_emit *emit, void *ctx);

#endif
