/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder with descriptors and a config, for tests of the registry, and the `mediagw` command run
 * on it. One a program, made anew for each test. */
#ifndef BENCH_H
#define BENCH_H

#include "tests/support/check.h"

#include "core/plugin/registry.h"

#include <sys/types.h>

struct bench {
    char folder[64];
    char path[256]; /* of what bench_write wrote last */
    struct config *config;
    struct registry *registry;
    struct mgw_error error;
};
extern struct bench bench;

int bench_setup(void **state);
int bench_teardown(void **state);

/* FOLDER/NAME with TEXT and MODE; its path in bench.path. */
const char *bench_write(const char *name, const char *text, mode_t mode);
/* A descriptor in FOLDER/plugins.d. */
void bench_descriptor(const char *name, const char *kind, const char *module);
/* A config with this "storage" object and memrepo, and the registry of FOLDER/plugins.d. */
void bench_open(const char *storage);
/* The same without a config. */
void bench_registry(void);

/* Runs the command with MEDIAGW_PLUGIN_PATH set to the folder; its exit status, and what it wrote
 * to standard output and error. */
struct bench_run {
    int status;
    char out[8192], err[8192];
};
struct bench_run bench_command(const char *const argv[]);

#endif
