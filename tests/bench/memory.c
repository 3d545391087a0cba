/* SPDX-License-Identifier: Apache-2.0
 *
 * Resident memory: idle, with many clients that do nothing, with many that send slowly (and what
 * the others feel of that), with one large upload. */
#include "tests/bench/client.h"
#include "tests/bench/parts.h"
#include "tests/bench/process.h"
#include "tests/bench/subject.h"
#include "tests/support/scratch.h"
#include "tests/support/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 1000, SLOW_BYTES = 2048, SLOW_TOTAL = 16 << 20, SETTLE_MS = 1000, ROUNDS = 5 };

/* Clients that are there at once. */
struct crowd {
    int fds[CLIENTS];
    const char *pattern;
    pthread_t thread;
    _Atomic bool stopping, failed;
};

static bool send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 10000);
        } else if (sent < 0) {
            return false;
        } else {
            bytes += sent;
            length -= (size_t)sent;
        }
    }
    return true;
}

/* Reads what comes until nothing has come for 200 ms; false where it does not begin with STATUS. */
static bool answered(int fd, const char *status)
{
    char answer[16384] = "";
    size_t length = 0;
    int patience = 10000;
    while (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, patience) > 0) {
        ssize_t got = recv(fd, answer + length, sizeof answer - 1 - length, 0);
        if (got <= 0) {
            return false;
        }
        length += (size_t)got;
        char *end = strstr(answer, "\r\n\r\n");
        if (end && strchr(end, '}')) {
            break;
        }
        patience = 200;
    }
    return strncmp(answer, status, strlen(status)) == 0;
}

static bool crowd_of_idle(struct crowd *crowd, const struct subject *subject,
                          const struct request *request)
{
    bool good = true;
    for (int i = 0; i < CLIENTS; i++) {
        crowd->fds[i] = client_connect(subject->server->port);
        good = send_all(crowd->fds[i], request->head, request->head_length) &&
               answered(crowd->fds[i], "HTTP/1.1 200") && good;
    }
    return good;
}

/* Each sends 2 KiB a second, all of them spread over the second. */
static void *send_slowly(void *argument)
{
    struct crowd *crowd = argument;
    for (int i = 0; !crowd->stopping; i = (i + 1) % CLIENTS) {
        if (send(crowd->fds[i], crowd->pattern, SLOW_BYTES, MSG_NOSIGNAL) != SLOW_BYTES) {
            crowd->failed = true;
        }
        if (i % 10 == 9) {
            wait_ms(1000 / (CLIENTS / 10));
        }
    }
    return NULL;
}

static bool crowd_of_slow(struct crowd *crowd, const struct subject *subject, const char *pattern)
{
    struct request upload = subject_upload(subject, false, pattern, PATTERN_BYTES, SLOW_TOTAL);
    bool good = true;
    crowd->pattern = pattern;
    crowd->stopping = crowd->failed = false;
    for (int i = 0; i < CLIENTS; i++) {
        crowd->fds[i] = client_connect(subject->server->port);
        good = send_all(crowd->fds[i], upload.head, upload.head_length) && good;
    }
    client_release(&upload);
    return pthread_create(&crowd->thread, NULL, send_slowly, crowd) == 0 && good;
}

static void crowd_leave(struct crowd *crowd)
{
    for (int i = 0; i < CLIENTS; i++) {
        close(crowd->fds[i]);
    }
}

static double resident(const struct subject *subject)
{
    return process_memory_mib(subject->server->pid, "VmRSS");
}

/* The median p99 of REQUEST on 16 connections over some rounds. */
static double others_p99(struct plan *plan, const struct subject *subject,
                         const struct request *request, unsigned status)
{
    struct served served = {.port = subject->server->port,
                            .pid = subject->server->pid,
                            .connections = CONNECTIONS,
                            .requests = request,
                            .count = 1,
                            .status = status};
    double values[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        struct result result = {0};
        plan->broken += !served_run(&served, plan->seconds, &result);
        values[i] = result.p99_ms;
    }
    return series_median(values, ROUNDS);
}

