/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter "fault": failures before and after, delays, short reads, and the same again for the
 * same seed. */
#include "tests/filters/stack.h"

#include "core/base/clock.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

static const char *fault(const char *rules)
{
    static char text[1024];
    snprintf(text, sizeof text, "{\"filter\": \"fault\", \"seed\": 1, \"rules\": [%s]}", rules);
    return text;
}

static void without_rules_it_only_passes_on(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *alone = stack_over_fs(""), *store;
    uint64_t capabilities = store_limits(alone)->capabilities;
    size_t length = 0;
    (void)state;
    store_free(alone);
    store = stack_over_fs("{\"filter\": \"fault\"}");
    assert_int_equal(store_limits(store)->capabilities, capabilities);
    assert_int_equal(stack_put(store, call, "a", "first", 5), MGW_OK);
    stack_assert_blob(store, call, "a", "first", 5);
    assert_int_equal(stack_upload(store, call, "b", &length), MGW_OK);
    store_free(store);
}

static void what_failed_before_has_not_happened(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = stack_blob("a");
    struct store *store =
        stack_over_fs(fault("\"put_commit:io:times=1\", \"remove:unavailable:times=1\""));
    (void)state;
    assert_int_equal(stack_put(store, call, "a", "first", 5), MGW_IO);
    assert_string_equal(call_text(call), "injected by the rule \"put_commit:io:times=1\"");
    assert_int_equal(stack_stat(store, call, "a"), MGW_NOT_FOUND);
    assert_int_equal(stack_put(store, call, "a", "first", 5), MGW_OK);
    assert_int_equal(store_remove(store, call, &blob), MGW_UNAVAILABLE);
    assert_int_equal(stack_stat(store, call, "a"), MGW_OK);
    store_free(store);
}

static void what_failed_after_has_happened(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = stack_blob("a");
    struct store *store = stack_over_fs(fault("\"remove:io:after\""));
    (void)state;
    assert_int_equal(stack_put(store, call, "a", "first", 5), MGW_OK);
    assert_int_equal(store_remove(store, call, &blob), MGW_IO);
    assert_int_equal(stack_stat(store, call, "a"), MGW_NOT_FOUND);
    store_free(store);
}

static void a_commit_whose_answer_was_withheld_can_be_repeated(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = stack_blob("a");
    struct mgw_put put = {.size = sizeof put,
                          .flags = MGW_PUT_IF_ABSENT,
                          .content_type = "video/webm",
                          .metadata = (const char *const[]){"id", "a", NULL}};
    struct mgw_stat stat = {.size = sizeof stat}, seen = {.size = sizeof seen};
    struct store_writer *writer = NULL;
    struct store *store = stack_over_fs(fault("\"put_commit:unknown_outcome:after:times=2\""));
    (void)state;
    assert_int_equal(store_put_begin(store, call, &blob, &put, &writer), MGW_OK);
    assert_int_equal(store_put_write(writer, call, "first", 5), MGW_OK);
    assert_int_equal(store_put_commit(writer, call, &stat), MGW_UNKNOWN_OUTCOME);
    assert_int_equal(store_stat(store, call, &blob, &seen), MGW_OK);
    assert_int_equal(store_put_commit(writer, call, &stat), MGW_UNKNOWN_OUTCOME);
    assert_int_equal(store_put_commit(writer, call, &stat), MGW_OK);
    assert_int_equal(stat.bytes, 5);
    assert_string_equal(stat.etag, seen.etag);
    assert_string_equal(stat.metadata[1], "a");
    store_free(store);
}

static void a_put_can_be_given_up_after_its_commit_was_done(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = stack_over_fs(fault("\"put_commit:unknown_outcome:after\""));
    (void)state;
    assert_int_equal(stack_put(store, call, "a", "first", 5), MGW_UNKNOWN_OUTCOME);
    stack_assert_blob(store, call, "a", "first", 5);
    store_free(store);
}

static void an_unknown_outcome_comes_both_ways(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = stack_over_memory(fault("\"remove:unknown_outcome\""));
    unsigned done = 0;
    char key[16];
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        snprintf(key, sizeof key, "k%u", i);
        struct mgw_blob blob = stack_blob(key);
        assert_int_equal(stack_put(store, call, key, "x", 1), MGW_OK);
        assert_int_equal(store_remove(store, call, &blob), MGW_UNKNOWN_OUTCOME);
        done += stack_stat(store, call, key) == MGW_NOT_FOUND;
    }
    assert_in_range(done, 16, 48);
    store_free(store);
}

/* Which of 200 stats fail, as text. */
static char *outcomes(unsigned seed)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    char text[160], *marks = calloc(1, 201);
    snprintf(text, sizeof text,
             "{\"filter\": \"fault\", \"seed\": %u, \"rules\": [\"stat:busy:0.3\"]}", seed);
    struct store *store = stack_over_memory(text);
    for (unsigned i = 0; i < 200; i++) {
        marks[i] = stack_stat(store, call, "absent") == MGW_BUSY ? 'x' : '.';
    }
    store_free(store);
    return marks;
}

