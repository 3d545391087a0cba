/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers: storage.h's open, read, advise, close. Bytes stream in over one ranged GET as long as
 * they are read in order; nothing is buffered but what libcurl holds and one piece. A connection
 * that breaks is resumed where it was, on the same version (If-Match). One thread a reader. */
#ifndef S3_READ_H
#define S3_READ_H

#include "s3.h"

enum mgw_status read_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const char *if_etag, void **reader, struct mgw_stat *stat);
enum mgw_status read_bytes(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                           size_t length, size_t *got);
void read_advise(struct mgw_call *call, void *reader, uint64_t offset, uint64_t length);
void read_close(void *reader);

#endif
