/* SPDX-License-Identifier: Apache-2.0
 *
 * POST /api/media/recordings: a recording in one request, as multipart/form-data (`blob` or `file`,
 * the other parts are fields) or as the raw body (fields by query or headers). */
#ifndef HTTP_UPLOAD_H
#define HTTP_UPLOAD_H

#include "core/http/exchange.h"

/* Of a form besides its blob: more than the limits on parts and fields allow. */
#define UPLOAD_FORM_BYTES_MAX (4 * 1024 * 1024)

extern const struct sink upload_sink;

#endif
