/* SPDX-License-Identifier: Apache-2.0
 *
 * See series.h. */
#include "tests/bench/series.h"

#include "tests/bench/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 99 };

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static int compare_latencies(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

double series_median(double *values, size_t count)
{
    if (count == 0) {
        return 0;
    }
    qsort(values, count, sizeof *values, compare_doubles);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void series_latencies(uint32_t *latencies, uint64_t count, double *p50_ms, double *p99_ms)
{
    if (count > 0) {
        qsort(latencies, count, sizeof *latencies, compare_latencies);
        *p50_ms = latencies[count / 2] / 1e3;
        *p99_ms = latencies[count - 1 - count / 100] / 1e3;
    }
}

bool series_wanted(const struct plan *plan, const char *name)
{
    return !plan->only || strcasestr(name, plan->only);
}

void series_title(const char *title)
{
    printf("\n%s\n%-30s %12s %8s %8s %9s %9s  %s\n", title, "", "a second", "p50 ms", "p99 ms",
           "CPU us", "peak MiB", "ratio, median (least..most)");
    fflush(stdout);
}

/* One column of a contender's results. */
static double median_of(const struct result *results, unsigned rounds, size_t offset)
{
    double values[ROUNDS_MAX];
    for (unsigned i = 0; i < rounds; i++) {
        memcpy(&values[i], (const char *)&results[i] + offset, sizeof values[i]);
    }
    return series_median(values, rounds);
}
#define MEDIAN(results, rounds, member) median_of(results, rounds, offsetof(struct result, member))

static void print_contender(const char *indent, const char *name, const struct result *results,
                            unsigned rounds, const char *unit)
{
    char rate[32];
    snprintf(rate, sizeof rate, "%.*f%s%s", unit ? 1 : 0, MEDIAN(results, rounds, rate),
             unit ? " " : "", unit ? unit : "");
    printf("%s%-*s %12s %8.2f %8.2f %9.1f", indent, (int)(30 - strlen(indent)), name, rate,
           MEDIAN(results, rounds, p50_ms), MEDIAN(results, rounds, p99_ms),
           MEDIAN(results, rounds, cpu_us));
}

static void print_ratio(struct plan *plan, const struct result *ours, const struct result *floor,
                        double aim)
{
    double ratios[ROUNDS_MAX];
    for (unsigned i = 0; i < plan->rounds; i++) {
        ratios[i] = floor[i].rate > 0 ? ours[i].rate / floor[i].rate : 0;
    }
    double median = series_median(ratios, plan->rounds);
    printf(" %9s  %.2f (%.2f..%.2f)", "", median, ratios[0], ratios[plan->rounds - 1]);
    if (aim > 0) {
        bool met = median >= aim;
        printf("  aim %.2f: %s", aim, met ? "met" : "MISSED");
        plan->missed += !met;
    }
}

static unsigned count_contenders(const struct match *match)
{
    unsigned count = 0;
    while (count < CONTENDERS_MAX && match->contenders[count].run) {
        count++;
    }
    return count;
}

/* Every contender in every round, forwards and backwards in turn, after a short run that does not
 * count. */
static bool play(const struct plan *plan, const struct match *match, unsigned count,
                 struct result (*results)[ROUNDS_MAX])
{
    for (unsigned round = 0; round <= plan->rounds; round++) {
        for (unsigned i = 0; i < count; i++) {
            unsigned at = round % 2 ? count - 1 - i : i;
            const struct contender *contender = &match->contenders[at];
            struct result result = {0};
            double seconds = round == 0 ? plan->seconds / 4 : plan->seconds;
            if (!contender->run(contender->ctx, seconds, &result)) {
                fprintf(stderr, "bench: %s: %s could not be measured\n", match->name,
                        contender->name);
                return false;
            }
            results[at][round > 0 ? round - 1 : 0] = result;
        }
    }
    return true;
}

void series_match(struct plan *plan, const struct match *match)
{
    static struct result results[CONTENDERS_MAX][ROUNDS_MAX];
    if (!series_wanted(plan, match->name)) {
        return;
    }
    unsigned count = count_contenders(match);
    if (match->server) {
        process_forget_peak(match->server);
    }
    if (!play(plan, match, count, results)) {
        plan->broken++;
        return;
    }
    print_contender("", match->name, results[0], plan->rounds, match->unit);
    if (match->server) {
        printf(" %9.1f", process_memory_mib(match->server, "VmHWM"));
    }
    printf("\n");
    for (unsigned i = 1; i < count; i++) {
        print_contender("  / ", match->contenders[i].name, results[i], plan->rounds, match->unit);
        print_ratio(plan, results[0], results[i], match->contenders[i].aim);
        printf("\n");
    }
    fflush(stdout);
}

void series_figure(struct plan *plan, const char *name, double value, const char *unit,
                   double at_most)
{
    printf("%-62s %9.2f %s", name, value, unit);
    if (at_most > 0) {
        bool met = value <= at_most;
        printf("  aim <= %g: %s", at_most, met ? "met" : "MISSED");
        plan->missed += !met;
    }
    printf("\n");
    fflush(stdout);
}
