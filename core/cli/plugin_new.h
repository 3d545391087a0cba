/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw plugin new`. */
#ifndef CLI_PLUGIN_NEW_H
#define CLI_PLUGIN_NEW_H

#include "core/cli/cli.h"

/* argv[0] is "new"; an exit code. */
int plugin_new(const struct cli_command *command, int argc, char **argv);

#endif
