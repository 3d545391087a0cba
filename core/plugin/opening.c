/* SPDX-License-Identifier: Apache-2.0
 *
 * See opening.h. */
#include "core/plugin/opening.h"

enum mgw_status opening_refuse(const struct opening *opening, const char *pointer,
                               enum mgw_status status, const char *format, ...)
{
    AUTO_BUF struct buf text = {0}, place = {0};
    int line = 0, column = 0;
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    config_locate(opening->config, pointer, &line, &column);
    if (line) {
        buf_printf(&place, "%s:%d:%d: ", opening->config->path, line, column);
    }
    registry_say(opening->error, "%s%s", place.data ? place.data : "",
                 text.data ? text.data : "out of memory");
    return status;
}

enum mgw_status opening_find(struct opening *opening, const json_t *object, const char *key,
                             const char *pointer, uint32_t kind, struct descriptor **descriptor)
{
    const char *name = json_string_value(json_object_get(object, key));
    if (!name) {
        return opening_refuse(opening, pointer, MGW_INVALID,
                              "\"%s\" is missing: it names the %s plugin", key, kind_name(kind));
    }
    struct mgw_error why = {.size = sizeof why};
    AUTO_BUF struct buf at = {0};
    buf_printf(&at, "%s/%s", pointer, key);
    enum mgw_status status = registry_find(opening->registry, name, kind, descriptor, &why);
    if (status == MGW_OK && !(*descriptor)->entry.enabled) {
        return opening_refuse(opening, at.data, MGW_INVALID,
                              "the plugin \"%s\" is disabled: %s says \"enabled\": false", name,
                              (*descriptor)->entry.descriptor);
    }
    if (status == MGW_OK) {
        const struct mgw_plugin *plugin;
        status = registry_load(opening->registry, name, kind, &plugin, &why);
    }
    return status == MGW_OK ? MGW_OK : opening_refuse(opening, at.data, status, "%s", why.text);
}

enum mgw_status opening_values(struct opening *opening, const struct descriptor *descriptor,
                               json_t *object, const char *pointer, const char *const *ignore,
                               struct config_values **values)
{
    const struct mgw_plugin *plugin = descriptor->plugin;
    json_t *merged = descriptor->defaults ? json_copy(descriptor->defaults) : json_object();
    if (!merged || json_object_update(merged, object) < 0) {
        json_decref(merged);
        return opening_refuse(opening, pointer, MGW_UNAVAILABLE, "out of memory");
    }
    enum mgw_status status =
        config_values_new(opening->config, merged, pointer, ignore, plugin->config,
                          plugin->config_count, plugin->config_stride, values, opening->error);
    json_decref(merged);
    return status;
}

enum mgw_status opening_created(const struct opening *opening, const char *pointer,
                                const struct descriptor *descriptor, enum mgw_status status,
                                const void *instance)
{
    status = status_known(status);
    if (status == MGW_OK && instance) {
        return MGW_OK;
    }
    guard_tidy(opening->call->error);
    return opening_refuse(
        opening, pointer, status == MGW_OK ? MGW_CORRUPT : status, "%s plugin \"%s\": %s",
        kind_name(descriptor->entry.kind), descriptor->entry.name,
        status == MGW_OK ? "create() answered OK and no instance" : call_text(opening->call));
}
