/* SPDX-License-Identifier: Apache-2.0
 *
 * What was measured, in the terminal: a table while it runs, and bars in the end. */
#include "core/kit/gauge/gauge.h"

#include <stdio.h>
#include <string.h>

enum { BAR = 40 };

const char *gauge_size(uint64_t bytes, char to[24])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    unsigned unit = 0;
    while (unit < 3 && bytes >= 1024 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    snprintf(to, 24, bytes || unit ? "%llu %s" : "-", (unsigned long long)bytes, units[unit]);
    return to;
}

void gauge_print_head(void)
{
    printf("%-12s %9s %8s %12s %10s %10s %10s %10s %9s\n", "verb", "size", "threads", "calls/s",
           "MiB/s", "p50 ms", "p99 ms", "max ms", "failures");
}

void gauge_print(const struct gauge_measure *measure)
{
    char size[24], rate[24] = "-";
    if (measure->bytes && strcmp(measure->verb, "remove") != 0) {
        snprintf(rate, sizeof rate, "%.1f", gauge_rate(measure) * (double)measure->bytes / 1048576);
    }
    printf("%-12s %9s %8u %12.1f %10s %10.3f %10.3f %10.3f %9llu\n", measure->verb,
           gauge_size(measure->bytes, size), measure->threads, gauge_rate(measure), rate,
           measure->p50_ms, measure->p99_ms, measure->max_ms,
           (unsigned long long)measure->failures);
    if (measure->failures) {
        printf("  the first failure: %s\n", measure->failure);
    }
    fflush(stdout);
}

static void plot_verb(const struct gauge *gauge, const char *verb, bool by_bytes)
{
    double most = 0;
    char size[24];
    for (size_t i = 0; i < gauge->count; i++) {
        const struct gauge_measure *at = &gauge->at[i];
        double rate = gauge_rate(at) * (by_bytes ? (double)at->bytes / 1048576 : 1);
        most = strcmp(at->verb, verb) == 0 && rate > most ? rate : most;
    }
    printf("\n%s, %s\n", verb, by_bytes ? "MiB/s" : "calls/s");
    for (size_t i = 0; i < gauge->count; i++) {
        const struct gauge_measure *at = &gauge->at[i];
        double rate = gauge_rate(at) * (by_bytes ? (double)at->bytes / 1048576 : 1);
        if (strcmp(at->verb, verb) != 0) {
            continue;
        }
        int length = most > 0 ? (int)(rate / most * BAR + 0.5) : 0;
        printf("%9s x%-4u |", gauge_size(at->bytes, size), at->threads);
        for (int c = 0; c < BAR; c++) {
            putchar(c < length ? '#' : ' ');
        }
        printf("| %.1f\n", rate);
    }
}

void gauge_plot(const struct gauge *gauge)
{
    for (size_t i = 0; i < gauge->count; i++) {
        size_t before = 0;
        while (before < i && strcmp(gauge->at[before].verb, gauge->at[i].verb) != 0) {
            before++;
        }
        if (before == i) {
            const char *verb = gauge->at[i].verb;
            plot_verb(gauge, verb, gauge->at[i].bytes && strcmp(verb, "remove") != 0);
        }
    }
}
