/* SPDX-License-Identifier: Apache-2.0
 *
 * What a layer costs: three filters that only pass on, over files, beside the files alone. Straight
 * through the host's calls into the stack, without HTTP and rows, which would hide it; and through
 * two gateways, as clients see it. Reads come out of the kernel's memory and are counted by the CPU
 * time that they take, since a few hundredths are to be seen. */
#include "tests/bench/parts.h"
#include "tests/bench/subject.h"
#include "tests/support/scratch.h"
#include "tests/support/server.h"

#include "core/base/clock.h"
#include "core/plugin/call.h"
#include "core/plugin/registry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define NAME "three filters that pass on: "
#define AIM 0.97
#define PASS "{\"filter\": \"passfilter\"}"
#define THREE "[" PASS ", " PASS ", " PASS "]"
enum { THREADS_MAX = 16, STEP = 256 << 10 };

static const struct kind {
    const char *name;
    size_t bytes;
    unsigned threads;
    bool put;
    double aim;
} kinds[] = {
    {NAME "put 64 KiB", 64 << 10, 4, true, AIM},
    {NAME "put 1 MiB", 1 << 20, 4, true, AIM},
    /* what a layer costs an open, a read and a close: as much, however little is read */
    {NAME "read 4 KiB", 4 << 10, 1, false, 0},
    {NAME "read 64 KiB", 64 << 10, 1, false, 0},
    {NAME "read 1 MiB", 1 << 20, 1, false, AIM},
};
#define DOWNLOAD NAME "download 64 KiB"
#define UPLOAD NAME "upload 64 KiB"

/* A stack in this process. */
struct stack {
    struct config *config;
    struct registry *registry;
    struct store *store;
    const char *pattern;
    const struct kind *kind;
    int64_t ends_ms;
    _Atomic unsigned next;
    _Atomic uint64_t done;
    _Atomic uint64_t cpu_us; /* of all threads */
    _Atomic bool failed;
};

static void describe(const char *dir, const char *name, const char *kind, const char *module)
{
    char *path;
    if (asprintf(&path, "%s/%s.json", dir, name) < 0) {
        abort();
    }
    FILE *file = fopen(path, "w");
    if (!file ||
        fprintf(file, "{\"name\": \"%s\", \"kind\": \"%s\", \"module\": \"%s\"}", name, kind,
                module) < 0 ||
        fclose(file) != 0) {
        exit(1);
    }
    chmod(path, 0644);
    free(path);
}

/* DIR/plugins.d with what a stack needs; to be freed. */
static char *descriptors(const char *dir)
{
    char *folder;
    if (asprintf(&folder, "%s/plugins.d", dir) < 0 || mkdir(folder, 0755) != 0) {
        abort();
    }
    describe(folder, "passfilter", "filter", TEST_MODULES "/passfilter.so");
    describe(folder, "fs", "storage", PLUGIN_MODULES "/fs.so");
    describe(folder, "sqlite", "repository", PLUGIN_MODULES "/sqlite.so");
    return folder;
}

static void stack_open(struct stack *stack, const char *dir, const char *plugins, const char *name,
                       const char *filters)
{
    struct mgw_error error = {.size = sizeof error};
    char *path, *text;
    if (asprintf(&path, "%s/%s.json", dir, name) < 0 ||
        asprintf(&text,
                 "{\"storage\": {\"driver\": \"fs\", \"root\": \"%s/%s\", \"filters\": %s}, "
                 "\"repository\": {\"driver\": \"sqlite\", \"path\": \"none.db\"}, \"plugins\": "
                 "{\"path\": [\"%s\"]}, \"url_keys\": [{\"id\": \"1\", \"secret\": "
                 "\"0123456789abcdef0123456789abcdef\"}]}",
                 dir, name, filters, plugins) < 0) {
        abort();
    }
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0 || chmod(path, 0600) != 0 ||
        config_load(path, &stack->config, &error) != MGW_OK ||
        registry_new(stack->config, &stack->registry, &error) != MGW_OK ||
        registry_open_storage(stack->registry, stack->config, MGW_CREATE_INIT, &stack->store,
                              &error) != MGW_OK) {
        fprintf(stderr, "bench: %s\n", error.text);
        exit(1);
    }
    free(path);
    free(text);
}

static void stack_close(struct stack *stack)
{
    store_free(stack->store);
    registry_free(stack->registry);
    config_free(stack->config);
}

static bool put_one(struct stack *stack, const struct mgw_blob *blob)
{
    AUTO_CALL struct mgw_call *call = call_new("bench", NULL, 0);
    struct mgw_put put = {.size = sizeof put, .content_type = "video/webm"};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_writer *writer = NULL;
    if (store_put_begin(stack->store, call, blob, &put, &writer) != MGW_OK) {
        return false;
    }
    bool good = true;
    for (size_t at = 0; good && at < stack->kind->bytes; at += STEP) {
        size_t left = stack->kind->bytes - at;
        good =
            store_put_write(writer, call, stack->pattern + at, left < STEP ? left : STEP) == MGW_OK;
    }
    if (!good || store_put_commit(writer, call, &stat) != MGW_OK) {
        store_put_abort(writer, call);
        return false;
    }
    return true;
}

static bool read_one(struct stack *stack, const struct mgw_blob *blob, char *buffer)
{
    AUTO_CALL struct mgw_call *call = call_new("bench", NULL, 0);
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    size_t got = 0;
    if (store_open(stack->store, call, blob, NULL, &reader, &stat) != MGW_OK) {
        return false;
    }
    uint64_t at = 0;
    while (at < stat.bytes && store_read(reader, call, at, buffer, STEP, &got) == MGW_OK) {
        at += got;
    }
    store_close(reader);
    return at == stack->kind->bytes;
}

