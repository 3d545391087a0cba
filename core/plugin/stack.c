/* SPDX-License-Identifier: Apache-2.0
 *
 * Instances out of the config's objects: a driver, and the filters upon it, the first of the list
 * outermost. Start-up only, one thread. */
#include "core/plugin/bare.h"
#include "core/plugin/opening.h"
#include "core/plugin/registry_check.h"
#include "core/plugin/registry_inside.h"
#include "core/plugin/store_inside.h"

#include "core/config/values.h"

#include <string.h>

enum { FILTERS_MAX = 16, NESTING_MAX = 4 };

static const char *const driver_ignores[] = {"driver", "filters", NULL};
static const char *const filter_ignores[] = {"filter", NULL};

static enum mgw_status open_storage(struct opening *opening, json_t *object, const char *pointer,
                                    struct store **store);

/* The driver that OBJECT names, as it is. */
static enum mgw_status create_driver(struct opening *opening, json_t *object, const char *pointer,
                                     struct bare *bare)
{
    struct descriptor *descriptor;
    struct config_values *values = NULL;
    enum mgw_status status =
        opening_find(opening, object, "driver", pointer, MGW_KIND_STORAGE, &descriptor);
    if (status == MGW_OK) {
        status = opening_values(opening, descriptor, object, pointer, driver_ignores, &values);
    }
    if (status != MGW_OK || opening->dry) {
        config_values_free(values);
        return status;
    }
    const struct mgw_storage_driver *driver = descriptor->plugin->table;
    *bare = (struct bare){.plugin = descriptor->plugin,
                          .storage = {.size = sizeof bare->storage, .driver = driver}};
    call_clear(opening->call);
    status = driver->create(opening->call, config_values_table(values, "storage", opening->flags),
                            opening->host, &bare->storage.instance);
    config_values_free(values);
    return opening_created(opening, pointer, descriptor, status, bare->storage.instance);
}

/* The host's view of RAW, whose end it becomes; in failure RAW has been ended. */
static enum mgw_status wrap(struct opening *opening, const char *pointer, struct bare *bare,
                            struct store **store)
{
    struct store *made = NULL;
    enum mgw_status status =
        store_new(opening->call, bare->plugin->name, &bare->storage,
                  (enum mgw_thread_model)bare->plugin->thread_model, true, &made);
    if (status == MGW_OK && bare->layers) {
        status = store_stack(made, opening->call, bare->layers);
        bare->storage.instance = NULL; /* MADE's now */
    }
    if (status != MGW_OK) {
        status = opening_refuse(opening, pointer, status, "%s", call_text(opening->call));
        store_free(made);
        bare_close(bare);
        return status;
    }
    *store = made;
    return MGW_OK;
}

static enum mgw_status open_driver(struct opening *opening, json_t *object, const char *pointer,
                                   struct store **store)
{
    struct bare bare = {0};
    enum mgw_status status = create_driver(opening, object, pointer, &bare);
    return status == MGW_OK && !opening->dry ? wrap(opening, pointer, &bare, store) : status;
}

/* ---- Filters ---- */

/* Opens the STORAGE values of a filter's own; LAYERS has room. */
static enum mgw_status open_inner(struct opening *opening, const struct mgw_plugin *plugin,
                                  json_t *object, const char *pointer, struct layers *layers,
                                  struct config_values *values)
{
    for (size_t i = 0; i < plugin->config_count; i++) {
        struct mgw_config_key key = values_key(plugin->config, plugin->config_stride, i);
        json_t *inner = json_object_get(object, key.key);
        if (key.type != MGW_CONFIG_STORAGE || !inner) {
            continue;
        }
        AUTO_BUF struct buf at = {0};
        buf_printf(&at, "%s/%s", pointer, key.key);
        struct store *store = NULL;
        opening->depth++;
        enum mgw_status status =
            opening->depth > NESTING_MAX
                ? opening_refuse(opening, at.data, MGW_INVALID, "nested too deeply")
                : open_storage(opening, inner, at.data, &store);
        opening->depth--;
        if (status != MGW_OK) {
            return status;
        }
        if (opening->dry) {
            continue;
        }
        layers->at[layers->count].store = store;
        layers->at[layers->count].face = store_as_storage(store);
        config_values_set_storage(values, key.key, &layers->at[layers->count].face);
        layers->count++;
    }
    return MGW_OK;
}

