/* SPDX-License-Identifier: Apache-2.0
 *
 * Removing what crashes left behind: storage.h's sweep. */
#ifndef FS_SWEEP_H
#define FS_SWEEP_H

#include "fs.h"

enum mgw_status sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                      struct mgw_sweep_result *result);

#endif
