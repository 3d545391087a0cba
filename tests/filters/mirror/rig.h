/* SPDX-License-Identifier: Apache-2.0
 *
 * A mirror of two fs stores (or what a test says) with a switch over each, and the two stores by
 * themselves beside it, in a folder of its own. Assertions only from the main thread. */
#ifndef MIRROR_RIG_H
#define MIRROR_RIG_H

#include "tests/support/check.h"

#include "core/plugin/call.h"
#include "core/plugin/registry.h"
#include "core/plugin/store.h"

#include <stdbool.h>
#include <string.h>

#define BUCKET "media-recordings"
enum { FIRST, SECOND };

struct rig {
    char folder[64];
    struct mgw_call *call;
    struct store *mirror;   /* NULL: not open */
    struct store *side[2];  /* each alone, without its switch */
    struct mgw_error error; /* of what did not open */
};
extern struct rig rig;

int rig_setup(void **state);
int rig_teardown(void **state);

/* Opens the mirror with MORE (text such as ",\"require\": \"one\"") among its keys. */
void rig_open(const char *more);
enum mgw_status rig_try_open(const char *more, uint32_t flags);
/* Any storage object; "{folder}" in it is replaced. Closed by rig_teardown. */
enum mgw_status rig_try_storage(const char *storage, uint32_t flags, struct store **store);
void rig_close(void);
/* The stores alone; made where there is none yet. */
void rig_open_sides(void);
/* Takes a store's folder away. */
void rig_empty(int which);

/* LINES for the switch of a store, NULL: it is passed on. */
void rig_switch(int which, const char *lines);
/* Calls of VERB wait until the switch is moved; rig_held returns once one does. */
void rig_hold(int which, const char *verb);
void rig_held(int which, const char *verb);
/* A new deadline. */
void rig_deadline(int64_t ms);

struct mgw_blob rig_blob(const char *key);
/* The whole of a put; IF_ABSENT where the store grants it. */
enum mgw_status rig_put(struct store *store, const char *key, const char *text);
/* The put up to its commit; the writer stays where that is not MGW_OK. */
enum mgw_status rig_put_open(struct store *store, const char *key, const char *text, uint32_t flags,
                             struct store_writer **writer);
/* What is read, kept until the next call; NULL: *STATUS says why. */
const char *rig_get(struct store *store, const char *key, enum mgw_status *status);
enum mgw_status rig_remove(struct store *store, const char *key);

#define assert_ok(status) rig_assert_status(status, MGW_OK, __FILE__, __LINE__)
#define assert_status(status, expected) rig_assert_status(status, expected, __FILE__, __LINE__)
void rig_assert_status(enum mgw_status is, enum mgw_status expected, const char *file, int line);
#define assert_text(store, key, text) rig_assert_text(store, key, text, __FILE__, __LINE__)
void rig_assert_text(struct store *store, const char *key, const char *text, const char *file,
                     int line);
#define assert_absent(store, key) rig_assert_text(store, key, NULL, __FILE__, __LINE__)
/* Waits until the store has TEXT at KEY (NULL: nothing). */
#define assert_soon(store, key, text) rig_assert_soon(store, key, text, __FILE__, __LINE__)
void rig_assert_soon(struct store *store, const char *key, const char *text, const char *file,
                     int line);

/* Keys of the bucket, each followed by a space, in the list's order; kept until the next call. */
const char *rig_list(struct store *store, uint32_t limit);

#endif
