/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers, stat and remove: storage.h's callbacks of these names. A reader is an open descriptor of
 * one version, which lives on when the name goes. */
#ifndef FS_READ_H
#define FS_READ_H

#include "name.h"

enum mgw_status read_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const char *if_etag, void **reader, struct mgw_stat *stat);
enum mgw_status read_bytes(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                           size_t length, size_t *got);
enum mgw_status read_descriptor(struct mgw_call *call, void *reader, struct mgw_local_file *file);
void read_close(void *reader);
enum mgw_status read_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          struct mgw_stat *stat);
enum mgw_status read_remove(struct mgw_call *call, void *instance, const struct mgw_blob *blob);

#endif
