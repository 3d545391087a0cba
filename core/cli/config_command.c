/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw config check`. */
#include "core/cli/cli.h"
#include "core/plugin/registry_check.h"

#include <string.h>

static const char help[] =
    "usage: mediagw config check FILE\n\n"
    "Reads FILE as serve would: keys, types, environment variables, files, the plugins that it\n"
    "names and their keys. Opens no store and no database. Prints \"FILE: ok\", or one line with\n"
    "file, line, column, key, what was expected and what is there.\n\n"
    "Exit codes: 0 the config is right; 2 it is not.\n";

static int check(const char *path)
{
    struct config *config = NULL;
    struct registry *registry = NULL;
    struct mgw_error error = {.size = sizeof error};
    enum mgw_status status = config_load(path, &config, &error);
    if (status == MGW_OK) {
        status = registry_new(config, &registry, &error);
    }
    if (status == MGW_OK) {
        status = registry_check(registry, config, &error);
    }
    registry_free(registry);
    config_free(config);
    if (status != MGW_OK) {
        return cli_say(CLI_WRONG, "%s", error.text);
    }
    printf("%s: ok\n", path);
    return CLI_DONE;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    static const char *const known[] = {"check", NULL};
    struct cli_options options = {0};
    int first;
    if (!cli_options(argc, argv, "", &options, &first)) {
        return cli_usage(command);
    }
    if (options.help) {
        fputs(command->help, stdout);
        return CLI_DONE;
    }
    if (first < argc && strcmp(argv[first], "check") != 0) {
        return cli_unknown("subcommand", argv[first], known);
    }
    if (argc - first != 2) {
        cli_say(CLI_WRONG, "expected: mediagw config check FILE");
        return cli_usage(command);
    }
    return check(argv[first + 1]);
}

const struct cli_command cli_config = {
    .name = "config", .summary = "Check a config file", .help = help, .run = run};
