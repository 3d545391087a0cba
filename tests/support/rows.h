/* SPDX-License-Identifier: Apache-2.0
 *
 * A look into the gateway's SQLite file or PostgreSQL schema, beside the running gateway: only
 * reads. The schema is the driver's own; this is the one place of these tests that knows it. */
#ifndef TESTS_SUPPORT_ROWS_H
#define TESTS_SUPPORT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rows;

/* DATABASE: a server's, see server.h. */
struct rows *rows_open(const char *database);
void rows_close(struct rows *rows);
/* Rows in STATUS ("uploading", "ready", "failed", "deleted"; NULL: any) of ACCOUNT (NULL: any). */
size_t rows_count(struct rows *rows, const char *account, const char *status);
/* The status of the row ID; kept until the test's end; NULL: there is none. */
const char *rows_status(struct rows *rows, const char *id);
/* Emits (id, key, checksum) of every row in STATUS. */
void rows_each(struct rows *rows, const char *status,
               void (*emit)(void *ctx, const char *id, const char *key, const char *checksum),
               void *ctx);
/* True where within TIMEOUT_MS no row is `uploading`. */
bool rows_settle(struct rows *rows, int64_t timeout_ms);

#endif
