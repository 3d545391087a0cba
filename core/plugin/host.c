/* SPDX-License-Identifier: Apache-2.0
 *
 * The helper table that plugins get. Any thread. */
#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/base/log.h"
#include "core/plugin/registry_inside.h"

static void host_log(const char *instance, enum mgw_log_level level, const char *format, ...)
{
    enum log_level known = level < MGW_LOG_DEBUG   ? LOG_LEVEL_DEBUG
                           : level > MGW_LOG_ERROR ? LOG_LEVEL_ERROR
                                                   : (enum log_level)level;
    if (!format || !log_enabled(known)) {
        return;
    }
    AUTO_BUF struct buf line = {.max = 8192};
    va_list args;
    va_start(args, format);
    bool built = buf_vprintf(&line, format, args);
    va_end(args);
    log_event(known, built ? line.data : "a plugin's line was too long",
              LOG_TEXT("instance", instance));
}

const struct mgw_host host_table = {
    .size = sizeof host_table,
    .abi_major = MGW_ABI_MAJOR,
    .features = 0,
    .version = MEDIAGW_VERSION,
    .log = host_log,
    .random = id_random,
    .wall_ms = clock_wall_ms,
    .monotonic_ms = clock_mono_ms,
};
