/* SPDX-License-Identifier: Apache-2.0
 *
 * Removing and copying: always both stores. */
#ifndef MIRROR_REMOVE_H
#define MIRROR_REMOVE_H

#include "mirror.h"

enum mgw_status remove_blob(struct mgw_call *call, void *instance, const struct mgw_blob *blob);
enum mgw_status copy_blob(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                          const struct mgw_blob *to, struct mgw_stat *stat);

#endif
