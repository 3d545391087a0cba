/* SPDX-License-Identifier: Apache-2.0
 *
 * plugins.d/<name>.json: which module a name means. A descriptor that is wrong does not stop the
 * gateway; the plugin it should describe cannot be used then, and whoever asks for it gets its
 * fault. */
#include "core/base/text.h"
#include "core/plugin/registry_inside.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>

enum { DESCRIPTOR_MAX = 64 * 1024 };

static const struct {
    uint32_t kind;
    const char *name;
} kinds[] = {{MGW_KIND_STORAGE, "storage"},
             {MGW_KIND_REPOSITORY, "repository"},
             {MGW_KIND_FILTER, "filter"}};

const char *kind_name(uint32_t kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind == kind) {
            return kinds[i].name;
        }
    }
    return "unknown";
}

static uint32_t kind_of(const char *name)
{
    for (size_t i = 0; name && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return kinds[i].kind;
        }
    }
    return 0;
}

static void fault(struct descriptor *descriptor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void fault(struct descriptor *descriptor, const char *format, ...)
{
    if (descriptor->fault) {
        return;
    }
    AUTO_BUF struct buf out = {0};
    va_list args;
    va_start(args, format);
    buf_printf(&out, "%s: ", descriptor->entry.descriptor);
    buf_vprintf(&out, format, args);
    va_end(args);
    descriptor->fault = buf_take(&out);
}

static void check_keys(struct descriptor *descriptor, json_t *root)
{
    static const char *const known[] = {"name", "kind", "module", "enabled", "defaults", NULL};
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key) != 0) {
            i++;
        }
        const char *nearest = known[i] ? NULL : text_nearest(key, known);
        if (nearest) {
            fault(descriptor, "key \"%s\": unknown key; did you mean \"%s\"?", key, nearest);
        } else if (!known[i]) {
            fault(descriptor, "key \"%s\": unknown key", key);
        }
    }
}

static char *module_path(const struct descriptor *descriptor, const char *module)
{
    AUTO_BUF struct buf path = {0};
    AUTO_FREE char *copy = strdup(descriptor->entry.descriptor);
    if (module[0] != '/' && copy) {
        buf_printf(&path, "%s/", dirname(copy));
    }
    buf_text(&path, module);
    AUTO_FREE char *joined = buf_take(&path);
    char *real = joined ? realpath(joined, NULL) : NULL;
    return real ? real : TAKE(joined);
}

static void read_root(struct descriptor *descriptor, json_t *root)
{
    struct registry_entry *entry = &descriptor->entry;
    const json_t *enabled = json_object_get(root, "enabled");
    json_t *defaults = json_object_get(root, "defaults");
    const char *name = json_string_value(json_object_get(root, "name"));
    const char *kind = json_string_value(json_object_get(root, "kind"));
    const char *module = json_string_value(json_object_get(root, "module"));
    check_keys(descriptor, root);
    if (!name || strcmp(name, entry->name) != 0) {
        fault(descriptor, "key \"name\": expected \"%s\", as the file is called, got \"%s\"",
              entry->name, name ? name : "nothing");
    }
    uint32_t known = kind_of(kind);
    if (!known) {
        fault(descriptor, "key \"kind\": expected storage, repository or filter, got \"%s\"",
              kind ? kind : "nothing");
    }
    if (!module || !module[0]) {
        fault(descriptor, "key \"module\": expected the module's path");
    }
    if (enabled && !json_is_boolean(enabled)) {
        fault(descriptor, "key \"enabled\": expected true or false");
    }
    if (defaults && !json_is_object(defaults)) {
        fault(descriptor, "key \"defaults\": expected an object");
    }
    if (descriptor->fault) {
        return;
    }
    entry->kind = known;
    entry->module = module_path(descriptor, module);
    entry->enabled = !enabled || json_is_true(enabled);
    descriptor->defaults = json_incref(defaults);
}

static char *stem_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *stem = strdup(slash ? slash + 1 : path);
    char *dot = stem ? strrchr(stem, '.') : NULL;
    if (dot) {
        *dot = '\0';
    }
    return stem;
}

void descriptor_read(struct descriptor *descriptor, const char *path)
{
    json_error_t found;
    *descriptor = (struct descriptor){.entry = {.name = stem_of(path), .descriptor = strdup(path)}};
    descriptor->fault = trust_fault(path);
    if (descriptor->fault) {
        return;
    }
    size_t length = 0;
    AUTO_FREE char *text = text_read_file(path, DESCRIPTOR_MAX, &length);
    if (!text) {
        fault(descriptor, "cannot be read: %s", strerror(errno));
        return;
    }
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &found);
    if (!json_is_object(root)) {
        fault(descriptor, "line %d, column %d: %s", root ? 1 : found.line, root ? 1 : found.column,
              root ? "expected an object" : found.text);
    } else {
        read_root(descriptor, root);
    }
    json_decref(root);
}

void descriptor_free(struct descriptor *descriptor)
{
    free((char *)descriptor->entry.name);
    free((char *)descriptor->entry.descriptor);
    free((char *)descriptor->entry.module);
    free(descriptor->fault);
    json_decref(descriptor->defaults);
}
