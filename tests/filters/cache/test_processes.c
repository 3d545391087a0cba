/* SPDX-License-Identifier: Apache-2.0
 *
 * Several processes and one folder: its bound, and kill -9 in the middle of everything. */
#include "tests/filters/cache/rig.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOBS = 12, ROUNDS = 25 };

static uint64_t size_of(unsigned i)
{
    return i % 4 == 0 ? 5000 + i : i * 200000 + 1;
}

static void put_all(void)
{
    struct store *store = rig_open(FAR);
    char key[8];
    for (unsigned i = 0; i < BLOBS; i++) {
        snprintf(key, sizeof key, "k%u", i);
        rig_put(store, key, i, size_of(i));
    }
    store_free(store);
}

/* Reads blobs, whole ones and ranges, as SEED has it: COUNT of them, or for ever. */
static void read_some(struct store *store, unsigned seed, unsigned count)
{
    char key[8];
    for (unsigned n = 0; n < count; n++) {
        seed = seed * 1103515245 + 12345;
        unsigned i = (seed >> 16) % BLOBS;
        snprintf(key, sizeof key, "k%u", i);
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        struct store_reader *reader = rig_reader(store, call, key);
        uint64_t from = seed & 1024 ? (seed >> 8) % size_of(i) : 0;
        assert_int_equal(rig_read(reader, call, i, from, size_of(i) - from, 65536), MGW_OK);
        store_close(reader);
        if (seed & 2048) {
            rig_is_local(store, key, i, size_of(i));
        }
    }
}

/* A process of its own upon the same folders. A check that fails in it ends it with 1. */
static pid_t reader_beside(const char *filters, unsigned seed, unsigned count)
{
    pid_t child = fork();
    if (child == 0) {
        struct store *store = NULL;
        if (registry_open_storage(bench.registry, bench.config, 0, &store, &bench.error) !=
            MGW_OK) {
            fprintf(stderr, "%s: %s\n", filters, bench.error.text);
            _exit(1);
        }
        read_some(store, seed, count);
        store_free(store);
        _exit(0);
    }
    assert_true(child > 0);
    return child;
}

static int end_of(pid_t child)
{
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void the_bound_holds_for_two_processes(void **state)
{
    const char *filters = CACHE(", \"max\": \"6MiB\"") ", " FAR;
    pid_t children[2];
    (void)state;
    put_all();
    store_free(rig_open(filters));
    for (unsigned i = 0; i < 2; i++) {
        children[i] = reader_beside(filters, 1 + i, 150);
    }
    unsigned looks = 0, running = 2;
    uint64_t most = 0;
    for (int status; running > 0; looks++) {
        uint64_t bytes = rig_files().bytes;
        most = bytes > most ? bytes : most;
        assert_true(bytes <= 6 * MIB);
        pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended > 0) {
            assert_int_equal(status, 0);
            running--;
        }
        usleep(2000);
    }
    (void)children;
    assert_true(most >= 4 * MIB);
}

static void nothing_wrong_is_served_after_kill_9(void **state)
{
    const char *filters = CACHE(", \"max\": \"8MiB\"") ", " FAR;
    (void)state;
    put_all();
    store_free(rig_open(filters));
    for (unsigned round = 0; round < ROUNDS; round++) {
        pid_t one = reader_beside(filters, 2 * round, UINT32_MAX);
        pid_t two = reader_beside(filters, 2 * round + 1, UINT32_MAX);
        usleep(3000 + round * 7919 % 60000);
        kill(one, SIGKILL);
        usleep(round * 104729 % 20000);
        kill(two, SIGKILL);
        int status = end_of(one);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        status = end_of(two);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_true(rig_files().bytes <= 8 * MIB);
        struct store *store = rig_open(filters);
        read_some(store, round, 20);
        store_free(store);
    }
}

static void what_one_process_fetched_another_serves(void **state)
{
    const char *filters = CACHE("") ", " FAR;
    (void)state;
    put_all();
    struct store *store = rig_open(filters);
    assert_int_equal(end_of(reader_beside(filters, 7, 200)), 0);
    rig_forget_counts();
    rig_check(store, "k11", 11, size_of(11));
    assert_int_equal(rig.far->reads, 0);
    store_free(store);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(the_bound_holds_for_two_processes),
        T(nothing_wrong_is_served_after_kill_9),
        T(what_one_process_fetched_another_serves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
