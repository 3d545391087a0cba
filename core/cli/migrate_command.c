/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw migrate`: the repository's schema alone. The store is not looked at, and need not be
 * there. */
#include "core/cli/cli.h"
#include "core/plugin/registry.h"

static const char help[] =
    "usage: mediagw migrate [--dry-run] [--config FILE | --data DIR]\n\n"
    "Brings the database's schema to the version that this release needs, from nothing too, and\n"
    "prints what was done. Gateways of the release before go on working meanwhile and afterwards.\n"
    "Any number of nodes may run it at once: one does it, the others wait. With `\"migrate\":\n"
    "\"manual\"` in the config's repository a gateway itself never does it.\n\n"
    "  --dry-run       prints what would be done, and does nothing\n"
    "  --config FILE   the gateway's config; without it dev mode's data under --data DIR\n"
    "                  (default: $XDG_DATA_HOME/mediagw or ~/.local/share/mediagw)\n\n"
    "Exit codes: 0 done, or nothing to do; 1 failed; 2 the command line or the config is wrong.\n";

static enum mgw_status open_rows(struct registry *registry, const struct config *config,
                                 uint32_t flags, struct mgw_error *error)
{
    struct rows *rows = NULL;
    *error = (struct mgw_error){.size = sizeof *error};
    enum mgw_status status = registry_open_repository(registry, config, flags, &rows, error);
    rows_free(rows);
    return status;
}

static int act(const struct config *config, bool dry_run)
{
    const uint32_t all = MGW_CREATE_INIT | MGW_CREATE_MIGRATE;
    struct mgw_error error = {.size = sizeof error};
    struct registry *registry = NULL;
    enum mgw_status status = registry_new(config, &registry, &error);
    if (status != MGW_OK) {
        return cli_error(status, &error);
    }
    status = open_rows(registry, config, all | MGW_CREATE_DRY_RUN, &error);
    bool due = status == MGW_CONFLICT;
    if (due) {
        printf("%s\n", error.text);
        status = dry_run ? MGW_OK : open_rows(registry, config, all, &error);
    }
    registry_free(registry);
    if (status != MGW_OK) {
        return cli_error(status, &error);
    }
    puts(!due ? "nothing to do: the schema is up to date" : dry_run ? "nothing was done" : "done");
    return CLI_DONE;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options = {0};
    struct config *config = NULL;
    int first;
    if (!cli_options(argc, argv, "cdn", &options, &first)) {
        return cli_usage(command);
    }
    if (options.help) {
        fputs(command->help, stdout);
        return CLI_DONE;
    }
    if (first < argc) {
        cli_say(CLI_WRONG, "migrate takes no word such as \"%s\"", argv[first]);
        return cli_usage(command);
    }
    int exit = cli_load(&options, &config);
    if (exit == CLI_DONE) {
        exit = act(config, options.dry_run);
    }
    config_free(config);
    return exit;
}

const struct cli_command cli_migrate = {.name = "migrate",
                                        .summary = "Bring the database's schema up to date",
                                        .help = help,
                                        .run = run};
