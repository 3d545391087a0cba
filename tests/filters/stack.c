/* SPDX-License-Identifier: Apache-2.0
 *
 * See stack.h. */
#include "tests/filters/stack.h"

#include "core/base/buf.h"

#include <glob.h>
#include <string.h>

/* A descriptor for each module that is built. */
static void describe_modules(const char *pattern)
{
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char name[64];
        const char *file = strrchr(found.gl_pathv[i], '/') + 1;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(file, "."), file);
        bool driver =
            strcmp(name, "fs") == 0 || strcmp(name, "s3") == 0 || strcmp(name, "memstore") == 0;
        if (driver || strstr(FILTERS, name)) {
            bench_descriptor(name, driver ? "storage" : "filter", found.gl_pathv[i]);
        }
    }
    globfree(&found);
}

static enum mgw_status open_store(const char *driver, const char *filters, struct store **store)
{
    char *text;
    assert_true(asprintf(&text, "{%s, \"filters\": [%s]}", driver, filters) > 0);
    describe_modules(SHIPPED "/*.so");
    describe_modules(MODULES "/memstore.so");
    describe_modules(MODULES "/passfilter.so");
    bench_open(text);
    free(text);
    return registry_open_storage(bench.registry, bench.config, MGW_CREATE_INIT, store,
                                 &bench.error);
}

static const char *fs_driver(void)
{
    static char text[256];
    snprintf(text, sizeof text, "\"driver\": \"fs\", \"root\": \"%s/blobs\"", bench.folder);
    return text;
}

static struct store *must_open(const char *driver, const char *filters)
{
    struct store *store = NULL;
    if (open_store(driver, filters, &store) != MGW_OK) {
        fail_msg("%s", bench.error.text);
    }
    return store;
}

struct store *stack_over_fs(const char *filters)
{
    return must_open(fs_driver(), filters);
}

struct store *stack_over_memory(const char *filters)
{
    return must_open("\"driver\": \"memstore\", \"presign\": true", filters);
}

void stack_refused(const char *filters, enum mgw_status status, const char *words)
{
    struct store *store = NULL;
    assert_int_equal(open_store(fs_driver(), filters, &store), status);
    assert_null(store);
    if (!strstr(bench.error.text, words)) {
        fail_msg("\"%s\" is not in: %s", words, bench.error.text);
    }
}

struct mgw_blob stack_blob(const char *key)
{
    return (struct mgw_blob){sizeof(struct mgw_blob), STACK_BUCKET, key};
}

enum mgw_status stack_put(struct store *store, struct mgw_call *call, const char *key,
                          const void *bytes, size_t length)
{
    enum { STEP = 40000 };
    const char *const metadata[] = {"id", key, NULL};
    struct mgw_blob blob = stack_blob(key);
    struct mgw_put put = {.size = sizeof put,
                          .flags = MGW_PUT_IF_ABSENT,
                          .content_type = "video/webm",
                          .metadata = metadata};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_writer *writer = NULL;
    enum mgw_status status = store_put_begin(store, call, &blob, &put, &writer);
    if (status != MGW_OK) {
        return status;
    }
    for (size_t at = 0; status == MGW_OK && at < length; at += STEP) {
        size_t step = length - at < STEP ? length - at : STEP;
        status = store_put_write(writer, call, (const char *)bytes + at, step);
    }
    if (status == MGW_OK) {
        status = store_put_prepare(writer, call);
    }
    if (status == MGW_OK) {
        status = store_put_commit(writer, call, &stat);
    }
    if (status != MGW_OK) {
        store_put_abort(writer, call);
        return status;
    }
    assert_int_equal(stat.bytes, length);
    return MGW_OK;
}

void stack_assert_blob(struct store *store, struct mgw_call *call, const char *key,
                       const void *bytes, size_t length)
{
    struct mgw_blob blob = stack_blob(key);
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    AUTO_FREE char *read = malloc(length + 1);
    if (store_open(store, call, &blob, NULL, &reader, &stat) != MGW_OK) {
        fail_msg("%s: %s", key, call_text(call));
    }
    assert_int_equal(stat.bytes, length);
    assert_string_equal(stat.content_type, "video/webm");
    assert_string_equal(stat.metadata[0], "id");
    assert_string_equal(stat.metadata[1], key);
    for (size_t at = 0; at < length;) {
        size_t got = 0;
        if (store_read(reader, call, at, read + at, length - at, &got) != MGW_OK) {
            fail_msg("%s: %s", key, call_text(call));
        }
        assert_true(got > 0);
        at += got;
    }
    store_close(reader);
    assert_memory_equal(read, bytes, length);
}

