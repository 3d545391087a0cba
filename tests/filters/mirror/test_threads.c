/* SPDX-License-Identifier: Apache-2.0
 *
 * Many threads on one mirror while its stores come and go and the mender is at work: what was
 * acknowledged is in both in the end, what was removed is in neither. */
#include "tests/filters/mirror/rig.h"

#include "tests/support/scratch.h"

#include "core/base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { THREADS = 6, KEYS = 24, ROUNDS = 3 };

struct worker {
    pthread_t thread;
    unsigned number;
    bool put[KEYS], removing[KEYS], removed[KEYS], wrong;
};
static _Atomic bool over;

static enum mgw_status put_one(struct mgw_call *call, const char *key)
{
    struct mgw_blob blob = rig_blob(key);
    struct mgw_put how = {.size = sizeof how};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_writer *writer = NULL;
    enum mgw_status status = store_put_begin(rig.mirror, call, &blob, &how, &writer);
    if (status == MGW_OK) {
        status = store_put_write(writer, call, key, strlen(key));
        status = status == MGW_OK ? store_put_commit(writer, call, &stat) : status;
    }
    if (status != MGW_OK) {
        store_put_abort(writer, call);
    }
    return status;
}

/* True where the blob is not there, or is what was put. */
static bool read_one(struct mgw_call *call, const char *key)
{
    char bytes[64];
    size_t got = 0;
    struct mgw_blob blob = rig_blob(key);
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    if (store_open(rig.mirror, call, &blob, NULL, &reader, &stat) != MGW_OK) {
        return true;
    }
    enum mgw_status status = store_read(reader, call, 0, bytes, sizeof bytes, &got);
    store_close(reader);
    return status != MGW_OK || (got == strlen(key) && memcmp(bytes, key, got) == 0);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < KEYS; i++) {
            char key[32];
            snprintf(key, sizeof key, "%u-%02u", worker->number, i);
            if (!worker->put[i]) {
                worker->put[i] = put_one(call, key) == MGW_OK;
            }
            worker->wrong |= !read_one(call, key);
            if (worker->put[i] && i % 3 == 0 && !worker->removed[i]) {
                struct mgw_blob blob = rig_blob(key);
                worker->removing[i] = true;
                worker->removed[i] = store_remove(rig.mirror, call, &blob) == MGW_OK;
            }
        }
        put_one(call, "everybody's");
    }
    return NULL;
}

static void *stir(void *argument)
{
    (void)argument;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    while (!over) {
        struct mgw_sweep_result swept = {.size = sizeof swept};
        store_sweep(rig.mirror, call, clock_wall_ms() - 3600000, &swept);
        store_health(rig.mirror, call);
        wait_ms(20);
    }
    return NULL;
}

/* A removal that was answered by an error may have been half done: whoever asked asks again. */
static void finish_removals(struct worker *worker)
{
    for (unsigned i = 0; i < KEYS; i++) {
        char key[32];
        snprintf(key, sizeof key, "%u-%02u", worker->number, i);
        if (worker->removing[i] && !worker->removed[i]) {
            assert_ok(rig_remove(rig.mirror, key));
            worker->removed[i] = true;
        }
    }
}

static bool settled(void *ctx)
{
    static char first[8192];
    (void)ctx;
    snprintf(first, sizeof first, "%s", rig_list(rig.side[FIRST], 1000));
    return strcmp(first, rig_list(rig.side[SECOND], 1000)) == 0;
}

static void judge(const struct worker *worker)
{
    assert_false(worker->wrong);
    for (unsigned i = 0; i < KEYS; i++) {
        char key[32];
        snprintf(key, sizeof key, "%u-%02u", worker->number, i);
        if (worker->removed[i]) {
            assert_absent(rig.side[FIRST], key);
            assert_absent(rig.side[SECOND], key);
        } else if (worker->put[i]) {
            assert_soon(rig.side[FIRST], key, key);
            assert_soon(rig.side[SECOND], key, key);
        }
    }
}

static void what_was_acknowledged_is_in_both_and_what_was_removed_in_neither(void **state)
{
    (void)state;
    static struct worker workers[THREADS];
    static const char *const troubles[] = {"put_commit 12\n", "put_write 18\n", "all 12\n",
                                           "read 18\n",       "remove 12\n",    "stat 5\n"};
    pthread_t stirrer;
    rig_open(", \"require\": \"one\"");
    assert_int_equal(pthread_create(&stirrer, NULL, stir, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].number = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 24; i++) {
        rig_switch((int)(i / 2 % 2), i % 2 ? NULL : troubles[i / 2 % 6]);
        wait_ms(20);
    }
    rig_switch(FIRST, NULL);
    rig_switch(SECOND, NULL);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        finish_removals(&workers[i]);
    }
    over = true;
    pthread_join(stirrer, NULL);
    assert_true(wait_for(settled, NULL, 60000));
    size_t put = 0, removed = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        judge(&workers[i]);
        for (unsigned k = 0; k < KEYS; k++) {
            put += workers[i].put[k];
            removed += workers[i].removed[k];
        }
    }
    print_message("%zu put, %zu removed\n", put, removed);
    assert_true(put > THREADS * KEYS / 2);
    assert_true(removed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            what_was_acknowledged_is_in_both_and_what_was_removed_in_neither, rig_setup,
            rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
