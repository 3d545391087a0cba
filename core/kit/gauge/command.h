/* SPDX-License-Identifier: Apache-2.0
 *
 * The door of `mediagw plugin bench`: its words, from "bench" on; the program's exit code. */
#ifndef KIT_GAUGE_COMMAND_H
#define KIT_GAUGE_COMMAND_H

int gauge_command(int argc, char **argv);

#endif
