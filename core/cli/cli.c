/* SPDX-License-Identifier: Apache-2.0
 *
 * See cli.h: which command, and what commands share. */
#include "core/cli/cli.h"

#include "core/base/buf.h"
#include "core/base/log.h"
#include "core/base/text.h"

#include <getopt.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const struct cli_command *const commands[] = {
    &cli_serve,  &cli_init, &cli_migrate, &cli_config, &cli_plugin, &cli_key, &cli_copy,
    &cli_verify, &cli_node, &cli_put,     &cli_get,    &cli_ls,     &cli_rm,  NULL};

static void print_help(void)
{
    printf(
        "mediagw: a media storage gateway. Applications upload recordings to it, and play, list,\n"
        "re-sign and delete them; bytes and rows go to the drivers that its config names.\n\n"
        "usage: mediagw COMMAND [options]\n\n");
    for (size_t i = 0; commands[i]; i++) {
        printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
    }
    printf("\n  mediagw COMMAND --help   what a command does, and its options\n"
           "  mediagw --version\n\n"
           "Try it without a config:\n"
           "  mediagw serve\n"
           "  curl -F blob=@clip.webm http://127.0.0.1:8080/api/media/recordings\n\n"
           "Exit codes: 0 done; 1 failed; 2 the command line or the config is wrong.\n"
           "Environment: MEDIAGW_PLUGIN_PATH (folders of plugin descriptors, colon-separated),\n"
           "  XDG_DATA_HOME (where dev mode keeps its data).\n");
}

