/* SPDX-License-Identifier: Apache-2.0
 *
 * A time to come as people type it. Pure. */
#ifndef CLI_WHEN_H
#define CLI_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* "90d", "12h", "30m", "45s", "0s" in ms. */
bool when_span(const char *text, int64_t *span_ms);

/* "2027-01-31", "2027-01-31T12:00:00Z" (UTC), or "90d", "12h", "30m", "45s" from NOW_MS on. False
 * where it is neither, or not after NOW_MS. */
bool when_read(const char *text, int64_t now_ms, int64_t *at_ms);

#endif
