/* SPDX-License-Identifier: Apache-2.0
 *
 * See run.h. */
#include "core/kit/run.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/id.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { OUTPUT_MAX = 64 * 1024, RESULT_FD = 3 };

static bool refuse(const char *what)
{
    fprintf(stderr, "mediagw plugin test: %s: %s\n", what, strerror(errno));
    return false;
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *at)
{
    (void)stat;
    (void)flag;
    (void)at;
    return remove(path);
}

static void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool run_begin(struct run *run, int argc, char **argv, double timeout_sec)
{
    const char *tmp = getenv("TMPDIR");
    unsigned char bytes[6];
    sigset_t set;
    *run = (struct run){.argc = argc, .argv = argv, .timeout_ms = (int64_t)(timeout_sec * 1000)};
    id_random(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(run->unique + 2 * i, 3, "%02x", bytes[i]);
    }
    char folder[4000];
    int length =
        snprintf(folder, sizeof folder, "%s/mediagw-kit-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (length < 0 || (size_t)length >= sizeof folder || !mkdtemp(folder) ||
        !realpath(folder, run->folder)) {
        return refuse(folder);
    }
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    run->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return run->signals >= 0 || refuse("signalfd");
}

void run_end(struct run *run)
{
    if (run->folder[0]) {
        remove_folder(run->folder);
    }
    if (run->signals > 0) {
        close(run->signals);
    }
}

/* In the child, between fork and exec. */
static void become(char **words, bool frugal, int result, int output)
{
    sigset_t none;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    /* RESULT may be the number that is wanted already, but must outlive the exec */
    int moved = fcntl(result, F_DUPFD, 10);
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(output, 1);
    dup2(output, 2);
    dup2(moved, RESULT_FD);
    close(moved);
    if (frugal) {
        setenv("MALLOC_ARENA_MAX", "1", 1);
        setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
    }
    execv("/proc/self/exe", words);
    _exit(127);
}

static bool spawn(struct run *run, struct run_child *child, char **words, bool frugal)
{
    int result[2], output[2];
    if (pipe2(result, O_CLOEXEC | O_NONBLOCK) < 0) {
        return refuse("pipe");
    }
    if (pipe2(output, O_CLOEXEC) < 0) {
        close(result[0]);
        close(result[1]);
        return refuse("pipe");
    }
    fcntl(output[0], F_SETFL, O_NONBLOCK);
    fflush(NULL);
    child->started_ms = clock_mono_ms();
    child->deadline_ms = child->started_ms + run->timeout_ms;
    child->pid = fork();
    if (child->pid == 0) {
        become(words, frugal, result[1], output[1]);
    }
    close(result[1]);
    close(output[1]);
    child->result_fd = result[0];
    child->output_fd = output[0];
    if (child->pid < 0) {
        child->pid = 0;
        close(result[0]);
        close(output[0]);
        return refuse("fork");
    }
    setpgid(child->pid, child->pid);
    return true;
}

bool run_start(struct run *run, size_t tag, const char *option, const char *value, bool frugal)
{
    struct run_child *child = run->children;
    while (child < run->children + RUN_JOBS_MAX && child->pid) {
        child++;
    }
    if (child == run->children + RUN_JOBS_MAX) {
        errno = EAGAIN;
        return refuse("too many children");
    }
    *child = (struct run_child){.tag = tag, .output = {.max = OUTPUT_MAX}};
    AUTO_BUF struct buf tmp = {0};
    buf_printf(&tmp, "%s/%zu", run->folder, tag + 1);
    AUTO_FREE char **words = calloc((size_t)run->argc + 8, sizeof *words);
    child->tmp = buf_take(&tmp);
    if (!words || !child->tmp || mkdir(child->tmp, 0700) < 0) {
        return refuse(child->tmp ? child->tmp : "memory");
    }
    /* options go before the words, so that a "--" among those hides none */
    const char *own[] = {run->argv[0], "--tmp", child->tmp, "--unique", run->unique, option, value};
    int count = 0;
    for (size_t i = 0; i < sizeof own / sizeof own[0] && own[i]; i++) {
        words[count++] = (char *)(uintptr_t)own[i];
    }
    memcpy(words + count, run->argv + 1, (size_t)(run->argc - 1) * sizeof *words);
    return spawn(run, child, words, frugal);
}

