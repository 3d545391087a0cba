/* SPDX-License-Identifier: Apache-2.0
 *
 * POST /api/media/recordings: a recording in one request, as multipart/form-data (`blob` or `file`,
 * the other parts are fields) or as the raw body (fields by query or headers). */
#ifndef HTTP_UPLOAD_H
#define HTTP_UPLOAD_H

#include "core/http/exchange.h"

extern const struct sink upload_sink;

#endif
