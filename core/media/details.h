/* SPDX-License-Identifier: Apache-2.0
 *
 * From what a client said of a recording to its row: every field checked, the type settled,
 * checksum and fingerprint made. */
#ifndef MEDIA_DETAILS_H
#define MEDIA_DETAILS_H

#include "core/base/buf.h"
#include "core/media/internal.h"

#include <openssl/evp.h>

/* What the row's fields point to, apart from the recording's own strings. */
struct details {
    char *mime_type, *checksum, *fingerprint;
};

/* True where TYPE (may be NULL) does not tell what the bytes are. */
bool details_type_is_vague(const char *type);

/* Fills ROW from RECORDING; HINT is the type known before the bytes, HEAD their beginning, SHA256
 * is finished here. MGW_INVALID names the field, MGW_UNSUPPORTED: the type is not allowed,
 * MGW_CORRUPT: another checksum was announced. ROW borrows from DETAILS and RECORDING. */
enum mgw_status details_fill(struct details *details, const struct mgw_media *media,
                             struct mgw_call *call, const struct mgw_recording *recording,
                             const char *hint, const struct buf *head, EVP_MD_CTX *sha256,
                             struct mgw_row *row);
/* The same for a recording whose bytes nobody has seen yet: its type must be told, and no checksum
 * goes into the row. The fingerprint stands for EXTRA too. */
enum mgw_status details_declare(struct details *details, const struct mgw_media *media,
                                struct mgw_call *call, const struct mgw_recording *recording,
                                const char *extra, struct mgw_row *row);
void details_release(struct details *details);

#endif