/* RAW has its layers already. */
static enum mgw_status create_filter(struct opening *opening, const struct descriptor *descriptor,
                                     struct config_values *values, const char *pointer,
                                     struct bare *bare)
{
    struct mgw_filter_driver filter;
    struct_take(&filter, descriptor->plugin->table, sizeof filter);
    bare->plugin = descriptor->plugin;
    bare->storage = (struct mgw_storage){.size = sizeof bare->storage, .driver = filter.storage};
    call_clear(opening->call);
    enum mgw_status status = filter.create(
        opening->call, config_values_table(values, descriptor->entry.name, opening->flags),
        opening->host, &bare->layers->at[0].face, &bare->storage.instance);
    return opening_created(opening, pointer, descriptor, status, bare->storage.instance);
}

/* The filter that OBJECT names, as it is, upon LOWER, which is its own afterwards, also in failure.
 */
static enum mgw_status stack_filter(struct opening *opening, json_t *object, const char *pointer,
                                    struct store *lower, struct bare *bare)
{
    struct descriptor *descriptor;
    struct config_values *values = NULL;
    enum mgw_status status =
        json_is_object(object)
            ? opening_find(opening, object, "filter", pointer, MGW_KIND_FILTER, &descriptor)
            : opening_refuse(opening, pointer, MGW_INVALID, "expected {\"filter\": \"NAME\", …}");
    if (status == MGW_OK) {
        status = opening_values(opening, descriptor, object, pointer, filter_ignores, &values);
    }
    *bare = (struct bare){0};
    if (status == MGW_OK) {
        size_t room = 1 + descriptor->plugin->config_count;
        bare->layers = calloc(1, sizeof *bare->layers + room * sizeof bare->layers->at[0]);
        status = bare->layers ? MGW_OK
                              : opening_refuse(opening, pointer, MGW_UNAVAILABLE, "out of memory");
    }
    if (status != MGW_OK) {
        config_values_free(values);
        store_free(lower);
        return status;
    }
    if (lower) {
        bare->layers->at[0].face = store_as_storage(lower);
        bare->layers->at[0].store = lower;
        bare->layers->count = 1;
    }
    status = open_inner(opening, descriptor->plugin, object, pointer, bare->layers, values);
    if (status == MGW_OK && !opening->dry) {
        status = create_filter(opening, descriptor, values, pointer, bare);
    }
    config_values_free(values);
    if (status != MGW_OK || opening->dry) {
        bare->storage.instance = NULL;
        bare_close(bare);
    }
    return status;
}

/* Puts a filter upon *STORE, which is its own afterwards, also in failure. */
static enum mgw_status open_filter(struct opening *opening, json_t *object, const char *pointer,
                                   struct store **store)
{
    struct bare bare;
    enum mgw_status status = stack_filter(opening, object, pointer, TAKE(*store), &bare);
    return status == MGW_OK && !opening->dry ? wrap(opening, pointer, &bare, store) : status;
}

/* The driver of OBJECT and its filters, the first SKIP (the outermost) left out. */
static enum mgw_status open_stack(struct opening *opening, json_t *object, const char *pointer,
                                  size_t skip, struct store **store)
{
    json_t *filters = json_object_get(object, "filters");
    size_t count = json_array_size(filters);
    if (filters && (!json_is_array(filters) || count > FILTERS_MAX)) {
        return opening_refuse(opening, pointer, MGW_INVALID,
                              "\"filters\" must be a list of at most %d filters, outermost first",
                              FILTERS_MAX);
    }
    struct store *top = NULL;
    enum mgw_status status = open_driver(opening, object, pointer, &top);
    for (size_t i = count; status == MGW_OK && i-- > skip;) {
        AUTO_BUF struct buf at = {0};
        buf_printf(&at, "%s/filters/%zu", pointer, i);
        status = open_filter(opening, json_array_get(filters, i), at.data, &top);
    }
    if (status == MGW_OK) {
        *store = top;
    }
    return status;
}

static enum mgw_status open_storage(struct opening *opening, json_t *object, const char *pointer,
                                    struct store **store)
{
    return open_stack(opening, object, pointer, 0, store);
}

enum mgw_status registry_open_storage(struct registry *registry, const struct config *config,
                                      uint32_t flags, struct store **store, struct mgw_error *error)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct opening opening = {registry, config, flags, error, call, 0, false, &host_table};
    if (!call) {
        return registry_say(error, "out of memory");
    }
    return open_storage(&opening, config->storage, "/storage", store);
}

