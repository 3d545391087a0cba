/* SPDX-License-Identifier: Apache-2.0
 *
 * Many readers of one cache at once. */
#include "tests/filters/cache/rig.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 8 };

struct job {
    struct store *store;
    const char *key;
    unsigned seed, rounds, random;
    uint64_t bytes;
    int64_t timeout_ms;
    enum mgw_status status;
    char text[256];
};

/* cmocka's checks are the main thread's: a job says what it found. */
static enum mgw_status read_right(struct job *job, struct mgw_call *call,
                                  struct store_reader *reader)
{
    static _Thread_local unsigned char bytes[100000], right[100000];
    uint64_t at = 0, until = job->bytes;
    if (job->random) {
        job->random = job->random * 1103515245 + 12345;
        at = (job->random >> 8) % job->bytes;
        until = at + 300000 < job->bytes ? at + 300000 : job->bytes;
    }
    while (at < until) {
        size_t got = 0;
        enum mgw_status status = store_read(reader, call, at, bytes, sizeof bytes, &got);
        if (status != MGW_OK) {
            return status;
        }
        rig_fill(job->seed, at, right, got);
        if (got == 0 || memcmp(bytes, right, got) != 0) {
            return MGW_CORRUPT;
        }
        at += got;
    }
    return MGW_OK;
}

static void *run(void *ctx)
{
    struct job *job = ctx;
    struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = job->key};
    for (unsigned i = 0; i < job->rounds && job->status == MGW_OK; i++) {
        struct mgw_call *call = call_new("", NULL, job->timeout_ms);
        struct mgw_stat stat = {.size = sizeof stat};
        struct store_reader *reader = NULL;
        job->status = store_open(job->store, call, &blob, NULL, &reader, &stat);
        if (job->status == MGW_OK) {
            job->status = read_right(job, call, reader);
        }
        store_close(reader);
        snprintf(job->text, sizeof job->text, "%s", call_text(call));
        call_free(call);
    }
    return NULL;
}

static void run_all(struct job *jobs, size_t count)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run, &jobs[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        if (jobs[i].status != MGW_OK) {
            fail_msg("%s: status %d: %s", jobs[i].key, (int)jobs[i].status, jobs[i].text);
        }
    }
}

static void who_wants_one_block_waits_for_one_fetch(void **state)
{
    struct job jobs[THREADS];
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, 200 * KIB);
    rig.far->delay_ms = 300;
    for (size_t i = 0; i < THREADS; i++) {
        jobs[i] =
            (struct job){.store = store, .key = "a", .seed = 1, .rounds = 1, .bytes = 200 * KIB};
    }
    run_all(jobs, THREADS);
    assert_int_equal(rig.far->bytes, 200 * KIB);
    store_free(store);
}

static void who_waits_keeps_his_deadline(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0), *hurried = call_new("", NULL, 300);
    pthread_t thread;
    char byte;
    size_t got;
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, MIB);
    struct store_reader *reader = rig_reader(store, call, "a");
    rig.far->delay_ms = 3000;
    struct job job = {.store = store, .key = "a", .seed = 1, .rounds = 1, .bytes = 200 * KIB};
    assert_int_equal(pthread_create(&thread, NULL, run, &job), 0);
    while (rig.far->reads == 0) {
        usleep(1000);
    }
    rig.far->delay_ms = 0;
    assert_int_equal(store_read(reader, hurried, 0, &byte, 1, &got), MGW_TIMEOUT);
    assert_int_equal(rig.far->reads, 1);
    pthread_join(thread, NULL);
    assert_int_equal(job.status, MGW_OK);
    store_close(reader);
    store_free(store);
}

static void who_waits_for_a_fetch_that_fails_fetches_himself(void **state)
{
    pthread_t thread;
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, 200 * KIB);
    rig.far->delay_ms = 300;
    rig.far->failing = 1;
    struct job first = {.store = store, .key = "a", .seed = 1, .rounds = 1, .bytes = 200 * KIB};
    struct job second = first;
    assert_int_equal(pthread_create(&thread, NULL, run, &first), 0);
    while (rig.far->reads == 0) {
        usleep(1000);
    }
    run_all(&second, 1);
    pthread_join(thread, NULL);
    assert_int_equal(first.status, MGW_UNAVAILABLE);
    store_free(store);
}

static void many_readers_and_a_small_cache(void **state)
{
    static const char *const keys[] = {"a", "b", "c", "d"};
    struct job jobs[THREADS];
    (void)state;
    struct store *store = rig_open(CACHE(", \"max\": \"6MiB\"") ", " FAR);
    for (unsigned i = 0; i < 4; i++) {
        rig_put(store, keys[i], i, 3 * MIB);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){.store = store,
                               .key = keys[i % 4],
                               .seed = i % 4,
                               .rounds = i < 4 ? 5 : 60,
                               .random = i < 4 ? 0 : i,
                               .bytes = 3 * MIB};
    }
    run_all(jobs, THREADS);
    assert_true(rig_files().bytes <= 6 * MIB);
    store_free(store);
}

static void many_readers_of_one_blob_trusting_it(void **state)
{
    struct job jobs[THREADS];
    (void)state;
    struct store *store = rig_open(CACHE(", \"trust\": \"1h\"") ", " FAR);
    rig_put(store, "a", 1, 5 * MIB);
    for (unsigned i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){.store = store,
                               .key = "a",
                               .seed = 1,
                               .rounds = i < 2 ? 4 : 40,
                               .random = i < 2 ? 0 : i,
                               .bytes = 5 * MIB};
    }
    run_all(jobs, THREADS);
    assert_true(rig_is_local(store, "a", 1, 5 * MIB));
    store_free(store);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(who_wants_one_block_waits_for_one_fetch),
        T(who_waits_keeps_his_deadline),
        T(who_waits_for_a_fetch_that_fails_fetches_himself),
        T(many_readers_and_a_small_cache),
        T(many_readers_of_one_blob_trusting_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
