/* SPDX-License-Identifier: Apache-2.0
 *
 * See registry_check.h: plugins' own keys in what `config show` prints. */
#include "core/plugin/registry_check.h"

#include "core/config/values.h"
#include "core/plugin/registry_inside.h"

#include <string.h>

static void show_object(struct registry *registry, const struct config *config, json_t *object,
                        const char *pointer);

/* The descriptor's defaults, then the table's. NAME is the plugin's. */
static void show_values(struct registry *registry, const struct config *config, json_t *object,
                        const char *pointer, const char *name)
{
    struct descriptor *descriptor;
    const struct mgw_plugin *plugin;
    struct mgw_error error = {.size = sizeof error};
    if (!name || registry_find(registry, name, 0, &descriptor, &error) != MGW_OK ||
        registry_load(registry, name, 0, &plugin, &error) != MGW_OK) {
        json_object_clear(object); /* what is secret there cannot be told */
        return;
    }
    json_object_update_missing(object, descriptor->defaults);
    config_show_plugin(config, object, pointer, plugin->config, plugin->config_count,
                       plugin->config_stride);
    for (size_t i = 0; i < plugin->config_count; i++) {
        struct mgw_config_key key = values_key(plugin->config, plugin->config_stride, i);
        json_t *inner = json_object_get(object, key.key);
        if (key.type == MGW_CONFIG_STORAGE && inner) {
            AUTO_BUF struct buf at = {0};
            buf_printf(&at, "%s/%s", pointer, key.key);
            show_object(registry, config, inner, at.data ? at.data : pointer);
        }
    }
}

static void show_object(struct registry *registry, const struct config *config, json_t *object,
                        const char *pointer)
{
    size_t i;
    json_t *filter, *filters = json_object_get(object, "filters");
    show_values(registry, config, object, pointer,
                json_string_value(json_object_get(object, "driver")));
    json_array_foreach(filters, i, filter)
    {
        AUTO_BUF struct buf at = {0};
        buf_printf(&at, "%s/filters/%zu", pointer, i);
        show_values(registry, config, filter, at.data ? at.data : pointer,
                    json_string_value(json_object_get(filter, "filter")));
    }
}

void registry_show(struct registry *registry, const struct config *config, json_t *shown)
{
    show_object(registry, config, json_object_get(shown, "storage"), "/storage");
    show_object(registry, config, json_object_get(shown, "repository"), "/repository");
}
