/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows and signed downloads, beside nginx. */
#include "tests/bench/nginx.h"
#include "tests/bench/parts.h"
#include "tests/bench/subject.h"
#include "tests/support/scratch.h"
#include "tests/support/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 200 };
#define ROW_NAME "row GET"
#define DEV_NAME "row GET, dev mode"
#define DOWNLOAD "signed download "
#define RANGE_NAME "range of 64 KiB in 256 MiB"

/* GET of 200 rows, and the body of one. */
static void prepare_rows(const struct subject *subject, const char *pattern,
                         struct request requests[ROWS], char **body)
{
    struct request upload = subject_upload(subject, false, pattern, PATTERN_BYTES, 4096);
    struct load load = {.port = subject->server->port,
                        .connections = CONNECTIONS,
                        .requests = &upload,
                        .count = 1,
                        .status = 201,
                        .seconds = 60,
                        .at_most = ROWS};
    struct outcome outcome;
    struct request list = subject_get(subject, "/api/media?limit=200");
    if (!client_run(&load, &outcome)) {
        exit(1);
    }
    json_t *page = subject_json(subject, &list, 200), *items = json_object_get(page, "items");
    for (size_t i = 0; i < ROWS; i++) {
        char *target = client_head(
            "/api/media/%s", json_string_value(json_object_get(json_array_get(items, i), "id")));
        requests[i] = subject_get(subject, target);
        free(target);
    }
    json_decref(page);
    *body = client_once(subject->server->port, &requests[0], 200);
    client_release(&upload);
    client_release(&list);
}

static struct served serve(const struct subject *subject, const struct request *requests,
                           size_t count)
{
    return (struct served){.port = subject->server->port,
                           .pid = subject->server->pid,
                           .connections = CONNECTIONS,
                           .requests = requests,
                           .count = count,
                           .status = 200};
}

static void rows_match(struct plan *plan, const char *name, const struct subject *subject,
                       const struct request *requests, const struct nginx *nginx)
{
    struct request constant = client_get("/constant/0", "");
    struct served gateway = serve(subject, requests, ROWS), floor = gateway;
    floor.port = nginx->port;
    floor.pid = nginx->pid;
    floor.requests = &constant;
    floor.count = 1;
    struct match match = {.name = name,
                          .server = gateway.pid,
                          .contenders = {{"mediagw", served_run, &gateway, 0},
                                         {"nginx, a constant", served_run, &floor, 0.6}}};
    series_match(plan, &match);
    client_release(&constant);
}

static void download_match(struct plan *plan, const struct subject *subject,
                           const struct nginx *nginx, const char *pattern, const char *name,
                           uint64_t bytes, const char *range, double aim)
{
    if (!series_wanted(plan, name)) {
        return;
    }
    json_t *grant = subject_put(subject, pattern, PATTERN_BYTES, bytes);
    char *file = nginx_file(nginx, "file", pattern, PATTERN_BYTES, bytes);
    struct request ours = client_get(subject_signed(grant), range);
    struct request theirs = client_get(file, range);
    struct served gateway = serve(subject, &ours, 1);
    gateway.status = *range ? 206 : 200;
    bool large = bytes > 16 << 20 && !*range;
    gateway.scale = large ? (double)(bytes >> 20) : 0;
    struct served floor = gateway;
    floor.port = nginx->port;
    floor.pid = nginx->pid;
    floor.requests = &theirs;
    struct match match = {.name = name,
                          .unit = large ? "MiB" : NULL,
                          .server = gateway.pid,
                          .contenders = {{"mediagw", served_run, &gateway, 0},
                                         {"nginx, secure_link", served_run, &floor, aim}}};
    series_match(plan, &match);
    client_release(&ours);
    client_release(&theirs);
    json_decref(grant);
    free(file);
}

void reads_part(struct plan *plan, const char *pattern)
{
    static const char *const names[] = {ROW_NAME,         DEV_NAME,           DOWNLOAD "64 KiB",
                                        DOWNLOAD "1 MiB", DOWNLOAD "256 MiB", RANGE_NAME};
    bool any = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        any = any || series_wanted(plan, names[i]);
    }
    if (!any) {
        return;
    }
    struct subject subject, dev;
    struct request requests[ROWS], dev_requests[ROWS];
    char *body = NULL, *dev_body = NULL;
    series_title("rows and signed downloads, 16 connections");
    subject_new(&subject, false, true);
    subject_new(&dev, true, true);
    prepare_rows(&subject, pattern, requests, &body);
    prepare_rows(&dev, pattern, dev_requests, &dev_body);
    struct nginx nginx;
    char *dir = scratch_new();
    nginx_start(&nginx, dir, (const char *const[]){body}, 1);

    rows_match(plan, ROW_NAME, &subject, requests, &nginx);
    rows_match(plan, DEV_NAME, &dev, dev_requests, &nginx);
    download_match(plan, &subject, &nginx, pattern, DOWNLOAD "64 KiB", 65536, "", 0.95);
    download_match(plan, &subject, &nginx, pattern, DOWNLOAD "1 MiB", 1 << 20, "", 0.95);
    download_match(plan, &subject, &nginx, pattern, DOWNLOAD "256 MiB", 256 << 20, "", 0);
    download_match(plan, &subject, &nginx, pattern, RANGE_NAME, 256 << 20,
                   "Range: bytes=1000000-1065535\r\n", 0);

    nginx_stop(&nginx);
    scratch_remove(dir);
    free(dir);
    for (size_t i = 0; i < ROWS; i++) {
        client_release(&requests[i]);
        client_release(&dev_requests[i]);
    }
    free(body);
    free(dev_body);
    plan->broken += subject_free(&dev) != 0;
    plan->broken += subject_free(&subject) != 0;
}
