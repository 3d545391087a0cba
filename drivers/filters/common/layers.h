/* SPDX-License-Identifier: Apache-2.0
 *
 * What a filter's create() asks of the stack that it is put upon. Compiled into the filters that
 * need it; uses public headers only. */
#ifndef FILTERS_COMMON_LAYERS_H
#define FILTERS_COMMON_LAYERS_H

#include <mediagw/storage.h>

/* The limits of LOWER, as a filter's create() was given it. */
enum mgw_status layers_look(struct mgw_call *call, const struct mgw_storage *lower,
                            struct mgw_storage_limits *limits);
/* Whether one of LAYERS (mgw_storage_limits.layers; NULL: none) is called NAME. */
bool layers_have(const char *layers, const char *name);

#endif
