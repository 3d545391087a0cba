/* SPDX-License-Identifier: Apache-2.0
 *
 * What a test's helpers allocate lives until the test's end: every helper of tests/support hands
 * out memory that is kept here, and TEST() releases it after each test, passed or failed. Any
 * thread may keep; only the test's own thread releases. */
#ifndef TESTS_SUPPORT_KEEP_H
#define TESTS_SUPPORT_KEEP_H

#include <jansson.h>
#include <stddef.h>

/* Releases POINTER by free() at the test's end; NULL ends the program (memory is short). */
void *keep(void *pointer);
/* The same by FREE. */
void *keep_with(void *pointer, void (*free_)(void *));
json_t *keep_json(json_t *json);
char *keep_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A copy of LENGTH bytes with a NUL behind them. */
char *keep_bytes(const void *bytes, size_t length);
void keep_release(void);
/* As a cmocka teardown. */
int keep_teardown(void **state);

#define TEST(function) cmocka_unit_test_teardown(function, keep_teardown)

#endif
