/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening databases of the sqlite driver in a folder of the test's own. */
#ifndef SQLITE_KIT_H
#define SQLITE_KIT_H

#include "core/kit/repo/bench.h"

#include <sqlite3.h>

/* A new folder before, and gone after, each test: cmocka's setup and teardown. */
int kit_setup(void **state);
int kit_teardown(void **state);
/* NAME in that folder; lives until the teardown. */
const char *kit_path(const char *name);

const struct mgw_plugin *kit_load(const char *module);
/* The config's `migrate`. */
extern const char *kit_migrate;
/* create() of PLUGIN on PATH; *INSTANCE where it is MGW_OK, bench_error() where not. */
enum mgw_status kit_create(const struct mgw_plugin *plugin, const char *path, uint32_t flags,
                           void **instance);
/* The same, which must succeed, and makes it the instance that bench.h's verbs go to. */
void kit_open(const struct mgw_plugin *plugin, const char *path, uint32_t flags);
void kit_close(void);

/* Runs BODY in a child process; its end by kit_wait, which answers its exit status, or 128 + the
 * signal that ended it. */
int kit_fork(int (*body)(void *), void *ctx);
int kit_wait(int pid);

/* A connection of the test's own, and the one number or text that SQL answers. */
sqlite3 *kit_db(const char *path);
int64_t kit_number(const char *path, const char *sql);
bool kit_exists(const char *path);
int kit_mode(const char *path);
/* A checksum of the file's bytes. */
uint64_t kit_sum(const char *path);

#endif
