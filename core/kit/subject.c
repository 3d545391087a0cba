/* SPDX-License-Identifier: Apache-2.0
 *
 * See subject.h. */
#include "core/kit/subject.h"

#include "core/base/buf.h"
#include "core/config/value.h"
#include "core/config/values.h"
#include "core/kit/host.h"
#include "core/kit/values.h"
#include "core/plugin/bare.h"
#include "core/plugin/call.h"

#include <string.h>

enum { OPEN_MAX = 16 };

static struct config *config;
static struct registry *registry;
static const struct mgw_plugin *plugin;
static struct mgw_error error;
static struct {
    struct bare bare;
    struct store
        *locked; /* the host's view, which locks, where the plugin is not for many threads */
} opened[OPEN_MAX];

static bool refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool refuse(const char *format, ...)
{
    va_list args;
    fputs("mediagw plugin test: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return false;
}

const struct mgw_plugin *subject_plugin(void)
{
    return plugin;
}

const char *subject_error(void)
{
    return error.text;
}

/* ---- The configuration ---- */

/* What FILE says, where it holds {names} or not all that a gateway needs: a whole config in
 * {tmp}/config.json, which is read instead. NULL: FILE can be read as it is. */
static char *complete(const char *file, const char *tmp)
{
    json_t *root = json_load_file(file, 0, NULL);
    json_t *whole = json_deep_copy(root);
    AUTO_BUF struct buf path = {0};
    if (!json_is_object(root) || !whole || !kit_expand_json(whole)) {
        json_decref(root);
        json_decref(whole);
        return NULL;
    }
    static const char *const objects[] = {"storage", "repository"};
    for (size_t i = 0; i < 2; i++) {
        if (!json_object_get(whole, objects[i])) {
            json_object_set_new(whole, objects[i], json_pack("{s:s}", "driver", "none"));
        }
    }
    if (!json_object_get(whole, "url_keys")) {
        json_object_set_new(whole, "url_keys",
                            json_pack("[{s:s, s:s, s:b}]", "id", "kit", "secret",
                                      "of no gateway, signs nothing here", "sign", 1));
    }
    bool same = json_equal(root, whole);
    if (!same) {
        buf_printf(&path, "%s/config.json", tmp);
        same = json_dump_file(whole, path.data, JSON_INDENT(2)) < 0;
    }
    json_decref(root);
    json_decref(whole);
    return same ? NULL : buf_take(&path);
}

static bool read_file(const struct kit_options *options)
{
    AUTO_FREE char *copy = options->tmp ? complete(options->config, options->tmp) : NULL;
    return config_load(copy ? copy : options->config, &config, &error) == MGW_OK ||
           refuse("%s", error.text);
}

static struct mgw_config_key key_named(const char *name, size_t length)
{
    for (size_t i = 0; i < plugin->config_count; i++) {
        struct mgw_config_key key = values_key(plugin->config, plugin->config_stride, i);
        if (strlen(key.key) == length && memcmp(key.key, name, length) == 0) {
            return key;
        }
    }
    return (struct mgw_config_key){0};
}

/* KEY=VALUE in the JSON that KEY's type takes; what cannot be is left a text, which the registry
 * refuses as it refuses a config's. */
static bool set_pair(json_t *object, const char *pair)
{
    size_t length = strcspn(pair, "=");
    struct mgw_config_key key = key_named(pair, length);
    AUTO_FREE char *text = kit_expand(pair + length + 1);
    if (!text) {
        return false;
    }
    json_t *value = key.type == MGW_CONFIG_STORAGE ? json_loads(text, 0, NULL)
                    : key.type                     ? value_fallback(key.type, text)
                                                   : NULL;
    value = value ? value : json_string(text);
    AUTO_FREE char *name = strndup(pair, length);
    return name && json_object_set_new(object, name, value) == 0;
}

/* The first of the storage's filters: its object, put there where the outermost is another. */
static json_t *own_filter(void)
{
    json_t *filters = json_object_get(config->storage, "filters");
    json_t *first = json_array_get(filters, 0);
    const char *name = json_string_value(json_object_get(first, "filter"));
    if (name && strcmp(name, plugin->name) == 0) {
        return first;
    }
    if (!filters) {
        filters = json_array();
        json_object_set_new(config->storage, "filters", filters);
    }
    first = json_pack("{s:s}", "filter", plugin->name);
    return json_array_insert_new(filters, 0, first) == 0 ? first : NULL;
}

/* The object that is the plugin's own; NULL: said why. */
static json_t *own_object(const struct kit_options *options)
{
    if (plugin->kind == MGW_KIND_FILTER) {
        return own_filter();
    }
    bool repository = plugin->kind == MGW_KIND_REPOSITORY;
    json_t *object = repository ? config->repository : config->storage;
    const char *driver = json_string_value(json_object_get(object, "driver"));
    if (options->config && (!driver || strcmp(driver, plugin->name) != 0)) {
        refuse("%s: its \"%s\" is the driver \"%s\", expected \"%s\"", options->config,
               repository ? "repository" : "storage", driver ? driver : "", plugin->name);
        return NULL;
    }
    json_object_set_new(object, "driver", json_string(plugin->name));
    return object;
}

static bool configure(const struct kit_options *options)
{
    AUTO_FREE char *here = realpath(".", NULL);
    if (!options->config) {
        config = config_of_plugins(NULL, NULL, here ? here : ".");
        if (!config) {
            return refuse("out of memory");
        }
        if (plugin->kind == MGW_KIND_FILTER) {
            AUTO_FREE char *root = kit_expand("{tmp}/store");
            json_object_set_new(config->storage, "driver", json_string("fs"));
            json_object_set_new(config->storage, "root", json_string(root ? root : ""));
        }
    }
    json_t *object = own_object(options);
    for (size_t i = 0; object && i < options->pair_count; i++) {
        if (!set_pair(object, options->pairs[i])) {
            return false;
        }
    }
    return object;
}

/* ---- The module ---- */

static bool load(const char *module)
{
    size_t length = strlen(module);
    bool file = strchr(module, '/') || (length > 3 && strcmp(module + length - 3, ".so") == 0);
    enum mgw_status status = file ? registry_load_file(registry, module, &plugin, &error)
                                  : registry_load(registry, module, 0, &plugin, &error);
    return status == MGW_OK || refuse("%s", error.text);
}

bool subject_load(const struct kit_options *options)
{
    error.size = sizeof error;
    if (!kit_values_set(options->tmp, options->unique, options->values) ||
        (options->config && !read_file(options))) {
        return false;
    }
    if (registry_new(config, &registry, &error) != MGW_OK) {
        return refuse("%s", error.text);
    }
    return load(options->module) && (options->kind_only || configure(options));
}

/* ---- Instances ---- */

/* Where INSTANCE is held (NULL: a free place); OPEN_MAX: nowhere. */
static size_t find(const void *instance)
{
    size_t i = 0;
    for (; i < OPEN_MAX; i++) {
        const struct bare *bare = &opened[i].bare;
        const void *own = bare->repo.instance ? bare->repo.instance : bare->storage.instance;
        if ((opened[i].locked ? (const void *)opened[i].locked : own) == instance) {
            break;
        }
    }
    return i;
}

/* A storage plugin that wants the host to lock is tested behind the host's own view. */
static enum mgw_status lock(size_t at)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct bare *bare = &opened[at].bare;
    enum mgw_status status =
        store_new(call, plugin->name, &bare->storage, (enum mgw_thread_model)plugin->thread_model,
                  false, &opened[at].locked);
    if (status != MGW_OK) {
        snprintf(error.text, sizeof error.text, "%s", call_text(call));
        bare_close(bare);
    }
    return status;
}

