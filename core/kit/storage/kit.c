/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls, and the shorthands of the cases. */
#include "core/kit/storage/kit.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

const struct mgw_storage_driver *driver;
void *instance;
struct mgw_storage_limits limits;
const struct mgw_storage *kit_prepare;

struct piece {
    struct piece *next;
    max_align_t bytes[];
};

static bool call_cancelled(const struct mgw_call *call)
{
    const struct kit_call *kit = (const struct kit_call *)(const void *)call;
    return kit->cancelled ||
           (kit->cancelled_at_ms && kit_host.monotonic_ms() >= kit->cancelled_at_ms);
}

void kit_cancel_after(struct mgw_call *call, int64_t ms)
{
    ((struct kit_call *)(void *)call)->cancelled_at_ms = kit_host.monotonic_ms() + ms;
}

static void *call_alloc(struct mgw_call *call, size_t bytes)
{
    struct kit_call *kit = (struct kit_call *)(void *)call;
    struct piece *piece = calloc(1, sizeof *piece + bytes);
    if (piece) {
        piece->next = kit->memory;
        kit->memory = piece;
    }
    return piece ? piece->bytes : NULL;
}

struct mgw_call *kit_call_new(void)
{
    struct kit_call *kit = calloc(1, sizeof *kit);
    if (!kit) {
        abort();
    }
    kit->error.size = sizeof kit->error;
    kit->call = (struct mgw_call){.size = sizeof kit->call,
                                  .request_id = "conformance",
                                  .account = "",
                                  .error = &kit->error,
                                  .cancelled = call_cancelled,
                                  .alloc = call_alloc};
    return &kit->call;
}

void kit_call_free(struct mgw_call **call)
{
    struct kit_call *kit = (struct kit_call *)(void *)*call;
    for (struct piece *piece = kit->memory, *next; piece; piece = next) {
        next = piece->next;
        free(piece);
    }
    free(kit);
}

void kit_free(void *pointer)
{
    free(*(void **)pointer);
}

void kit_assert_status(const struct mgw_call *call, enum mgw_status is, enum mgw_status expected,
                       const char *what, const char *file, int line)
{
    if (is != expected) {
        print_error("%s\n  expected %s, got %s: %s\n", what, kit_status(expected), kit_status(is),
                    call->error->text);
        _fail(file, line);
    }
}

void kit_assert_either(const struct mgw_call *call, enum mgw_status is, enum mgw_status expected,
                       enum mgw_status or_expected, const char *what, const char *file, int line)
{
    if (is != expected && is != or_expected) {
        print_error("%s\n  expected %s or %s, got %s: %s\n", what, kit_status(expected),
                    kit_status(or_expected), kit_status(is), call->error->text);
        _fail(file, line);
    }
}

void fill(void *bytes, size_t length, uint64_t seed)
{
    unsigned char *at = bytes;
    uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
    for (size_t i = 0; i < length; i++) {
        if (i % 8 == 0) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        }
        at[i] = (unsigned char)(x >> (i % 8 * 8));
    }
}

struct mgw_blob blob_of(const char *bucket, const char *key)
{
    return (struct mgw_blob){sizeof(struct mgw_blob), bucket, key};
}

static enum mgw_status put_on(const struct mgw_storage *on, struct mgw_call *call,
                              const char *bucket, const char *key, const struct mgw_put *put,
                              const void *bytes, size_t length, struct mgw_stat *stat)
{
    struct mgw_blob blob = blob_of(bucket, key);
    struct mgw_put none = {.size = sizeof none};
    void *writer = NULL;
    enum mgw_status status =
        on->driver->put_begin(call, on->instance, &blob, put ? put : &none, &writer);
    if (status != MGW_OK) {
        return status;
    }
    for (size_t at = 0; status == MGW_OK && at < length;) {
        size_t step = length - at < 1u << 20 ? length - at : 1u << 20;
        status = on->driver->put_write(call, writer, (const char *)bytes + at, step);
        at += step;
    }
    if (status == MGW_OK) {
        status = on->driver->put_commit(call, writer, stat);
    }
    if (status != MGW_OK) {
        on->driver->put_abort(call, writer);
    }
    return status;
}

static struct mgw_storage self(void)
{
    return (struct mgw_storage){
        .size = sizeof(struct mgw_storage), .driver = driver, .instance = instance};
}

enum mgw_status try_put(struct mgw_call *call, const char *bucket, const char *key,
                        const struct mgw_put *put, const void *bytes, size_t length,
                        struct mgw_stat *stat)
{
    struct mgw_storage on = self();
    return put_on(&on, call, bucket, key, put, bytes, length, stat);
}

