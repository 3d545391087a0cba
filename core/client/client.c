/* SPDX-License-Identifier: Apache-2.0
 *
 * See client.h: which command, and what all of them begin with. */
#include "core/client/client.h"

#include "core/base/buf.h"
#include "core/client/say.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

static const struct client_command *const commands[] = {&client_put, &client_get, &client_ls,
                                                        &client_rm};

const char client_common_help[] =
    "  -q, --quiet           no progress on the terminal\n"
    "  --retries N           attempts after a cut connection or a busy gateway; default 8\n"
    "  --timeout SEC         give a silent connection up after so long; default 120\n\n"
    "Which gateway, and as whom:\n"
    "  --url URL             or MEDIAGW_URL, or \"url\" of client.json;\n"
    "                        default " SETTINGS_DEFAULT_URL "\n"
    "  --key-file FILE       a file with the API key; or MEDIAGW_KEY, or \"key\" of client.json,\n"
    "                        which goes to that file's \"url\" alone\n"
    "  --account A           a gateway without a config: as which account; or MEDIAGW_ACCOUNT\n"
    "  --ca-file FILE        certificates to trust for https instead of the system's\n"
    "client.json lies in $XDG_CONFIG_HOME/mediagw or ~/.config/mediagw, mode 0600:\n"
    "  {\"url\": \"https://media.example.com\", \"key\": \"mgw_…\"}\n"
    "Proxies: http_proxy, https_proxy, no_proxy; never for loopback addresses.\n\n"
    "Exit codes: 0 done; 1 failed; 2 the command line or the settings are wrong.\n";

/* Secrets pass through; and a peer that is gone is an error to report, not the end. */
static void harden(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    signal(SIGPIPE, SIG_IGN);
}

static int client_run(const struct client_command *command, struct client *client)
{
    long long timeout;
    if (!settings_read(&client->options, &client->settings) ||
        !options_number("timeout", client->options.timeout, 1, 86400, 120, &timeout) ||
        !options_number("retries", client->options.retries, 0, 1000, 8, &client->retries)) {
        return CLIENT_WRONG;
    }
    client->wire = wire_new(&client->settings, client->options.ca_file, (long)timeout);
    if (!client->wire) {
        return say(CLIENT_FAILED, "out of memory");
    }
    client->shows_progress = !client->options.quiet && isatty(STDERR_FILENO) == 1;
    int exit = command->run(client);
    wire_free(client->wire);
    return exit;
}

int client_main(int argc, char **argv)
{
    const struct client_command *command = NULL;
    struct client client = {0};
    harden();
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++) {
        command = strcmp(argv[1], commands[i]->name) == 0 ? commands[i] : command;
    }
    if (!command) {
        return say(CLIENT_WRONG, "expected a command: mediagw put, get, ls or rm");
    }
    bool good = options_read(command->name, argc - 1, argv + 1, &client.options);
    if (good && client.options.help) {
        printf("%s%s", command->help, client_common_help);
        return say_flush(CLIENT_DONE);
    }
    int count = client.options.count;
    if (good && (count < command->least || (command->most >= 0 && count > command->most))) {
        good = false;
        say(CLIENT_WRONG, "%s: expected %s", command->name,
            command->most == 0   ? "no further word"
            : command->most == 1 ? "one ID"
                                 : "at least one");
    }
    if (!good) {
        fprintf(stderr, "see mediagw %s --help\n", command->name);
        return CLIENT_WRONG;
    }
    int exit = client_run(command, &client);
    settings_free(&client.settings);
    return exit;
}
