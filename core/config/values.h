/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin's table of config keys: is it sound? The values are config_values_* in config.h. */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "core/config/config.h"

/* The Ith key of a plugin's table, host-sized. */
struct mgw_config_key values_key(const struct mgw_config_key *keys, size_t stride, size_t i);

/* NULL where the table is sound, else what is wrong with it, to be freed. */
char *values_table_fault(const struct mgw_config_key *keys, size_t count, size_t stride);

#endif
