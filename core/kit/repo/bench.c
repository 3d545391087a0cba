/* SPDX-License-Identifier: Apache-2.0
 *
 * See bench.h. */
#include "core/kit/repo/bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

struct bench bench;

void bench_sleep(int64_t ms)
{
    nanosleep(
        &(struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000},
        NULL);
}

/* ---- Calls ---- */

struct own_call {
    struct mgw_call call;
    struct mgw_error error;
    bool cancelled;
    void *blocks[256];
    size_t count;
};
static _Thread_local struct own_call own;

static bool own_cancelled(const struct mgw_call *call)
{
    return ((const struct own_call *)(const void *)call)->cancelled;
}

static void *own_alloc(struct mgw_call *call, size_t bytes)
{
    struct own_call *at = (struct own_call *)(void *)call;
    assert_true(at->count < sizeof at->blocks / sizeof at->blocks[0]);
    return at->blocks[at->count++] = calloc(1, bytes ? bytes : 1);
}

struct mgw_call *bench_call(void)
{
    while (own.count > 0) {
        free(own.blocks[--own.count]);
    }
    own.error = (struct mgw_error){.size = sizeof own.error};
    own.cancelled = false;
    own.call = (struct mgw_call){.size = sizeof own.call,
                                 .request_id = "conformance",
                                 .account = "",
                                 .error = &own.error,
                                 .cancelled = own_cancelled,
                                 .alloc = own_alloc};
    return &own.call;
}

struct mgw_call *bench_call_timeout(int64_t ms)
{
    struct mgw_call *call = bench_call();
    call->deadline_ms = kit_host.monotonic_ms() + ms;
    return call;
}

struct mgw_call *bench_call_cancelled(void)
{
    struct mgw_call *call = bench_call();
    own.cancelled = true;
    return call;
}

const char *bench_error(void)
{
    return own.error.text;
}

/* ---- Names ---- */

static char *names[65536];
static atomic_size_t name_count;

static char run[24];

static void make_run(void)
{
    uint64_t random;
    kit_host.random(&random, sizeof random);
    snprintf(run, sizeof run, "%llx", (unsigned long long)(random | 1));
}

const char *bench_run(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_run);
    return run;
}

const char *bench_name(const char *what)
{
    static atomic_size_t number;
    size_t slot = name_count++;
    assert_true(slot < sizeof names / sizeof names[0]);
    assert_true(asprintf(&names[slot], "%s-%s-%05zu", what, bench_run(), number++) > 0);
    return names[slot];
}

void bench_forget_names(void)
{
    while (name_count > 0) {
        free(names[--name_count]);
    }
}
