/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter "retry" over "fault": what is tried again, until when, and what is said in the end.
 * For puts see puts.c. */
#include "tests/filters/stack.h"

#include "core/base/clock.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

enum { SOON_MS = 20000 }; /* far below what would be waited otherwise */

static const char *retry(const char *keys, const char *rules)
{
    static char text[1024];
    snprintf(text, sizeof text,
             "{\"filter\": \"retry\", \"first_delay\": \"1ms\", \"max_delay\": \"4ms\"%s}, "
             "{\"filter\": \"fault\", \"seed\": 1, \"rules\": [%s]}",
             keys, rules);
    return text;
}

static enum mgw_status presign(struct store *store, struct mgw_call *call)
{
    struct mgw_blob blob = stack_blob("a");
    struct mgw_presign how = {.size = sizeof how, .op = MGW_PRESIGN_GET, .ttl_sec = 10};
    struct mgw_presigned presigned = {.size = sizeof presigned};
    return store_presign(store, call, &blob, &how, &presigned);
}

/* Every verb once, but for those that are not repeated. */
static void use_all(struct store *store, const char *rule)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE char *bytes = stack_bytes(100000, 1), *parts = stack_bytes(1500, 7), *names = NULL;
    struct mgw_blob from = stack_blob("a"), to = stack_blob("b");
    struct mgw_stat stat = {.size = sizeof stat};
    size_t length = 0;
    enum mgw_status status = stack_put(store, call, "a", bytes, 100000);
    if (status == MGW_OK) {
        stack_assert_blob(store, call, "a", bytes, 100000);
        status = store_copy(store, call, &from, &to, &stat);
    }
    if (status == MGW_OK) {
        status = presign(store, call);
    }
    if (status == MGW_OK) {
        status = stack_upload(store, call, "c", &length);
    }
    if (status == MGW_OK) {
        stack_assert_blob(store, call, "c", parts, length);
        names = stack_list(store, call, 10, &status);
    }
    if (status != MGW_OK) {
        fail_msg("%s: %s: %s", rule, status_name(status), call_text(call));
    }
    assert_string_equal(names, "a b c ");
    assert_int_equal(store_remove(store, call, &from), MGW_OK);
    assert_int_equal(stack_stat(store, call, "a"), MGW_NOT_FOUND);
}

static void what_the_store_could_not_do_for_the_moment_is_tried_again(void **state)
{
    static const char *const verbs[] = {
        "put_begin", "put_write", "put_prepare",   "put_commit",  "open",
        "read",      "stat",      "remove",        "list",        "copy",
        "presign",   "plan",      "upload_create", "upload_part", "upload_complete"};
    static const char *const statuses[] = {
        "unavailable",           "busy",           "unknown_outcome:before",
        "unknown_outcome:after", "timeout:before", "timeout:after"};
    (void)state;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        for (size_t j = 0; j < sizeof statuses / sizeof statuses[0]; j++) {
            char rule[64];
            snprintf(rule, sizeof rule, "\"%s:%s:times=2\"", verbs[i], statuses[j]);
            struct store *store = stack_over_memory(retry("", rule));
            use_all(store, rule);
            store_free(store);
        }
    }
}

static void an_abort_of_an_upload_is_tried_again(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = stack_over_memory(retry("", "\"upload_abort:unavailable:times=2\""));
    char bytes[MGW_UPLOAD_STATE_MAX];
    struct mgw_opaque upload = {.size = sizeof upload, .bytes = bytes, .capacity = sizeof bytes};
    struct mgw_blob blob = stack_blob("a");
    struct mgw_put put = {.size = sizeof put, .length = 10};
    (void)state;
    assert_int_equal(store_upload_create(store, call, &blob, &put, &upload), MGW_OK);
    assert_int_equal(store_upload_abort(store, call, &upload, 1), MGW_OK);
    store_free(store);
}

/* The rule hits once: were it tried again, it would be seen as good. */
static void what_is_final_is_answered_at_once(void **state)
{
    static const char *const statuses[] = {
        "denied", "io",     "conflict", "no_space",  "invalid",          "corrupt",    "quota",
        "stale",  "exists", "range",    "too_large", "cancelled:before", "unsupported"};
    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        char rule[64];
        snprintf(rule, sizeof rule, "\"stat:%s:times=1\"", statuses[i]);
        struct store *store = stack_over_memory(retry("", rule));
        enum mgw_status status = stack_stat(store, call, "a");
        assert_true(status != MGW_OK && status != MGW_NOT_FOUND);
        assert_int_equal(stack_stat(store, call, "a"), MGW_NOT_FOUND);
        store_free(store);
    }
}

