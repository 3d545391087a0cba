/* SPDX-License-Identifier: Apache-2.0
 *
 * A storage module by its path, and its configuration out of KEY=VALUE by its own table. */
#ifndef TESTS_S3_RIG_CONFIG_H
#define TESTS_S3_RIG_CONFIG_H

#include "core/kit/storage/kit.h"

/* The storage plugin in the module PATH; NULL: said why. */
const struct mgw_plugin *kit_load(const char *path);
/* Fills kit_config by PLUGIN's table: defaults, and COUNT times KEY=VALUE as a configuration file
 * would have it. */
void kit_configure(const struct mgw_plugin *plugin, char *const *arguments, int count);
void kit_free_config(void);
extern struct mgw_config kit_config;

#endif
