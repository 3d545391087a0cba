/* SPDX-License-Identifier: Apache-2.0
 *
 * The list: see list.c for its order. */
#ifndef MIRROR_LIST_H
#define MIRROR_LIST_H

#include "mirror.h"

enum mgw_status list_page(struct mgw_call *call, void *instance, const char *bucket,
                          const char *prefix, const char *cursor, uint32_t limit,
                          mgw_list_emit *emit, void *ctx);

#endif
