/* SPDX-License-Identifier: Apache-2.0
 *
 * The repository cases, and the instance that they are about. */
#include "core/kit/suite.h"

#include "core/kit/repo/bench.h"
#include "core/kit/repo/locked.h"
#include "core/kit/subject.h"

#include <stdio.h>

static bool has_second;

static void *create(uint32_t flags)
{
    struct mgw_storage none;
    struct mgw_repo opened;
    if (subject_open(flags, &none, &opened) != MGW_OK) {
        fprintf(stderr, "%s\n", subject_error());
        return NULL;
    }
    static struct mgw_repo_driver table; /* host-sized: an older header's is shorter */
    bool serial = subject_plugin()->thread_model != MGW_THREADS_PARALLEL;
    size_t size = opened.driver->size;
    if (!bench.driver) {
        memcpy(&table, opened.driver, size < sizeof table ? size : sizeof table);
        bench.driver = serial ? locked_repo(&table) : &table;
    }
    return opened.instance;
}

void bench_let_go(void)
{
    subject_close(bench.instance);
    bench.instance = NULL;
}

void bench_take_again(void)
{
    bench.instance = create(0);
    assert_non_null(bench.instance);
}

void bench_reopen(void)
{
    bench_let_go();
    bench_take_again();
}

void *bench_second(void)
{
    void *second = has_second ? create(0) : bench.instance;
    assert_non_null(second);
    return second;
}

void bench_end_second(void *second)
{
    if (second != bench.instance) {
        subject_close(second);
    }
}

/* Rows that die with their instance are not the second's; one that is not shared may refuse. */
static bool try_second(void)
{
    if (bench.limits.capabilities & MGW_REPO_SHARED) {
        return true;
    }
    if (bench.limits.capabilities & MGW_REPO_VOLATILE) {
        return false;
    }
    void *second = create(0);
    if (second) {
        subject_close(second);
    }
    return second;
}

static bool open_instance(const struct kit_options *options, unsigned number)
{
    (void)options;
    (void)number;
    bench.instance = create(MGW_CREATE_INIT);
    if (!bench.instance) {
        return false;
    }
    bench.limits = (struct mgw_repo_limits){.size = sizeof bench.limits};
    enum mgw_status status = bench.driver->describe(bench_call(), bench.instance, &bench.limits);
    if (status != MGW_OK) {
        fprintf(stderr, "describe() answered %s: %s\n", kit_status(status), bench_error());
        return false;
    }
    has_second = try_second();
    return true;
}

/* Where the host's clock is set ahead, the repository's goes along. */
static bool host_clock(void)
{
    int64_t before = 0, after = 0;
    enum mgw_status status = bench.driver->now(bench_call(), bench.instance, &before);
    kit_set_clock_offset(INT64_C(7200000));
    if (status == MGW_OK) {
        status = bench.driver->now(bench_call(), bench.instance, &after);
    }
    kit_set_clock_offset(0);
    return status == MGW_OK && after - before >= 3600000;
}

static uint64_t traits(void)
{
    uint64_t has = bench.limits.capabilities & UINT32_MAX;
    has |= has & MGW_REPO_VOLATILE ? 0 : KIT_SURVIVES;
    has |= bench.driver->scan ? KIT_SCAN : 0;
    has |= has_second ? KIT_SECOND : 0;
    has |= subject_plugin()->thread_model == MGW_THREADS_PARALLEL ? KIT_PARALLEL : 0;
    has |= host_clock() ? KIT_HOST_CLOCK : 0;
    return has;
}

static void close_instance(void)
{
    kit_set_clock_offset(0);
    subject_close(bench.instance);
    bench_call();
    bench_forget_names();
}

static const struct kit_case *const groups[] = {
    rows_cases,       compare_cases,   query_cases,     due_cases,  record_cases,
    scan_cases,       limit_cases,     thread_cases,    node_cases, life_cases,
    repo_crash_cases, repo_leak_cases, repo_crowd_cases};

static const char *const capabilities[] = {"INLINE_READ", "SHARED", "VOLATILE", NULL};

const struct kit_suite repo_suite = {.groups = groups,
                                     .count = sizeof groups / sizeof groups[0],
                                     .capabilities = capabilities,
                                     .open = open_instance,
                                     .traits = traits,
                                     .close = close_instance};
