/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw serve` and `mediagw init`. */
#include "core/base/log.h"
#include "core/cli/cli.h"
#include "core/config/override.h"
#include "core/http/server.h"
#include "core/http/settings.h"
#include "core/media/open.h"
#include "core/plugin/watch.h"

#include <sys/resource.h>

enum { END_LEAST_MS = 5000 };

static const char serve_help[] =
    "usage: mediagw serve [--config FILE] [--listen ADDRESS:PORT] [--data DIR] [--init]\n\n"
    "Serves until SIGTERM or SIGINT, then finishes what is in flight. SIGHUP reads url_keys, "
    "auth,\n"
    "cors and trusted_proxies of the config again, and the files that they name.\n\n"
    "  --config FILE   the JSON config; without it dev mode: loopback only, everything kept under\n"
    "                  DIR, the account taken from the X-Account-Id header (else \"dev\")\n"
    "  --listen A:P    instead of the config's \"listen\": 127.0.0.1:8080, [::1]:8080, :8080,\n"
    "                  unix:/path\n"
    "  --data DIR      dev mode's folder (default: $XDG_DATA_HOME/mediagw or\n"
    "                  ~/.local/share/mediagw)\n"
    "  --init          set up a store or database that is not there yet, as mediagw init does\n"
    "                  (dev mode does so by itself)\n\n"
    "A config needs storage, repository and url_keys:\n"
    "  {\"storage\": {\"driver\": \"fs\", \"root\": \"blobs\"},\n"
    "   \"repository\": {\"driver\": \"sqlite\", \"path\": \"media.db\"},\n"
    "   \"url_keys\": [{\"id\": \"1\", \"secret\": {\"file\": \"url.key\"}, \"sign\": true}]}\n"
    "with url.key made by: openssl rand -hex 32 > url.key\n\n"
    "Exit codes: 0 ended by a signal, everything finished; 1 could not start or not finish;\n"
    "2 the command line or the config is wrong.\n";

static const char init_help[] =
    "usage: mediagw init --config FILE | --data DIR\n\n"
    "Sets up the store and the database of a config where there are none yet: writes the store's\n"
    "marker into an empty place and makes the database's tables. What is there already stays.\n\n"
    "Exit codes: 0 done; 1 failed; 2 the command line or the config is wrong.\n";

/* As many descriptors as the system lets us have: each connection is one. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
            log_event(LOG_LEVEL_WARN, "cannot raise the number of open files");
        }
    }
}

static int prepare(const struct cli_options *options, struct config *config)
{
    struct mgw_error error = {.size = sizeof error};
    struct settings *settings = NULL;
    if (settings_new(config, &settings, &error) != MGW_OK) {
        return cli_error(MGW_INVALID, &error);
    }
    settings_release(settings);
    if (options->listen && config_override_listen(config, options->listen, &error) != MGW_OK) {
        return cli_error(MGW_INVALID, &error);
    }
    if (config->dev && !config_listens_on_loopback(config)) {
        return cli_say(CLI_WRONG,
                       "--listen %s: dev mode believes whoever calls, so it serves this machine "
                       "alone; write a config and make keys (mediagw key --help) to serve others",
                       config->listen);
    }
    if (config->dev) {
        log_event(
            LOG_LEVEL_INFO,
            "dev mode: no config, loopback only, the account is X-Account-Id or else dev; not "
            "for the internet",
            LOG_TEXT("data", config->data_dir));
    }
    return CLI_DONE;
}

static int run_serve(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options = {0};
    struct config *config = NULL;
    struct mgw_media *media = NULL;
    struct mgw_error error = {.size = sizeof error};
    int first;
    if (!cli_options(argc, argv, "cldi", &options, &first)) {
        return cli_usage(command);
    }
    if (options.help) {
        fputs(command->help, stdout);
        return CLI_DONE;
    }
    if (first < argc) {
        cli_say(CLI_WRONG, "serve takes no word such as \"%s\"", argv[first]);
        return cli_usage(command);
    }
    int exit = cli_load(&options, &config);
    if (exit == CLI_DONE) {
        exit = prepare(&options, config);
    }
    if (exit == CLI_DONE) {
        raise_descriptors();
        uint32_t flags = MEDIA_JOIN | (options.init || config->dev ? MGW_MEDIA_INIT : 0);
        enum mgw_status status = media_open(config, flags, &media, &error);
        exit = status == MGW_OK ? http_serve(config, media) : cli_error(status, &error);
        /* A call of the house's own threads may not come back. */
        watch_end_after(config->limits.shutdown_deadline_ms + END_LEAST_MS);
    }
    mgw_media_free(media);
    config_free(config);
    return exit;
}

static int run_init(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options = {0};
    struct config *config = NULL;
    struct mgw_media *media = NULL;
    struct mgw_error error = {.size = sizeof error};
    int first;
    if (!cli_options(argc, argv, "cd", &options, &first)) {
        return cli_usage(command);
    }
    if (options.help) {
        fputs(command->help, stdout);
        return CLI_DONE;
    }
    if (first < argc || (!options.config && !options.data)) {
        cli_say(CLI_WRONG, "init needs --config FILE or --data DIR, and nothing else");
        return cli_usage(command);
    }
    int exit = cli_load(&options, &config);
    if (exit == CLI_DONE) {
        enum mgw_status status = media_open(config, MGW_MEDIA_INIT, &media, &error);
        exit = status == MGW_OK ? CLI_DONE : cli_error(status, &error);
    }
    if (exit == CLI_DONE) {
        printf("initialised\n");
    }
    mgw_media_free(media);
    config_free(config);
    return exit;
}

const struct cli_command cli_serve = {
    .name = "serve", .summary = "Serve recordings over HTTP", .help = serve_help, .run = run_serve};
const struct cli_command cli_init = {.name = "init",
                                     .summary = "Set up the store and the database of a config",
                                     .help = init_help,
                                     .run = run_init};