static enum mgw_status repository_values(struct opening *opening, struct descriptor **descriptor,
                                         struct config_values **values)
{
    static const char *const ignores[] = {"driver", NULL};
    json_t *object = opening->config->repository;
    enum mgw_status status =
        opening_find(opening, object, "driver", "/repository", MGW_KIND_REPOSITORY, descriptor);
    return status == MGW_OK
               ? opening_values(opening, *descriptor, object, "/repository", ignores, values)
               : status;
}

enum mgw_status registry_check(struct registry *registry, const struct config *config,
                               struct mgw_error *error)
{
    struct opening opening = {registry, config, 0, error, NULL, 0, true, &host_table};
    struct store *none = NULL;
    struct descriptor *descriptor;
    struct config_values *values = NULL;
    enum mgw_status status = open_storage(&opening, config->storage, "/storage", &none);
    if (status == MGW_OK) {
        status = repository_values(&opening, &descriptor, &values);
    }
    config_values_free(values);
    return status;
}

static enum mgw_status create_repository(struct opening *opening, struct bare *bare)
{
    struct descriptor *descriptor;
    struct config_values *values = NULL;
    enum mgw_status status = repository_values(opening, &descriptor, &values);
    if (status != MGW_OK) {
        return status;
    }
    *bare = (struct bare){.plugin = descriptor->plugin,
                          .repo = {.size = sizeof bare->repo, .driver = descriptor->plugin->table}};
    call_clear(opening->call);
    status = bare->repo.driver->create(opening->call,
                                       config_values_table(values, "repository", opening->flags),
                                       opening->host, &bare->repo.instance);
    config_values_free(values);
    return opening_created(opening, "/repository", descriptor, status, bare->repo.instance);
}

enum mgw_status registry_open_repository(struct registry *registry, const struct config *config,
                                         uint32_t flags, struct rows **rows,
                                         struct mgw_error *error)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct opening opening = {registry, config, flags, error, call, 0, false, &host_table};
    struct bare bare = {0};
    if (!call) {
        return registry_say(error, "out of memory");
    }
    enum mgw_status status = create_repository(&opening, &bare);
    if (status != MGW_OK) {
        return status;
    }
    status = rows_new(call, bare.plugin->name, &bare.repo,
                      (enum mgw_thread_model)bare.plugin->thread_model, true, rows);
    if (status != MGW_OK) {
        bare_close(&bare);
        return opening_refuse(&opening, "/repository", status, "%s", call_text(call));
    }
    return MGW_OK;
}

/* ---- As they are ---- */

static enum mgw_status open_outermost(struct opening *opening, struct bare *bare)
{
    json_t *object = opening->config->storage;
    json_t *first = json_array_get(json_object_get(object, "filters"), 0);
    struct store *lower = NULL;
    if (!first) {
        return opening_refuse(opening, "/storage", MGW_INVALID,
                              "expected a filter upon the driver");
    }
    enum mgw_status status = open_stack(opening, object, "/storage", 1, &lower);
    return status == MGW_OK ? stack_filter(opening, first, "/storage/filters/0", lower, bare)
                            : status;
}

enum mgw_status bare_open(struct registry *registry, const struct config *config, uint32_t kind,
                          uint32_t flags, const struct mgw_host *host, struct bare *bare,
                          struct mgw_error *error)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct opening opening = {registry, config, flags, error, call, 0, false, host};
    *bare = (struct bare){0};
    if (!call) {
        return registry_say(error, "out of memory");
    }
    return kind == MGW_KIND_REPOSITORY ? create_repository(&opening, bare)
           : kind == MGW_KIND_FILTER   ? open_outermost(&opening, bare)
                                       : create_driver(&opening, config->storage, "/storage", bare);
}

void bare_close(struct bare *bare)
{
    if (bare->storage.instance) {
        bare->storage.driver->destroy(bare->storage.instance);
    }
    if (bare->repo.instance) {
        bare->repo.driver->destroy(bare->repo.instance);
    }
    layers_free(bare->layers);
    *bare = (struct bare){0};
}

const struct mgw_storage *bare_lower(const struct bare *bare)
{
    return bare->layers && bare->layers->count ? &bare->layers->at[0].face : NULL;
}