static uint64_t thread_cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void *work(void *ctx)
{
    struct stack *stack = ctx;
    char key[32], *buffer = malloc(STEP);
    snprintf(key, sizeof key, "blob-%u", stack->next++);
    struct mgw_blob blob = {sizeof blob, "bench", key};
    bool good = buffer && (stack->kind->put || put_one(stack, &blob));
    uint64_t began_us = thread_cpu_us();
    while (good && clock_mono_ms() < stack->ends_ms) {
        good = stack->kind->put ? put_one(stack, &blob) : read_one(stack, &blob, buffer);
        stack->done++;
    }
    stack->cpu_us += thread_cpu_us() - began_us;
    stack->failed = stack->failed || !good;
    free(buffer);
    return NULL;
}

static bool stack_run(void *ctx, double seconds, struct result *result)
{
    struct stack *stack = ctx;
    pthread_t threads[THREADS_MAX];
    int64_t began = clock_mono_ms();
    stack->next = 0;
    stack->done = stack->cpu_us = 0;
    stack->failed = false;
    stack->ends_ms = began + (int64_t)(seconds * 1000);
    for (unsigned i = 0; i < stack->kind->threads; i++) {
        if (pthread_create(&threads[i], NULL, work, stack) != 0) {
            abort();
        }
    }
    for (unsigned i = 0; i < stack->kind->threads; i++) {
        pthread_join(threads[i], NULL);
    }
    double took = (double)(clock_mono_ms() - began) / 1e3;
    double done = (double)stack->done, cpu_us = (double)stack->cpu_us;
    *result = (struct result){.rate = stack->kind->put ? done / took : done / cpu_us * 1e6,
                              .cpu_us = cpu_us / done};
    return !stack->failed;
}

static void match_stacks(struct plan *plan, const char *dir, const char *plugins,
                         const char *pattern)
{
    struct stack passing = {.pattern = pattern}, alone = {.pattern = pattern};
    stack_open(&passing, dir, plugins, "passing", THREE);
    stack_open(&alone, dir, plugins, "alone", "[]");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (series_wanted(plan, kinds[i].name)) {
            passing.kind = alone.kind = &kinds[i];
            struct match match = {.name = kinds[i].name,
                                  .contenders = {{"three filters over fs", stack_run, &passing, 0},
                                                 {"fs alone", stack_run, &alone, kinds[i].aim}}};
            series_match(plan, &match);
        }
    }
    stack_close(&passing);
    stack_close(&alone);
}

/* ---- Through gateways ---- */

static struct subject gateway(const char *plugins, const char *filters)
{
    struct subject subject;
    char *overlay;
    if (asprintf(&overlay, "{\"storage\": {\"filters\": %s}, \"plugins\": {\"path\": [\"%s\"]}}",
                 filters, plugins) < 0) {
        abort();
    }
    subject.server = server_new(overlay);
    subject.headers =
        client_head("Authorization: Bearer %s\r\n", server_token(subject.server, "dev"));
    server_start(subject.server);
    free(overlay);
    return subject;
}

static void match_requests(struct plan *plan, const char *name, const struct subject *passing,
                           const struct subject *alone, const struct request *ours,
                           const struct request *theirs, unsigned status)
{
    struct served filters = {.port = passing->server->port,
                             .pid = passing->server->pid,
                             .connections = CONNECTIONS,
                             .requests = ours,
                             .count = 1,
                             .status = status};
    struct served none = filters;
    none.port = alone->server->port;
    none.pid = alone->server->pid;
    none.requests = theirs;
    struct match match = {.name = name,
                          .server = filters.pid,
                          .contenders = {{"mediagw, three filters", served_run, &filters, 0},
                                         {"mediagw, fs alone", served_run, &none, AIM}}};
    if (series_wanted(plan, name)) {
        series_match(plan, &match);
    }
}

static void match_gateways(struct plan *plan, const char *plugins, const char *pattern)
{
    enum { BYTES = 64 << 10 };
    if (!series_wanted(plan, DOWNLOAD) && !series_wanted(plan, UPLOAD)) {
        return;
    }
    struct subject passing = gateway(plugins, THREE), alone = gateway(plugins, "[]");
    json_t *mine = subject_put(&passing, pattern, PATTERN_BYTES, BYTES);
    json_t *other = subject_put(&alone, pattern, PATTERN_BYTES, BYTES);
    struct request ours = client_get(subject_signed(mine), "");
    struct request theirs = client_get(subject_signed(other), "");
    struct request up = subject_upload(&passing, false, pattern, PATTERN_BYTES, BYTES);
    struct request other_up = subject_upload(&alone, false, pattern, PATTERN_BYTES, BYTES);
    match_requests(plan, DOWNLOAD, &passing, &alone, &ours, &theirs, 200);
    match_requests(plan, UPLOAD, &passing, &alone, &up, &other_up, 201);
    client_release(&ours);
    client_release(&theirs);
    client_release(&up);
    client_release(&other_up);
    json_decref(mine);
    json_decref(other);
    plan->broken += subject_free(&passing) != 0;
    plan->broken += subject_free(&alone) != 0;
}

void pass_part(struct plan *plan, const char *pattern)
{
    bool any = series_wanted(plan, DOWNLOAD) || series_wanted(plan, UPLOAD);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        any = any || series_wanted(plan, kinds[i].name);
    }
    if (!any) {
        return;
    }
    series_title("three filters that only pass on, over fs");
    char *dir = scratch_new();
    char *plugins = descriptors(dir);
    match_stacks(plan, dir, plugins, pattern);
    match_gateways(plan, plugins, pattern);
    scratch_remove(dir);
    free(plugins);
    free(dir);
}