void put_bytes(const char *bucket, const char *key, const void *bytes, size_t length)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_storage on = kit_prepare ? *kit_prepare : self();
    struct mgw_stat stat = {.size = sizeof stat};
    assert_status(call, put_on(&on, call, bucket, key, NULL, bytes, length, &stat), MGW_OK);
    assert_int_equal(stat.bytes, length);
}

void put_text(const char *bucket, const char *key, const char *text)
{
    put_bytes(bucket, key, text, strlen(text));
}

void make_bucket(void)
{
    put_text(kit_bucket(), "first", "x");
}

char *try_get(struct mgw_call *call, const char *bucket, const char *key, size_t *length,
              enum mgw_status *status)
{
    struct mgw_blob blob = blob_of(bucket, key);
    struct mgw_stat stat = {.size = sizeof stat};
    void *reader = NULL;
    *status = driver->open(call, instance, &blob, NULL, &reader, &stat);
    if (*status != MGW_OK) {
        return NULL;
    }
    char *bytes = malloc((size_t)stat.bytes + 1);
    for (*length = 0; bytes && *length < stat.bytes;) {
        size_t got = 0;
        *status = driver->read(call, reader, *length, bytes + *length, (size_t)stat.bytes - *length,
                               &got);
        if (*status != MGW_OK || !got) {
            *status = *status ? *status : MGW_CORRUPT;
            break;
        }
        *length += got;
    }
    driver->close(reader);
    if (*status != MGW_OK) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

char *get_bytes(const char *bucket, const char *key, size_t *length)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    enum mgw_status status;
    char *bytes = try_get(call, bucket, key, length, &status);
    assert_status(call, status, MGW_OK);
    assert_non_null(bytes);
    return bytes;
}

void assert_blob(const char *bucket, const char *key, const void *bytes, size_t length)
{
    size_t is;
    AUTO_FREE char *got = get_bytes(bucket, key, &is);
    assert_int_equal(is, length);
    assert_true(length == 0 || memcmp(got, bytes, length) == 0);
}

void assert_text(const char *bucket, const char *key, const char *text)
{
    assert_blob(bucket, key, text, strlen(text));
}

void assert_absent(const char *bucket, const char *key)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(bucket, key);
    struct mgw_stat stat = {.size = sizeof stat};
    void *reader = NULL;
    assert_status(call, driver->stat(call, instance, &blob, &stat), MGW_NOT_FOUND);
    assert_status(call, driver->open(call, instance, &blob, NULL, &reader, &stat), MGW_NOT_FOUND);
}

const char *map_get(const char *const *map, const char *name)
{
    for (size_t i = 0; map && map[i]; i += 2) {
        if (strcmp(map[i], name) == 0) {
            return map[i + 1];
        }
    }
    return NULL;
}

void keys_free(struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        free(keys->keys[i]);
    }
    free(keys->keys);
}

struct page {
    struct keys *keys;
    char cursor[2049];
    size_t count;
    bool sane;
};

static bool gather(void *ctx, const struct mgw_list_entry *entry)
{
    struct page *page = ctx;
    struct keys *keys = page->keys;
    page->sane = page->sane && strlen(entry->cursor) <= 2048 && *entry->cursor;
    snprintf(page->cursor, sizeof page->cursor, "%s", entry->cursor);
    page->count++;
    if (keys->count == keys->capacity) {
        keys->capacity = keys->capacity ? keys->capacity * 2 : 64;
        keys->keys = realloc(keys->keys, keys->capacity * sizeof(char *));
    }
    keys->keys[keys->count++] = strdup(entry->key);
    return true;
}

size_t list_step(const char *bucket, const char *prefix, char cursor[2049], uint32_t limit,
                 struct keys *keys)
{
    struct page page = {.keys = keys, .sane = true};
    AUTO_CALL struct mgw_call *call = kit_call_new();
    memcpy(page.cursor, cursor, sizeof page.cursor);
    assert_status(call, driver->list(call, instance, bucket, prefix, cursor, limit, gather, &page),
                  MGW_OK);
    assert_true(page.count <= limit);
    assert_true(page.sane);
    memcpy(cursor, page.cursor, sizeof page.cursor);
    return page.count;
}

void list_all(const char *bucket, const char *prefix, uint32_t limit, struct keys *keys)
{
    char cursor[2049] = "";
    *keys = (struct keys){0};
    while (list_step(bucket, prefix, cursor, limit, keys) == limit) {
    }
}

size_t keys_count(const struct keys *keys, const char *key)
{
    size_t count = 0;
    for (size_t i = 0; i < keys->count; i++) {
        count += strcmp(keys->keys[i], key) == 0;
    }
    return count;
}

void run_threads(size_t count, void *(*run)(void *), void *arguments, size_t stride)
{
    pthread_t *threads = calloc(count, sizeof *threads);
    assert_non_null(threads);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run, (char *)arguments + i * stride), 0);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    free(threads);
}
