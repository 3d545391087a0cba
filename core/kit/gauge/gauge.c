/* SPDX-License-Identifier: Apache-2.0
 *
 * See gauge.h: workers and samples. */
#include "core/kit/gauge/gauge.h"

#include "core/base/clock.h"
#include "core/plugin/call.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { SAMPLES_MAX = 200000, CALL_TIMEOUT_MS = 60000 };

/* One measure under way. */
struct course {
    gauge_call *call;
    void *ctx;
    uint64_t most;
    int64_t end_ns;
    pthread_barrier_t start;
};

struct worker {
    struct course *course;
    pthread_t thread;
    unsigned number;
    uint64_t calls, failures;
    size_t sample_count;
    uint32_t *samples; /* microseconds */
    int64_t first_ns, last_ns;
    char failure[sizeof((struct gauge_measure *)0)->failure];
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void count(struct worker *worker, struct mgw_call *call, enum mgw_status status, int64_t ns)
{
    worker->calls++;
    if (status != MGW_OK) {
        if (worker->failures++ == 0) {
            snprintf(worker->failure, sizeof worker->failure, "%s: %s", status_name(status),
                     call_text(call));
        }
    } else if (worker->sample_count < SAMPLES_MAX) {
        int64_t us = ns / 1000;
        worker->samples[worker->sample_count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    }
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct course *course = worker->course;
    pthread_barrier_wait(&course->start);
    worker->first_ns = now_ns();
    worker->last_ns = worker->first_ns;
    for (uint64_t nth = 0; !course->most || nth < course->most; nth++) {
        int64_t before = worker->last_ns;
        AUTO_CALL struct mgw_call *call = call_new("bench", NULL, CALL_TIMEOUT_MS);
        if (!call || before >= course->end_ns) {
            break;
        }
        enum mgw_status status = course->call(course->ctx, call, worker->number, nth);
        worker->last_ns = now_ns();
        count(worker, call, status, worker->last_ns - before);
    }
    return NULL;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* What COUNT workers did, as one measure. */
static bool sum_up(struct gauge_measure *measure, const struct worker *workers, unsigned number)
{
    size_t total = 0;
    int64_t first = workers[0].first_ns, last = workers[0].last_ns;
    for (unsigned i = 0; i < number; i++) {
        total += workers[i].sample_count;
        measure->calls += workers[i].calls;
        if (workers[i].failures && !measure->failures) {
            memcpy(measure->failure, workers[i].failure, sizeof measure->failure);
        }
        measure->failures += workers[i].failures;
        first = workers[i].first_ns < first ? workers[i].first_ns : first;
        last = workers[i].last_ns > last ? workers[i].last_ns : last;
    }
    measure->seconds = (double)(last - first) / 1e9;
    AUTO_FREE uint32_t *all = calloc(total + 1, sizeof *all);
    for (unsigned i = 0, at = 0; all && i < number; i++) {
        memcpy(all + at, workers[i].samples, workers[i].sample_count * sizeof *all);
        at += (unsigned)workers[i].sample_count;
    }
    if (all && total) {
        qsort(all, total, sizeof *all, by_number);
        measure->p50_ms = all[total / 2] / 1e3;
        measure->p99_ms = all[total - 1 - total / 100] / 1e3;
        measure->max_ms = all[total - 1] / 1e3;
    }
    return all != NULL;
}

static bool run_workers(struct course *course, struct worker *workers, unsigned threads)
{
    unsigned started = 0;
    bool good = pthread_barrier_init(&course->start, NULL, threads) == 0;
    for (unsigned i = 0; good && i < threads; i++) {
        workers[i].course = course;
        workers[i].number = i;
        workers[i].samples = calloc(SAMPLES_MAX, sizeof *workers[i].samples);
        good = workers[i].samples != NULL;
    }
    /* All or none: those that wait at the barrier could not be called back. */
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 1024 * 1024);
    while (good && started < threads) {
        if (pthread_create(&workers[started].thread, &small, work, &workers[started]) != 0) {
            fprintf(stderr, "mediagw plugin bench: %u threads cannot be started\n", threads);
            exit(2);
        }
        started++;
    }
    pthread_attr_destroy(&small);
    for (unsigned i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    pthread_barrier_destroy(&course->start);
    return good;
}

bool gauge_run(struct gauge *gauge, const char *verb, uint64_t bytes, unsigned threads,
               uint64_t most, gauge_call *call, void *ctx, uint64_t *made)
{
    struct gauge_measure *grown = realloc(gauge->at, (gauge->count + 1) * sizeof *gauge->at);
    AUTO_FREE struct worker *workers = calloc(threads, sizeof *workers);
    struct course course = {.call = call,
                            .ctx = ctx,
                            .most = most,
                            .end_ns = now_ns() + (int64_t)(gauge->seconds * 1e9)};
    if (!grown) {
        return false;
    }
    gauge->at = grown;
    struct gauge_measure *measure = &gauge->at[gauge->count];
    *measure = (struct gauge_measure){.verb = verb, .bytes = bytes, .threads = threads};
    bool good =
        workers && run_workers(&course, workers, threads) && sum_up(measure, workers, threads);
    for (unsigned i = 0; workers && i < threads; i++) {
        if (made) {
            made[i] = workers[i].calls;
        }
        free(workers[i].samples);
    }
    gauge->count += good;
    if (good && gauge->told) {
        gauge->told(measure);
    }
    return good;
}

double gauge_rate(const struct gauge_measure *measure)
{
    return measure->seconds > 0 ? (double)(measure->calls - measure->failures) / measure->seconds
                                : 0;
}
