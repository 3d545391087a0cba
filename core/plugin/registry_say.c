/* SPDX-License-Identifier: Apache-2.0
 *
 * See registry_inside.h: the one line that says why a plugin is refused. */
#include "core/plugin/guard.h"
#include "core/plugin/registry_inside.h"

enum mgw_status registry_say(struct mgw_error *error, const char *format, ...)
{
    AUTO_BUF struct buf line = {0};
    va_list args;
    va_start(args, format);
    bool built = buf_vprintf(&line, format, args);
    va_end(args);
    if (error) {
        snprintf(error->text, sizeof error->text, "%s", built ? line.data : "out of memory");
        guard_tidy(error);
    }
    return MGW_INVALID;
}
