/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of put, get, ls and rm begin with: a gateway, and an environment that points the
 * command at it as account "acct-a". */
#ifndef TESTS_CLI_KIT_H
#define TESTS_CLI_KIT_H

#include "tests/cli/proxy.h"
#include "tests/support/gateway.h"
#include "tests/support/scratch.h"

extern struct gateway *gw;
/* Of 5 s and of less than one. */
extern struct body video, small;

/* As group setup and teardown. */
int kit_start(void **state);
int kit_stop(void **state);

/* The command goes by way of a new proxy until kit_direct(). */
struct proxy *kit_proxy(const struct proxy_plan *plans, size_t count);
#define KIT_PROXY(...)                                                                             \
    kit_proxy((const struct proxy_plan[]){__VA_ARGS__},                                            \
              sizeof((const struct proxy_plan[]){__VA_ARGS__}) / sizeof(struct proxy_plan))
void kit_direct(void);
/* As a teardown of each test: direct again, and nothing kept. */
int kit_end(void **state);
#define CLI_TEST(function) cmocka_unit_test_teardown(function, kit_end)

/* NAME in a folder of the test's own, not there at first. */
char *kit_path(const char *name);
/* A file there with BODY in it. */
char *kit_file(const char *name, struct body body);
void kit_is(const char *path, struct body body);
bool kit_exists(const char *path);

/* `sh -c TEXT`, in which $mediagw is the command. */
struct run kit_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The run ended with EXIT, else it is shown; 1 and 2 with exactly one line that begins with
 * "mediagw: ", or usage behind it. */
void kit_exit(const struct run *run, int exit);
/* An answer on standard error holds WORD. */
void kit_says(const struct run *run, const char *word);
/* The one line on standard output, without its end. */
char *kit_line(const struct run *run);
/* Puts BODY by the command; its ID. */
char *kit_put(struct body body);
size_t kit_ready(void);

#endif
