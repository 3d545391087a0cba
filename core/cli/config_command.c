/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw config check`, `config show` and `config schema`. */
#include "core/base/cleanup.h"
#include "core/cli/cli.h"
#include "core/http/settings.h"
#include "core/plugin/registry_check.h"

#include <string.h>

static const char help[] =
    "usage: mediagw config check FILE\n"
    "       mediagw config show FILE\n"
    "       mediagw config schema\n\n"
    "check: reads FILE as serve would: keys, types, environment variables, files, the keys of\n"
    "tokens, the plugins that it names and their keys. Opens no store and no database. Prints\n"
    "\"FILE: ok\", or one line with file, line, column, key, what was expected and what is there.\n"
    "show: checks FILE and prints it as it is in effect, as JSON: defaults filled in, variables\n"
    "replaced, secrets as \"***\".\n"
    "schema: prints a JSON Schema (draft 2020-12) of the config, for editors; the keys of plugins\n"
    "are left open (see mediagw plugin show).\n\n"
    "Exit codes: 0 done; 2 the config is wrong, or the command line.\n";

static int print(json_t *json)
{
    AUTO_FREE char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
    json_decref(json);
    if (!text) {
        return cli_say(CLI_FAILED, "out of memory");
    }
    puts(text);
    return CLI_DONE;
}

static enum mgw_status check_all(const char *path, struct config **config,
                                 struct registry **registry, struct mgw_error *error)
{
    struct settings *settings = NULL;
    enum mgw_status status = config_load(path, config, error);
    if (status == MGW_OK) {
        status = settings_new(*config, &settings, error);
        settings_release(settings);
    }
    if (status == MGW_OK) {
        status = registry_new(*config, registry, error);
    }
    return status == MGW_OK ? registry_check(*registry, *config, error) : status;
}

static int with_file(const char *path, bool show)
{
    struct config *config = NULL;
    struct registry *registry = NULL;
    struct mgw_error error = {.size = sizeof error};
    int exit = CLI_DONE;
    if (check_all(path, &config, &registry, &error) != MGW_OK) {
        exit = cli_say(CLI_WRONG, "%s", error.text);
    } else if (show) {
        json_t *shown = config_show(config);
        if (shown) {
            registry_show(registry, config, shown);
        }
        exit = print(shown);
    } else {
        printf("%s: ok\n", path);
    }
    registry_free(registry);
    config_free(config);
    return exit;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    static const char *const known[] = {"check", "show", "schema", NULL};
    struct cli_options options = {0};
    int first;
    if (!cli_options(argc, argv, "", &options, &first)) {
        return cli_usage(command);
    }
    if (options.help) {
        fputs(command->help, stdout);
        return CLI_DONE;
    }
    int words = argc - first;
    const char *word = words > 0 ? argv[first] : "";
    bool check = strcmp(word, "check") == 0, show = strcmp(word, "show") == 0,
         schema = strcmp(word, "schema") == 0;
    if (words > 0 && !check && !show && !schema) {
        return cli_unknown("subcommand", word, known);
    }
    if (words != (schema ? 1 : 2)) {
        cli_say(CLI_WRONG,
                "expected: mediagw config check FILE, config show FILE or config schema");
        return cli_usage(command);
    }
    return schema ? print(config_schema()) : with_file(argv[first + 1], show);
}

const struct cli_command cli_config = {.name = "config",
                                       .summary = "Check or show a config file, print its schema",
                                       .help = help,
                                       .run = run};
