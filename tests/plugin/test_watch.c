/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls that do not come back: they are counted and told of, too many shut the plugin's gate, and
 * their return opens it again. */
#include "tests/plugin/fake.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/plugin/store_inside.h"
#include "core/plugin/watch.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, MOST = 3 };

static struct mgw_storage_driver table;
static atomic_bool blocked;
static struct store *store, *below;

static void stay(void)
{
    while (blocked) {
        usleep(1000);
    }
}

static enum mgw_status stuck_health(struct mgw_call *call, void *instance)
{
    (void)call, (void)instance;
    stay();
    return MGW_OK;
}

static void stuck_close(void *reader)
{
    (void)reader;
    stay();
    fake.closes++;
}

static int setup(void **state)
{
    fake_setup(state);
    table = fake_table;
    table.health = stuck_health;
    table.close = stuck_close;
    blocked = true;
    watch_set_most(MOST);
    return 0;
}

struct caller {
    pthread_t thread;
    enum mgw_status status;
};

static void *call_health(void *argument)
{
    struct caller *caller = argument;
    AUTO_CALL struct mgw_call *call = call_new("", "the-request", 50);
    caller->status = store_health(store, call);
    return NULL;
}

static void count_lost(void *ctx, const struct watch_call *call)
{
    if (call->lost && strcmp(call->plugin, "fake") == 0 && strcmp(call->verb, "health") == 0 &&
        strcmp(call->request_id, "the-request") == 0 && call->for_ms >= WATCH_GRACE_MS) {
        ++*(unsigned *)ctx;
    }
}

/* Waits until so many calls are lost. */
static void wait_for_lost(unsigned expected)
{
    unsigned lost = expected + 1;
    for (int64_t until = clock_mono_ms() + PATIENCE_MS; lost != expected;) {
        assert_true(clock_mono_ms() < until);
        usleep(10000);
        lost = 0;
        watch_each(0, count_lost, &lost);
    }
}

static void start_callers(struct caller *callers, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_health, &callers[i]), 0);
    }
}

static void end_callers(struct caller *callers, unsigned count)
{
    blocked = false;
    for (unsigned i = 0; i < count; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].status, MGW_OK);
    }
}

static void too_many_lost_calls_shut_the_gate(void **state)
{
    struct caller callers[MOST];
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "key"};
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    (void)state;
    store = fake_store(&table, MGW_THREADS_PARALLEL);
    start_callers(callers, MOST - 1);
    wait_for_lost(MOST - 1);
    assert_int_equal(store_stat(store, call, &blob, &stat), MGW_OK);
    start_callers(callers + MOST - 1, 1);
    wait_for_lost(MOST);
    int calls = fake.calls;
    assert_int_equal(store_stat(store, call, &blob, &stat), MGW_UNAVAILABLE);
    assert_int_equal(fake.calls, calls);
    assert_non_null(strstr(call_text(call), "plugin \"fake\": 3 calls into it have not come back"));
    assert_true(call->error->retry_after_ms > 0);
    end_callers(callers, MOST);
    assert_int_equal(store_stat(store, call, &blob, &stat), MGW_OK);
    store_free(store);
    assert_int_equal(fake.destroys, 1);
}

static void one_lost_call_shuts_a_plugin_that_takes_one_at_a_time(void **state)
{
    struct caller caller;
    struct store_reader *reader = NULL;
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "key"};
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    (void)state;
    store = fake_store(&table, MGW_THREADS_SERIALIZE_INSTANCE);
    assert_false(store_is_quick(store));
    assert_int_equal(store_open(store, call, &blob, NULL, &reader, &stat), MGW_OK);
    start_callers(&caller, 1);
    wait_for_lost(1);
    assert_int_equal(store_stat(store, call, &blob, &stat), MGW_UNAVAILABLE);
    store_close(reader); /* cannot wait for the lock: what the plugin has of it is left behind */
    assert_int_equal(fake.closes, 0);
    end_callers(&caller, 1);
    assert_int_equal(store_stat(store, call, &blob, &stat), MGW_OK);
    store_free(store);
}

static void what_a_stuck_call_may_use_is_not_released(void **state)
{
    struct caller caller;
    (void)state;
    store = fake_store(&table, MGW_THREADS_PARALLEL);
    start_callers(&caller, 1);
    wait_for_lost(1);
    store_free(store);
    assert_int_equal(fake.destroys, 0);
    end_callers(&caller, 1);
    store_free(store);
    assert_int_equal(fake.destroys, 1);
}

/* The call is lost in the layer below, but goes back through the filter. */
static enum mgw_status passed_health(struct mgw_call *call, void *instance)
{
    (void)instance;
    return store_health(below, call);
}

static void nor_what_stands_upon_it(void **state)
{
    struct layers *layers = calloc(1, sizeof *layers + sizeof layers->at[0]);
    struct mgw_storage_driver filter = fake_table;
    struct caller caller;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    (void)state;
    assert_non_null(layers);
    filter.create = NULL;
    filter.health = passed_health;
    layers->count = 1;
    layers->at[0].store = below = fake_store(&table, MGW_THREADS_PARALLEL);
    store = fake_store(&filter, MGW_THREADS_PARALLEL);
    assert_int_equal(store_stack(store, call, layers), MGW_OK);
    start_callers(&caller, 1);
    wait_for_lost(1);
    store_free(store);
    assert_int_equal(fake.destroys, 0);
    end_callers(&caller, 1);
    store_free(store);
    assert_int_equal(fake.destroys, 2);
}

static enum mgw_status slow_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                 struct mgw_stat *stat)
{
    usleep(600000);
    return fake_table.stat(call, instance, blob, stat);
}

static void a_read_that_waits_is_not_quick_any_more(void **state)
{
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "key"};
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    (void)state;
    table.stat = slow_stat;
    store = fake_store(&table, MGW_THREADS_PARALLEL);
    assert_true(store_is_quick(store));
    assert_int_equal(store_stat(store, call, &blob, &stat), MGW_OK);
    assert_false(store_is_quick(store));
    store_free(store);
}

static void silent(int level, const char *line)
{
    (void)level, (void)line;
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(too_many_lost_calls_shut_the_gate),
        T(one_lost_call_shuts_a_plugin_that_takes_one_at_a_time),
        T(what_a_stuck_call_may_use_is_not_released),
        T(nor_what_stands_upon_it),
        T(a_read_that_waits_is_not_quick_any_more),
    };
    log_redirect(silent);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
