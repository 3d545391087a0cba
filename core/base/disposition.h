/* SPDX-License-Identifier: Apache-2.0
 *
 * Content-Disposition (RFC 6266, RFC 8187) with a file name that a client chose. Pure. */
#ifndef BASE_DISPOSITION_H
#define BASE_DISPOSITION_H

#include "core/base/buf.h"

/* Appends `inline` or `attachment`, and where FILE_NAME is given an ASCII `filename="…"` and, where
 * that lost something, `filename*=UTF-8''…`. The value never holds CR, LF, NUL or an unescaped
 * quote, whatever the name. */
bool disposition_value(struct buf *out, bool attachment, const char *file_name);

/* NULL where NAME may be a file name: 1 to 255 bytes of UTF-8, no control character, '/' or '\',
 * neither "." nor "..". Else what is wrong. */
const char *disposition_check_name(const char *name);

#endif
