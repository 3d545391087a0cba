/* SPDX-License-Identifier: Apache-2.0
 *
 * What the storage cases stand on: one open instance, calls, and shorthands that assert. Assertions
 * only from the main thread. */
#ifndef KIT_H
#define KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <mediagw/storage.h>

#include "core/kit/case.h"
#include "core/kit/host.h"
#include "core/kit/status.h"

#include <stdlib.h>
#include <string.h>

/* A case that writes through the instance. */
#define CASE(function, clause_, needs_)                                                            \
    {                                                                                              \
        .name = #function, .clause = clause_, .needs = (needs_) | KIT_WRITES, .run = function      \
    }
/* One that only reads what was put before: put_text, put_bytes and make_bucket write through the
 * layer below where the instance itself is read-only. */
#define READ_CASE(function, clause_, needs_)                                                       \
    {                                                                                              \
        .name = #function, .clause = clause_, .needs = (needs_) | KIT_PREPARES, .run = function    \
    }
#define SLOW_CASE(function, clause_, needs_)                                                       \
    {                                                                                              \
        .name = #function, .clause = clause_, .needs = (needs_) | KIT_WRITES, .slow = true,        \
        .run = function                                                                            \
    }
extern const struct kit_case put_cases[], read_cases[], copy_cases[], key_cases[], list_cases[],
    upload_cases[], presign_cases[], presign_part_cases[], border_cases[], crash_cases[],
    leak_cases[], odd_cases[], crowd_cases[], late_cases[], readonly_cases[];

extern const struct mgw_storage_driver *driver;
extern void *instance;
extern struct mgw_storage_limits limits;
/* Where blobs are put that a case needs; NULL: the instance itself. */
extern const struct mgw_storage *kit_prepare;

/* Opens another instance on the same store, which must be there, and ends it. */
void *kit_open_again(void);
void kit_close_again(void *second);
/* Ends the instance; and opens it anew, on what is there. */
void kit_let_go(void);
void kit_take_again(void);
/* A bucket of this case's own, in every run another one. */
const char *kit_bucket(void);
bool kit_has(uint64_t capabilities);
/* Ends the running case as skipped by WHAT. Only for what a declared limit or refusal takes away;
 * before the case holds anything (it is a longjmp). */
void kit_skip(const char *what, const char *why);

/* Bytes of the longest key that the store takes. */
size_t kit_key_max(void);
/* Bytes of the largest metadata map that it takes. */
size_t kit_metadata_max(void);
/* A key of LENGTH times LETTER, with a slash now and then where the store refuses long components.
 */
void kit_long_key(char *key, size_t length, char letter);
/* True where the store's declared refusals (--refuses) have KEY's form. */
bool kit_refuses(const char *key);
/* True where the store is declared (--hides nested-keys) not to list KEY beside one of the COUNT
 * ALL: "a/b" beside "a". It can be read all the same. */
bool kit_hides(const char *const *all, size_t count, const char *key);
/* True where the store is declared (--hides cut-completes) to forget an upload's parts where its
 * Complete was cut off. */
bool kit_hides_cut_completes(void);
/* KEY cannot be put: MGW_INVALID, with the store's own words. */
void assert_refused(const char *bucket, const char *key);
/* True where TEXT holds none of the configuration's secrets. */
bool kit_is_discreet(const char *text);

struct kit_call {
    struct mgw_call call; /* first: a mgw_call is one of these */
    struct mgw_error error;
    void *memory;
    bool cancelled;
    int64_t cancelled_at_ms; /* monotonic; 0: never */
};
struct mgw_call *kit_call_new(void);
void kit_call_free(struct mgw_call **call);
/* It is cancelled MS from now on. */
void kit_cancel_after(struct mgw_call *call, int64_t ms);
#define AUTO_CALL __attribute__((cleanup(kit_call_free)))
void kit_free(void *pointer);
#define AUTO_FREE __attribute__((cleanup(kit_free)))

#define assert_status(call, is, expected)                                                          \
    kit_assert_status(call, is, expected, #is, __FILE__, __LINE__)
void kit_assert_status(const struct mgw_call *call, enum mgw_status is, enum mgw_status expected,
                       const char *what, const char *file, int line);

/* The same for one of two. */
#define assert_either(call, is, expected, or_expected)                                             \
    kit_assert_either(call, is, expected, or_expected, #is, __FILE__, __LINE__)
void kit_assert_either(const struct mgw_call *call, enum mgw_status is, enum mgw_status expected,
                       enum mgw_status or_expected, const char *what, const char *file, int line);

/* Deterministic bytes: SEED names them. */
void fill(void *bytes, size_t length, uint64_t seed);
struct mgw_blob blob_of(const char *bucket, const char *key);
/* No assertion: for any thread. */
enum mgw_status try_put(struct mgw_call *call, const char *bucket, const char *key,
                        const struct mgw_put *put, const void *bytes, size_t length,
                        struct mgw_stat *stat);
void put_text(const char *bucket, const char *key, const char *text);
void put_bytes(const char *bucket, const char *key, const void *bytes, size_t length);
/* A bucket comes to be with its first blob: what the store is asked for directly needs it before.
 */
void make_bucket(void);
/* The whole blob, to be freed; asserts that it is there. */
char *get_bytes(const char *bucket, const char *key, size_t *length);
/* No assertion. NULL: *STATUS says why. */
char *try_get(struct mgw_call *call, const char *bucket, const char *key, size_t *length,
              enum mgw_status *status);
void assert_blob(const char *bucket, const char *key, const void *bytes, size_t length);
void assert_text(const char *bucket, const char *key, const char *text);
void assert_absent(const char *bucket, const char *key);
const char *map_get(const char *const *map, const char *name);

/* Keys of a listing, in its order, to be freed by keys_free; *PAGES how many calls it took. */
struct keys {
    char **keys;
    size_t count, capacity;
};
void keys_free(struct keys *keys);
#define AUTO_KEYS __attribute__((cleanup(keys_free)))
void list_all(const char *bucket, const char *prefix, uint32_t limit, struct keys *keys);
/* One page: KEYS grows, CURSOR moves on; how many came. */
size_t list_step(const char *bucket, const char *prefix, char cursor[2049], uint32_t limit,
                 struct keys *keys);
size_t keys_count(const struct keys *keys, const char *key);

bool kit_hide(const char *what);
/* FORMS: names separated by commas: dot-components, empty-components, long-components,
 * leading-slash. False: an unknown one. */
bool kit_refuse(const char *forms);

void run_threads(size_t count, void *(*run)(void *), void *arguments, size_t stride);

#endif
