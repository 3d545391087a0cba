/* SPDX-License-Identifier: Apache-2.0
 *
 * Downloads out of the filter "cache" over MinIO, beside a gateway whose store is a folder: a hit
 * that is trusted, one that asks MinIO first, and no cache at all. */
#include "tests/bench/parts.h"
#include "tests/bench/s3_server.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"
#include "tests/support/server.h"

#include <stdio.h>
#include <stdlib.h>

#define DOWNLOAD "cache hit "
#define FILTERS                                                                                    \
    "[{\"filter\": \"cache\", \"path\": \"cache\", \"max\": \"2GiB\", \"trust\": \"%s\"}]"
enum { SETTLE_MS = 1000 };

enum who { TRUSTING, ASKING, FILES, WITHOUT, ALL };
static const char *const names[ALL] = {"mediagw, trusting", "asking MinIO first",
                                       "mediagw on files", "mediagw on MinIO"};

struct run_cache {
    struct plan *plan;
    const char *pattern;
    struct s3_server server;
    struct subject own[WITHOUT]; /* the one without a cache is the server's */
};

static const struct subject *subject_of(const struct run_cache *run, enum who who)
{
    return who == WITHOUT ? &run->server.gateway : &run->own[who];
}

static void start_cached(struct run_cache *run, enum who who, const char *trust)
{
    setenv("MEDIAGW_TEST_STORAGE", keep_text("%s/storage.json", run->server.dir), 1);
    setenv("MEDIAGW_TEST_FILTERS", keep_text(FILTERS, trust), 1);
    subject_new(&run->own[who], false, true);
    unsetenv("MEDIAGW_TEST_STORAGE");
    unsetenv("MEDIAGW_TEST_FILTERS");
}

static void download_match(struct run_cache *run, const char *name, uint64_t bytes, double aim)
{
    json_t *grants[ALL];
    struct request requests[ALL];
    struct served served[ALL];
    bool large = bytes > 16 << 20;
    struct match match = {.name = name, .unit = large ? "MiB" : NULL};
    if (!series_wanted(run->plan, name)) {
        return;
    }
    for (enum who who = 0; who < ALL; who++) {
        const struct subject *subject = subject_of(run, who);
        grants[who] = subject_put(subject, run->pattern, PATTERN_BYTES, bytes);
        requests[who] = client_get(subject_signed(grants[who]), "");
        free(client_once(subject->server->port, &requests[who], 200)); /* now it is in the cache */
        served[who] = (struct served){.port = subject->server->port,
                                      .pid = subject->server->pid,
                                      .connections = CONNECTIONS,
                                      .requests = &requests[who],
                                      .count = 1,
                                      .status = 200,
                                      .scale = large ? (double)(bytes >> 20) : 0};
        match.contenders[who] = (struct contender){.name = names[who],
                                                   .run = served_run,
                                                   .ctx = &served[who],
                                                   .aim = who == FILES ? aim : 0};
    }
    match.server = served[TRUSTING].pid;
    series_match(run->plan, &match);
    for (enum who who = 0; who < ALL; who++) {
        client_release(&requests[who]);
        json_decref(grants[who]);
    }
}

void cache_part(struct plan *plan, const char *pattern)
{
    struct run_cache run = {.plan = plan, .pattern = pattern};
    if (!series_wanted(plan, DOWNLOAD "64 KiB") && !series_wanted(plan, DOWNLOAD "1 MiB") &&
        !series_wanted(plan, DOWNLOAD "256 MiB")) {
        return;
    }
    series_title("a cache in front of MinIO, 16 connections");
    if (!s3_server_start(&run.server, "minio")) {
        plan->broken++;
        return;
    }
    start_cached(&run, TRUSTING, "1h");
    start_cached(&run, ASKING, "0s");
    subject_new(&run.own[FILES], false, true);
    wait_ms(SETTLE_MS);
    download_match(&run, DOWNLOAD "64 KiB", 64 << 10, 0.9);
    download_match(&run, DOWNLOAD "1 MiB", 1 << 20, 0.9);
    download_match(&run, DOWNLOAD "256 MiB", 256 << 20, 0.9);
    for (enum who who = 0; who < WITHOUT; who++) {
        plan->broken += subject_free(&run.own[who]) != 0;
    }
    plan->broken += s3_server_stop(&run.server) != 0;
}
