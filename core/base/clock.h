/* SPDX-License-Identifier: Apache-2.0
 *
 * The one clock: milliseconds, wall (since the epoch) and monotonic. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* From now to MONO_MS, at least 1: what a call is given, where 0 would be no deadline at all. */
int64_t clock_left_ms(int64_t mono_ms);
/* clock_mono_ms as of the last tick, some milliseconds behind: for a few nanoseconds. */
int64_t clock_rough_ms(void);

#define CLOCK_ISO_SIZE 32
/* "2026-11-23T04:51:00.123Z" */
void clock_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE]);

#define CLOCK_HTTP_SIZE 32
/* IMF-fixdate, RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". */
void clock_http(int64_t wall_ms, char out[CLOCK_HTTP_SIZE]);
/* Reads all three forms of an HTTP date; false where it is none. */
bool clock_parse_http(const char *text, int64_t *wall_ms);

#endif
