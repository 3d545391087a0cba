/* SPDX-License-Identifier: Apache-2.0
 *
 * See clock.h. The names of days and months are spelt here: strftime would follow the locale. */
#include "core/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static int64_t clock_read_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return clock_read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_ms(void)
{
    return clock_read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_mono_us(void)
{
    return clock_read_us(CLOCK_MONOTONIC);
}

/* The calendar of WALL_MS, clamped to the years 0 to 9999 that the texts can say. *MS is the rest
 * below a second. */
static struct tm clock_calendar(int64_t wall_ms, int *ms)
{
    const int64_t least = -62167219200000, most = 253402300799999;
    wall_ms = wall_ms < least ? least : wall_ms > most ? most : wall_ms;
    int64_t rest = wall_ms % 1000;
    if (rest < 0) {
        rest += 1000;
    }
    time_t seconds = (time_t)((wall_ms - rest) / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    *ms = (int)rest;
    return tm;
}

void clock_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE])
{
    int ms;
    struct tm tm = clock_calendar(wall_ms, &ms);
    snprintf(out, CLOCK_ISO_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
             (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
             (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
             (unsigned)tm.tm_sec % 100, (unsigned)ms % 1000);
}

void clock_http(int64_t wall_ms, char out[CLOCK_HTTP_SIZE])
{
    int ms;
    struct tm tm = clock_calendar(wall_ms, &ms);
    snprintf(out, CLOCK_HTTP_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7],
             (unsigned)tm.tm_mday % 100, months[tm.tm_mon % 12],
             (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
             (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

static int month_of(const char *name)
{
    for (int i = 0; i < 12; i++) {
        if (strcmp(name, months[i]) == 0) {
            return i;
        }
    }
    return -1;
}

bool clock_parse_http(const char *text, int64_t *wall_ms)
{
    struct tm tm = {0};
    char month[4] = "", weekday[10] = "";
    int end = 0;
    if (sscanf(text, "%3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", weekday, &tm.tm_mday,
               month, &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) == 7 &&
        end > 0) {
        tm.tm_year -= 1900; /* IMF-fixdate */
    } else if (end = 0, sscanf(text, "%9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", weekday,
                               &tm.tm_mday, month, &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
                               &end) == 7 &&
                            end > 0) {
        tm.tm_year += tm.tm_year < 70 ? 100 : 0; /* RFC 850 */
    } else if (end = 0,
               sscanf(text, "%3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", weekday, month,
                      &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &tm.tm_year, &end) == 7 &&
                   end > 0) {
        tm.tm_year -= 1900; /* asctime */
    } else {
        return false;
    }
    tm.tm_mon = month_of(month);
    if (text[end] != '\0' || tm.tm_mon < 0 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour < 0 ||
        tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60) {
        return false;
    }
    *wall_ms = (int64_t)timegm(&tm) * 1000;
    return true;
}