/* ---- Waiting ---- */

/* Takes what has come; false at the end. */
static bool drain(int fd, struct buf *into)
{
    char bytes[4096];
    for (;;) {
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got > 0) {
            size_t room = into->max ? into->max - into->length : (size_t)got;
            buf_append(into, bytes, (size_t)got < room ? (size_t)got : room);
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            return false;
        } else if (errno == EAGAIN) {
            return true;
        }
    }
}

static void finish(struct run_child *child)
{
    kill(-child->pid, SIGKILL); /* what it has left behind */
    waitpid(child->pid, &child->status, 0);
    drain(child->result_fd, &child->result);
    drain(child->output_fd, &child->output);
    close(child->result_fd);
    close(child->output_fd);
    child->seconds = (double)(clock_mono_ms() - child->started_ms) / 1000;
    child->pid = 0;
    remove_folder(child->tmp);
}

static bool is_over(const struct run_child *child)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child->pid;
}

static void interrupted(struct run *run, int number)
{
    for (size_t i = 0; i < RUN_JOBS_MAX; i++) {
        if (run->children[i].pid) {
            finish(&run->children[i]);
        }
    }
    run_end(run);
    _exit(128 + number);
}

static void take_signals(struct run *run)
{
    struct signalfd_siginfo info;
    while (read(run->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo != SIGCHLD) {
            interrupted(run, (int)info.ssi_signo);
        }
    }
}

/* The first deadline among the children; -1: there are none. */
static int time_left(const struct run *run)
{
    int64_t first = INT64_MAX, now = clock_mono_ms();
    for (size_t i = 0; i < RUN_JOBS_MAX; i++) {
        const struct run_child *child = &run->children[i];
        if (child->pid && child->deadline_ms < first) {
            first = child->deadline_ms;
        }
    }
    return first == INT64_MAX ? -1 : first <= now ? 0 : (int)(first - now);
}

struct run_child *run_wait(struct run *run)
{
    while (time_left(run) >= 0) {
        struct pollfd fds[1 + 2 * RUN_JOBS_MAX] = {{.fd = run->signals, .events = POLLIN}};
        nfds_t count = 1;
        for (size_t i = 0; i < RUN_JOBS_MAX; i++) {
            struct run_child *child = &run->children[i];
            if (!child->pid) {
                continue;
            }
            if (clock_mono_ms() >= child->deadline_ms) {
                child->hung = !is_over(child);
                finish(child);
                return child;
            }
            if (is_over(child)) {
                finish(child);
                return child;
            }
            /* at its end a pipe would wake the poll for ever */
            if (drain(child->output_fd, &child->output)) {
                fds[count++] = (struct pollfd){.fd = child->output_fd, .events = POLLIN};
            }
        }
        poll(fds, count, time_left(run));
        take_signals(run);
    }
    return NULL;
}

void run_free_child(struct run_child *child)
{
    free(child->tmp);
    buf_free(&child->result);
    buf_free(&child->output);
    *child = (struct run_child){0};
}

char *run_fate(const struct run_child *child, int64_t timeout_ms)
{
    AUTO_BUF struct buf text = {0};
    int status = child->status;
    if (child->hung) {
        buf_printf(&text, "hung: it was not over after %g s", (double)timeout_ms / 1000);
    } else if (WIFSIGNALED(status)) {
        buf_printf(&text, "crashed: signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        buf_printf(&text, "ended the process with exit code %d", WEXITSTATUS(status));
    } else {
        return NULL;
    }
    return buf_take(&text);
}
