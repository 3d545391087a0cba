/* SPDX-License-Identifier: Apache-2.0
 *
 * A gateway as a child process, in a scratch folder of its own and on a port the kernel chose:
 * started, killed, started again on the same data. Failures end the running test (cmocka). One
 * thread. */
#ifndef TESTS_SUPPORT_SERVER_H
#define TESTS_SUPPORT_SERVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct server {
    char *dir;         /* everything of this gateway */
    char *config_path; /* NULL in dev mode */
    char *blobs;       /* the fs driver's root */
    char *storage;     /* its config's "storage", as JSON; NULL in dev mode */
    char *database;    /* the SQLite file, or a connection string for the rows in PostgreSQL */
    char *log_path;    /* its standard error, of all its lives */
    pid_t pid;         /* 0: not running */
    uint16_t port;
    size_t log_start; /* where this life's log begins */
};

/* A gateway with fs and SQLite below DIR and one URL key; OVERLAY (NULL: none) is JSON laid over
 * that config, object by object. Initialised, not started. Where the environment has
 * MEDIAGW_TEST_REPOSITORY, the repository is that file's; MEDIAGW_TEST_FILTERS is a list of filters
 * that goes over the storage. */
struct server *server_new(const char *overlay);
/* Another node on FIRST's store and repository: FIRST's config with OVERLAY over it. Not started.
 */
struct server *server_new_beside(const struct server *first, const char *overlay);
/* Lays OVERLAY over its config, for the next start. */
void server_configure(struct server *server, const char *overlay);
/* The dev mode: `mediagw serve --data DIR`. Not started. */
struct server *server_new_dev(void);
/* Starts it and waits until it listens. */
void server_start(struct server *server);
/* kill -9. */
void server_kill(struct server *server);
/* SIGTERM; its exit status, 128 + signal where one ended it. */
int server_stop(struct server *server);
void server_terminate(struct server *server); /* SIGTERM without waiting */
int server_wait(struct server *server);
/* Stops it where it runs and removes its folder; not 0 where it did not end well. The folder stays
 * where the environment has MEDIAGW_TEST_KEEP. */
int server_free(struct server *server);
/* What main returns for FAILED tests: not 0 either where a gateway ended badly or a sanitizer spoke
 * in its log. cmocka does not count what a group's teardown says. */
int server_verdict(int failed);

/* A new API key of ACCOUNT, by the command line; kept until the test's end. */
char *server_token(struct server *server, const char *account);
/* What of an API key's text nobody may see: base64url, which may have a '_' itself. */
const char *server_token_secret(const char *token);
/* What it has logged since it was started last; kept until the test's end. */
char *server_log(const struct server *server);
/* Its config's "storage", {} in dev mode, kept until the test's end; whether that is S3. */
json_t *server_storage(const struct server *server);
bool server_is_s3(const struct server *server);
/* How many files, or objects, its storage holds. */
size_t server_blobs(const struct server *server);
/* VmRSS or VmHWM, in KiB. */
long server_memory(const struct server *server, const char *field);

#endif
