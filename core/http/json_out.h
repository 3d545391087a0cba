/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON that the HTTP face answers with: camelCase, times ISO 8601 UTC with milliseconds, what
 * is absent left out, `metadata` byte for byte as it was received. Everything is appended to OUT;
 * false when memory is short (OUT has failed). A row's internals (owner, fence, lease, fingerprint)
 * are never shown. Text that is no UTF-8 is shown with U+FFFD. Pure. */
#ifndef HTTP_JSON_OUT_H
#define HTTP_JSON_OUT_H

#include "core/base/buf.h"

#include <mediagw/media.h>

bool json_out_row(struct buf *out, const struct mgw_row *row);

/* {"row":…,"signedUrl":…,"signedUrlExpiresAt":…}. BASE ("https://host[:port]", no slash at its end;
 * NULL: none) is put before a signed URL that begins with '/'. Without a signed URL both are left
 * out. */
bool json_out_grant(struct buf *out, const struct mgw_grant *grant, const char *base);

/* {"row", "upload"}: one request, or "parts" of them with their "partSize"; "completePath". Of a
 * recording that is finished already: what json_out_grant writes. */
bool json_out_direct(struct buf *out, const struct mgw_direct *direct, const char *base);

/* {"items":[…],"nextCursor":…}: begin, each row, end. NEXT_CURSOR NULL: left out. */
bool json_out_list_begin(struct buf *out);
bool json_out_list_row(struct buf *out, const struct mgw_row *row);
bool json_out_list_end(struct buf *out, const char *next_cursor);

/* {"error":…,"message":…,"requestId":…} */
bool json_out_error(struct buf *out, const char *error, const char *message,
                    const char *request_id);

/* TEXT (NULL: null) as a JSON string, quotes included. */
bool json_out_text(struct buf *out, const char *text);

/* "uploading", "ready", "deleted", "failed"; NULL: no single status bit. */
const char *json_out_status(uint32_t status);
/* The bit of that name; 0: none has it. */
uint32_t json_out_status_of(const char *name);

#endif
