/* SPDX-License-Identifier: Apache-2.0
 *
 * The repository conformance suite: what repo.h promises, asked of any driver's module.
 *
 * repo_conformance MODULE [--host-clock] KEY=VALUE...
 *
 * KEY=VALUE is the driver's configuration, in which {tmp} is a folder that this run makes and
 * removes, {run} a name that no other run has, and "@PATH" the first line of a file. --host-clock:
 * the driver's clock is the host's, so that the cases may set it. */
#include "bench.h"

#include <stdio.h>

static struct CMUnitTest all[128];
static size_t all_count;

static int forget_names(void **state)
{
    (void)state;
    bench_set_clock_offset(0);
    bench_forget_names();
    return 0;
}

static void add(struct case_list list)
{
    for (size_t i = 0; i < list.count && all_count < sizeof all / sizeof all[0]; i++) {
        all[all_count] = list.cases[i];
        all[all_count++].teardown_func = forget_names;
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s MODULE [--host-clock] KEY=VALUE...\n", argv[0]);
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        bench.host_clock = bench.host_clock || strcmp(argv[i], "--host-clock") == 0;
    }
    bench_open(argv[1], argv + 2, argc - 2);
    add(cases_rows());
    add(cases_compare());
    add(cases_list());
    add(cases_due());
    add(cases_records());
    add(cases_scan());
    add(cases_limits());
    add(cases_threads());
    add(cases_nodes());
    add(cases_life());
    if (bench.limits.capabilities & MGW_REPO_SHARED) {
        add(cases_own_clock());
    }
    if (bench.host_clock) {
        add(cases_host_clock());
    }
    int failed = _cmocka_run_group_tests(bench.plugin->name, all, all_count, NULL, NULL);
    bench_close();
    return failed;
}
