/* SPDX-License-Identifier: Apache-2.0
 *
 * Medians, and the table. A match is one thing measured beside its floors: in every round each
 * contender runs once, in turning order, and what counts is the median over the rounds of the ratio
 * within a round, since the machine's speed changes from minute to minute. */
#ifndef TESTS_BENCH_SERIES_H
#define TESTS_BENCH_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What one contender did in one round. */
struct result {
    double rate; /* a second */
    double p50_ms, p99_ms;
    double cpu_us; /* of its server, a request; 0: not known */
};

struct contender {
    const char *name;
    bool (*run)(void *ctx, double seconds, struct result *result);
    void *ctx;
    double aim; /* of the first contender's rate over this one's; 0: none */
};

enum { CONTENDERS_MAX = 4 };

struct match {
    const char *name;
    const char *unit; /* NULL: requests; else what a rate is printed as, "MiB" */
    struct contender contenders[CONTENDERS_MAX]; /* the first one is the gateway */
    pid_t server;                                /* of the first one: its peak memory is shown */
};

struct plan {
    unsigned rounds;
    double seconds;      /* of one contender in one round */
    const char *only;    /* matches whose name contains it; NULL: all */
    const char *against; /* another gateway's command, one more contender; NULL: none */
    unsigned missed;     /* aims, so far */
    unsigned broken;     /* matches that could not be run */
};

bool series_wanted(const struct plan *plan, const char *name);
void series_title(const char *title);
/* Runs a match and prints its lines. */
void series_match(struct plan *plan, const struct match *match);
/* Prints a figure that is no rate, with its aim. */
void series_figure(struct plan *plan, const char *name, double value, const char *unit,
                   double at_most);

double series_median(double *values, size_t count);
/* Sorts LATENCIES (microseconds). */
void series_latencies(uint32_t *latencies, uint64_t count, double *p50_ms, double *p99_ms);

#endif
