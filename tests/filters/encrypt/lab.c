/* SPDX-License-Identifier: Apache-2.0 */
#include "lab.h"

#include <stdlib.h>
#include <string.h>

struct lab lab;

static enum mgw_status open_stack(const char *filters, struct store **store)
{
    char text[2048];
    snprintf(text, sizeof text, "{\"driver\": \"fs\", \"root\": \"%s/blobs\", \"filters\": [%s]}",
             bench.folder, filters);
    bench_open(text);
    return registry_open_storage(bench.registry, bench.config, MGW_CREATE_INIT, store,
                                 &bench.error);
}

struct store *lab_stack(const char *filters)
{
    struct store *store = NULL;
    if (open_stack(filters, &store) != MGW_OK) {
        fail_msg("%s", bench.error.text);
    }
    return store;
}

struct store *lab_encrypt(const char *keys)
{
    char filter[1024];
    snprintf(filter, sizeof filter, "{\"filter\": \"encrypt\", \"keys\": \"%s\"}", keys);
    return lab_stack(filter);
}

struct store *lab_over(const char *storage)
{
    char text[3000];
    struct store *store = NULL;
    size_t length = strlen(storage);
    while (length > 0 && storage[length - 1] != '}') {
        length--;
    }
    assert_true(length > 0);
    snprintf(text, sizeof text,
             "%.*s, \"filters\": [{\"filter\": \"encrypt\", \"keys\": \"a:" KEY_A "\"}]}",
             (int)length - 1, storage);
    bench_open(text);
    if (registry_open_storage(bench.registry, bench.config, MGW_CREATE_INIT, &store,
                              &bench.error) != MGW_OK) {
        fail_msg("%s", bench.error.text);
    }
    return store;
}

const char *lab_refused(const char *filters)
{
    struct store *store = NULL;
    assert_int_equal(open_stack(filters, &store), MGW_INVALID);
    assert_null(store);
    return bench.error.text;
}

int lab_setup(void **state)
{
    if (bench_setup(state) != 0) {
        return -1;
    }
    bench_descriptor("memstore", "storage", MODULES "/memstore.so");
    bench_descriptor("passfilter", "filter", MODULES "/passfilter.so");
    bench_descriptor("fs", "storage", SHIPPED "/fs.so");
    bench_descriptor("s3", "storage", SHIPPED "/s3.so");
    bench_descriptor("encrypt", "filter", SHIPPED "/encrypt.so");
    lab.below = lab_stack("");
    lab.sealed = lab_encrypt("a:" KEY_A);
    return 0;
}

int lab_teardown(void **state)
{
    store_free(lab.sealed);
    store_free(lab.below);
    return bench_teardown(state);
}

struct mgw_blob lab_blob(const char *key)
{
    return (struct mgw_blob){.size = sizeof(struct mgw_blob), .bucket = "bucket", .key = key};
}

unsigned char *lab_bytes(size_t length, uint64_t seed)
{
    unsigned char *bytes = malloc(length + 1);
    assert_non_null(bytes);
    uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
    for (size_t i = 0; i < length; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        bytes[i] = (unsigned char)(x >> 32);
    }
    return bytes;
}

void lab_put(struct store *store, const char *key, const void *bytes, size_t length)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = lab_blob(key);
    struct mgw_put put = {.size = sizeof put, .content_type = "video/webm"};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_writer *writer = NULL;
    assert_int_equal(store_put_begin(store, call, &blob, &put, &writer), MGW_OK);
    /* in steps that fit no segment */
    for (size_t at = 0; at < length;) {
        size_t step = length - at < 50021 ? length - at : 50021;
        assert_int_equal(store_put_write(writer, call, (const char *)bytes + at, step), MGW_OK);
        at += step;
    }
    assert_int_equal(store_put_commit(writer, call, &stat), MGW_OK);
    assert_int_equal(stat.bytes, length);
}

unsigned char *lab_get(struct store *store, const char *key, size_t *length)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = lab_blob(key);
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    if (store_open(store, call, &blob, NULL, &reader, &stat) != MGW_OK) {
        fail_msg("%s", mgw_call_error(call)->text);
    }
    unsigned char *bytes = malloc(stat.bytes + 1);
    assert_non_null(bytes);
    for (*length = 0; *length < stat.bytes;) {
        size_t got = 0;
        if (store_read(reader, call, *length, bytes + *length, stat.bytes - *length, &got) !=
            MGW_OK) {
            fail_msg("%s", mgw_call_error(call)->text);
        }
        *length += got;
    }
    store_close(reader);
    return bytes;
}

enum mgw_status lab_try(struct store *store, const char *key)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE char *buffer = malloc(SEGMENT);
    struct mgw_blob blob = lab_blob(key);
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    enum mgw_status status = store_open(store, call, &blob, NULL, &reader, &stat);
    for (uint64_t at = 0; status == MGW_OK && at < stat.bytes;) {
        size_t got = 0;
        status = store_read(reader, call, at, buffer, SEGMENT, &got);
        at += got;
    }
    store_close(reader);
    return status;
}

void lab_assert_blob(struct store *store, const char *key, const void *bytes, size_t length)
{
    size_t got = 0;
    AUTO_FREE unsigned char *all = lab_get(store, key, &got);
    assert_int_equal(got, length);
    assert_memory_equal(all, bytes, length);
}
