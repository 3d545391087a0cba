/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting: both stores, the first one's commit first. See mirror.h for what a failure of one means.
 */
#ifndef MIRROR_PUT_H
#define MIRROR_PUT_H

#include "mirror.h"

enum mgw_status put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const struct mgw_put *put, void **writer);
enum mgw_status put_write(struct mgw_call *call, void *writer, const void *bytes, size_t length);
enum mgw_status put_prepare(struct mgw_call *call, void *writer);
enum mgw_status put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat);
void put_abort(struct mgw_call *call, void *writer);

#endif
