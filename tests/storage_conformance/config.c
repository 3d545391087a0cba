/* SPDX-License-Identifier: Apache-2.0
 *
 * A module by its path, and its configuration out of KEY=VALUE by its own table. */
#include "kit.h"

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

static void set_value(struct mgw_config_value *value, const struct mgw_config_key *key,
                      const char *text, const char *folder)
{
    *value = (struct mgw_config_value){.size = sizeof *value, .key = key->key, .type = key->type};
    if (key->type == MGW_CONFIG_BOOL || key->type == MGW_CONFIG_INT ||
        key->type == MGW_CONFIG_SIZE || key->type == MGW_CONFIG_DURATION) {
        value->number = kit_number(key->type, text);
    } else {
        value->text = kit_expand(text, folder);
        if (!value->text) {
            fprintf(stderr, "%s=%s: no such value\n", key->key, text);
            exit(2);
        }
    }
}

void kit_configure(const struct mgw_plugin *plugin, char *const *arguments, int count,
                   const char *folder)
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
            set_value(&values[kit_config.count++], key, text, folder);
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

