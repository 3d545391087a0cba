/* SPDX-License-Identifier: Apache-2.0
 *
 * A module by its path, and its configuration out of KEY=VALUE by its own table. */
#include "tests/s3/rig_config.h"

#include <dlfcn.h>
#include <stdio.h>

struct mgw_config kit_config = {
    .size = sizeof kit_config, .instance = "storage", .stride = sizeof(struct mgw_config_value)};

const struct mgw_plugin *kit_load(const char *path)
{
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    mgw_plugin_function *function = NULL;
    void *symbol = module ? dlsym(module, MGW_PLUGIN_SYMBOL) : NULL;
    if (!symbol) {
        fprintf(stderr, "%s\n", dlerror());
        return NULL;
    }
    memcpy(&function, &symbol, sizeof function);
    const struct mgw_plugin *plugin = function();
    return plugin->abi_major == MGW_ABI_MAJOR && plugin->kind == MGW_KIND_STORAGE ? plugin : NULL;
}

static const struct mgw_config_key *key_at(const struct mgw_plugin *plugin, size_t i)
{
    return (const void *)((const char *)(const void *)plugin->config + i * plugin->config_stride);
}

static int64_t number_of(uint32_t type, const char *text)
{
    static const struct {
        uint32_t type;
        const char *unit;
        int64_t factor;
    } units[] = {{MGW_CONFIG_SIZE, "", 1},           {MGW_CONFIG_SIZE, "KiB", 1 << 10},
                 {MGW_CONFIG_SIZE, "MiB", 1 << 20},  {MGW_CONFIG_SIZE, "GiB", 1 << 30},
                 {MGW_CONFIG_DURATION, "", 1000},    {MGW_CONFIG_DURATION, "ms", 1},
                 {MGW_CONFIG_DURATION, "s", 1000},   {MGW_CONFIG_DURATION, "m", 60000},
                 {MGW_CONFIG_DURATION, "h", 3600000}};
    char *unit = NULL;
    int64_t number = strtoll(text, &unit, 10);
    if (type == MGW_CONFIG_BOOL) {
        return strcmp(text, "true") == 0;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].type == type && strcmp(units[i].unit, unit) == 0) {
            return number * units[i].factor;
        }
    }
    return number;
}

static void set_value(struct mgw_config_value *value, const struct mgw_config_key *key,
                      const char *text)
{
    *value = (struct mgw_config_value){.size = sizeof *value, .key = key->key, .type = key->type};
    if (key->type == MGW_CONFIG_BOOL || key->type == MGW_CONFIG_INT ||
        key->type == MGW_CONFIG_SIZE || key->type == MGW_CONFIG_DURATION) {
        value->number = number_of(key->type, text);
    } else {
        value->text = strdup(text);
    }
}

void kit_configure(const struct mgw_plugin *plugin, char *const *arguments, int count)
{
    struct mgw_config_value *values = calloc(plugin->config_count + 1, sizeof *values);
    for (size_t i = 0; i < plugin->config_count; i++) {
        const struct mgw_config_key *key = key_at(plugin, i);
        size_t length = strlen(key->key);
        const char *text = key->fallback;
        for (int a = 0; a < count; a++) {
            if (strncmp(arguments[a], key->key, length) == 0 && arguments[a][length] == '=') {
                text = arguments[a] + length + 1;
            }
        }
        if (text) {
            set_value(&values[kit_config.count++], key, text);
        }
    }
    kit_config.values = values;
    kit_config.flags = MGW_CREATE_INIT;
}

void kit_free_config(void)
{
    for (size_t i = 0; i < kit_config.count; i++) {
        free((void *)(uintptr_t)kit_config.values[i].text);
    }
    free((void *)(uintptr_t)kit_config.values);
    kit_config.values = NULL;
    kit_config.count = 0;
}
