/* SPDX-License-Identifier: Apache-2.0
 *
 * See course.h. */
#include "core/cli/course.h"

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/cli/cli.h"

#include <signal.h>
#include <string.h>

enum { SAY_MS = 5000, JOBS_MAX = 64 };

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

void course_start(struct course *course, const char *verb)
{
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
    bool shown = isatty(STDERR_FILENO) == 1;
    *course = (struct course){.verb = verb, .plain = !shown, .said_ms = clock_mono_ms()};
    pthread_mutex_init(&course->lock, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    progress_start(&course->progress, shown, course->label, PROGRESS_UNKNOWN);
}

bool course_at(struct course *course, uint64_t rows, uint64_t rows_total, uint64_t bytes,
               uint64_t bytes_total)
{
    int64_t now = clock_mono_ms();
    char of[32] = "", size[PROGRESS_SIZE];
    if (rows_total != PROGRESS_UNKNOWN) {
        snprintf(of, sizeof of, " of %llu", (unsigned long long)rows_total);
    }
    pthread_mutex_lock(&course->lock);
    snprintf(course->label, sizeof course->label, "%llu%s", (unsigned long long)rows, of);
    course->progress.total = bytes_total;
    progress_at(&course->progress, bytes);
    if (course->plain && now - course->said_ms >= SAY_MS) {
        course->said_ms = now;
        progress_bytes(bytes, size);
        fprintf(stderr, "mediagw: %s %s recordings, %s\n", course->verb, course->label, size);
    }
    pthread_mutex_unlock(&course->lock);
    return !interrupted;
}

void course_say(struct course *course, const char *format, ...)
{
    AUTO_BUF struct buf text = {0};
    AUTO_BUF struct buf line = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    text_clean(&line, text.data ? text.data : "out of memory");
    pthread_mutex_lock(&course->lock);
    progress_clear(&course->progress);
    fprintf(stderr, "mediagw: %s\n", line.data ? line.data : "out of memory");
    pthread_mutex_unlock(&course->lock);
}

void course_clear(struct course *course)
{
    pthread_mutex_lock(&course->lock);
    progress_clear(&course->progress);
    pthread_mutex_unlock(&course->lock);
}

void course_end(struct course *course, bool done)
{
    progress_end(&course->progress, done);
    pthread_mutex_destroy(&course->lock);
}

bool course_jobs(const char *text, unsigned fallback, unsigned *jobs)
{
    *jobs = fallback;
    if (!text) {
        return true;
    }
    char *end;
    long number = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || number < 1 || number > JOBS_MAX) {
        cli_say(CLI_WRONG, "--jobs %s: expected a number from 1 to %d", text, JOBS_MAX);
        return false;
    }
    *jobs = (unsigned)number;
    return true;
}
