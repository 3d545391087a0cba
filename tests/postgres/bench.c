/* SPDX-License-Identifier: Apache-2.0
 *
 * How fast the driver is against libpq itself, in the same run on the same server: rows read by id
 * against a prepared select of one small column, and changes a second.
 *
 * bench MODULE CONNINFO [THREADS [SECONDS [ROUNDS]]] */
#include "kit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { ROWS = 1000, MOST_THREADS = 64, MOST_ROUNDS = 31 };

struct shared_run {
    atomic_bool stop;
    atomic_llong done, next;
    const char *conninfo;
    struct mgw_row rows[ROWS];
};
static struct shared_run shared;

static bool drop(void *ctx, const struct mgw_row *row)
{
    *(int64_t *)ctx += row->created_at;
    return true;
}

static void *get_rows(void *ctx)
{
    int64_t sum = 0;
    for (unsigned i = (unsigned)(uintptr_t)ctx; !shared.stop; i += 7) {
        assert_status(bench.driver->get(bench_call_timeout(10000), bench.instance,
                                        shared.rows[i % ROWS].id, drop, &sum),
                      MGW_OK);
        shared.done++;
    }
    bench_call();
    return NULL;
}

/* What pgbench -S -M prepared does. */
static void *select_prepared(void *ctx)
{
    char sql[128];
    PGconn *conn = PQconnectdb(shared.conninfo);
    snprintf(sql, sizeof sql, "SELECT created_at FROM \"%s\".rows WHERE id=$1", kit_schema());
    PQclear(PQprepare(conn, "s", sql, 0, NULL));
    for (unsigned i = (unsigned)(uintptr_t)ctx; !shared.stop; i += 7) {
        const char *values[] = {shared.rows[i % ROWS].id};
        PGresult *result = PQexecPrepared(conn, "s", 1, values, NULL, NULL, 0);
        assert_int_equal(PQntuples(result), 1);
        PQclear(result);
        shared.done++;
    }
    PQfinish(conn);
    return NULL;
}

/* A recording's two changes: a row that is uploading, then ready. */
static void *upload(void *ctx)
{
    (void)ctx;
    while (!shared.stop) {
        char id[64];
        snprintf(id, sizeof id, "b-%s-%lld", bench_run(), shared.next++);
        struct mgw_row row = bench_row("bench");
        row.id = row.key = id;
        row.kind = "video";
        row.mime_type = "video/webm";
        struct mgw_change change = change_insert(&row);
        struct mgw_change_result result = {.size = sizeof result};
        change.lease_ms = 30000;
        assert_status(bench.driver->apply(bench_call_timeout(10000), bench.instance, &change,
                                          sizeof change, &result, sizeof result, 1),
                      MGW_OK);
        row.status = MGW_ROW_READY;
        row.size_bytes = 65536;
        row.checksum = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        change = change_update(&row, MGW_FIELD_STATUS | MGW_FIELD_SIZE_BYTES | MGW_FIELD_CHECKSUM |
                                         MGW_FIELD_LEASE | MGW_FIELD_OWNER);
        change.expect_status = MGW_ROW_UPLOADING;
        change.expect_fence = row.fence;
        assert_status(bench.driver->apply(bench_call_timeout(10000), bench.instance, &change,
                                          sizeof change, &result, sizeof result, 1),
                      MGW_OK);
        shared.done += 2;
    }
    bench_call();
    return NULL;
}

static double rate(void *(*body)(void *), int threads, double seconds)
{
    pthread_t all[MOST_THREADS];
    shared.stop = false;
    shared.done = 0;
    int64_t start = kit_host.monotonic_ms();
    for (int i = 0; i < threads; i++) {
        pthread_create(&all[i], NULL, body, (void *)(uintptr_t)i);
    }
    bench_sleep((int64_t)(seconds * 1000));
    shared.stop = true;
    for (int i = 0; i < threads; i++) {
        pthread_join(all[i], NULL);
    }
    return (double)shared.done * 1000 / (double)(kit_host.monotonic_ms() - start);
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

static void prepare(const struct mgw_plugin *plugin, int threads)
{
    kit_setup(NULL);
    kit_open(plugin, &(struct kit_config){.whole = shared.conninfo, .pool_size = threads});
    for (int i = 0; i < ROWS; i++) {
        shared.rows[i] = bench_row("bench");
        shared.rows[i].status = MGW_ROW_READY;
        shared.rows[i].metadata = "{\"a\": 1}";
        insert(&shared.rows[i]);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s MODULE CONNINFO [THREADS [SECONDS [ROUNDS]]]\n", argv[0]);
        return 2;
    }
    int threads = argc > 3 ? atoi(argv[3]) : 16, rounds = argc > 5 ? atoi(argv[5]) : 5;
    double seconds = argc > 4 ? atof(argv[4]) : 1;
    double gets[MOST_ROUNDS], selects[MOST_ROUNDS], changes[MOST_ROUNDS], ratios[MOST_ROUNDS];
    threads = threads < MOST_THREADS ? threads : MOST_THREADS;
    rounds = rounds < MOST_ROUNDS ? rounds : MOST_ROUNDS;
    shared.conninfo = argv[2];
    prepare(kit_load(argv[1]), threads);
    for (int i = 0; i < rounds; i++) {
        selects[i] = rate(select_prepared, threads, seconds);
        gets[i] = rate(get_rows, threads, seconds);
        changes[i] = rate(upload, threads, seconds);
        ratios[i] = gets[i] / selects[i];
    }
    printf("threads %d, rounds %d of %.1f s, medians\n", threads, rounds, seconds);
    printf("prepared select %8.0f/s\n", median(selects, rounds));
    printf("row get         %8.0f/s, %.2f of it\n", median(gets, rounds), median(ratios, rounds));
    printf("changes         %8.0f/s\n", median(changes, rounds));
    kit_close();
    return 0;
}
