/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread models: how many threads are really inside a driver at once. */
#include "tests/plugin/fake.h"

#include "core/base/clock.h"

#include <pthread.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 5 };
static struct store *stores[2];

static void *hammer(void *which)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    for (int i = 0; i < ROUNDS; i++) {
        store_health(stores[(uintptr_t)which % 2], call);
    }
    return NULL;
}

/* The most threads that were in the driver at once, over two instances of one table. */
static int most_inside(const struct mgw_storage_driver *second, enum mgw_thread_model threads)
{
    pthread_t running[THREADS];
    stores[0] = fake_store(&fake_table, threads);
    stores[1] = fake_store(second, threads);
    fake.delay_us = 3000;
    fake.most = 0;
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&running[i], NULL, hammer, (void *)i), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(running[i], NULL);
    }
    fake.delay_us = 0;
    store_free(stores[0]);
    store_free(stores[1]);
    return fake.most;
}

static void a_parallel_plugin_is_entered_by_many(void **state)
{
    (void)state;
    assert_in_range(most_inside(&fake_table, MGW_THREADS_PARALLEL), 3, THREADS);
}

static void a_serialized_instance_is_entered_by_one(void **state)
{
    (void)state;
    assert_int_equal(most_inside(&fake_table, MGW_THREADS_SERIALIZE_INSTANCE), 2);
}

static void a_serialized_plugin_is_entered_by_one_over_all_instances(void **state)
{
    (void)state;
    assert_int_equal(most_inside(&fake_table, MGW_THREADS_SERIALIZE_PLUGIN), 1);
}

static void two_serialized_plugins_do_not_hinder_each_other(void **state)
{
    static struct mgw_storage_driver other;
    (void)state;
    other = fake_table;
    assert_int_equal(most_inside(&other, MGW_THREADS_SERIALIZE_PLUGIN), 2);
}

static void *stay_inside(void *unused)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    (void)unused;
    store_health(stores[0], call);
    return NULL;
}

static void who_waits_for_a_lock_leaves_at_the_deadline(void **state)
{
    pthread_t running;
    (void)state;
    stores[0] = fake_store(&fake_table, MGW_THREADS_SERIALIZE_INSTANCE);
    fake.delay_us = 600000;
    fake.calls = 0;
    assert_int_equal(pthread_create(&running, NULL, stay_inside, NULL), 0);
    for (int i = 0; i < 1000 && !fake.calls; i++) {
        usleep(1000);
    }
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 50);
    int64_t start = clock_mono_ms();
    assert_int_equal(store_health(stores[0], call), MGW_TIMEOUT);
    assert_in_range(clock_mono_ms() - start, 20, 400);
    assert_int_equal(fake.calls, 1);
    pthread_join(running, NULL);
    fake.delay_us = 0;
    store_free(stores[0]);
}

#define T(name) cmocka_unit_test_setup(name, fake_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_parallel_plugin_is_entered_by_many),
        T(a_serialized_instance_is_entered_by_one),
        T(a_serialized_plugin_is_entered_by_one_over_all_instances),
        T(two_serialized_plugins_do_not_hinder_each_other),
        T(who_waits_for_a_lock_leaves_at_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
