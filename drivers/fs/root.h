/* SPDX-License-Identifier: Apache-2.0
 *
 * The store's root: its marker, its layout, its health. */
#ifndef FS_ROOT_H
#define FS_ROOT_H

#include "fs.h"

/* Opens the store at fs->path into FS; INIT: sets an absent or empty folder up. create() only. */
enum mgw_status root_open(struct mgw_call *call, struct fs *fs, bool init);
/* What health() answers. */
enum mgw_status root_health(struct mgw_call *call, const struct fs *fs);
enum mgw_status root_free_bytes(struct mgw_call *call, const struct fs *fs, uint64_t *bytes);

#endif
