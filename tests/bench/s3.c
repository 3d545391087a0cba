/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway in front of a real S3 server, beside plain clients of the same server: presigned PUTs
 * and GETs straight to it. */
#include "tests/bench/client.h"
#include "tests/bench/parts.h"
#include "tests/bench/process.h"
#include "tests/bench/s3_server.h"
#include "tests/bench/transfer.h"
#include "tests/support/scratch.h"
#include "tests/support/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    OBJECTS = 2048,
    SLOW = 200,
    SLOW_BYTES = 64 << 10,
    GROUP = 10,
    ADDED_MIB = 32,
    SETTLE_MS = 1000
};

struct run_s3 {
    struct plan *plan;
    const char *pattern;
    struct s3_server server;
    double idle;   /* MiB resident, just started: what is added is added to that */
    char name[80]; /* of the series that runs */
};

static const char *name_of(struct run_s3 *run, const char *what)
{
    snprintf(run->name, sizeof run->name, "S3 %s: %s", run->server.name, what);
    return run->name;
}

static double memory(const struct run_s3 *run, const char *field)
{
    return process_memory_mib(run->server.gateway.server->pid, field);
}

/* ---- Small ones ---- */

/* Presigned PUTs straight to the server: each URL writes once. */
struct straight {
    struct run_s3 *run;
    size_t bytes;
    unsigned made;
};

static bool straight_run(void *ctx, double seconds, struct result *result)
{
    struct straight *straight = ctx;
    struct request *puts = calloc(OBJECTS, sizeof *puts);
    for (size_t i = 0; puts && i < OBJECTS; i++) {
        char *key = client_head("%zu/%u", straight->bytes, straight->made++);
        puts[i] = s3_put(&straight->run->server, key, straight->run->pattern, straight->bytes);
        free(key);
    }
    struct served served = {.port = straight->run->server.port,
                            .pid = straight->run->server.gateway.server->pid, /* idle */
                            .connections = CONNECTIONS,
                            .requests = puts,
                            .count = OBJECTS,
                            .status = 200,
                            .at_most = OBJECTS};
    bool good = puts && served_run(&served, seconds, result);
    for (size_t i = 0; puts && i < OBJECTS; i++) {
        client_release(&puts[i]);
    }
    free(puts);
    result->cpu_us = 0;
    return good;
}

static void small_match(struct run_s3 *run, const char *what, size_t bytes)
{
    struct subject *subject = &run->server.gateway;
    if (!series_wanted(run->plan, name_of(run, what))) {
        return;
    }
    struct request upload = subject_upload(subject, false, run->pattern, PATTERN_BYTES, bytes);
    struct served gateway = {.port = subject->server->port,
                             .pid = subject->server->pid,
                             .connections = CONNECTIONS,
                             .requests = &upload,
                             .count = 1,
                             .status = 201};
    struct straight straight = {.run = run, .bytes = bytes};
    struct match match = {.name = run->name,
                          .server = gateway.pid,
                          .contenders = {{"mediagw", served_run, &gateway, 0},
                                         {"presigned PUT", straight_run, &straight, 0.8}}};
    series_match(run->plan, &match);
    client_release(&upload);
}

/* ---- Large ones ---- */

/* What was uploaded goes again: the server may hold it in memory. */
static void remove_it(void *ctx, const char *answer)
{
    const struct run_s3 *run = ctx;
    json_t *json = json_loads(answer, 0, NULL);
    const char *id = json_string_value(json_object_get(json_object_get(json, "row"), "id"));
    struct request request = {
        .head = client_head("DELETE /api/media/%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n",
                            id ? id : "", run->server.gateway.headers)};
    request.head_length = strlen(request.head);
    free(client_once(run->server.gateway.server->port, &request, 200));
    client_release(&request);
    json_decref(json);
}

