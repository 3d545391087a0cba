/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw plugin list` and `mediagw plugin show`: stable key=value lines. `mediagw plugin new` is
 * in plugin_new.c, `mediagw plugin test` is mediagw-kit. */
#include "core/base/buf.h"
#include "core/cli/cli.h"
#include "core/cli/plugin_new.h"
#include "core/config/value.h"
#include "core/config/values.h"
#include "core/plugin/guard.h"
#include "core/plugin/registry.h"

#include <string.h>

static const char help[] =
    "usage: mediagw plugin list [--config FILE]\n"
    "       mediagw plugin show NAME [--config FILE]\n"
    "       mediagw plugin new NAME --kind storage|repository|filter [--dir DIR]\n"
    "       mediagw plugin test MODULE [options] [KEY=VALUE...]\n"
    "       mediagw plugin bench MODULE [options] [KEY=VALUE...]\n\n"
    "list: a line for each plugin that is described in the search path: name, kind, enabled,\n"
    "module, descriptor; one whose descriptor is wrong has fault instead. Nothing is loaded.\n"
    "show: loads a plugin and prints a key=value line for each of its properties (ABI, thread\n"
    "model, the optional callbacks that it has) and for each of its config keys type, default and\n"
    "help. With --config, and where the config uses the plugin, also what its instance can do.\n"
    "new: writes the project of a driver of one's own into a new folder: source, CMakeLists.txt,\n"
    "descriptor, README.md, a test. It builds, passes its conformance cases and serves as it\n"
    "stands, in memory; replace it callback by callback.\n"
    "test: runs the conformance cases on a module; see mediagw plugin test --help.\n"
    "bench: measures a module's verbs; see mediagw plugin bench --help.\n\n"
    "  --kind KIND     what it is: storage (bytes), repository (rows), filter (a layer over a "
    "storage)\n"
    "  --dir DIR       the folder to make; default: NAME\n"
    "  --config FILE   take plugins.path from FILE; else $MEDIAGW_PLUGIN_PATH, else the folder "
    "that\n"
    "                  was installed with this program\n\n"
    "Exit codes: 0 done; 1 there is no such plugin; 2 the plugin or the command line is wrong.\n";

static const char *kind_text(uint32_t kind)
{
    return kind == MGW_KIND_STORAGE      ? "storage"
           : kind == MGW_KIND_REPOSITORY ? "repository"
           : kind == MGW_KIND_FILTER     ? "filter"
                                         : "unknown";
}

static bool list_one(void *ctx, const struct registry_entry *entry)
{
    struct mgw_error error = {.size = sizeof error};
    const struct mgw_plugin *plugin;
    cli_pair("name", entry->name, " ");
    cli_pair("kind", kind_text(entry->kind), " ");
    if (entry->kind) {
        cli_pair("enabled", entry->enabled ? "true" : "false", " ");
        cli_pair("module", entry->module, " ");
        cli_pair("descriptor", entry->descriptor, "\n");
    } else {
        registry_load(ctx, entry->name, 0, &plugin, &error); /* answers the descriptor's fault */
        cli_pair("fault", error.text, "\n");
    }
    return true;
}

/* ---- show ---- */

static void number(const char *key, const char *property, int64_t value)
{
    printf("key.%s.%s=%lld\n", key, property, (long long)value);
}

static void show_key(const struct mgw_config_key *key)
{
    printf("key.%s.type=%s\n", key->key, value_type_name(key->type));
    printf("key.%s.required=%s\n", key->key, key->flags & MGW_CONFIG_REQUIRED ? "true" : "false");
    if (key->fallback) {
        printf("key.%s.default=%s\n", key->key,
               key->type == MGW_CONFIG_SECRET ? "(secret)" : key->fallback);
    }
    if (key->values) {
        printf("key.%s.values=%s\n", key->key, key->values);
    }
    if (key->min || key->max) {
        number(key->key, "min", key->min);
        number(key->key, "max", key->max);
    }
    printf("key.%s.help=%s\n", key->key, key->help);
}

struct named {
    const char *name;
    uint64_t bit;
};

static void show_bits(const char *what, uint64_t bits, const struct named *names)
{
    const char *comma = "";
    printf("%s=", what);
    for (; names->name; names++) {
        if (bits & names->bit) {
            printf("%s%s", comma, names->name);
            comma = ",";
        }
    }
    printf("\n");
}

static void show_optional(const struct mgw_plugin *plugin)
{
    static const struct named names[] = {{"put_prepare", 1},
                                         {"descriptor", 2},
                                         {"copy", 4},
                                         {"presign", 8},
                                         {"plan,upload_create,upload_part,upload_complete,"
                                          "upload_abort",
                                          16},
                                         {"sweep", 32},
                                         {"free_bytes", 64},
                                         {"maintain", 128},
                                         {0}};
    struct mgw_storage_driver table = {0};
    struct mgw_filter_driver filter;
    struct mgw_repo_driver repo;
    uint64_t has = 0;
    if (plugin->kind == MGW_KIND_REPOSITORY) {
        struct_take(&repo, plugin->table, sizeof repo);
        has = repo.maintain ? 128 : 0;
    } else if (plugin->kind == MGW_KIND_FILTER) {
        struct_take(&filter, plugin->table, sizeof filter);
        struct_take(&table, filter.storage, sizeof table);
    } else {
        struct_take(&table, plugin->table, sizeof table);
    }
    has |= (table.put_prepare ? 1u : 0) | (table.descriptor ? 2u : 0) | (table.copy ? 4u : 0) |
           (table.presign ? 8u : 0) | (table.plan ? 16u : 0) | (table.sweep ? 32u : 0) |
           (table.free_bytes ? 64u : 0);
    show_bits("optional_callbacks", has, names);
}

struct wanted {
    const char *name;
    const struct registry_entry *entry;
};

static bool find_entry(void *ctx, const struct registry_entry *entry)
{
    struct wanted *wanted = ctx;
    if (strcmp(entry->name, wanted->name) == 0) {
        wanted->entry = entry;
    }
    return !wanted->entry;
}

static void show_plugin(const struct registry_entry *entry, const struct mgw_plugin *plugin)
{
    static const char *const models[] = {"parallel", "serialize-instance", "serialize-plugin"};
    printf("name=%s\nkind=%s\nversion=%s\ndescription=%s\n", plugin->name, kind_text(plugin->kind),
           plugin->version, plugin->description);
    printf("enabled=%s\nmodule=%s\ndescriptor=%s\n", entry->enabled ? "true" : "false",
           entry->module, entry->descriptor);
    printf("abi=%u\nfeatures=0x%llx\nfeatures_required=0x%llx\nthread_model=%s\n",
           plugin->abi_major, (unsigned long long)plugin->features,
           (unsigned long long)plugin->features_required, models[plugin->thread_model]);
    show_optional(plugin);
    for (size_t i = 0; i < plugin->config_count; i++) {
        struct mgw_config_key key = values_key(plugin->config, plugin->config_stride, i);
        show_key(&key);
    }
}

static bool uses(const json_t *object, const char *name)
{
    const char *driver = json_string_value(json_object_get(object, "driver"));
    return driver && strcmp(driver, name) == 0;
}

/* What the instance that the config describes can do. */
static int show_instance(struct registry *registry, const struct config *config, const char *name)
{
    static const struct named storage[] = {{"local_fd", MGW_STORAGE_LOCAL_FD},
                                           {"inline_read", MGW_STORAGE_INLINE_READ},
                                           {"if_absent", MGW_STORAGE_IF_ABSENT},
                                           {"resumable", MGW_STORAGE_RESUMABLE},
                                           {"presign_get", MGW_STORAGE_PRESIGN_GET},
                                           {"presign_put", MGW_STORAGE_PRESIGN_PUT},
                                           {"presign_part", MGW_STORAGE_PRESIGN_PART},
                                           {"shared", MGW_STORAGE_SHARED},
                                           {"ordered_list", MGW_STORAGE_ORDERED_LIST},
                                           {"copy", MGW_STORAGE_COPY},
                                           {"read_only", MGW_STORAGE_READ_ONLY},
                                           {"volatile", MGW_STORAGE_VOLATILE},
                                           {0}};
    static const struct named repository[] = {{"inline_read", MGW_REPO_INLINE_READ},
                                              {"shared", MGW_REPO_SHARED},
                                              {"volatile", MGW_REPO_VOLATILE},
                                              {0}};
    struct mgw_error error = {.size = sizeof error};
    struct store *store = NULL;
    struct rows *rows = NULL;
    enum mgw_status status = MGW_OK;
    if (uses(config->storage, name)) {
        status = registry_open_storage(registry, config, 0, &store, &error);
    } else if (uses(config->repository, name)) {
        status = registry_open_repository(registry, config, 0, &rows, &error);
    }
    if (store) {
        const struct mgw_storage_limits *limits = store_limits(store);
        show_bits("capabilities", limits->capabilities, storage);
        printf("max_blob_bytes=%llu\nmax_key_bytes=%u\nmax_presign_ttl_sec=%lld\nstore_id=%s\n",
               (unsigned long long)limits->max_blob_bytes, limits->max_key_bytes,
               (long long)limits->max_presign_ttl_sec, limits->store_id);
    }
    if (rows) {
        show_bits("capabilities", rows_limits(rows)->capabilities, repository);
        printf("max_batch=%u\nmax_known=%u\n", rows_limits(rows)->max_batch,
               rows_limits(rows)->max_known);
    }
    store_free(store);
    rows_free(rows);
    return status == MGW_OK ? CLI_DONE : cli_error(status, &error);
}

static int show(struct registry *registry, const struct config *config, const char *name)
{
    struct mgw_error error = {.size = sizeof error};
    const struct mgw_plugin *plugin;
    enum mgw_status status = registry_load(registry, name, 0, &plugin, &error);
    if (status != MGW_OK) {
        return cli_error(status, &error);
    }
    struct wanted wanted = {.name = name};
    registry_each(registry, find_entry, &wanted);
    show_plugin(wanted.entry, plugin);
    return config ? show_instance(registry, config, name) : CLI_DONE;
}

static int run_words(const struct cli_command *command, struct registry *registry,
                     const struct config *config, int count, char **words)
{
    static const char *const known[] = {"bench", "list", "new", "show", "test", NULL};
    if (count == 1 && strcmp(words[0], "list") == 0) {
        registry_each(registry, list_one, registry);
        return CLI_DONE;
    }
    if (count == 2 && strcmp(words[0], "show") == 0) {
        return show(registry, config, words[1]);
    }
    if (count > 0 && strcmp(words[0], "list") != 0 && strcmp(words[0], "show") != 0) {
        return cli_unknown("subcommand", words[0], known);
    }
    cli_say(CLI_WRONG,
            "expected: mediagw plugin list, show NAME, new NAME, test MODULE or bench MODULE");
    return cli_usage(command);
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options = {0};
    struct config *config = NULL;
    struct registry *registry = NULL;
    struct mgw_error error = {.size = sizeof error};
    int first;
    if (argc > 1 && strcmp(argv[1], "new") == 0) {
        return plugin_new(command, argc - 1, argv + 1);
    }
    if (argc > 1 && (strcmp(argv[1], "test") == 0 || strcmp(argv[1], "bench") == 0)) {
        return cli_become(MEDIAGW_KIT_FROM_BIN, argc - 1, argv + 1);
    }
    if (!cli_options(argc, argv, "c", &options, &first)) {
        return cli_usage(command);
    }
    if (options.help) {
        fputs(command->help, stdout);
        return CLI_DONE;
    }
    int exit = options.config ? cli_load(&options, &config) : CLI_DONE;
    if (exit == CLI_DONE) {
        enum mgw_status status = registry_new(config, &registry, &error);
        exit = status == MGW_OK ? run_words(command, registry, config, argc - first, argv + first)
                                : cli_error(status, &error);
    }
    registry_free(registry);
    config_free(config);
    return exit;
}

const struct cli_command cli_plugin = {
    .name = "plugin",
    .summary = "List plugins, show one and its config keys, begin a new one",
    .help = help,
    .run = run};
