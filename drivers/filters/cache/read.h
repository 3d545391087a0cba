/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers: bytes out of a copy where they are there, else from the layer below and into the copy on
 * the way, a block at a time in the thread that reads. */
#ifndef CACHE_READ_H
#define CACHE_READ_H

#include "cache.h"

enum mgw_status read_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const char *if_etag, void **reader, struct mgw_stat *stat);
enum mgw_status read_bytes(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                           size_t length, size_t *got);
enum mgw_status read_descriptor(struct mgw_call *call, void *reader, struct mgw_local_file *file);
void read_advise(struct mgw_call *call, void *reader, uint64_t offset, uint64_t length);
void read_close(void *reader);

#endif
