/* SPDX-License-Identifier: Apache-2.0
 *
 * See registry.h: the search for descriptors, and plugins by name. Instances: stack.c. */
#include "core/base/text.h"
#include "core/plugin/registry_inside.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <libgen.h>
#include <link.h>
#include <string.h>

enum { DESCRIPTORS_MAX = 1000 };

/* ---- Where to look ---- */

/* The folder of descriptors that belongs to the running program: seen from the executable, or next
 * to libmediagw where this code lies in it. To be freed. */
static char *own_folder(void)
{
    Dl_info info;
    struct link_map *map = NULL;
    AUTO_BUF struct buf path = {0};
    bool library =
        dladdr1((void *)(uintptr_t)registry_new, &info, (void **)&map, RTLD_DL_LINKMAP) != 0 &&
        map && map->l_name && map->l_name[0];
    AUTO_FREE char *self = realpath(library ? map->l_name : "/proc/self/exe", NULL);
    if (!self) {
        return NULL;
    }
    const char *folder = dirname(self), *name = strrchr(folder, '/');
    bool helper = name && strcmp(name, "/mediagw") == 0; /* a program that the command starts */
    buf_printf(&path, "%s/%s", folder,
               library  ? MEDIAGW_DESCRIPTORS_FROM_LIB
               : helper ? MEDIAGW_DESCRIPTORS_FROM_LIBEXEC
                        : MEDIAGW_DESCRIPTORS_FROM_BIN);
    AUTO_FREE char *joined = buf_take(&path);
    char *real = joined ? realpath(joined, NULL) : NULL;
    return real ? real : TAKE(joined);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool known_stem(const struct registry *registry, const char *file)
{
    size_t stem = strlen(file) - strlen(".json");
    for (size_t i = 0; i < registry->count; i++) {
        const char *name = registry->at[i].entry.name;
        if (strlen(name) == stem && strncmp(name, file, stem) == 0) {
            return true;
        }
    }
    return false;
}

static bool add(struct registry *registry, const char *folder, const char *file)
{
    AUTO_BUF struct buf path = {0};
    struct descriptor *grown = realloc(registry->at, (registry->count + 1) * sizeof *registry->at);
    if (!grown) {
        return false;
    }
    registry->at = grown;
    if (!buf_printf(&path, "%s/%s", folder, file)) {
        return false;
    }
    descriptor_read(&registry->at[registry->count], path.data);
    registry->count++;
    return true;
}

static int is_descriptor(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 5 &&
           strcmp(entry->d_name + length - 5, ".json") == 0;
}

/* Reads a folder's descriptors in order of name; those of an earlier folder win. */
static enum mgw_status search(struct registry *registry, const char *folder, bool must_exist,
                              struct mgw_error *error)
{
    struct dirent **found = NULL;
    int count = scandir(folder, &found, is_descriptor, NULL);
    if (count < 0) {
        return errno == ENOENT && !must_exist
                   ? MGW_OK
                   : registry_say(error, "%s: the folder of plugin descriptors cannot be read: %s",
                                  folder, strerror(errno));
    }
    bool good = registry->count + (size_t)count <= DESCRIPTORS_MAX;
    char **names = calloc((size_t)count + 1, sizeof *names);
    for (int i = 0; names && i < count; i++) {
        names[i] = found[i]->d_name;
    }
    if (names) {
        qsort(names, (size_t)count, sizeof *names, by_name);
    }
    for (int i = 0; names && good && i < count; i++) {
        good = known_stem(registry, names[i]) || add(registry, folder, names[i]);
    }
    for (int i = 0; i < count; i++) {
        free(found[i]);
    }
    free(found);
    good = good && names;
    free(names);
    return good ? MGW_OK : registry_say(error, "%s: too many plugin descriptors", folder);
}

static enum mgw_status search_all(struct registry *registry, const struct config *config,
                                  struct buf *searched, struct mgw_error *error)
{
    enum mgw_status status = MGW_OK;
    char **path = config ? config->plugins.path : NULL;
    const char *environment = getenv("MEDIAGW_PLUGIN_PATH");
    if (path) {
        for (size_t i = 0; status == MGW_OK && path[i]; i++) {
            AUTO_BUF struct buf folder = {0};
            if (path[i][0] != '/' && config->directory) {
                buf_printf(&folder, "%s/", config->directory);
            }
            buf_text(&folder, path[i]);
            buf_printf(searched, "%s%s", searched->length ? ", " : "", folder.data);
            status = search(registry, folder.data, true, error);
        }
        return status;
    }
    if (environment && environment[0]) {
        AUTO_FREE char *copy = strdup(environment);
        char *rest = NULL;
        for (char *folder = copy ? strtok_r(copy, ":", &rest) : NULL; folder && status == MGW_OK;
             folder = strtok_r(NULL, ":", &rest)) {
            buf_printf(searched, "%s%s", searched->length ? ", " : "", folder);
            status = search(registry, folder, true, error);
        }
        return status;
    }
    AUTO_FREE char *own = own_folder();
    buf_text(searched, own ? own : "(unknown)");
    return own ? search(registry, own, false, error) : MGW_OK;
}

static int by_kind_and_name(const void *a, const void *b)
{
    const struct descriptor *x = a, *y = b;
    return x->entry.kind != y->entry.kind ? (x->entry.kind < y->entry.kind ? -1 : 1)
                                          : strcmp(x->entry.name, y->entry.name);
}

enum mgw_status registry_new(const struct config *config, struct registry **made,
                             struct mgw_error *error)
{
    struct registry *registry = calloc(1, sizeof *registry);
    AUTO_BUF struct buf searched = {0};
    if (!registry) {
        return registry_say(error, "out of memory");
    }
    enum mgw_status status = search_all(registry, config, &searched, error);
    registry->searched = buf_take(&searched);
    if (status != MGW_OK || !registry->searched) {
        registry_free(registry);
        return status != MGW_OK ? status : registry_say(error, "out of memory");
    }
    if (registry->count) {
        qsort(registry->at, registry->count, sizeof *registry->at, by_kind_and_name);
    }
    *made = registry;
    return MGW_OK;
}

void registry_free(struct registry *registry)
{
    if (!registry) {
        return;
    }
    for (size_t i = 0; i < registry->count; i++) {
        descriptor_free(&registry->at[i]);
    }
    free(registry->at);
    free(registry->searched);
    free(registry);
}

void registry_each(struct registry *registry,
                   bool (*each)(void *ctx, const struct registry_entry *entry), void *ctx)
{
    for (size_t i = 0; i < registry->count; i++) {
        if (!each(ctx, &registry->at[i].entry)) {
            return;
        }
    }
}

/* ---- By name ---- */

static enum mgw_status refuse_unknown(const struct registry *registry, const char *name,
                                      uint32_t kind, struct mgw_error *error)
{
    AUTO_FREE const char **names = calloc(registry->count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; names && i < registry->count; i++) {
        if (registry->at[i].entry.kind == kind || kind == 0) {
            names[count++] = registry->at[i].entry.name;
        }
    }
    const char *nearest = names ? text_nearest(name, names) : NULL;
    const char *what = kind ? kind_name(kind) : "such";
    if (nearest) {
        registry_say(error, "there is no %s plugin \"%s\" (looked in %s); did you mean \"%s\"?",
                     what, name, registry->searched, nearest);
    } else {
        registry_say(error, "there is no %s plugin \"%s\" (looked in %s)", what, name,
                     registry->searched);
    }
    return MGW_NOT_FOUND;
}

enum mgw_status registry_find(struct registry *registry, const char *name, uint32_t kind,
                              struct descriptor **descriptor, struct mgw_error *error)
{
    struct descriptor *found = NULL;
    for (size_t i = 0; i < registry->count; i++) {
        if (strcmp(registry->at[i].entry.name, name) == 0) {
            found = &registry->at[i];
        }
    }
    if (!found) {
        return refuse_unknown(registry, name, kind, error);
    }
    if (found->fault) {
        return registry_say(error, "%s", found->fault);
    }
    if (kind && found->entry.kind != kind) {
        return registry_say(error, "%s: expected a %s plugin, got a %s plugin, \"%s\"",
                            found->entry.descriptor, kind_name(kind), kind_name(found->entry.kind),
                            name);
    }
    *descriptor = found;
    return MGW_OK;
}

enum mgw_status registry_load(struct registry *registry, const char *name, uint32_t kind,
                              const struct mgw_plugin **plugin, struct mgw_error *error)
{
    struct descriptor *descriptor = NULL;
    enum mgw_status status = registry_find(registry, name, kind, &descriptor, error);
    if (status == MGW_OK && !descriptor->plugin) {
        status = module_load(&descriptor->entry, &descriptor->plugin, error);
    }
    if (status == MGW_OK) {
        *plugin = descriptor->plugin;
    }
    return status;
}

enum mgw_status registry_load_file(struct registry *registry, const char *path,
                                   const struct mgw_plugin **plugin, struct mgw_error *error)
{
    AUTO_FREE char *real = realpath(path, NULL);
    struct registry_entry entry = {.module = real ? real : path, .enabled = true};
    enum mgw_status status = module_load(&entry, plugin, error);
    if (status != MGW_OK) {
        return status;
    }
    const char *name = (*plugin)->name;
    struct descriptor *at = registry->at;
    while (at < registry->at + registry->count && strcmp(at->entry.name, name) != 0) {
        at++;
    }
    if (at == registry->at + registry->count) {
        struct descriptor *grown =
            realloc(registry->at, (registry->count + 1) * sizeof *registry->at);
        if (!grown) {
            return registry_say(error, "out of memory");
        }
        registry->at = grown;
        at = &registry->at[registry->count++];
    } else {
        descriptor_free(at);
    }
    *at = (struct descriptor){.entry = {.name = strdup(name),
                                        .descriptor = strdup(path),
                                        .module = strdup(entry.module),
                                        .kind = (*plugin)->kind,
                                        .enabled = true},
                              .plugin = *plugin};
    return at->entry.name && at->entry.descriptor && at->entry.module
               ? MGW_OK
               : registry_say(error, "out of memory");
}
