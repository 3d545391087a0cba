/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line: `mediagw COMMAND [options]`. What a command answers goes to standard output,
 * everything else, one line a failure, to standard error. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "core/config/config.h"

#include <mediagw/media.h>
#include <sys/types.h>

enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1, /* it was tried, and failed */
    CLI_WRONG = 2   /* the command line or the config is wrong: nothing was tried */
};

struct cli_command {
    const char *name;    /* "serve" */
    const char *summary; /* one line for `mediagw --help` */
    const char *help;    /* of `mediagw NAME --help` */
    /* argv[0] is the command's name. */
    int (*run)(const struct cli_command *command, int argc, char **argv);
};

int cli_main(int argc, char **argv);

extern const struct cli_command cli_serve, cli_init, cli_migrate, cli_config, cli_plugin, cli_key,
    cli_copy, cli_verify, cli_node;
/* Commands of mediagw-client. */
extern const struct cli_command cli_put, cli_get, cli_ls, cli_rm;

/* Becomes the program FROM_BIN, seen from this one's folder, with "mediagw" before the words of
 * ARGV. Comes back only where that fails. */
int cli_become(const char *from_bin, int argc, char **argv);
/* What it was before it became 077. */
mode_t cli_users_umask(void);

/* `mediagw: MESSAGE` to standard error; answers EXIT. */
int cli_say(enum cli_exit exit, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for a failure with a text: MGW_INVALID is CLI_WRONG. */
int cli_error(enum mgw_status status, const struct mgw_error *error);
/* After a wrong option, which getopt has named already. */
int cli_usage(const struct cli_command *command);
/* WORD is none of KNOWN (ends with NULL). */
int cli_unknown(const char *what, const char *word, const char *const *known);

/* Options that several commands take. */
struct cli_options {
    const char *config, *data, *listen, *account, *scopes, *expires, *from, *from_data, *to, *jobs,
        *grace, *kind, *dir;
    bool init, help, json, dry_run, deep;
};
/* Reads the options whose letters LETTERS names: c(onfig) d(ata) l(isten) i(nit) a(ccount) s(copes)
 * e(xpires) f(rom) F (from-data) t(o) j(obs) g(race) J(son) n (dry-run) D(eep) k(ind) o (dir);
 * --help always. The rest of the words begins at *FIRST. False: cli_usage. */
bool cli_options(int argc, char **argv, const char *letters, struct cli_options *options,
                 int *first);

/* The config of --config, or dev mode's under --data. Sets the log up. CLI_DONE or an exit code. */
int cli_load(const struct cli_options *options, struct config **config);
/* KEY=VALUE, the value quoted where it holds blanks, quotes or control characters. */
void cli_pair(const char *key, const char *value, const char *behind);

#endif
