/* SPDX-License-Identifier: Apache-2.0
 *
 * See when.h. */
#include "core/cli/when.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

bool when_span(const char *text, int64_t *span_ms)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || !text[digits] || text[digits + 1]) {
        return false;
    }
    int64_t count = strtoll(text, NULL, 10);
    switch (text[digits]) {
    case 's':
        *span_ms = count * 1000;
        return true;
    case 'm':
        *span_ms = count * 60000;
        return true;
    case 'h':
        *span_ms = count * 3600000;
        return true;
    case 'd':
        *span_ms = count * 86400000;
        return true;
    default:
        return false;
    }
}

/* A date with a day that the month has: timegm would turn February 30 into March. */
static bool read_date(const char *text, const char *format, int64_t *at_ms)
{
    struct tm parts = {0};
    char again[32];
    const char *end = strptime(text, format, &parts);
    if (!end || *end) {
        return false;
    }
    time_t at = timegm(&parts);
    *at_ms = (int64_t)at * 1000;
    return gmtime_r(&at, &parts) && strftime(again, sizeof again, format, &parts) > 0 &&
           strcmp(again, text) == 0;
}

bool when_read(const char *text, int64_t now_ms, int64_t *at_ms)
{
    int64_t span;
    if (when_span(text, &span)) {
        *at_ms = now_ms + span;
    } else if (!read_date(text, "%Y-%m-%d", at_ms) &&
               !read_date(text, "%Y-%m-%dT%H:%M:%SZ", at_ms)) {
        return false;
    }
    return *at_ms > now_ms;
}
