/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter "readonly": what is there is served, and nothing changes it. */
#include "tests/filters/stack.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define READONLY "{\"filter\": \"readonly\"}"

/* A store with a blob "a" and the leavings of an upload, made without the filter. */
static struct store *filled(void)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = stack_over_fs("");
    char bytes[MGW_UPLOAD_STATE_MAX];
    struct mgw_opaque state = {.size = sizeof state, .bytes = bytes, .capacity = sizeof bytes};
    struct mgw_blob blob = stack_blob("upload");
    struct mgw_put put = {.size = sizeof put, .length = 1000};
    assert_int_equal(stack_put(store, call, "a", "first", 5), MGW_OK);
    assert_int_equal(store_upload_create(store, call, &blob, &put, &state), MGW_OK);
    store_free(store);
    return stack_over_fs(READONLY);
}

static void assert_denied(const struct mgw_call *call, enum mgw_status status, const char *key)
{
    assert_int_equal(status, MGW_DENIED);
    assert_non_null(strstr(call_text(call), key));
    assert_non_null(strstr(call_text(call), "read-only (filter readonly)"));
}

static void a_put_is_denied_by_name(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = filled();
    (void)state;
    assert_denied(call, stack_put(store, call, "b", "second", 6), "bucket/b");
    assert_denied(call, stack_put(store, call, "a", "second", 6), "bucket/a");
    stack_assert_blob(store, call, "a", "first", 5);
    assert_int_equal(stack_stat(store, call, "b"), MGW_NOT_FOUND);
    store_free(store);
}

static void a_removal_is_denied_by_name(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = stack_blob("a");
    struct store *store = filled();
    (void)state;
    assert_denied(call, store_remove(store, call, &blob), "bucket/a");
    stack_assert_blob(store, call, "a", "first", 5);
    store_free(store);
}

static void copies_and_uploads_are_not_to_be_had(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob from = stack_blob("a"), to = stack_blob("b");
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_opaque none = {.size = sizeof none};
    size_t length;
    struct store *store = filled();
    (void)state;
    assert_int_equal(store_copy(store, call, &from, &to, &stat), MGW_UNSUPPORTED);
    assert_int_equal(stack_upload(store, call, "b", &length), MGW_UNSUPPORTED);
    assert_int_equal(store_upload_abort(store, call, &none, 1), MGW_UNSUPPORTED);
    assert_int_equal(stack_stat(store, call, "b"), MGW_NOT_FOUND);
    store_free(store);
}

static void the_sweep_removes_nothing(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_sweep_result swept = {.size = sizeof swept};
    struct store *store = filled();
    (void)state;
    assert_int_equal(store_sweep(store, call, INT64_MAX / 2, &swept), MGW_OK);
    assert_int_equal(swept.removed, 0);
    store_free(store);
    store = stack_over_fs(""); /* what was to be swept is there still */
    assert_int_equal(store_sweep(store, call, INT64_MAX / 2, &swept), MGW_OK);
    assert_true(swept.removed > 0);
    store_free(store);
}

static void everything_can_be_read(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = stack_blob("a");
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_local_file file = {.size = sizeof file, .fd = -1};
    struct store_reader *reader = NULL;
    enum mgw_status status;
    struct store *store = filled();
    (void)state;
    stack_assert_blob(store, call, "a", "first", 5);
    assert_int_equal(stack_stat(store, call, "a"), MGW_OK);
    AUTO_FREE char *names = stack_list(store, call, 10, &status);
    assert_int_equal(status, MGW_OK);
    assert_string_equal(names, "a ");
    assert_int_equal(store_open(store, call, &blob, NULL, &reader, &stat), MGW_OK);
    assert_int_equal(store_descriptor(reader, call, &file), MGW_OK);
    assert_int_equal(fcntl(file.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    close(file.fd);
    store_close(reader);
    assert_int_equal(store_health(store, call), MGW_OK);
    store_free(store);
}

static void it_says_what_it_cannot(void **state)
{
    struct store *store = filled();
    uint64_t capabilities = store_limits(store)->capabilities;
    (void)state;
    assert_true(capabilities & MGW_STORAGE_READ_ONLY);
    assert_true(capabilities & MGW_STORAGE_LOCAL_FD);
    assert_true(capabilities & MGW_STORAGE_INLINE_READ);
    assert_false(capabilities & (MGW_STORAGE_RESUMABLE | MGW_STORAGE_IF_ABSENT | MGW_STORAGE_COPY));
    store_free(store);
}

static void of_presigned_requests_only_get_is_left(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = stack_blob("a");
    char bytes[8] = {0};
    struct mgw_opaque upload = {.size = sizeof upload, .bytes = bytes, .length = 8, .capacity = 8};
    struct store *store = stack_over_memory(READONLY);
    (void)state;
    for (uint32_t op = MGW_PRESIGN_GET; op <= MGW_PRESIGN_PART; op++) {
        struct mgw_presign how = {.size = sizeof how,
                                  .op = op,
                                  .ttl_sec = 10,
                                  .part_number = 1,
                                  .content_type = "video/webm",
                                  .upload_state = &upload};
        struct mgw_presigned presigned = {.size = sizeof presigned};
        assert_int_equal(store_presign(store, call, &blob, &how, &presigned),
                         op == MGW_PRESIGN_GET ? MGW_OK : MGW_UNSUPPORTED);
    }
    store_free(store);
}

static void twice_makes_no_sense(void **state)
{
    (void)state;
    stack_refused(READONLY ", " READONLY, MGW_INVALID,
                  "(readonly fs) is read-only already: leave one of the two out");
    stack_refused(READONLY ", {\"filter\": \"passfilter\"}, " READONLY, MGW_INVALID,
                  "(passfilter readonly fs) is read-only already");
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_put_is_denied_by_name),
        T(a_removal_is_denied_by_name),
        T(copies_and_uploads_are_not_to_be_had),
        T(the_sweep_removes_nothing),
        T(everything_can_be_read),
        T(it_says_what_it_cannot),
        T(of_presigned_requests_only_get_is_left),
        T(twice_makes_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
