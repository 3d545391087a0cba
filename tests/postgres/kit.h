/* SPDX-License-Identifier: Apache-2.0
 *
 * Instances of the postgres driver on a server that tests/postgres/server has started, and what the
 * tests need beside them: the server's own SQL, and a host whose log is kept. */
#ifndef POSTGRES_KIT_H
#define POSTGRES_KIT_H

#include "core/kit/repo/bench.h"

#include <libpq-fe.h>

/* The folder of the server: "postgresql" is the fixture's. */
void kit_server(const char *folder);
/* Loads the driver's module. */
const struct mgw_plugin *kit_load(const char *module);

struct kit_config {
    const char *conninfo; /* NULL: the gateway's role; else laid over it, "port=… sslmode=…" */
    const char *whole;    /* not NULL: a connection string of the test's own */
    const char *schema;   /* NULL: one of this test's own */
    const char *migrate;  /* NULL: "auto" */
    int pool_size;        /* 0: 4 */
    int64_t connect_ms, statement_ms, patience_ms; /* 0: 5 s, 30 s, 3 s */
    uint32_t flags;
};
/* create(); *INSTANCE where it is MGW_OK, bench_error() where not. */
enum mgw_status kit_create(const struct mgw_plugin *plugin, const struct kit_config *config,
                           void **instance);
/* The same with MGW_CREATE_INIT, which must succeed, and is what bench.h's verbs go to. */
void kit_open(const struct mgw_plugin *plugin, const struct kit_config *config);
void kit_close(void);
/* A new schema name before, and the schema dropped after, each test: cmocka's setup and teardown.
 */
int kit_setup(void **state);
int kit_teardown(void **state);
const char *kit_schema(void);

/* The server's folder's file NAME, its first line, until the test's end. */
const char *kit_line(const char *name);
int kit_port(void);
/* SQL as the superuser in the gateway's database; kit_number its one number. */
void kit_run(const char *sql);
long kit_number(const char *sql);
/* All that the driver has logged since the test began. */
const char *kit_log(void);

/* Runs BODY in a child process; its end by kit_wait, which answers its exit status, or 128 + the
 * signal that ended it. */
int kit_fork(int (*body)(void *), void *ctx);
int kit_wait(int pid);
/* tests/postgres/server VERB FOLDER [MORE]; must succeed. */
void kit_control(const char *verb, const char *more);

#endif
