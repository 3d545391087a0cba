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

int64_t clock_left_ms(int64_t mono_ms)
{
    int64_t left = mono_ms - clock_mono_ms();
    return left > 0 ? left : 1;
}

int64_t clock_mono_us(void)
{
    return clock_read_us(CLOCK_MONOTONIC);
}

int64_t clock_rough_ms(void)
{
    return clock_read_us(CLOCK_MONOTONIC_COARSE) / 1000;
}

struct calendar {
    unsigned year, month, day, weekday, hour, minute, second, ms;
};

/* The civil calendar in UTC, by arithmetic: gmtime_r and printf would cost ten times as much, and
 * these stand in every answer (the algorithm is Howard Hinnant's days_from_civil, turned around).
 * WALL_MS is clamped to the years 0 to 9999. */
static struct calendar clock_calendar(int64_t wall_ms)
{
    const int64_t least = -62167219200000, most = 253402300799999, day_ms = 86400000;
    wall_ms = wall_ms < least ? least : wall_ms > most ? most : wall_ms;
    uint64_t since = (uint64_t)(wall_ms - least); /* from 0000-01-01 on */
    uint64_t since_year_0 = since / (uint64_t)day_ms, rest = since % (uint64_t)day_ms;
    struct calendar c = {
        .weekday = (unsigned)((since_year_0 + 6) % 7), /* 0000-01-01 was a Saturday */
        .hour = (unsigned)(rest / 3600000),
        .minute = (unsigned)(rest / 60000 % 60),
        .second = (unsigned)(rest / 1000 % 60),
        .ms = (unsigned)(rest % 1000),
    };
    /* From March 1st of the year -400 on: a leap day ends its year, and nothing is negative. */
    uint64_t shifted = since_year_0 + 146097 - 60;
    uint64_t era = shifted / 146097, day_of_era = shifted % 146097;
    uint64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t month = (5 * day_of_year + 2) / 153; /* from March on */
    c.day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1);
    c.month = (unsigned)(month < 10 ? month + 3 : month - 9);
    c.year = (unsigned)(era * 400 + year_of_era + (c.month <= 2) - 400);
    return c;
}

/* NUMBER as COUNT digits; answers the place behind them. */
static char *put_digits(char *at, unsigned number, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return at + count;
}

static char *put_time(char *at, const struct calendar *c)
{
    at = put_digits(at, c->hour, 2);
    *at++ = ':';
    at = put_digits(at, c->minute, 2);
    *at++ = ':';
    return put_digits(at, c->second, 2);
}

void clock_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE])
{
    struct calendar c = clock_calendar(wall_ms);
    char *at = put_digits(out, c.year, 4);
    *at++ = '-';
    at = put_digits(at, c.month, 2);
    *at++ = '-';
    at = put_digits(at, c.day, 2);
    *at++ = 'T';
    at = put_time(at, &c);
    *at++ = '.';
    at = put_digits(at, c.ms, 3);
    *at++ = 'Z';
    *at = '\0';
}

void clock_http(int64_t wall_ms, char out[CLOCK_HTTP_SIZE])
{
    struct calendar c = clock_calendar(wall_ms);
    char *at = stpcpy(stpcpy(out, days[c.weekday]), ", ");
    at = put_digits(at, c.day, 2);
    *at++ = ' ';
    at = stpcpy(stpcpy(at, months[c.month - 1]), " ");
    at = put_digits(at, c.year, 4);
    *at++ = ' ';
    stpcpy(put_time(at, &c), " GMT");
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
