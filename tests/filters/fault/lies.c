/* SPDX-License-Identifier: Apache-2.0
 *
 * Lies of the layer below, and what the host says to them: no caller gets to see one. */
#include "tests/filters/stack.h"

#include <string.h>

static struct store *lying(const char *rule)
{
    char text[256];
    snprintf(text, sizeof text, "{\"filter\": \"fault\", \"seed\": 1, \"rules\": [\"%s\"]}", rule);
    return stack_over_memory(text);
}

/* One blob "a" of 5 bytes, put while the rule still spares the calls that it takes. */
static struct store *lying_about_a_blob(const char *rule)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = lying(rule);
    assert_int_equal(stack_put(store, call, "a", "first", 5), MGW_OK);
    return store;
}

static void assert_caught(const struct mgw_call *call, enum mgw_status status, const char *rule)
{
    if (status != MGW_CORRUPT) {
        fail_msg("%s: %s", rule, status_name(status));
    }
    assert_non_null(strstr(call_text(call), "fault"));
}

static void a_stat_that_cannot_be_is_caught(void **state)
{
    static const char *const rules[] = {"stat:lie=wild", "stat:lie=no_etag", "stat:lie=utf8"};
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        struct store *store = lying_about_a_blob(rules[i]);
        assert_caught(call, stack_stat(store, call, "a"), rules[i]);
        store_free(store);
    }
}

static void a_put_that_answers_nonsense_is_caught(void **state)
{
    static const char *const rules[] = {"put_begin:lie=null", "put_commit:lie=size",
                                        "put_commit:lie=wild", "put_commit:lie=no_etag",
                                        "put_commit:lie=utf8"};
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        struct store *store = lying(rules[i]);
        assert_caught(call, stack_put(store, call, "a", "first", 5), rules[i]);
        store_free(store);
    }
}

static enum mgw_status read_five(struct store *store, struct mgw_call *call, char bytes[8])
{
    struct mgw_blob blob = stack_blob("a");
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    size_t got = 0;
    enum mgw_status status = store_open(store, call, &blob, NULL, &reader, &stat);
    for (uint64_t at = 0; status == MGW_OK && at < stat.bytes; at += got) {
        status = store_read(reader, call, at, bytes + at, 8 - at, &got);
    }
    store_close(reader);
    return status;
}

static void a_read_that_answers_nonsense_is_caught(void **state)
{
    static const char *const rules[] = {"open:lie=null",   "open:lie=size", "open:lie=wild",
                                        "open:lie=utf8",   "read:lie=wild", "read:lie=end",
                                        "open:lie=no_etag"};
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        struct store *store = lying_about_a_blob(rules[i]);
        char bytes[8] = "";
        enum mgw_status status = read_five(store, call, bytes);
        assert_caught(call, status, rules[i]);
        store_free(store);
    }
}

static void a_flipped_bit_comes_through(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = lying_about_a_blob("read:lie=flip");
    char bytes[8] = "";
    unsigned bits = 0;
    (void)state;
    assert_int_equal(read_five(store, call, bytes), MGW_OK);
    for (unsigned i = 0; i < 5; i++) {
        bits += (unsigned)__builtin_popcount((unsigned char)(bytes[i] ^ "first"[i]));
    }
    assert_int_equal(bits, 1);
    store_free(store);
}

static void a_list_that_answers_nonsense_is_caught(void **state)
{
    static const char *const rules[] = {"list:lie=endless", "list:lie=repeat", "list:lie=wild",
                                        "list:lie=utf8", "list:lie=null"};
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        struct store *store = lying_about_a_blob(rules[i]);
        enum mgw_status status;
        free(stack_list(store, call, 10, &status));
        assert_caught(call, status, rules[i]);
        store_free(store);
    }
}

static void an_upload_that_answers_nonsense_is_caught(void **state)
{
    static const char *const rules[] = {"plan:lie=wild", "upload_create:lie=wild",
                                        "upload_part:lie=wild", "upload_complete:lie=size"};
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        struct store *store = lying(rules[i]);
        size_t length;
        assert_caught(call, stack_upload(store, call, "b", &length), rules[i]);
        store_free(store);
    }
}

static void a_presigned_request_that_is_none_is_caught(void **state)
{
    static const char *const rules[] = {"presign:lie=null", "presign:lie=utf8", "presign:lie=wild"};
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        struct store *store = lying(rules[i]);
        struct mgw_blob blob = stack_blob("a");
        struct mgw_presign how = {.size = sizeof how, .op = MGW_PRESIGN_GET, .ttl_sec = 10};
        struct mgw_presigned presigned = {.size = sizeof presigned};
        assert_caught(call, store_presign(store, call, &blob, &how, &presigned), rules[i]);
        store_free(store);
    }
}

static void a_status_that_there_is_not_reads_as_io(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = lying("stat:status=99");
    (void)state;
    assert_int_equal(stack_stat(store, call, "a"), MGW_IO);
    store_free(store);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_stat_that_cannot_be_is_caught),
        T(a_put_that_answers_nonsense_is_caught),
        T(a_read_that_answers_nonsense_is_caught),
        T(a_flipped_bit_comes_through),
        T(a_list_that_answers_nonsense_is_caught),
        T(an_upload_that_answers_nonsense_is_caught),
        T(a_presigned_request_that_is_none_is_caught),
        T(a_status_that_there_is_not_reads_as_io),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