static void health_is_asked_once(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = stack_over_memory(retry("", "\"health:unavailable:times=1\""));
    (void)state;
    assert_int_equal(store_health(store, call), MGW_UNAVAILABLE);
    assert_int_equal(store_health(store, call), MGW_OK);
    store_free(store);
}

static void its_deadline_ends_it(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store =
        stack_over_memory(retry(", \"deadline_sec\": \"200ms\"", "\"stat:unavailable\""));
    int64_t began = clock_mono_ms();
    (void)state;
    assert_int_equal(stack_stat(store, call, "a"), MGW_UNAVAILABLE);
    assert_in_range(clock_mono_ms() - began, 150, SOON_MS);
    assert_non_null(strstr(call_text(call), "injected by the rule \"stat:unavailable\" (given up"));
    store_free(store);
}

static void the_calls_deadline_ends_it(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 200);
    struct store *store =
        stack_over_memory(retry(", \"deadline_sec\": 3600", "\"stat:unavailable\""));
    int64_t began = clock_mono_ms();
    (void)state;
    enum mgw_status status = stack_stat(store, call, "a");
    assert_true(status == MGW_UNAVAILABLE || status == MGW_TIMEOUT);
    assert_true(clock_mono_ms() - began < SOON_MS);
    store_free(store);
}

static void the_number_of_attempts_ends_it(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store =
        stack_over_memory(retry(", \"attempts\": 3", "\"stat:unavailable:times=3\""));
    (void)state;
    assert_int_equal(stack_stat(store, call, "a"), MGW_UNAVAILABLE);
    assert_non_null(strstr(call_text(call), "after 3 attempts"));
    assert_int_equal(stack_stat(store, call, "a"), MGW_NOT_FOUND);
    store_free(store);
}

static void an_attempt_that_hangs_is_given_up(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store =
        stack_over_memory(retry(", \"attempt_sec\": \"50ms\"",
                                "\"stat:delay=3600s:times=2\", \"put_write:delay=3600s:times=1\", "
                                "\"read:delay=3600s:times=1\""));
    (void)state;
    assert_int_equal(stack_stat(store, call, "a"), MGW_NOT_FOUND);
    assert_int_equal(stack_put(store, call, "a", "first", 5), MGW_OK);
    stack_assert_blob(store, call, "a", "first", 5);
    store_free(store);
}

static void the_stores_own_advice_is_heeded(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = stack_over_memory(retry("", "\"stat:busy:times=1:retry_after=300ms\""));
    int64_t began = clock_mono_ms();
    (void)state;
    assert_int_equal(stack_stat(store, call, "a"), MGW_NOT_FOUND);
    assert_true(clock_mono_ms() - began >= 300);
    store_free(store);
}

static void advice_beyond_the_deadline_is_handed_on(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = stack_over_memory(
        retry(", \"deadline_sec\": 30", "\"stat:busy:times=1:retry_after=3600s\""));
    int64_t began = clock_mono_ms();
    (void)state;
    assert_int_equal(stack_stat(store, call, "a"), MGW_BUSY);
    assert_int_equal(call->error->retry_after_ms, 3600000);
    assert_true(clock_mono_ms() - began < SOON_MS);
    store_free(store);
}

static void *cancel_soon(void *ctx)
{
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    call_cancel(ctx);
    return NULL;
}

static void a_cancelled_call_wakes(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store =
        stack_over_memory(retry(", \"deadline_sec\": 3600", "\"stat:busy:retry_after=600s\""));
    int64_t began = clock_mono_ms();
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, call), 0);
    assert_int_equal(stack_stat(store, call, "a"), MGW_CANCELLED);
    assert_true(clock_mono_ms() - began < SOON_MS);
    pthread_join(thread, NULL);
    store_free(store);
}

static void a_write_that_may_have_happened_is_not_called_undone(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = stack_blob("a");
    struct store *store = stack_over_memory(
        retry(", \"attempts\": 3",
              "\"remove:unknown_outcome:before:times=1\", \"remove:unavailable:skip=0\""));
    (void)state;
    assert_int_equal(store_remove(store, call, &blob), MGW_UNKNOWN_OUTCOME);
    store_free(store);
}

static void fill(struct store *store, unsigned count)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    char key[16];
    for (unsigned i = 0; i < count; i++) {
        snprintf(key, sizeof key, "k%02u", i);
        assert_int_equal(stack_put(store, call, key, "x", 1), MGW_OK);
    }
}

static void a_list_goes_on_behind_what_it_told(void **state)
{
    struct store *store = stack_over_memory(retry("", "\"list:unavailable:0.8:after\""));
    (void)state;
    fill(store, 30);
    for (uint32_t limit = 1; limit <= 40; limit++) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        enum mgw_status status;
        AUTO_FREE char *names = stack_list(store, call, limit, &status);
        assert_int_equal(status, MGW_OK);
        assert_int_equal(strlen(names), 4 * (limit < 30 ? limit : 30));
        for (unsigned i = 0; i < strlen(names) / 4; i++) {
            char key[16];
            snprintf(key, sizeof key, "k%02u ", i);
            assert_int_equal(strncmp(names + (size_t)4 * i, key, 4), 0);
        }
    }
    store_free(store);
}