static void large_match(struct run_s3 *run, struct transfer *gateway, struct contender straight)
{
    struct match match = {.name = run->name,
                          .unit = "MiB",
                          .server = gateway->pid,
                          .contenders = {{"mediagw", transfer_run, gateway, 0}, straight}};
    char figure[128];
    struct result result;
    process_forget_peak(gateway->pid);
    if (!transfer_run(gateway, 0, &result)) {
        run->plan->broken++;
        return;
    }
    double added = memory(run, "VmHWM") - run->idle;
    series_match(run->plan, &match);
    snprintf(figure, sizeof figure, "%s adds", run->name);
    series_figure(run->plan, figure, added, "MiB", ADDED_MIB);
}

/* A presigned PUT straight to the server, another object each time. */
struct put {
    struct run_s3 *run;
    uint64_t bytes;
    unsigned made;
};

static bool put_run(void *ctx, double seconds, struct result *result)
{
    struct put *put = ctx;
    char *key = client_head("large/%u", put->made++);
    struct s3_url url = s3_presign_put(&put->run->server, key, put->bytes);
    struct transfer transfer = {.url = url.url,
                                .headers = url.headers,
                                .method = "PUT",
                                .status = 200,
                                .pattern = put->run->pattern,
                                .pattern_length = PATTERN_BYTES,
                                .bytes = put->bytes};
    bool good = transfer_run(&transfer, seconds, result);
    s3_url_release(&url);
    s3_remove(&put->run->server, key);
    free(key);
    return good;
}

static void upload_match(struct run_s3 *run, uint64_t bytes)
{
    struct subject *subject = &run->server.gateway;
    if (!series_wanted(run->plan, name_of(run, "large upload"))) {
        return;
    }
    char *url = client_head("http://127.0.0.1:%u/api/media/recordings?durationMs=1000",
                            subject->server->port);
    char *headers = client_head("%sContent-Type: video/webm\r\n", subject->headers);
    struct transfer gateway = {.url = url,
                               .headers = headers,
                               .method = "POST",
                               .status = 201,
                               .pattern = run->pattern,
                               .pattern_length = PATTERN_BYTES,
                               .bytes = bytes,
                               .pid = subject->server->pid,
                               .done = remove_it,
                               .done_ctx = run};
    struct put straight = {.run = run, .bytes = bytes};
    large_match(run, &gateway, (struct contender){"curl straight to it", put_run, &straight, 0.9});
    free(url);
    free(headers);
}

/* The recording straight from the server: the gateway's own object. */
static void download_match(struct run_s3 *run, uint64_t bytes)
{
    struct subject *subject = &run->server.gateway;
    if (!series_wanted(run->plan, name_of(run, "large download"))) {
        return;
    }
    json_t *grant = subject_put(subject, run->pattern, PATTERN_BYTES, bytes);
    json_t *row = json_object_get(grant, "row");
    struct s3_url get =
        s3_presign_get(&run->server, json_string_value(json_object_get(row, "bucket")),
                       json_string_value(json_object_get(row, "key")));
    char *url = client_head("http://127.0.0.1:%u%s", subject->server->port, subject_signed(grant));
    struct transfer gateway = {.url = url,
                               .headers = "",
                               .method = "GET",
                               .status = 200,
                               .bytes = bytes,
                               .pid = subject->server->pid};
    struct transfer straight = gateway;
    straight.url = get.url;
    straight.headers = get.headers;
    straight.pid = 0;
    large_match(run, &gateway,
                (struct contender){"curl straight to it", transfer_run, &straight, 0.9});
    char *answer = json_dumps(grant, 0);
    remove_it(run, answer);
    free(answer);
    json_decref(grant);
    free(url);
    s3_url_release(&get);
}

/* ---- Slow ones ---- */