int cli_say(enum cli_exit exit, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("mediagw: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return (int)exit;
}

int cli_error(enum mgw_status status, const struct mgw_error *error)
{
    return cli_say(status == MGW_INVALID ? CLI_WRONG : CLI_FAILED, "%s",
                   error->text[0] ? error->text : mgw_status_name(status));
}

int cli_usage(const struct cli_command *command)
{
    fprintf(stderr, "see mediagw %s --help\n", command->name);
    return CLI_WRONG;
}

int cli_unknown(const char *what, const char *word, const char *const *known)
{
    const char *nearest = text_nearest(word, known);
    return nearest
               ? cli_say(CLI_WRONG, "unknown %s \"%s\"; did you mean \"%s\"?", what, word, nearest)
               : cli_say(CLI_WRONG, "unknown %s \"%s\"; see mediagw --help", what, word);
}

struct known_option {
    const char *name;
    char letter;
    bool is_flag;
    size_t offset; /* of its const char * or bool in struct cli_options */
};
#define OPTION_TEXT(letter, name, field)                                                           \
    {                                                                                              \
        name, letter, false, offsetof(struct cli_options, field)                                   \
    }
#define OPTION_FLAG(letter, name, field)                                                           \
    {                                                                                              \
        name, letter, true, offsetof(struct cli_options, field)                                    \
    }

static const struct known_option known_options[] = {
    OPTION_TEXT('c', "config", config),   OPTION_TEXT('d', "data", data),
    OPTION_TEXT('l', "listen", listen),   OPTION_FLAG('i', "init", init),
    OPTION_TEXT('a', "account", account), OPTION_TEXT('s', "scopes", scopes),
    OPTION_TEXT('e', "expires", expires), OPTION_FLAG('h', "help", help),
    OPTION_TEXT('f', "from", from),       OPTION_TEXT('F', "from-data", from_data),
    OPTION_TEXT('t', "to", to),           OPTION_TEXT('j', "jobs", jobs),
    OPTION_TEXT('g', "grace", grace),     OPTION_FLAG('J', "json", json),
    OPTION_FLAG('n', "dry-run", dry_run), OPTION_FLAG('D', "deep", deep),
    OPTION_TEXT('k', "kind", kind),       OPTION_TEXT('o', "dir", dir),
};
enum { KNOWN_OPTIONS = sizeof known_options / sizeof known_options[0] };

/* Sets what the option of LETTER is about. */
static void take_option(struct cli_options *options, int letter)
{
    for (size_t i = 0; i < KNOWN_OPTIONS; i++) {
        const struct known_option *known = &known_options[i];
        char *field = (char *)options + known->offset;
        if (known->letter == letter && known->is_flag) {
            *(bool *)field = true;
        } else if (known->letter == letter) {
            *(const char **)(void *)field = optarg;
        }
    }
}

bool cli_options(int argc, char **argv, const char *letters, struct cli_options *options,
                 int *first)
{
    struct option taken[KNOWN_OPTIONS + 1] = {0};
    size_t count = 0;
    for (size_t i = 0; i < KNOWN_OPTIONS; i++) {
        const struct known_option *known = &known_options[i];
        if (known->letter == 'h' || strchr(letters, known->letter)) {
            taken[count++] = (struct option){
                known->name, known->is_flag ? no_argument : required_argument, NULL, known->letter};
        }
    }
    argv[0] = "mediagw"; /* getopt's messages begin with it */
    optind = 1;
    for (int letter; (letter = getopt_long(argc, argv, "h", taken, NULL)) != -1;) {
        if (letter == '?') {
            return false;
        }
        take_option(options, letter);
    }
    *first = optind;
    if (options->config && options->data) {
        cli_say(CLI_WRONG, "--config and --data exclude each other: a config says where data lie");
        return false;
    }
    return true;
}

/* Dev mode's DATA: $XDG_DATA_HOME/mediagw or ~/.local/share/mediagw. */
static char *default_data(void)
{
    AUTO_BUF struct buf path = {0};
    const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (xdg && xdg[0] == '/') {
        buf_printf(&path, "%s/mediagw", xdg);
    } else if (home && home[0] == '/') {
        buf_printf(&path, "%s/.local/share/mediagw", home);
    }
    return buf_take(&path);
}

int cli_load(const struct cli_options *options, struct config **config)
{
    struct mgw_error error = {.size = sizeof error};
    enum mgw_status status;
    if (options->config) {
        status = config_load(options->config, config, &error);
    } else {
        AUTO_FREE char *data = options->data ? strdup(options->data) : default_data();
        if (!data || !data[0]) {
            return cli_say(CLI_WRONG, "neither HOME nor XDG_DATA_HOME is set: say --data DIR or "
                                      "--config FILE");
        }
        status = config_dev(data, config, &error);
    }
    if (status != MGW_OK) {
        cli_error(status, &error);
        return CLI_WRONG;
    }
    log_setup((*config)->log.json ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT,
              (enum log_level)(*config)->log.level, STDERR_FILENO);
    return CLI_DONE;
}

void cli_pair(const char *key, const char *value, const char *behind)
{
    bool plain = value[0] != '\0';
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        plain = plain && *c > 0x20 && *c != 0x7f && *c != '"' && *c != '\\';
    }
    if (plain) {
        printf("%s=%s%s", key, value, behind);
        return;
    }
    printf("%s=\"", key);
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        if (*c < 0x20 || *c == 0x7f) {
            printf("\\x%02x", *c);
        } else {
            printf("%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
        }
    }
    printf("\"%s", behind);
}

static mode_t users_umask;

mode_t cli_users_umask(void)
{
    return users_umask;
}

/* Secrets pass through every command: files are the user's own, and no core is dumped. */
static void harden(void)
{
    users_umask = umask(077);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

int cli_main(int argc, char **argv)
{
    harden();
    if (argc < 2) {
        print_help();
        return CLI_WRONG;
    }
    const char *word = argv[1];
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        printf("mediagw %s\n", mgw_version());
        return CLI_DONE;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_help();
        return CLI_DONE;
    }
    const char *names[sizeof commands / sizeof commands[0]] = {0};
    for (size_t i = 0; commands[i]; i++) {
        names[i] = commands[i]->name;
        if (strcmp(word, names[i]) == 0) {
            int exit = commands[i]->run(commands[i], argc - 1, argv + 1);
            return fflush(stdout) == 0 && !ferror(stdout)
                       ? exit
                       : cli_say(CLI_FAILED, "cannot write to standard output");
        }
    }
    if (word[0] == '-') {
        return cli_say(CLI_WRONG,
                       "options stand behind a command, as in mediagw serve %s; see mediagw --help",
                       word);
    }
    return cli_unknown("command", word, names);
}
