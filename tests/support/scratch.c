/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/scratch.h"

#include "tests/support/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char *scratch_new(void)
{
    char name[] = "scratch-XXXXXX";
    if (!mkdtemp(name)) {
        perror("mkdtemp");
        abort();
    }
    char *path = realpath(name, NULL);
    if (!path) {
        abort();
    }
    return path;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

void scratch_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static _Thread_local size_t files_seen;

static int count_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)path;
    (void)info;
    (void)walk;
    files_seen += type == FTW_F;
    return 0;
}

size_t scratch_count_files(const char *path)
{
    files_seen = 0;
    nftw(path, count_one, 16, FTW_PHYS);
    return files_seen;
}

char *scratch_read(const char *path, size_t *length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        return NULL;
    }
    char *bytes = keep(malloc((size_t)info.st_size + 1));
    size_t at = 0;
    while (at < (size_t)info.st_size) {
        ssize_t got = read(fd, bytes + at, (size_t)info.st_size - at);
        if (got <= 0) {
            break;
        }
        at += (size_t)got;
    }
    close(fd);
    bytes[at] = '\0';
    if (length) {
        *length = at;
    }
    return bytes;
}

void scratch_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        perror(path);
        abort();
    }
}

const char *mediagw_command(void)
{
    const char *path = getenv("MEDIAGW_COMMAND");
    return path && *path ? path : MEDIAGW_BUILT_COMMAND;
}

static int wait_status(pid_t pid, int64_t timeout_ms)
{
    int64_t end = wait_now_ms() + timeout_ms;
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (wait_now_ms() > end) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            break;
        }
        wait_ms(2);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct run run_command(const char *const argv[])
{
    char *dir = keep(scratch_new());
    char *out = keep_text("%s/out", dir);
    char *err = keep_text("%s/err", dir);
    pid_t pid = fork();
    if (pid == 0) {
        int out_fd = open(out, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        int err_fd = open(err, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (out_fd < 0 || err_fd < 0 || dup2(out_fd, 1) < 0 || dup2(err_fd, 2) < 0) {
            _exit(126);
        }
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    if (pid < 0) {
        abort();
    }
    struct run run = {.status = wait_status(pid, 600000)};
    run.out = scratch_read(out, NULL);
    run.err = scratch_read(err, NULL);
    scratch_remove(dir);
    return run;
}

int64_t wait_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void wait_ms(int64_t ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&pause, &pause) != 0 && errno == EINTR) {
    }
}

bool wait_for(bool (*true_)(void *ctx), void *ctx, int64_t timeout_ms)
{
    int64_t end = wait_now_ms() + timeout_ms * slowness();
    while (!true_(ctx)) {
        if (wait_now_ms() > end) {
            return false;
        }
        wait_ms(10);
    }
    return true;
}

int slowness(void)
{
    return MEDIAGW_SANITIZED ? 5 : 1;
}
