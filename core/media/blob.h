/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole blobs: read through once, for their digest or on their way into another store. Memory is
 * one buffer, however long the blob. One thread a blob. */
#ifndef MEDIA_BLOB_H
#define MEDIA_BLOB_H

#include "core/plugin/store.h"

#include <stdatomic.h>

#define BLOB_CHECKSUM 72 /* "sha256:<64 hex digits>" */

/* True where CHECKSUM is a SHA-256 as rows have it: anything else (NULL too) says nothing of the
 * bytes. */
bool blob_checksum_is_ours(const char *checksum);

/* Reads what READER has, LENGTH bytes by its stat, to TO (NULL: nowhere). *PASSED grows as they
 * pass (may be NULL). Its digest goes to CHECKSUM. MGW_CORRUPT where fewer or more bytes come.
 * *WROTE: whether it was TO that failed. */
enum mgw_status blob_pass(struct store_reader *reader, uint64_t length, struct mgw_call *call,
                          struct store_writer *to, _Atomic uint64_t *passed,
                          char checksum[BLOB_CHECKSUM], bool *wrote);

/* The digest and length of a blob. */
enum mgw_status blob_sum(struct store *store, struct mgw_call *call, const struct mgw_blob *blob,
                         _Atomic uint64_t *passed, char checksum[BLOB_CHECKSUM], uint64_t *length);

#endif