static void idle_figures(struct plan *plan, const struct subject *subject,
                         const struct request *row, const struct request *upload)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    bool good = crowd_of_idle(crowd, subject, row);
    wait_ms(SETTLE_MS);
    series_figure(plan, "1,000 idle keep-alive clients", resident(subject), "MiB", 64);
    crowd_leave(crowd);
    free(crowd);
    others_p99(plan, subject, row, 200);
    others_p99(plan, subject, upload, 201);
    wait_ms(12 * SETTLE_MS);
    series_figure(plan, "idle again after load", resident(subject), "MiB", 12);
    plan->broken += !good;
}

static void slow_figures(struct plan *plan, const struct subject *subject,
                         const struct request *row, const struct request *upload,
                         const char *pattern)
{
    double row_before = others_p99(plan, subject, row, 200);
    double upload_before = others_p99(plan, subject, upload, 201);
    process_forget_peak(subject->server->pid);
    struct crowd *crowd = calloc(1, sizeof *crowd);
    bool good = crowd_of_slow(crowd, subject, pattern);
    wait_ms(3 * SETTLE_MS);
    series_figure(plan, "1,000 slow uploads", resident(subject), "MiB", 100);
    double row_during = others_p99(plan, subject, row, 200);
    double upload_during = others_p99(plan, subject, upload, 201);
    series_figure(plan, "1,000 slow uploads and others, the peak",
                  process_memory_mib(subject->server->pid, "VmHWM"), "MiB", 100);
    crowd->stopping = true;
    pthread_join(crowd->thread, NULL);
    good = good && !crowd->failed;
    crowd_leave(crowd);
    free(crowd);
    wait_ms(3 * SETTLE_MS);
    double row_after = others_p99(plan, subject, row, 200);
    double upload_after = others_p99(plan, subject, upload, 201);
    series_figure(plan, "others' p99 of row GET: without them", (row_before + row_after) / 2, "ms",
                  0);
    series_figure(plan, "others' p99 of row GET: times that with them",
                  2 * row_during / (row_before + row_after), "x", 2);
    series_figure(plan, "others' p99 of upload 64 KiB: without them",
                  (upload_before + upload_after) / 2, "ms", 0);
    series_figure(plan, "others' p99 of upload 64 KiB: times that with them",
                  2 * upload_during / (upload_before + upload_after), "x", 2);
    plan->broken += !good;
}

static void large_figures(struct plan *plan, const struct subject *subject, const char *pattern)
{
    double before = resident(subject);
    process_forget_peak(subject->server->pid);
    json_t *grant = subject_put(subject, pattern, PATTERN_BYTES, (uint64_t)1 << 30);
    series_figure(plan, "an upload of 1 GiB adds",
                  process_memory_mib(subject->server->pid, "VmHWM") - before, "MiB", 8);
    json_decref(grant);
}

void memory_part(struct plan *plan, const char *pattern)
{
    struct subject subject;
    if (!series_wanted(plan, "memory")) {
        return;
    }
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    printf("\nmemory: resident\n");
    subject_new(&subject, false, true);
    wait_ms(SETTLE_MS);
    series_figure(plan, "idle, just started", resident(&subject), "MiB", 12);
    json_t *grant = subject_put(&subject, pattern, PATTERN_BYTES, 65536);
    char *target = client_head(
        "/api/media/%s", json_string_value(json_object_get(json_object_get(grant, "row"), "id")));
    struct request row = subject_get(&subject, target);
    struct request upload = subject_upload(&subject, false, pattern, PATTERN_BYTES, 65536);
    large_figures(plan, &subject, pattern);
    idle_figures(plan, &subject, &row, &upload);
    slow_figures(plan, &subject, &row, &upload, pattern);
    client_release(&row);
    client_release(&upload);
    json_decref(grant);
    free(target);
    plan->broken += subject_free(&subject) != 0;
}
