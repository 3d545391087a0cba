/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading: the first store that has the blob answers; where it fails on the way, the other goes on
 * with the same version. */
#ifndef MIRROR_READ_H
#define MIRROR_READ_H

#include "mirror.h"

enum mgw_status read_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const char *if_etag, void **reader, struct mgw_stat *stat);
enum mgw_status read_bytes(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                           size_t length, size_t *got);
enum mgw_status read_descriptor(struct mgw_call *call, void *reader, struct mgw_local_file *file);
void read_advise(struct mgw_call *call, void *reader, uint64_t offset, uint64_t length);
void read_close(void *reader);
enum mgw_status read_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          struct mgw_stat *stat);

/* A store's own stat: MGW_OK, MGW_NOT_FOUND or its failure, which is remembered. */
enum mgw_status read_side_stat(struct mgw_call *call, struct mirror *mirror, int which,
                               const struct mgw_blob *blob, struct mgw_stat *stat);
/* MGW_OK and its stat where store WHICH has this very VERSION; MGW_EXISTS where it has another one
 * or none; else its failure. */
struct version;
enum mgw_status read_side_has(struct mgw_call *call, struct mirror *mirror, int which,
                              const struct mgw_blob *blob, const struct version *version,
                              struct mgw_stat *stat);

#endif
