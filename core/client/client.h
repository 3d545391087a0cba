/* SPDX-License-Identifier: Apache-2.0
 *
 * The client half of the command line: put, get, ls and rm against a running gateway, over HTTP. A
 * program of its own, so that the serving process never loads libcurl; it knows nothing of the
 * gateway but its HTTP face. What a command answers goes to standard output, everything else, one
 * line a failure, to standard error. One thread. */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "core/client/options.h"
#include "core/client/settings.h"
#include "core/client/wire.h"

enum client_exit {
    CLIENT_DONE = 0,
    CLIENT_FAILED = 1, /* it was tried, and failed: of several, at least one */
    CLIENT_WRONG = 2   /* the command line or the settings are wrong: nothing was sent */
};

struct client {
    struct options options;
    struct settings settings;
    struct wire *wire;
    long long retries;
    bool shows_progress;
};

struct client_command {
    const char *name;
    const char *help;
    int least, most; /* words behind the options; most -1: no limit */
    int (*run)(struct client *client);
};

/* argv[1] is the command's name. */
int client_main(int argc, char **argv);

extern const struct client_command client_put, client_get, client_ls, client_rm;

/* The settings and options that every command's help ends with. */
extern const char client_common_help[];

#endif
