/* SPDX-License-Identifier: Apache-2.0
 *
 * The host table that the plugin under test gets: its log goes to standard error, and its wall
 * clock can be set. Any thread. */
#ifndef KIT_HOST_H
#define KIT_HOST_H

#include <mediagw/plugin.h>

extern const struct mgw_host kit_host;

/* Added to wall_ms() from now on. */
void kit_set_clock_offset(int64_t ms);

#endif
