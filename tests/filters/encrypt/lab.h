/* SPDX-License-Identifier: Apache-2.0
 *
 * Encrypt over a folder of files, and the same folder without it: what one of the two writes, the
 * other one sees from its side. A new folder for each test. */
#ifndef TESTS_ENCRYPT_LAB_H
#define TESTS_ENCRYPT_LAB_H

#include "tests/plugin/bench.h"

#include "core/base/cleanup.h"
#include "core/plugin/call.h"
#include "core/plugin/store.h"
#include "drivers/filters/encrypt/format.h"

#include <mediagw/media.h>

/* 32 random bytes each. */
#define KEY_A "mJ3FnZ0cV1m0uV9zvY8kq3hXl5r6Yt2bQw1eDsKpB7o="
#define KEY_B "Q2vYxk0pT8mWc4RZr7uJ1bLh9nFsGdE6aXo3iPyVtMw="

enum { SEGMENT = FORMAT_SEGMENT, SEALED = FORMAT_SEALED, TRAILER = FORMAT_TRAILER };

struct lab {
    struct store *below;  /* the files as they lie */
    struct store *sealed; /* with the key "a" */
};
extern struct lab lab;

int lab_setup(void **state);
int lab_teardown(void **state);

/* The files with these FILTERS over them ("": none); fails the test where that does not open. */
struct store *lab_stack(const char *filters);
/* With encrypt and these keys. */
struct store *lab_encrypt(const char *keys);
/* Encrypt with the key "a" over STORAGE, an object of JSON as text. */
struct store *lab_over(const char *storage);
/* The refusal's text. */
const char *lab_refused(const char *filters);

struct mgw_blob lab_blob(const char *key);
/* LENGTH bytes that SEED names, to be freed. */
unsigned char *lab_bytes(size_t length, uint64_t seed);
void lab_put(struct store *store, const char *key, const void *bytes, size_t length);
/* The whole blob, to be freed. */
unsigned char *lab_get(struct store *store, const char *key, size_t *length);
/* What opening the blob and reading it answers at first that is not MGW_OK. */
enum mgw_status lab_try(struct store *store, const char *key);
void lab_assert_blob(struct store *store, const char *key, const void *bytes, size_t length);

#endif
