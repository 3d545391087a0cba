/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw plugin bench`: how fast a plugin's verbs are, by size and by how many threads call at
 * once. A measure is one verb at one size and concurrency; its samples are the durations of single
 * calls. One thread measures at a time; its workers call the plugin as the gateway's would. */
#ifndef KIT_GAUGE_H
#define KIT_GAUGE_H

#include <mediagw/repo.h>
#include <mediagw/storage.h>

struct gauge_measure {
    const char *verb;
    uint64_t bytes; /* of one blob; 0: the verb moves none */
    unsigned threads;
    uint64_t calls, failures;
    double seconds;                             /* from the first call to the end of the last */
    double p50_ms, p99_ms, max_ms;              /* of the calls that succeeded */
    char failure[sizeof(struct mgw_error) / 2]; /* the first one's text */
};

struct gauge {
    double seconds;  /* how long a measure takes */
    uint64_t budget; /* bytes that the blobs of one measure may take */
    uint64_t *sizes; /* of blobs, ascending */
    size_t size_count;
    unsigned *threads; /* how many at once, ascending */
    size_t thread_count;
    const char *unique; /* of this run's names */
    struct gauge_measure *at;
    size_t count;
    void (*told)(const struct gauge_measure *measure); /* after each */
};

/* One call of a verb: the NTH (from 0) of THREAD. MGW_OK, or a failure, which is counted. */
typedef enum mgw_status gauge_call(void *ctx, struct mgw_call *call, unsigned thread, uint64_t nth);

/* Runs CALL by THREADS workers until the time is over or each has made MOST calls (0: no end);
 * MADE (of THREADS numbers; may be NULL) says how many each has made. False: memory or threads are
 * short. */
bool gauge_run(struct gauge *gauge, const char *verb, uint64_t bytes, unsigned threads,
               uint64_t most, gauge_call *call, void *ctx, uint64_t *made);

bool gauge_storage(struct gauge *gauge, const struct mgw_storage *storage);
bool gauge_repo(struct gauge *gauge, const struct mgw_repo *repo);

/* One line of the table, and its head. */
void gauge_print_head(void);
void gauge_print(const struct gauge_measure *measure);
/* A bar for each measure, verb by verb, on one scale a verb. */
void gauge_plot(const struct gauge *gauge);
/* The same as lines over the concurrency. False: said why. */
bool gauge_svg(const struct gauge *gauge, const char *title, const char *path);

double gauge_rate(const struct gauge_measure *measure); /* calls a second */
/* "64 KiB"; TO is returned. */
const char *gauge_size(uint64_t bytes, char to[24]);

#endif