static bool send_whole(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static bool is_created(int fd)
{
    char answer[4096] = "";
    struct timeval patience = {.tv_sec = 120};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssize_t got = recv(fd, answer, sizeof answer - 1, 0);
    bool created = got > 0 && strncmp(answer, "HTTP/1.1 201", 12) == 0;
    if (!created) {
        fprintf(stderr, "bench: a slow upload: %s\n", got < 0 ? strerror(errno) : answer);
    }
    return created;
}

/* A chunk of each in every second, all of them spread over it. */
static bool send_slowly(const int fds[SLOW], const char *pattern, int seconds)
{
    bool good = true;
    int64_t start = client_now_us();
    for (int i = 0; i < seconds * SLOW && good; i++) {
        int fd = fds[i % SLOW];
        good = send_whole(fd, "10000\r\n", 7) && send_whole(fd, pattern, SLOW_BYTES) &&
               send_whole(fd, "\r\n", 2);
        int64_t early = start + (int64_t)(i + 1) * 1000000 / SLOW - client_now_us();
        if (i % GROUP == GROUP - 1 && early > 1000) {
            wait_ms(early / 1000);
        }
    }
    return good;
}

static void slow_figure(struct run_s3 *run, int seconds)
{
    struct subject *subject = &run->server.gateway;
    int fds[SLOW];
    unsigned created = 0;
    if (!series_wanted(run->plan, name_of(run, "200 slow uploads"))) {
        return;
    }
    char *head = client_head("POST /api/media/recordings?durationMs=1000 HTTP/1.1\r\n"
                             "Host: 127.0.0.1\r\n%sContent-Type: video/webm\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n",
                             subject->headers);
    process_forget_peak(subject->server->pid);
    bool good = true;
    for (int i = 0; i < SLOW; i++) {
        fds[i] = client_connect(subject->server->port);
        fcntl(fds[i], F_SETFL, fcntl(fds[i], F_GETFL) & ~O_NONBLOCK);
        good = send_whole(fds[i], head, strlen(head)) && good;
    }
    int64_t start = client_now_us();
    good = good && send_slowly(fds, run->pattern, seconds);
    double sending = (double)(client_now_us() - start) / 1e6;
    for (int i = 0; i < SLOW; i++) {
        good = send_whole(fds[i], "0\r\n\r\n", 5) && good;
    }
    for (int i = 0; i < SLOW; i++) {
        created += is_created(fds[i]);
        close(fds[i]);
    }
    free(head);
    char figure[160];
    snprintf(figure, sizeof figure, "%s of 64 KiB/s: seconds that %d took", run->name, seconds);
    series_figure(run->plan, figure, sending, "s", seconds * 1.1);
    snprintf(figure, sizeof figure, "%s, %u created, add", run->name, created);
    series_figure(run->plan, figure, memory(run, "VmHWM") - run->idle, "MiB", ADDED_MIB);
    run->plan->broken += !good || created != SLOW;
}

void s3_part(struct plan *plan, const char *pattern, uint64_t large_bytes)
{
    static const char *const servers[] = {"minio", "rgw"};
    static const char *const names[] = {"upload 64 KiB", "upload 1 MiB", "large upload",
                                        "large download", "200 slow uploads"};
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        struct run_s3 run = {.plan = plan, .pattern = pattern, .server.name = servers[i]};
        bool any = false;
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++) {
            any = any || series_wanted(plan, name_of(&run, names[j]));
        }
        if (!any) {
            continue;
        }
        series_title(i == 0 ? "in front of MinIO" : "in front of Ceph RGW");
        if (s3_server_start(&run.server, servers[i])) {
            wait_ms(SETTLE_MS);
            run.idle = memory(&run, "VmRSS");
            upload_match(&run, large_bytes);
            download_match(&run, large_bytes);
            slow_figure(&run, plan->seconds < 1 ? 10 : (int)(60 * plan->seconds));
            small_match(&run, names[0], 64 << 10);
            small_match(&run, names[1], 1 << 20);
        } else {
            plan->broken++;
        }
        plan->broken += s3_server_stop(&run.server) != 0;
    }
}
