/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw key create|list|revoke`: API keys, kept in the config's repository. */
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/cli/cli.h"
#include "core/cli/when.h"
#include "core/media/open.h"

#include <string.h>

static const char help[] =
    "usage: mediagw key create --account A [--scopes read,write,admin] [--expires WHEN]\n"
    "       mediagw key list [--account A]\n"
    "       mediagw key revoke ID\n"
    "each with [--config FILE | --data DIR]\n\n"
    "create prints a new API key, once: only its hash is kept. Clients send it as\n"
    "  Authorization: Bearer mgw_…\n"
    "revoke: from then on (within 10 s on other nodes) the key opens nothing.\n\n"
    "  --account A     the account that the key speaks for, [A-Za-z0-9._:@|-]{1,128}\n"
    "  --scopes S      what it may do; default read,write\n"
    "  --expires WHEN  2027-01-31, 2027-01-31T12:00:00Z, or from now on: 90d, 12h, 30m;\n"
    "                  default never\n"
    "  --config FILE   the gateway's config; without it dev mode's data under --data DIR\n"
    "                  (default: $XDG_DATA_HOME/mediagw or ~/.local/share/mediagw)\n\n"
    "Exit codes: 0 done; 1 failed; 2 the command line or the config is wrong.\n";

static const struct {
    const char *name;
    uint32_t bit;
} scopes[] = {{"read", MGW_SCOPE_READ}, {"write", MGW_SCOPE_WRITE}, {"admin", MGW_SCOPE_ADMIN}};
enum { SCOPES = sizeof scopes / sizeof scopes[0] };

static bool read_scopes(const char *text, uint32_t *bits)
{
    static const char *const known[] = {"read", "write", "admin", NULL};
    AUTO_FREE char *copy = strdup(text);
    char *rest = NULL;
    *bits = 0;
    for (char *word = copy ? strtok_r(copy, ",", &rest) : NULL; word;
         word = strtok_r(NULL, ",", &rest)) {
        uint32_t bit = 0;
        for (size_t i = 0; i < SCOPES; i++) {
            bit |= strcmp(scopes[i].name, word) == 0 ? scopes[i].bit : 0;
        }
        if (!bit) {
            cli_unknown("scope", word, known);
            return false;
        }
        *bits |= bit;
    }
    if (!*bits) {
        cli_say(CLI_WRONG, "--scopes: expected some of read,write,admin");
    }
    return *bits != 0;
}

static int create(const struct cli_options *options, struct mgw_media *media, struct mgw_call *call)
{
    uint32_t bits;
    int64_t expires = MGW_ABSENT;
    AUTO_FREE char *token = NULL;
    if (!read_scopes(options->scopes ? options->scopes : "read,write", &bits)) {
        return CLI_WRONG;
    }
    if (options->expires && !when_read(options->expires, clock_wall_ms(), &expires)) {
        return cli_say(CLI_WRONG,
                       "--expires %s: expected a time to come, such as 2027-01-31, "
                       "2027-01-31T12:00:00Z, 90d or 12h",
                       options->expires);
    }
    enum mgw_status status = mgw_key_create(media, call, options->account, bits, expires, &token);
    if (status != MGW_OK) {
        return cli_error(status, mgw_call_error(call));
    }
    printf("%s\n", token);
    explicit_bzero(token, strlen(token));
    return CLI_DONE;
}

static void print_time(const char *key, int64_t at, const char *absent, const char *behind)
{
    char text[CLOCK_ISO_SIZE];
    if (at != MGW_ABSENT) {
        clock_iso(at, text);
    }
    cli_pair(key, at == MGW_ABSENT ? absent : text, behind);
}

static bool print_key(void *ctx, const struct mgw_api_key *key)
{
    const char *comma = "";
    (void)ctx;
    cli_pair("id", key->id, " ");
    cli_pair("account", key->account, " scopes=");
    for (size_t i = 0; i < SCOPES; i++) {
        if (key->scopes & scopes[i].bit) {
            printf("%s%s", comma, scopes[i].name);
            comma = ",";
        }
    }
    print_time(" created", key->created_at, "unknown", " ");
    print_time("expires", key->expires_at, "never", " ");
    print_time("revoked", key->revoked_at, "no", "\n");
    return true;
}

static int act(const struct cli_options *options, const char *verb, const char *id,
               struct mgw_media *media)
{
    struct mgw_call *call = mgw_call_new(NULL, NULL, 60000);
    enum mgw_status status = MGW_OK;
    int exit = CLI_DONE;
    if (!call) {
        return cli_say(CLI_FAILED, "out of memory");
    }
    if (strcmp(verb, "create") == 0) {
        exit = create(options, media, call);
    } else {
        status = id ? mgw_key_revoke(media, call, id)
                    : mgw_key_list(media, call, options->account, print_key, NULL);
        exit = status == MGW_OK ? CLI_DONE : cli_error(status, mgw_call_error(call));
    }
    mgw_call_free(call);
    return exit;
}

/* NULL where the words make sense, else what is expected. */
static const char *misuse(const struct cli_options *options, const char *verb, int more)
{
    if (strcmp(verb, "create") == 0) {
        return more != 0 || !options->account ? "mediagw key create --account A" : NULL;
    }
    if (options->scopes || options->expires) {
        return "--scopes and --expires with mediagw key create only";
    }
    if (strcmp(verb, "revoke") == 0) {
        return more != 1 || options->account ? "mediagw key revoke ID" : NULL;
    }
    return more != 0 ? "mediagw key list [--account A]" : NULL;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    static const char *const known[] = {"create", "list", "revoke", NULL};
    struct cli_options options = {0};
    struct config *config = NULL;
    struct mgw_media *media = NULL;
    struct mgw_error error = {.size = sizeof error};
    int first;
    if (!cli_options(argc, argv, "cdase", &options, &first)) {
        return cli_usage(command);
    }
    if (options.help) {
        fputs(command->help, stdout);
        return CLI_DONE;
    }
    const char *verb = first < argc ? argv[first] : "";
    if (strcmp(verb, "create") != 0 && strcmp(verb, "list") != 0 && strcmp(verb, "revoke") != 0) {
        return cli_unknown("subcommand", verb, known);
    }
    const char *expected = misuse(&options, verb, argc - first - 1);
    if (expected) {
        cli_say(CLI_WRONG, "expected: %s", expected);
        return cli_usage(command);
    }
    int exit = cli_load(&options, &config);
    if (exit == CLI_DONE) {
        enum mgw_status status =
            media_open(config, config->dev ? MGW_MEDIA_INIT : 0, &media, &error);
        exit = status == MGW_OK
                   ? act(&options, verb, first + 1 < argc ? argv[first + 1] : NULL, media)
                   : cli_error(status, &error);
    }
    mgw_media_free(media);
    config_free(config);
    return exit;
}

const struct cli_command cli_key = {
    .name = "key", .summary = "Make, list and revoke API keys", .help = help, .run = run};
