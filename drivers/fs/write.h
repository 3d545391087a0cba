/* SPDX-License-Identifier: Apache-2.0
 *
 * Puts: storage.h's put_*. A writer is used by one thread at a time. */
#ifndef FS_WRITE_H
#define FS_WRITE_H

#include "fs.h"

enum mgw_status write_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                            const struct mgw_put *put, void **writer);
enum mgw_status write_bytes(struct mgw_call *call, void *writer, const void *bytes, size_t length);
enum mgw_status write_prepare(struct mgw_call *call, void *writer);
enum mgw_status write_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat);
void write_abort(struct mgw_call *call, void *writer);

#endif