enum mgw_status subject_open(uint32_t flags, struct mgw_storage *storage, struct mgw_repo *repo)
{
    size_t at = find(NULL);
    if (at == OPEN_MAX) {
        snprintf(error.text, sizeof error.text, "the kit holds too many instances");
        return MGW_UNAVAILABLE;
    }
    struct bare *bare = &opened[at].bare;
    error = (struct mgw_error){.size = sizeof error};
    enum mgw_status status =
        bare_open(registry, config, plugin->kind, flags, &kit_host, bare, &error);
    if (status != MGW_OK) {
        *bare = (struct bare){0};
        return status;
    }
    bool serial = plugin->thread_model != MGW_THREADS_PARALLEL;
    if (serial && plugin->kind != MGW_KIND_REPOSITORY) {
        status = lock(at);
    }
    *storage = opened[at].locked ? store_as_storage(opened[at].locked) : bare->storage;
    *repo = bare->repo;
    return status;
}

void subject_close(const void *instance)
{
    size_t at = find(instance);
    if (instance && at < OPEN_MAX) {
        store_free(opened[at].locked);
        opened[at].locked = NULL;
        bare_close(&opened[at].bare);
    }
}

const struct mgw_storage *subject_lower(const void *instance)
{
    size_t at = find(instance);
    return at < OPEN_MAX ? bare_lower(&opened[at].bare) : NULL;
}

bool subject_is_discreet(const char *text)
{
    json_t *object = plugin->kind == MGW_KIND_REPOSITORY ? config->repository
                     : plugin->kind == MGW_KIND_FILTER
                         ? json_array_get(json_object_get(config->storage, "filters"), 0)
                         : config->storage;
    for (size_t i = 0; i < plugin->config_count; i++) {
        struct mgw_config_key key = values_key(plugin->config, plugin->config_stride, i);
        const char *secret = json_string_value(json_object_get(object, key.key));
        if (key.type == MGW_CONFIG_SECRET && strcmp(key.key, "access_key") != 0 && secret &&
            *secret && strstr(text, secret)) {
            return false;
        }
    }
    return true;
}

void subject_free(void)
{
    registry_free(registry);
    config_free(config);
    kit_values_free();
    registry = NULL;
    config = NULL;
}
