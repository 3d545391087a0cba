/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin's module: looked at, loaded, checked. Everything that can be known before dlopen is
 * checked before, since loading runs its code. It is never unloaded: a plugin may have left threads
 * and pointers behind. */
#include "core/base/text.h"
#include "core/config/values.h"
#include "core/plugin/elf_look.h"
#include "core/plugin/registry_inside.h"
#include "core/plugin/rows_inside.h"
#include "core/plugin/store_inside.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Runtimes that must be in the process from its start; libubsan may come later. */
static const struct {
    const char *library, *symbol, *name;
} runtimes[] = {
    {"libasan.", "__asan_init", "AddressSanitizer"},
    {"libtsan.", "__tsan_init", "ThreadSanitizer"},
    {"liblsan.", "__lsan_init", "LeakSanitizer"},
    {"libhwasan.", "__hwasan_init", "HWAddressSanitizer"},
    {"libmsan.", "__msan_init", "MemorySanitizer"},
};

static bool needs(const struct elf_look *look, const char *prefix)
{
    for (size_t i = 0; i < look->needed_count; i++) {
        if (strncmp(look->strings + look->needed[i], prefix, strlen(prefix)) == 0) {
            return true;
        }
    }
    return false;
}

/* The runtime that the module needs and this process has not; NULL: none. */
static const char *runtime_missing(const struct elf_look *look)
{
    for (size_t i = 0; i < sizeof runtimes / sizeof runtimes[0]; i++) {
        bool wanted = needs(look, runtimes[i].library) || elf_look_names(look, runtimes[i].symbol);
        if (wanted && !dlsym(RTLD_DEFAULT, runtimes[i].symbol)) {
            return runtimes[i].name;
        }
    }
    return NULL;
}

static enum mgw_status look_first(const char *path, struct mgw_error *error)
{
    AUTO(elf_look_free) struct elf_look look = {0};
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return registry_say(error, "%s: the module cannot be opened: %s", path, strerror(errno));
    }
    AUTO_FREE char *distrust = trust_fault(path);
    if (distrust) {
        return registry_say(error, "%s", distrust);
    }
    const char *fault = elf_look(fd, &look);
    if (fault) {
        return registry_say(error, "%s: is not a plugin: %s", path, fault);
    }
    if (!elf_look_names(&look, MGW_PLUGIN_SYMBOL)) {
        return registry_say(error, "%s: is not a plugin: expected the symbol %s, got none", path,
                            MGW_PLUGIN_SYMBOL);
    }
    const char *runtime = runtime_missing(&look);
    if (runtime) {
        return registry_say(error,
                            "%s: was built with %s, whose runtime this program has not; build both "
                            "alike",
                            path, runtime);
    }
    return MGW_OK;
}

static bool plugin_name(const char *name)
{
    return name && name[0] >= 'a' && name[0] <= 'z' && strnlen(name, 33) <= 32 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(name);
}

/* The name of a required callback that the plugin's table lacks; "" where there is no table. */
static const char *lacking(const struct mgw_plugin *plugin)
{
    if (!plugin->table) {
        return "";
    }
    if (plugin->kind == MGW_KIND_REPOSITORY) {
        return rows_lacks(plugin->table);
    }
    if (plugin->kind == MGW_KIND_STORAGE) {
        return store_lacks(plugin->table, false);
    }
    struct mgw_filter_driver filter;
    struct_take(&filter, plugin->table, sizeof filter);
    return !filter.create ? "create" : !filter.storage ? "" : store_lacks(filter.storage, true);
}

static enum mgw_status check_features(const struct mgw_plugin *plugin, const char *path,
                                      struct mgw_error *error)
{
    uint64_t strange = plugin->features_required & ~host_table.features;
    if (strange) {
        return registry_say(error,
                            "%s: needs features 0x%llx that this gateway (%s) has not, expected "
                            "none beyond 0x%llx",
                            path, (unsigned long long)strange, host_table.version,
                            (unsigned long long)host_table.features);
    }
    return MGW_OK;
}