static void the_same_seed_hits_the_same_calls(void **state)
{
    AUTO_FREE char *first = outcomes(7), *again = outcomes(7), *other = outcomes(8);
    unsigned hits = 0;
    (void)state;
    for (const char *mark = first; *mark; mark++) {
        hits += *mark == 'x';
    }
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
    assert_in_range(hits, 30, 90);
}

static void calls_can_be_spared_and_counted(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = stack_over_memory(fault("\"stat:busy:skip=2:times=3\""));
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(stack_stat(store, call, "absent"),
                         i >= 2 && i < 5 ? MGW_BUSY : MGW_NOT_FOUND);
    }
    store_free(store);
}

static void a_delay_heeds_the_deadline(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 100);
    struct store *store = stack_over_fs(fault("\"stat:delay=3600s\""));
    (void)state;
    assert_false(store_limits(store)->capabilities & MGW_STORAGE_INLINE_READ);
    assert_int_equal(stack_stat(store, call, "a"), MGW_TIMEOUT);
    store_free(store);
}

static void *cancel_soon(void *ctx)
{
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    call_cancel(ctx);
    return NULL;
}

static void a_delay_heeds_cancellation(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = stack_over_fs(fault("\"stat:delay=3600s\""));
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, call), 0);
    assert_int_equal(stack_stat(store, call, "a"), MGW_CANCELLED);
    pthread_join(thread, NULL);
    store_free(store);
}

static void a_deaf_delay_heeds_nothing(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 1);
    struct store *store = stack_over_fs(fault("\"stat:deaf=200ms\""));
    int64_t began = clock_mono_ms();
    (void)state;
    call_cancel(call);
    stack_stat(store, call, "a");
    assert_true(clock_mono_ms() - began >= 200);
    store_free(store);
}

static void short_reads_lose_nothing(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE char *bytes = stack_bytes(100000, 1);
    struct store *store = stack_over_fs(fault("\"read:short\""));
    struct mgw_blob blob = stack_blob("a");
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    char some[1000];
    size_t got = 0;
    (void)state;
    assert_int_equal(stack_put(store, call, "a", bytes, 100000), MGW_OK);
    assert_int_equal(store_open(store, call, &blob, NULL, &reader, &stat), MGW_OK);
    assert_int_equal(store_read(reader, call, 0, some, sizeof some, &got), MGW_OK);
    assert_in_range(got, 1, sizeof some - 1);
    store_close(reader);
    stack_assert_blob(store, call, "a", bytes, 100000);
    store_free(store);
}

static void a_list_fails_halfway(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store *store = stack_over_memory(fault("\"list:unavailable:after\""));
    bool partly = false;
    char key[16];
    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        snprintf(key, sizeof key, "k%u", i);
        assert_int_equal(stack_put(store, call, key, "x", 1), MGW_OK);
    }
    for (unsigned i = 0; i < 32; i++) {
        enum mgw_status status;
        AUTO_FREE char *names = stack_list(store, call, 100, &status);
        assert_int_equal(status, MGW_UNAVAILABLE);
        assert_int_equal(strncmp("k0 k1 k2 k3 k4 k5 k6 k7 k8 ", names, strlen(names)), 0);
        partly = partly || (strlen(names) > 0 && strlen(names) < 27);
    }
    assert_true(partly);
    store_free(store);
}

static void rules_that_say_nothing_are_refused_by_name(void **state)
{
    static const struct {
        const char *rule, *words;
    } wrong[] = {
        {"fetch:io", "there is no such verb: fetch"},
        {"read", "what is to happen is missing"},
        {"read:broken", "neither a status nor"},
        {"read:ok", "neither a status nor"},
        {"read:status=x", "takes a number above 0: x"},
        {"read:delay=5", "a delay is like 200ms or 2s, at most an hour: 5"},
        {"read:delay=2h", "a delay is like"},
        {"stat:short", "only read can be: short"},
        {"stat:lie=flip", "this verb cannot tell such a lie: flip"},
        {"stat:lie", "lie= is one of"},
        {"read:io:1.5", "a rate is 0 to 1: 1.5"},
        {"read:io:often", "a rate is 0 to 1: often"},
        {"read:short:after", "only a status comes before or after: after"},
        {"read:io:times=x", "a rate is 0 to 1: times=x"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char rule[64];
        snprintf(rule, sizeof rule, "\"%s\"", wrong[i].rule);
        stack_refused(fault(rule), MGW_INVALID, wrong[i].words);
        stack_refused(fault(rule), MGW_INVALID, wrong[i].rule);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(without_rules_it_only_passes_on),
        T(what_failed_before_has_not_happened),
        T(what_failed_after_has_happened),
        T(a_commit_whose_answer_was_withheld_can_be_repeated),
        T(a_put_can_be_given_up_after_its_commit_was_done),
        T(an_unknown_outcome_comes_both_ways),
        T(the_same_seed_hits_the_same_calls),
        T(calls_can_be_spared_and_counted),
        T(a_delay_heeds_the_deadline),
        T(a_delay_heeds_cancellation),
        T(a_deaf_delay_heeds_nothing),
        T(short_reads_lose_nothing),
        T(a_list_fails_halfway),
        T(rules_that_say_nothing_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
