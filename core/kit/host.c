/* SPDX-License-Identifier: Apache-2.0
 *
 * See host.h. */
#include "core/kit/host.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

MGW_PRINTF(3, 4)
static void host_log(const char *name, enum mgw_log_level level, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "[%s:%d] ", name ? name : "-", level);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static void host_random(void *bytes, size_t length)
{
    if (getrandom(bytes, length, 0) != (ssize_t)length) {
        abort();
    }
}

static int64_t now_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static atomic_llong clock_offset;

void kit_set_clock_offset(int64_t ms)
{
    clock_offset = ms;
}

static int64_t host_wall_ms(void)
{
    return now_ms(CLOCK_REALTIME) + clock_offset;
}

static int64_t host_monotonic_ms(void)
{
    return now_ms(CLOCK_MONOTONIC);
}

const struct mgw_host kit_host = {.size = sizeof kit_host,
                                  .abi_major = MGW_ABI_MAJOR,
                                  .version = "conformance",
                                  .log = host_log,
                                  .random = host_random,
                                  .wall_ms = host_wall_ms,
                                  .monotonic_ms = host_monotonic_ms};
