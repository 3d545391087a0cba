/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugins by name: descriptors in plugins.d/<name>.json, their modules, and instances (with their
 * stack of filters) made out of a config object. Start-up only: one thread; what it makes may then
 * be used by many. */
#ifndef PLUGIN_REGISTRY_H
#define PLUGIN_REGISTRY_H

#include "core/config/config.h"
#include "core/plugin/rows.h"
#include "core/plugin/store.h"

struct registry;

/* Reads the descriptors of the config's `plugins.path`, or else of $MEDIAGW_PLUGIN_PATH
 * (colon-separated), or else of the folder that belongs to the running program:
 * <prefix>/lib*<x>/mediagw/plugins.d seen from the executable or from libmediagw, or the build
 * tree's. An earlier folder wins. ERROR gets one line. */
enum mgw_status registry_new(const struct config *config, struct registry **registry,
                             struct mgw_error *error);
void registry_free(struct registry *registry);

struct registry_entry {
    const char *name;
    const char *descriptor; /* its path */
    const char *module;     /* the module's path */
    uint32_t kind;          /* as the descriptor says */
    bool enabled;
};
/* All entries in order of kind, then name. */
void registry_each(struct registry *registry,
                   bool (*each)(void *ctx, const struct registry_entry *entry), void *ctx);
/* Loads a plugin and checks it (ABI, kind, callbacks, table). The pointer is valid for ever. */
enum mgw_status registry_load(struct registry *registry, const char *name, uint32_t kind,
                              const struct mgw_plugin **plugin, struct mgw_error *error);
/* Loads and checks the module at PATH, which needs no descriptor then, and gives it the name that
 * it says, before any other plugin of that name. */
enum mgw_status registry_load_file(struct registry *registry, const char *path,
                                   const struct mgw_plugin **plugin, struct mgw_error *error);

/* Instances by the config's "storage" and "repository" objects. FLAGS: MGW_CREATE_INIT. */
enum mgw_status registry_open_storage(struct registry *registry, const struct config *config,
                                      uint32_t flags, struct store **store,
                                      struct mgw_error *error);
enum mgw_status registry_open_repository(struct registry *registry, const struct config *config,
                                         uint32_t flags, struct rows **rows,
                                         struct mgw_error *error);

#endif
