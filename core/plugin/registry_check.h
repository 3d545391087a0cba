/* SPDX-License-Identifier: Apache-2.0
 *
 * A config's plugins and their keys, checked without opening anything. Start-up only. */
#ifndef PLUGIN_REGISTRY_CHECK_H
#define PLUGIN_REGISTRY_CHECK_H

#include "core/plugin/registry.h"

/* Loads the plugins that "storage" (with its filters) and "repository" name and checks their keys
 * by their tables. */
enum mgw_status registry_check(struct registry *registry, const struct config *config,
                               struct mgw_error *error);
/* Fills the plugins' defaults into SHOWN (config_show) and takes their secrets out. The config has
 * been checked. */
void registry_show(struct registry *registry, const struct config *config, json_t *shown);

#endif
