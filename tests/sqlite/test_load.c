/* SPDX-License-Identifier: Apache-2.0
 *
 * Under load from many threads: kill -9, two processes on one file, and a disk that gets full. What
 * was acknowledged is there; what is there and was not acknowledged was of unknown outcome. */
#include "kit.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { THREADS = 8, ID_SIZE = 64 };

static const struct mgw_plugin *plugin;

struct load {
    const char *path;
    int pipe;      /* acknowledged ids go here, ID_SIZE bytes each; -1: nowhere */
    int rounds;    /* inserts of each thread */
    bool may_fail; /* count failures instead of giving up */
    atomic_int made, failed, odd;
};

static void *insert_rows(void *ctx)
{
    struct load *load = ctx;
    char *text = calloc(1, 2001);
    memset(text, 'm', 2000);
    for (int i = 0; i < load->rounds; i++) {
        struct mgw_row row = bench_row("account");
        row.metadata = text;
        struct mgw_change change = change_insert(&row);
        struct mgw_change_result result;
        enum mgw_status status = apply(&change, &result, 1);
        if (status == MGW_OK) {
            char id[ID_SIZE] = {0};
            snprintf(id, sizeof id, "%s", row.id);
            load->made++;
            if (load->pipe >= 0 && write(load->pipe, id, sizeof id) != sizeof id) {
                load->odd++;
            }
        } else if (load->may_fail && status == MGW_NO_SPACE) {
            load->failed++;
        } else {
            fprintf(stderr, "status %d: %s\n", status, bench_error());
            load->odd++;
        }
    }
    bench_call();
    free(text);
    return NULL;
}

static void run_load(struct load *load)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, insert_rows, load) != 0) {
            abort();
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* A process of its own that inserts and tells. */
static int insert_in_child(void *ctx)
{
    struct load *load = ctx;
    bench.driver = plugin->table;
    if (kit_create(plugin, load->path, MGW_CREATE_INIT, &bench.instance) != MGW_OK) {
        fprintf(stderr, "%s\n", bench_error());
        return 1;
    }
    run_load(load);
    kit_close();
    return load->odd ? 2 : 0;
}

static void assert_rows_there(const char *path, int from, size_t *count)
{
    char id[ID_SIZE];
    sqlite3 *db = kit_db(path);
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT 1 FROM rows WHERE id=?1", -1, &statement, NULL),
                     SQLITE_OK);
    for (;;) {
        size_t got = 0;
        for (ssize_t more; got < sizeof id; got += (size_t)more) {
            more = read(from, id + got, sizeof id - got);
            if (more <= 0) {
                break;
            }
        }
        if (got < sizeof id) {
            break;
        }
        sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
        if (sqlite3_step(statement) != SQLITE_ROW) {
            fail_msg("acknowledged row %s is gone", id);
        }
        sqlite3_reset(statement);
        (*count)++;
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

/* kill -9 as soon as so many ids were acknowledged. */
static void kill_after(int pid, int from, int to, int ids)
{
    char id[ID_SIZE];
    for (int i = 0; i < ids; i++) {
        for (size_t got = 0; got < sizeof id;) {
            ssize_t more = read(from, id + got, sizeof id - got);
            assert_true(more > 0);
            got += (size_t)more;
        }
        assert_int_equal(write(to, id, sizeof id), sizeof id);
    }
    kill(pid, SIGKILL);
    assert_int_equal(kit_wait(pid), 128 + SIGKILL);
}

static void kill_9_loses_nothing_acknowledged(void **state)
{
    (void)state;
    const char *path = kit_path("media.db");
    size_t seen = 0;
    for (int round = 0; round < 8; round++) {
        int ends[2], kept[2];
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(pipe(kept), 0);
        struct load load = {.path = path, .pipe = ends[1], .rounds = 4000};
        int pid = kit_fork(insert_in_child, &load);
        close(ends[1]);
        kill_after(pid, ends[0], kept[1], 20 + 30 * round);
        close(kept[1]);
        kit_open(plugin, path, 0);
        assert_rows_there(path, kept[0], &seen);
        assert_rows_there(path, ends[0], &seen);
        kit_close();
        close(ends[0]);
        close(kept[0]);
    }
    assert_true(seen >= 8 * 20);
    assert_true(kit_number(path, "SELECT integrity_check='ok' FROM pragma_integrity_check") == 1);
}

static void two_processes_write_at_once(void **state)
{
    (void)state;
    const char *path = kit_path("media.db");
    struct load load = {.path = path, .pipe = -1, .rounds = 50};
    int pids[3];
    for (size_t i = 0; i < 3; i++) {
        pids[i] = kit_fork(insert_in_child, &load);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(kit_wait(pids[i]), 0);
    }
    assert_true(kit_number(path, "SELECT count(*) FROM rows") == 3 * THREADS * 50);
    assert_true(kit_number(path, "SELECT integrity_check='ok' FROM pragma_integrity_check") == 1);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_acknowledges_only_what_is_there(void **state)
{
    (void)state;
    const char *path = kit_path("media.db"), *ids = kit_path("ids");
    signal(SIGXFSZ, SIG_IGN);
    kit_open(plugin, path, MGW_CREATE_INIT);
    FILE *file = fopen(ids, "w+");
    assert_non_null(file);
    struct load load = {.path = path, .pipe = fileno(file), .rounds = 60, .may_fail = true};
    limit_files(512 * 1024); /* some way into the WAL */
    run_load(&load);
    limit_files(RLIM_INFINITY);
    assert_int_equal(load.odd, 0);
    assert_true(load.failed > 0 && load.made > 0);
    size_t seen = 0;
    rewind(file);
    assert_rows_there(path, fileno(file), &seen);
    assert_int_equal(seen, load.made);
    fclose(file);
    assert_true(kit_number(path, "SELECT count(*) FROM rows") == load.made);
    struct mgw_row row = bench_row(NULL);
    insert(&row); /* it goes on once there is room */
    kit_close();
    assert_true(kit_number(path, "SELECT count(*) FROM rows") == load.made + 1);
    assert_true(kit_number(path, "SELECT integrity_check='ok' FROM pragma_integrity_check") == 1);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return 2;
    }
    plugin = kit_load(argv[1]);
#define CASE(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)
    const struct CMUnitTest cases[] = {
        CASE(kill_9_loses_nothing_acknowledged), /* first: these fork */
        CASE(two_processes_write_at_once),
        CASE(a_full_disk_acknowledges_only_what_is_there),
    };
    return cmocka_run_group_tests_name("sqlite: load", cases, NULL, NULL);
}
