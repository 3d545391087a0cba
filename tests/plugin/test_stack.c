/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters over drivers: the one that only passes on shows the same as the driver alone, over memory
 * and over files, twice as well as once. */
#include "tests/plugin/bench.h"

#include "core/plugin/call.h"

#include <mediagw/media.h>

#include <string.h>
#include <unistd.h>

static struct store *open_stack(const char *storage)
{
    struct store *store = NULL;
    bench_descriptor("memstore", "storage", MODULES "/memstore.so");
    bench_descriptor("fs", "storage", SHIPPED "/fs.so");
    bench_descriptor("passfilter", "filter", MODULES "/passfilter.so");
    bench_open(storage);
    if (registry_open_storage(bench.registry, bench.config, MGW_CREATE_INIT, &store,
                              &bench.error) != MGW_OK) {
        fail_msg("%s", bench.error.text);
    }
    return store;
}

static void put(struct store *store, struct mgw_call *call, const char *key, const char *text)
{
    const char *const metadata[] = {"id", "7", NULL};
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = key};
    struct mgw_put how = {.size = sizeof how, .content_type = "video/webm", .metadata = metadata};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_writer *writer = NULL;
    assert_int_equal(store_put_begin(store, call, &blob, &how, &writer), MGW_OK);
    assert_int_equal(store_put_write(writer, call, text, strlen(text)), MGW_OK);
    assert_int_equal(store_put_prepare(writer, call), MGW_OK);
    assert_int_equal(store_put_commit(writer, call, &stat), MGW_OK);
    assert_int_equal(stat.bytes, strlen(text));
}

static void assert_blob(struct store *store, struct mgw_call *call, const char *key,
                        const char *text)
{
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = key};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    char bytes[256];
    size_t got = 0;
    assert_int_equal(store_open(store, call, &blob, NULL, &reader, &stat), MGW_OK);
    assert_int_equal(stat.bytes, strlen(text));
    assert_string_equal(stat.content_type, "video/webm");
    assert_string_equal(stat.metadata[1], "7");
    assert_int_equal(store_read(reader, call, 0, bytes, sizeof bytes, &got), MGW_OK);
    assert_int_equal(got, strlen(text));
    assert_memory_equal(bytes, text, got);
    store_close(reader);
}

static bool count_one(void *ctx, const struct mgw_list_entry *entry)
{
    assert_true(entry->bytes > 0);
    ++*(int *)ctx;
    return true;
}

static void use(struct store *store)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "a"};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_writer *writer = NULL;
    struct mgw_put plain = {.size = sizeof plain};
    struct mgw_sweep_result swept = {.size = sizeof swept};
    int count = 0;
    put(store, call, "a", "first");
    put(store, call, "b", "second");
    assert_blob(store, call, "a", "first");
    assert_int_equal(store_list(store, call, "bucket", "", "", 10, count_one, &count), MGW_OK);
    assert_int_equal(count, 2);
    assert_int_equal(store_remove(store, call, &blob), MGW_OK);
    assert_int_equal(store_stat(store, call, &blob, &stat), MGW_NOT_FOUND);
    assert_true(mgw_call_error(call)->text[0]);
    assert_int_equal(store_put_begin(store, call, &blob, &plain, &writer), MGW_OK);
    store_put_abort(writer, call);
    assert_int_equal(store_stat(store, call, &blob, &stat), MGW_NOT_FOUND);
    assert_int_equal(store_health(store, call), MGW_OK);
    assert_string_equal(mgw_call_error(call)->text, "");
    assert_int_equal(store_sweep(store, call, 1, &swept), MGW_OK);
}

static const char *fs_stack(const char *filters)
{
    static char text[512];
    snprintf(text, sizeof text, "{\"driver\": \"fs\", \"root\": \"%s/blobs\", \"filters\": [%s]}",
             bench.folder, filters);
    return text;
}

#define PASS "{\"filter\": \"passfilter\"}"

static void a_filter_over_memory_passes_on(void **state)
{
    (void)state;
    struct store *store = open_stack("{\"driver\": \"memstore\", \"filters\": [" PASS "]}");
    assert_string_equal(store_name(store), "passfilter");
    use(store);
    store_free(store);
}

static void a_filter_over_files_passes_on(void **state)
{
    (void)state;
    struct store *store = open_stack(fs_stack(PASS));
    use(store);
    store_free(store);
}

static void three_filters_pass_on(void **state)
{
    (void)state;
    struct store *store = open_stack(fs_stack(PASS ", " PASS ", " PASS));
    use(store);
    store_free(store);
}

static void a_stack_shows_what_every_layer_grants(void **state)
{
    (void)state;
    struct store *alone = open_stack(fs_stack("")), *stacked;
    uint64_t capabilities = store_limits(alone)->capabilities;
    assert_true(capabilities & MGW_STORAGE_LOCAL_FD);
    char *id = strdup(store_limits(alone)->store_id);
    store_free(alone);
    stacked = open_stack(fs_stack(PASS));
    /* The proxy offers copy by hand to a filter; the capability says that no layer copies itself.
     */
    assert_int_equal(store_limits(stacked)->capabilities, capabilities);
    assert_string_equal(store_limits(stacked)->store_id, id);
    store_free(stacked);
    free(id);
}