/* A module that is named by its path says itself what it is. */
static enum mgw_status check_own_name(const struct mgw_plugin *plugin, const char *path,
                                      struct mgw_error *error)
{
    if (plugin->kind < MGW_KIND_STORAGE || plugin->kind > MGW_KIND_FILTER) {
        return registry_say(error,
                            "%s: expected a storage, repository or filter plugin, got kind %u",
                            path, plugin->kind);
    }
    if (!plugin_name(plugin->name)) {
        return registry_say(error, "%s: its name is not [a-z][a-z0-9_-]{0,31}", path);
    }
    return MGW_OK;
}

static enum mgw_status check_face(const struct registry_entry *entry,
                                  const struct mgw_plugin *plugin, struct mgw_error *error)
{
    const char *path = entry->module;
    if (!plugin || !MGW_HAS(plugin, abi_major)) {
        return registry_say(error, "%s: is not a plugin: %s() answered nothing", path,
                            MGW_PLUGIN_SYMBOL);
    }
    if (plugin->abi_major != MGW_ABI_MAJOR) {
        return registry_say(error, "%s: expected plugin ABI %u, got %u%s", path, MGW_ABI_MAJOR,
                            plugin->abi_major,
                            plugin->abi_major > MGW_ABI_MAJOR ? "; this gateway is too old for it"
                                                              : "; build it anew");
    }
    if (!MGW_HAS(plugin, table)) {
        return registry_say(error, "%s: its struct mgw_plugin has %zu bytes, expected at least %zu",
                            path, plugin->size,
                            offsetof(struct mgw_plugin, table) + sizeof plugin->table);
    }
    if (!entry->name) {
        return check_own_name(plugin, path, error);
    }
    if (plugin->kind != entry->kind) {
        return registry_say(error, "%s: expected a %s plugin, as %s says, got a %s plugin", path,
                            kind_name(entry->kind), entry->descriptor, kind_name(plugin->kind));
    }
    if (!plugin_name(plugin->name) || strcmp(plugin->name, entry->name) != 0) {
        return registry_say(error, "%s: expected the plugin \"%s\", as %s says, got \"%s\"", path,
                            entry->name, entry->descriptor,
                            plugin_name(plugin->name) ? plugin->name : "(no name)");
    }
    return MGW_OK;
}

static enum mgw_status check_plugin(const struct registry_entry *entry,
                                    const struct mgw_plugin *plugin, struct mgw_error *error)
{
    const char *path = entry->module;
    enum mgw_status status = check_face(entry, plugin, error);
    if (status == MGW_OK) {
        status = check_features(plugin, path, error);
    }
    if (status != MGW_OK) {
        return status;
    }
    if (!check_line(plugin->version, 64) || !check_line(plugin->description, 1024)) {
        return registry_say(error, "%s: has no version or no description of one line", path);
    }
    if (plugin->thread_model > MGW_THREADS_SERIALIZE_PLUGIN) {
        return registry_say(error, "%s: has thread model %u, expected 0 to %u", path,
                            plugin->thread_model, (unsigned)MGW_THREADS_SERIALIZE_PLUGIN);
    }
    AUTO_FREE char *fault =
        values_table_fault(plugin->config, plugin->config_count, plugin->config_stride);
    if (fault) {
        return registry_say(error, "%s: %s", path, fault);
    }
    const char *callback = lacking(plugin);
    if (callback) {
        return callback[0] ? registry_say(error,
                                          "%s: lacks the callback \"%s\", which a %s plugin must "
                                          "have",
                                          path, callback, kind_name(plugin->kind))
                           : registry_say(error, "%s: has no table of callbacks", path);
    }
    return MGW_OK;
}

enum mgw_status module_load(const struct registry_entry *entry, const struct mgw_plugin **plugin,
                            struct mgw_error *error)
{
    enum mgw_status status = look_first(entry->module, error);
    if (status != MGW_OK) {
        return status;
    }
    void *module = dlopen(entry->module, RTLD_NOW | RTLD_LOCAL);
    if (!module) {
        return registry_say(error, "cannot load the module: %s", dlerror());
    }
    mgw_plugin_function *function;
    *(void **)&function = dlsym(module, MGW_PLUGIN_SYMBOL);
    if (!function) {
        return registry_say(error, "%s: is not a plugin: expected the symbol %s, got none",
                            entry->module, MGW_PLUGIN_SYMBOL);
    }
    const struct mgw_plugin *face = function();
    status = check_plugin(entry, face, error);
    if (status == MGW_OK) {
        *plugin = face;
    }
    return status;
}
