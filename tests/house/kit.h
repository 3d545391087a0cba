/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of copy, verify and nodes share. */
#ifndef TESTS_HOUSE_KIT_H
#define TESTS_HOUSE_KIT_H

#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

/* A gateway with fs and SQLite, whatever the environment chooses for others. */
struct gateway *kit_source(const char *overlay);
/* What is moved into: initialised, empty, not started. */
struct server *kit_target(void);
/* COUNT recordings of GATEWAY's first account: 1 byte to some 40 KiB, a larger one now and then. */
void kit_fill(struct gateway *gateway, size_t count);

/* `mediagw copy` between two configs with these words more; its JSON where --json is among them. */
#define kit_copy(from, to, ...)                                                                    \
    run_mediagw("copy", "--from", (from)->config_path, "--to", (to)->config_path, "--json",        \
                ##__VA_ARGS__)
#define kit_verify(server, ...)                                                                    \
    run_mediagw("verify", "--config", (server)->config_path, "--json", ##__VA_ARGS__)
/* Its exit status is as expected, and its output JSON. */
json_t *kit_json(struct run run, int status);
json_int_t kit_number(const json_t *json, const char *name);
/* A verify's JSON has one finding: PROBLEM, of KEY (NULL: any). */
void kit_finds_one(const json_t *report, const char *problem, const char *key);
/* How many findings of PROBLEM a verify's JSON has. */
json_int_t kit_problems(const json_t *json, const char *problem);

/* The file of some blob of SERVER's fs store: the first below its bucket that has bytes; its key
 * goes to *KEY. */
char *kit_some_blob(const struct server *server, const char **key);
/* The blob of KEY. */
char *kit_blob(const struct server *server, const char *key);
/* A blob's bytes where they lie: a file, or an object of S3. Kept until the test's end. */
struct kit_bytes {
    const struct server *server;
    const char *place;
    char *bytes;
    size_t length;
};
struct kit_bytes kit_bytes(const struct server *server, const char *key);
/* They are changed, or go, beside any gateway. */
void kit_write(const struct kit_bytes *bytes);
void kit_remove(const struct kit_bytes *bytes);
/* One statement on SERVER's SQLite file. */
void kit_sql(const struct server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *kit_sql_text(const struct server *server, const char *sql);

#endif