static void a_descriptor_comes_through(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_local_file file = {.size = sizeof file, .fd = -1};
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "a"};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    char bytes[5];
    (void)state;
    struct store *store = open_stack(fs_stack(PASS));
    put(store, call, "a", "first");
    assert_int_equal(store_open(store, call, &blob, NULL, &reader, &stat), MGW_OK);
    assert_int_equal(store_descriptor(reader, call, &file), MGW_OK);
    assert_int_equal(pread(file.fd, bytes, 5, (off_t)file.offset), 5);
    assert_memory_equal(bytes, "first", 5);
    close(file.fd);
    store_close(reader);
    store_free(store);
}

static enum mgw_status read_source(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    memcpy(buffer, (const char *)ctx + offset, length);
    return MGW_OK;
}

static void a_resumable_upload_comes_through(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "up"};
    struct mgw_put how = {.size = sizeof how,
                          .flags = MGW_PUT_LENGTH_KNOWN,
                          .length = 5,
                          .content_type = "video/webm",
                          .metadata = (const char *const[]){"id", "7", NULL}};
    struct mgw_upload_plan plan = {.size = sizeof plan};
    struct mgw_stat stat = {.size = sizeof stat};
    char state_bytes[MGW_UPLOAD_STATE_MAX], receipt_bytes[MGW_UPLOAD_RECEIPT_MAX];
    struct mgw_opaque upload = {
        .size = sizeof upload, .bytes = state_bytes, .capacity = sizeof state_bytes};
    struct mgw_opaque receipt = {
        .size = sizeof receipt, .bytes = receipt_bytes, .capacity = sizeof receipt_bytes};
    struct mgw_part part = {.size = sizeof part, .number = 1, .length = 5};
    struct mgw_source source = {.size = sizeof source,
                                .length = 5,
                                .ctx = (void *)(uintptr_t) "parts",
                                .read = read_source};
    (void)state;
    struct store *store = open_stack(fs_stack(PASS ", " PASS));
    assert_int_equal(store_plan(store, call, &how, &plan), MGW_OK);
    assert_true(plan.part_max >= 5);
    assert_int_equal(store_upload_create(store, call, &blob, &how, &upload), MGW_OK);
    assert_int_equal(store_upload_part(store, call, &upload, &part, &source, 1, &receipt), MGW_OK);
    part.receipt = receipt.bytes;
    part.receipt_length = (uint32_t)receipt.length;
    assert_int_equal(store_upload_complete(store, call, &upload, &part, 1, sizeof part, 1, &stat),
                     MGW_OK);
    assert_blob(store, call, "up", "parts");
    store_free(store);
}

static void copy_falls_back_to_read_and_put(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob from = {.size = sizeof from, .bucket = "bucket", .key = "a"};
    struct mgw_blob to = {.size = sizeof to, .bucket = "bucket", .key = "b"};
    struct mgw_stat stat = {.size = sizeof stat};
    (void)state;
    struct store *store = open_stack("{\"driver\": \"memstore\"}");
    put(store, call, "a", "copied");
    assert_int_equal(store_copy(store, call, &from, &to, &stat), MGW_OK);
    assert_int_equal(stat.bytes, 6);
    assert_blob(store, call, "b", "copied");
    from.key = "absent";
    assert_int_equal(store_copy(store, call, &from, &to, &stat), MGW_NOT_FOUND);
    assert_blob(store, call, "b", "copied");
    store_free(store);
}

static void a_filter_gets_further_storages(void **state)
{
    (void)state;
    struct store *store = open_stack(
        "{\"driver\": \"memstore\", \"filters\": [{\"filter\": \"passfilter\", \"second\": "
        "{\"driver\": \"memstore\", \"filters\": [" PASS "]}}]}");
    use(store);
    store_free(store);
}

static void a_filter_that_refuses_leaves_nothing_behind(void **state)
{
    struct store *store = NULL;
    (void)state;
    bench_descriptor("memstore", "storage", MODULES "/memstore.so");
    bench_descriptor("passfilter", "filter", MODULES "/passfilter.so");
    bench_open("{\"driver\": \"memstore\", \"filters\": [" PASS ",\n {\"filter\": \"passfilter\", "
               "\"refuse\": \"so there\"}]}");
    assert_int_equal(registry_open_storage(bench.registry, bench.config, 0, &store, &bench.error),
                     MGW_INVALID);
    assert_null(store);
    assert_non_null(strstr(bench.error.text, "config.json:2:2: filter plugin \"passfilter\": "
                                             "refused, as its config asks: so there"));
}

static void what_the_lower_layer_lacks_is_not_to_be_had(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "a"};
    struct mgw_presign how = {.size = sizeof how, .op = MGW_PRESIGN_GET, .ttl_sec = 10};
    struct mgw_presigned presigned = {.size = sizeof presigned};
    (void)state;
    struct store *store = open_stack(fs_stack(PASS));
    assert_int_equal(store_presign(store, call, &blob, &how, &presigned), MGW_UNSUPPORTED);
    assert_non_null(strstr(mgw_call_error(call)->text, "passfilter"));
    store_free(store);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_filter_over_memory_passes_on),
        T(a_filter_over_files_passes_on),
        T(three_filters_pass_on),
        T(a_stack_shows_what_every_layer_grants),
        T(a_descriptor_comes_through),
        T(a_resumable_upload_comes_through),
        T(copy_falls_back_to_read_and_put),
        T(a_filter_gets_further_storages),
        T(a_filter_that_refuses_leaves_nothing_behind),
        T(what_the_lower_layer_lacks_is_not_to_be_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
