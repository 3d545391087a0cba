/* SPDX-License-Identifier: Apache-2.0
 *
 * Many threads through "retry" over "fault" over files: however often the store fails, before and
 * after it has done what was asked, each of them sees only that it worked, and it did. */
#include "tests/filters/stack.h"

#include <pthread.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 40 };

struct worker {
    pthread_t thread;
    struct store *store;
    unsigned number;
    unsigned kept; /* blobs acknowledged and not removed */
};

static size_t length_of(unsigned round)
{
    return round % 4 == 3 ? 150000 : 1000 * (round % 4);
}

static void *work(void *ctx)
{
    struct worker *worker = ctx;
    for (unsigned round = 0; round < ROUNDS; round++) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        AUTO_FREE char *bytes = stack_bytes(length_of(round), worker->number * ROUNDS + round);
        char key[32];
        snprintf(key, sizeof key, "w%u-%02u", worker->number, round);
        struct mgw_blob blob = stack_blob(key);
        if (stack_put(worker->store, call, key, bytes, length_of(round)) != MGW_OK) {
            fail_msg("%s: %s", key, call_text(call));
        }
        stack_assert_blob(worker->store, call, key, bytes, length_of(round));
        if (round % 5 == 0) {
            assert_int_equal(store_remove(worker->store, call, &blob), MGW_OK);
            assert_int_equal(stack_stat(worker->store, call, key), MGW_NOT_FOUND);
        } else {
            worker->kept++;
        }
    }
    return NULL;
}

static void what_is_acknowledged_is_there(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct worker workers[THREADS] = {0};
    size_t names_length = 0;
    enum mgw_status status;
    (void)state;
    struct store *store = stack_over_fs(
        "{\"filter\": \"retry\", \"first_delay\": \"1ms\", \"max_delay\": \"8ms\", "
        "\"deadline_sec\": 300},"
        "{\"filter\": \"fault\", \"seed\": 20, \"rules\": [\"*:unavailable:0.1\", "
        "\"*:unknown_outcome:0.1\", \"*:busy:0.05\", \"*:timeout:0.05\", \"read:short:0.2\", "
        "\"list:unavailable:0.5:after\", \"put_commit:timeout:0.2:after\"]}");
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].store = store;
        workers[i].number = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        names_length += workers[i].kept * strlen("w0-00 ");
    }
    AUTO_FREE char *names = stack_list(store, call, 1000, &status);
    assert_int_equal(status, MGW_OK);
    assert_int_equal(strlen(names), names_length);
    store_free(store);
    store = stack_over_fs(""); /* and without any filter */
    for (unsigned i = 0; i < THREADS * ROUNDS; i++) {
        AUTO_FREE char *bytes = stack_bytes(length_of(i % ROUNDS), i);
        char key[32];
        snprintf(key, sizeof key, "w%u-%02u", i / ROUNDS, i % ROUNDS);
        if (i % ROUNDS % 5 == 0) {
            assert_int_equal(stack_stat(store, call, key), MGW_NOT_FOUND);
        } else {
            stack_assert_blob(store, call, key, bytes, length_of(i % ROUNDS));
        }
    }
    store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_acknowledged_is_there, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
