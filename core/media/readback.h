/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads a direct upload's blob back for its SHA-256 and keeps that in the row, where any node finds
 * it. A blob may take longer than a request: the reading goes on without the request that asked for
 * it, and whoever asks again waits for the same one. Any thread. */
#ifndef MEDIA_READBACK_H
#define MEDIA_READBACK_H

#include "core/media/internal.h"

#define READBACK_CHECKSUM_SIZE 72 /* "sha256:" + 64 hex digits + NUL */

struct readbacks;
struct readbacks *readbacks_new(struct mgw_media *media);
/* Ends those under way. NULL is nothing. */
void readbacks_free(struct readbacks *readbacks);

/* The checksum of the blob of ROW, which is `uploading`. MGW_BUSY with retry_after_ms: it is still
 * being read, or too many others are. */
enum mgw_status readback(struct mgw_media *media, struct mgw_call *call, const struct mgw_row *row,
                         char checksum[READBACK_CHECKSUM_SIZE]);

/* Keeps CHECKSUM in ROW where that is still `uploading` under its fence, and gives it LEASE_MS
 * more. CHECKSUM NULL: only that. */
enum mgw_status readback_keep(struct mgw_media *media, struct mgw_call *call,
                              const struct mgw_row *row, const char *checksum, int64_t lease_ms);

#endif
