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

/* Who stands beside whom. */
struct sides {
    struct plan *plan;
    struct subject subject, other; /* the other gateway: no server where there is none */
    struct nginx nginx;
};

static struct served serve_nginx(const struct sides *sides, const struct served *gateway,
                                 const struct request *request)
{
    struct served floor = *gateway;
    floor.port = sides->nginx.port;
    floor.pid = sides->nginx.pid;
    floor.requests = request;
    floor.count = 1;
    return floor;
}

/* A match of the gateway, nginx and the other gateway (NULL: none). */
static void match_sides(const struct sides *sides, const char *name, struct served *gateway,
                        struct served *floor, const char *floor_name, double aim,
                        struct served *other)
{
    struct match match = {
        .name = name,
        .unit = gateway->scale > 0 ? "MiB" : NULL,
        .server = gateway->pid,
        .contenders = {{"mediagw", served_run, gateway, 0},
                       {floor_name, served_run, floor, aim},
                       {"the other gateway", other ? served_run : NULL, other, 0}}};
    series_match(sides->plan, &match);
}

static void rows_match(const struct sides *sides, const char *name, const struct subject *subject,
                       const struct request *requests, const struct request *other_requests)
{
    struct request constant = client_get("/constant/0", "");
    struct served gateway = serve(subject, requests, ROWS), other = {0};
    struct served floor = serve_nginx(sides, &gateway, &constant);
    if (other_requests) {
        other = serve(&sides->other, other_requests, ROWS);
    }
    match_sides(sides, name, &gateway, &floor, "nginx, a constant", 0.6,
                other_requests ? &other : NULL);
    client_release(&constant);
}

static void download_match(const struct sides *sides, const char *pattern, const char *name,
                           uint64_t bytes, const char *range, double aim)
{
    if (!series_wanted(sides->plan, name)) {
        return;
    }
    bool large = bytes > 16 << 20 && !*range, against = sides->other.server != NULL;
    json_t *grant = subject_put(&sides->subject, pattern, PATTERN_BYTES, bytes);
    json_t *other_grant =
        against ? subject_put(&sides->other, pattern, PATTERN_BYTES, bytes) : NULL;
    char *file = nginx_file(&sides->nginx, "file", pattern, PATTERN_BYTES, bytes);
    struct request ours = client_get(subject_signed(grant), range), others = {0};
    struct request theirs = client_get(file, range);
    struct served gateway = serve(&sides->subject, &ours, 1), other = {0};
    gateway.status = *range ? 206 : 200;
    gateway.scale = large ? (double)(bytes >> 20) : 0;
    struct served floor = serve_nginx(sides, &gateway, &theirs);
    if (against) {
        others = client_get(subject_signed(other_grant), range);
        other = serve(&sides->other, &others, 1);
        other.status = gateway.status;
        other.scale = gateway.scale;
    }
    match_sides(sides, name, &gateway, &floor, "nginx, secure_link", aim, against ? &other : NULL);
    client_release(&ours);
    client_release(&theirs);
    client_release(&others);
    json_decref(grant);
    json_decref(other_grant);
    free(file);
}

static bool wanted(const struct plan *plan)
{
    static const char *const names[] = {ROW_NAME,         DEV_NAME,           DOWNLOAD "64 KiB",
                                        DOWNLOAD "1 MiB", DOWNLOAD "256 MiB", RANGE_NAME};
    bool any = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        any = any || series_wanted(plan, names[i]);
    }
    return any;
}

static void release(struct request requests[ROWS], char *body)
{
    for (size_t i = 0; i < ROWS; i++) {
        client_release(&requests[i]);
    }
    free(body);
}

void reads_part(struct plan *plan, const char *pattern)
{
    struct sides sides = {.plan = plan};
    struct subject dev;
    static struct request requests[ROWS], dev_requests[ROWS], other_requests[ROWS];
    char *body = NULL, *dev_body = NULL, *other_body = NULL;
    if (!wanted(plan)) {
        return;
    }
    series_title("rows and signed downloads, 16 connections");
    subject_new(&sides.subject, false, true);
    subject_new(&dev, true, true);
    prepare_rows(&sides.subject, pattern, requests, &body);
    prepare_rows(&dev, pattern, dev_requests, &dev_body);
    if (plan->against) {
        subject_new_other(&sides.other, plan->against);
        prepare_rows(&sides.other, pattern, other_requests, &other_body);
    }
    char *dir = scratch_new();
    nginx_start(&sides.nginx, dir, (const char *const[]){body}, 1);

    rows_match(&sides, ROW_NAME, &sides.subject, requests, plan->against ? other_requests : NULL);
    rows_match(&sides, DEV_NAME, &dev, dev_requests, NULL);
    download_match(&sides, pattern, DOWNLOAD "64 KiB", 65536, "", 0.95);
    download_match(&sides, pattern, DOWNLOAD "1 MiB", 1 << 20, "", 0.95);
    download_match(&sides, pattern, DOWNLOAD "256 MiB", 256 << 20, "", 0);
    download_match(&sides, pattern, RANGE_NAME, 256 << 20, "Range: bytes=1000000-1065535\r\n", 0);

    nginx_stop(&sides.nginx);
    scratch_remove(dir);
    free(dir);
    release(requests, body);
    release(dev_requests, dev_body);
    release(other_requests, other_body);
    plan->broken += subject_free(&dev) != 0;
    plan->broken += subject_free(&sides.other) != 0;
    plan->broken += subject_free(&sides.subject) != 0;
}
