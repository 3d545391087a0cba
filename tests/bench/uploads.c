/* SPDX-License-Identifier: Apache-2.0
 *
 * Uploads, beside the floors of files.h. */
#include "tests/bench/files.h"
#include "tests/bench/group.h"
#include "tests/bench/parts.h"
#include "tests/bench/process.h"
#include "tests/bench/subject.h"
#include "tests/support/scratch.h"
#include "tests/support/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define GIB ((uint64_t)1 << 30)

struct kind {
    const char *name;
    uint64_t bytes;
    bool form;
    double aim_rows, aim_files; /* of the two floors; 0: none */
};

static const struct kind kinds[] = {
    {"upload 4 KiB", 4096, false, 0, 0},
    {"upload 64 KiB", 65536, false, 0.9, 0.6},
    {"upload 1 MiB", 1 << 20, false, 0.9, 0.6},
    {"upload 4 KiB, form", 4096, true, 0, 0},
    {"upload 64 KiB, form", 65536, true, 0.9, 0.6},
    {"upload 1 MiB, form", 1 << 20, true, 0.9, 0.6},
    {"upload 1 GiB, 1 client", GIB, false, 0, 0},
};

static bool has_room(const struct plan *plan, uint64_t bytes)
{
    struct statvfs disk;
    uint64_t needed = bytes == GIB ? (plan->rounds + 1) * 3 * GIB : 12 * GIB;
    if (statvfs(".", &disk) == 0 && (uint64_t)disk.f_bavail * disk.f_frsize > needed) {
        return true;
    }
    fprintf(stderr, "bench: needs %llu GiB of free disk\n", (unsigned long long)(needed >> 30));
    return false;
}

static void upload_match(struct plan *plan, const struct kind *kind, const char *pattern)
{
    bool large = kind->bytes == GIB;
    if (!series_wanted(plan, kind->name)) {
        return;
    }
    if (!has_room(plan, kind->bytes)) {
        plan->broken++;
        return;
    }
    struct subject subject;
    subject_new(&subject, false, true);
    struct request request =
        subject_upload(&subject, kind->form, pattern, PATTERN_BYTES, kind->bytes);
    double scale = large ? 1024 : 0;
    struct served gateway = {.port = subject.server->port,
                             .pid = subject.server->pid,
                             .connections = large ? 1 : CONNECTIONS,
                             .requests = &request,
                             .count = 1,
                             .status = 201,
                             .at_most = large ? 1 : 0,
                             .scale = scale};
    struct subject other = {0};
    struct request other_request = {0};
    struct served other_gateway = gateway;
    if (plan->against) {
        subject_new_other(&other, plan->against);
        other_request = subject_upload(&other, kind->form, pattern, PATTERN_BYTES, kind->bytes);
        other_gateway.port = other.server->port;
        other_gateway.pid = other.server->pid;
        other_gateway.requests = &other_request;
    }
    char *dir = scratch_new(), *database, *with_rows, *alone;
    if (asprintf(&database, "%s/rows.db", dir) < 0 || asprintf(&with_rows, "%s/a", dir) < 0 ||
        asprintf(&alone, "%s/b", dir) < 0) {
        abort();
    }
    struct files rows = {.group = group_new(database),
                         .bytes = pattern,
                         .bytes_length = PATTERN_BYTES,
                         .total = kind->bytes,
                         .threads = gateway.connections,
                         .at_most = gateway.at_most,
                         .scale = scale};
    struct files files = rows;
    files.group = NULL;
    files_prepare(&rows, with_rows);
    files_prepare(&files, alone);
    struct match match = {
        .name = kind->name,
        .unit = large ? "MiB" : NULL,
        .server = gateway.pid,
        .contenders = {{"mediagw", served_run, &gateway, 0},
                       {"file and two rows, no HTTP", files_run, &rows, kind->aim_rows},
                       {"durable files", files_run, &files, kind->aim_files},
                       {"the other gateway", plan->against ? served_run : NULL, &other_gateway, 0}},
    };
    series_match(plan, &match);
    plan->broken += subject_free(&subject) != 0;
    plan->broken += subject_free(&other) != 0;
    client_release(&request);
    client_release(&other_request);
    group_free(rows.group);
    files_release(&rows);
    files_release(&files);
    scratch_remove(dir);
    free(dir);
    free(database);
    free(with_rows);
    free(alone);
    sync(); /* what was removed is not the next one's burden */
}

void uploads_part(struct plan *plan, const char *pattern)
{
    bool any = false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        any = any || series_wanted(plan, kinds[i].name);
    }
    if (any) {
        series_title("uploads, durable, 16 connections");
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        upload_match(plan, &kinds[i], pattern);
    }
}