enum mgw_status stack_stat(struct store *store, struct mgw_call *call, const char *key)
{
    struct mgw_blob blob = stack_blob(key);
    struct mgw_stat stat = {.size = sizeof stat};
    return store_stat(store, call, &blob, &stat);
}

char *stack_bytes(size_t length, unsigned seed)
{
    char *bytes = malloc(length + 1);
    uint32_t x = seed * 2654435761u + 1;
    assert_non_null(bytes);
    for (size_t i = 0; i < length; i++) {
        x = x * 1664525u + 1013904223u;
        bytes[i] = (char)('a' + (x >> 24) % 26);
    }
    bytes[length] = '\0';
    return bytes;
}

static bool add_name(void *ctx, const struct mgw_list_entry *entry)
{
    buf_printf(ctx, "%s ", entry->key);
    return true;
}

char *stack_list(struct store *store, struct mgw_call *call, uint32_t limit,
                 enum mgw_status *status)
{
    AUTO_BUF struct buf names = {0};
    buf_text(&names, "");
    *status = store_list(store, call, STACK_BUCKET, "", "", limit, add_name, &names);
    return names.data ? buf_take(&names) : strdup("");
}

static enum mgw_status read_part(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    memcpy(buffer, (const char *)ctx + offset, length);
    return MGW_OK;
}

static enum mgw_status send_parts(struct store *store, struct mgw_call *call,
                                  const struct mgw_opaque *state, char *bytes, size_t first,
                                  size_t length)
{
    static char receipts[2][MGW_UPLOAD_RECEIPT_MAX];
    struct mgw_part parts[2] = {
        {.size = sizeof parts[0], .number = 1, .length = first},
        {.size = sizeof parts[0], .number = 2, .offset = first, .length = length - first}};
    struct mgw_stat stat = {.size = sizeof stat};
    for (size_t i = 0; i < 2; i++) {
        struct mgw_source source = {.size = sizeof source,
                                    .length = parts[i].length,
                                    .ctx = bytes + parts[i].offset,
                                    .read = read_part};
        struct mgw_opaque receipt = {
            .size = sizeof receipt, .bytes = receipts[i], .capacity = sizeof receipts[i]};
        enum mgw_status status =
            store_upload_part(store, call, state, &parts[i], &source, 1, &receipt);
        if (status != MGW_OK) {
            return status;
        }
        parts[i].receipt = receipt.bytes;
        parts[i].receipt_length = (uint32_t)receipt.length;
    }
    enum mgw_status status =
        store_upload_complete(store, call, state, parts, 2, sizeof parts[0], 1, &stat);
    if (status == MGW_OK) {
        assert_int_equal(stat.bytes, length);
    }
    return status;
}

enum mgw_status stack_upload(struct store *store, struct mgw_call *call, const char *key,
                             size_t *length)
{
    char state_bytes[MGW_UPLOAD_STATE_MAX];
    const char *const metadata[] = {"id", key, NULL};
    struct mgw_blob blob = stack_blob(key);
    struct mgw_put put = {.size = sizeof put,
                          .content_type = "video/webm",
                          .metadata = metadata,
                          .length = 64u << 20};
    struct mgw_opaque state = {
        .size = sizeof state, .bytes = state_bytes, .capacity = sizeof state_bytes};
    struct mgw_upload_plan plan = {.size = sizeof plan};
    enum mgw_status status = store_plan(store, call, &put, &plan);
    if (status == MGW_OK) {
        status = store_upload_create(store, call, &blob, &put, &state);
    }
    if (status != MGW_OK) {
        return status;
    }
    size_t first = (size_t)(plan.part_min > 1000 ? plan.part_min : 1000);
    first = (first + plan.part_align - 1) / plan.part_align * plan.part_align;
    *length = first + 500;
    AUTO_FREE char *bytes = stack_bytes(*length, 7);
    return send_parts(store, call, &state, bytes, first, *length);
}