static bool stop_at_five(void *ctx, const struct mgw_list_entry *entry)
{
    (void)entry;
    return ++*(int *)ctx < 5;
}

static void a_list_that_was_stopped_does_not_go_on(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = stack_over_memory(retry("", "\"list:unavailable:0.5:after\""));
    (void)state;
    fill(store, 20);
    for (unsigned i = 0; i < 20; i++) {
        int count = 0;
        assert_int_equal(store_list(store, call, STACK_BUCKET, "", "", 100, stop_at_five, &count),
                         MGW_OK);
        assert_int_equal(count, 5);
    }
    store_free(store);
}

static void replace(struct store *store, struct mgw_call *call)
{
    struct mgw_blob blob = stack_blob("a");
    struct mgw_put put = {.size = sizeof put};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_writer *writer = NULL;
    assert_int_equal(store_put_begin(store, call, &blob, &put, &writer), MGW_OK);
    assert_int_equal(store_put_write(writer, call, "other", 5), MGW_OK);
    assert_int_equal(store_put_commit(writer, call, &stat), MGW_OK);
}

/* A reader of "a", whose second read fails the first time; meanwhile something happens to it. */
static enum mgw_status read_while(void (*change)(struct store *store, struct mgw_call *call))
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = stack_over_memory(retry("", "\"read:unavailable:skip=1:times=1\""));
    struct mgw_blob blob = stack_blob("a");
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    char bytes[5];
    size_t got = 0;
    assert_int_equal(stack_put(store, call, "a", "first", 5), MGW_OK);
    assert_int_equal(store_open(store, call, &blob, NULL, &reader, &stat), MGW_OK);
    assert_int_equal(store_read(reader, call, 0, bytes, 2, &got), MGW_OK);
    if (change) {
        change(store, call);
    }
    enum mgw_status status = store_read(reader, call, 2, bytes + 2, 3, &got);
    if (status == MGW_OK) {
        assert_memory_equal(bytes, "first", 5);
    }
    store_close(reader);
    store_free(store);
    return status;
}

static void take_away(struct store *store, struct mgw_call *call)
{
    struct mgw_blob blob = stack_blob("a");
    assert_int_equal(store_remove(store, call, &blob), MGW_OK);
}

static void a_read_goes_on_where_it_was_and_never_in_another_version(void **state)
{
    (void)state;
    assert_int_equal(read_while(NULL), MGW_OK);
    assert_int_equal(read_while(replace), MGW_CONFLICT);
    assert_int_equal(read_while(take_away), MGW_CONFLICT);
}

static void it_may_wait_and_says_so(void **state)
{
    struct store *store = stack_over_fs("{\"filter\": \"retry\"}");
    (void)state;
    assert_false(store_limits(store)->capabilities & MGW_STORAGE_INLINE_READ);
    assert_true(store_limits(store)->capabilities & MGW_STORAGE_LOCAL_FD);
    store_free(store);
}

static void two_in_one_stack_are_refused(void **state)
{
    (void)state;
    stack_refused("{\"filter\": \"retry\"}, {\"filter\": \"passfilter\"}, {\"filter\": \"retry\"}",
                  MGW_INVALID, "there is a retry below already (passfilter retry fs)");
    stack_refused("{\"filter\": \"retry\"}, {\"filter\": \"passfilter\", \"second\": {\"driver\": "
                  "\"memstore\", \"filters\": [{\"filter\": \"retry\"}]}}",
                  MGW_INVALID, "there is a retry below already (passfilter fs retry memstore)");
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_the_store_could_not_do_for_the_moment_is_tried_again),
        T(an_abort_of_an_upload_is_tried_again),
        T(what_is_final_is_answered_at_once),
        T(health_is_asked_once),
        T(its_deadline_ends_it),
        T(the_calls_deadline_ends_it),
        T(the_number_of_attempts_ends_it),
        T(an_attempt_that_hangs_is_given_up),
        T(the_stores_own_advice_is_heeded),
        T(advice_beyond_the_deadline_is_handed_on),
        T(a_cancelled_call_wakes),
        T(a_write_that_may_have_happened_is_not_called_undone),
        T(a_list_goes_on_behind_what_it_told),
        T(a_list_that_was_stopped_does_not_go_on),
        T(a_read_goes_on_where_it_was_and_never_in_another_version),
        T(it_may_wait_and_says_so),
        T(two_in_one_stack_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
