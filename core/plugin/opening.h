/* SPDX-License-Identifier: Apache-2.0
 *
 * What opening instances out of the config's objects shares, whatever their kind (stack.c).
 * Start-up only, one thread. */
#ifndef PLUGIN_OPENING_H
#define PLUGIN_OPENING_H

#include "core/plugin/registry_inside.h"
#include "core/plugin/store_inside.h"

/* What one walk through the config's objects carries along. */
struct opening {
    struct registry *registry;
    const struct config *config;
    uint32_t flags;
    struct mgw_error *error;
    struct mgw_call *call;
    unsigned depth; /* of storages within filters */
    bool dry;       /* only check: no instance is made, *store stays NULL */
    const struct mgw_host *host;
};

/* `FILE:LINE:COLUMN: TEXT` for what is wrong with the object at POINTER; answers STATUS. */
enum mgw_status opening_refuse(const struct opening *opening, const char *pointer,
                               enum mgw_status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The plugin that KEY ("driver", "filter") of OBJECT names. */
enum mgw_status opening_find(struct opening *opening, const json_t *object, const char *key,
                             const char *pointer, uint32_t kind, struct descriptor **descriptor);
/* The plugin's values: the config's own keys over the descriptor's defaults. */
enum mgw_status opening_values(struct opening *opening, const struct descriptor *descriptor,
                               json_t *object, const char *pointer, const char *const *ignore,
                               struct config_values **values);
/* After create(): the status, with a text that names the plugin. */
enum mgw_status opening_created(const struct opening *opening, const char *pointer,
                                const struct descriptor *descriptor, enum mgw_status status,
                                const void *instance);

#endif
