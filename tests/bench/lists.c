/* SPDX-License-Identifier: Apache-2.0
 *
 * A page of a list at many rows, beside the same page at a thousand; and that one beside nginx. */
#include "tests/bench/nginx.h"
#include "tests/bench/parts.h"
#include "tests/bench/subject.h"
#include "tests/support/scratch.h"
#include "tests/support/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_MOST 1.3 /* times the time at a thousand rows */
#define FLOOR_NAME "list page of 50, 1,000 rows"
enum { FEW = 1000 };

static const struct {
    const char *name, *target;
} pages[] = {
    {"list page of 50", "/api/media?limit=50"},
    {"list, a kind with one row", "/api/media?kind=audio"},
    {"list, a session with one row", "/api/media?sessionId=rare"},
    {"list, kind and session, one row", "/api/media?kind=audio&sessionId=rare"},
    {"list, a session without rows", "/api/media?sessionId=none"},
};
enum { PAGES = sizeof pages / sizeof pages[0] };

static struct served serve(const struct subject *subject, const struct request *request)
{
    return (struct served){.port = subject->server->port,
                           .pid = subject->server->pid,
                           .connections = CONNECTIONS,
                           .requests = request,
                           .count = 1,
                           .status = 200};
}

static void page_match(struct plan *plan, const struct subject *many, const struct subject *few,
                       const char *name, const char *target)
{
    struct request ours = subject_get(many, target), theirs = subject_get(few, target);
    struct served large = serve(many, &ours), small = serve(few, &theirs);
    struct match match = {.name = name,
                          .server = large.pid,
                          .contenders = {{"many rows", served_run, &large, 0},
                                         {"at 1,000 rows", served_run, &small, 1 / AT_MOST}}};
    series_match(plan, &match);
    client_release(&ours);
    client_release(&theirs);
}

/* Beside a file as long as the page: nginx holds no constant of more than 4 KiB. */
static void floor_match(struct plan *plan, const struct subject *few)
{
    struct nginx nginx;
    if (!series_wanted(plan, FLOOR_NAME)) {
        return;
    }
    char *dir = scratch_new();
    struct request page = subject_get(few, pages[0].target);
    char *body = client_once(few->server->port, &page, 200);
    nginx_start(&nginx, dir, NULL, 0);
    char *file = nginx_file(&nginx, "page", body, strlen(body), strlen(body));
    struct request theirs = client_get(file, "");
    struct served gateway = serve(few, &page), floor = gateway;
    floor.port = nginx.port;
    floor.pid = nginx.pid;
    floor.requests = &theirs;
    struct match match = {.name = FLOOR_NAME,
                          .server = gateway.pid,
                          .contenders = {{"mediagw", served_run, &gateway, 0},
                                         {"nginx, a file as long", served_run, &floor, 0}}};
    series_match(plan, &match);
    nginx_stop(&nginx);
    scratch_remove(dir);
    client_release(&page);
    client_release(&theirs);
    free(file);
    free(body);
    free(dir);
}

static bool wanted(const struct plan *plan)
{
    bool any = series_wanted(plan, FLOOR_NAME);
    for (size_t i = 0; i < PAGES; i++) {
        any = any || series_wanted(plan, pages[i].name);
    }
    return any;
}

void lists_part(struct plan *plan, unsigned rows)
{
    struct subject many, few;
    if (!wanted(plan)) {
        return;
    }
    char title[96];
    snprintf(title, sizeof title, "lists at %u rows, 16 connections", rows);
    series_title(title);
    subject_new(&many, false, false);
    subject_new(&few, false, false);
    subject_fill(&many, rows);
    subject_fill(&few, FEW);
    server_start(many.server);
    server_start(few.server);
    floor_match(plan, &few);
    for (size_t i = 0; i < PAGES; i++) {
        page_match(plan, &many, &few, pages[i].name, pages[i].target);
    }
    plan->broken += subject_free(&many) != 0;
    plan->broken += subject_free(&few) != 0;
}
