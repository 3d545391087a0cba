/* SPDX-License-Identifier: Apache-2.0
 *
 * See files.h. */
#include "tests/bench/files.h"

#include "tests/bench/client.h"
#include "tests/bench/group.h"
#include "tests/bench/process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREADS_MAX = 64, STEP = 1 << 20 };

struct run {
    const struct files *files;
    int64_t end_us;
    _Atomic uint64_t taken, done;
    _Atomic bool failed;
};

struct thread {
    struct run *run;
    pthread_t thread;
    uint32_t *latencies;
    size_t count, capacity;
};

void files_prepare(struct files *files, const char *dir)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        perror(dir);
        exit(1);
    }
    int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 256; i++) {
        char name[3];
        snprintf(name, sizeof name, "%02x", (unsigned)i & 0xff);
        mkdirat(top, name, 0700);
        files->shards[i] = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (files->shards[i] < 0) {
            perror(dir);
            exit(1);
        }
    }
    fsync(top);
    close(top);
}

void files_release(struct files *files)
{
    for (int i = 0; i < 256; i++) {
        close(files->shards[i]);
    }
}

static bool write_all(int fd, const struct files *files)
{
    for (uint64_t at = 0; at < files->total;) {
        size_t from = (size_t)(at % files->bytes_length), length = files->bytes_length - from;
        length = length < STEP ? length : STEP;
        length = length < files->total - at ? length : (size_t)(files->total - at);
        ssize_t written = write(fd, files->bytes + from, length);
        if (written <= 0) {
            return false;
        }
        at += (uint64_t)written;
    }
    return true;
}

static bool write_file(const struct files *files)
{
    unsigned char random[16];
    struct ticket ticket = {.insert = true};
    if (getrandom(random, sizeof random, 0) != sizeof random) {
        return false;
    }
    for (size_t i = 0; i < sizeof random; i++) {
        snprintf(ticket.id + 2 * i, 3, "%02x", random[i]);
    }
    if (files->group) {
        group_submit(files->group, &ticket);
    }
    int shard = files->shards[random[0]];
    int fd = openat(shard, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write_all(fd, files) && fdatasync(fd) == 0;
    if (files->group) {
        good = group_wait(files->group, &ticket) && good;
    }
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    good = good && linkat(AT_FDCWD, path, shard, ticket.id, AT_SYMLINK_FOLLOW) == 0 &&
           fsync(shard) == 0;
    if (fd >= 0) {
        close(fd);
    }
    if (good && files->group) {
        ticket.insert = false;
        group_submit(files->group, &ticket);
        good = group_wait(files->group, &ticket);
    }
    return good;
}

static void *thread_main(void *argument)
{
    struct thread *thread = argument;
    struct run *run = thread->run;
    const struct files *files = run->files;
    for (int64_t start; (start = client_now_us()) < run->end_us && !run->failed;) {
        if (files->at_most && run->taken++ >= files->at_most) {
            break;
        }
        if (!write_file(files)) {
            perror("bench: a floor's file");
            run->failed = true;
            break;
        }
        if (thread->count == thread->capacity) {
            thread->capacity = thread->capacity ? 2 * thread->capacity : 1024;
            thread->latencies =
                realloc(thread->latencies, thread->capacity * sizeof *thread->latencies);
        }
        thread->latencies[thread->count++] = (uint32_t)(client_now_us() - start);
        run->done++;
    }
    return NULL;
}

static void add_up(struct thread *threads, unsigned count, uint64_t done, struct result *result)
{
    uint32_t *all = calloc(done + 1, sizeof *all);
    uint64_t at = 0;
    for (unsigned i = 0; i < count; i++) {
        if (all && threads[i].count > 0) {
            memcpy(all + at, threads[i].latencies, threads[i].count * sizeof *all);
        }
        at += threads[i].count;
        free(threads[i].latencies);
    }
    series_latencies(all, at, &result->p50_ms, &result->p99_ms);
    free(all);
}

bool files_run(void *ctx, double seconds, struct result *result)
{
    const struct files *files = ctx;
    struct thread threads[THREADS_MAX] = {0};
    double cpu_us = process_cpu_us(0);
    int64_t start_us = client_now_us();
    struct run run = {.files = files, .end_us = start_us + (int64_t)(seconds * 1e6)};
    for (unsigned i = 0; i < files->threads; i++) {
        threads[i].run = &run;
        pthread_create(&threads[i].thread, NULL, thread_main, &threads[i]);
    }
    for (unsigned i = 0; i < files->threads; i++) {
        pthread_join(threads[i].thread, NULL);
    }
    double spent = (double)(client_now_us() - start_us) / 1e6;
    result->rate = (double)run.done / spent * (files->scale > 0 ? files->scale : 1);
    result->cpu_us = run.done ? (process_cpu_us(0) - cpu_us) / (double)run.done : 0;
    add_up(threads, files->threads, run.done, result);
    return !run.failed && run.done > 0;
}
