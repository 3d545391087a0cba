/* SPDX-License-Identifier: Apache-2.0
 *
 * See crash.h. */
#include "core/kit/crash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int words_count;
static char **words;
static unsigned the_round, stop_at, next_step;
static int the_delay;

void crash_words(int argc, char **argv)
{
    words_count = argc;
    words = argv;
}

bool crash_told(const char *text)
{
    return sscanf(text, "%u:%u:%d", &the_round, &stop_at, &the_delay) == 3;
}

unsigned crash_round(void)
{
    return the_round;
}

static void *kill_soon(void *unused)
{
    usleep((useconds_t)the_delay);
    kill(getpid(), SIGKILL);
    return unused;
}

void crash_step(void)
{
    pthread_t thread;
    if (next_step++ != stop_at) {
        return;
    }
    if (the_delay == CRASH_BETWEEN || pthread_create(&thread, NULL, kill_soon, NULL) != 0) {
        kill(getpid(), SIGKILL);
    }
}

bool crash_run(unsigned round, unsigned step, int delay_us)
{
    char told[64];
    char **all = calloc((size_t)words_count + 3, sizeof *all);
    pid_t pid;
    int status = 0;
    assert_non_null(all);
    snprintf(told, sizeof told, "%u:%u:%d", round, step, delay_us);
    all[0] = words[0];
    all[1] = (char *)(uintptr_t) "--crash";
    all[2] = told;
    memcpy(all + 3, words + 1, (size_t)(words_count - 1) * sizeof *all);
    int failed = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, all, environ);
    free(all);
    assert_int_equal(failed, 0);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        return true;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        print_error("the process that was to be killed at step %u ended before: %s %d\n", step,
                    WIFEXITED(status) ? "exit code" : "signal",
                    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        fail();
    }
    assert_true(delay_us != CRASH_BETWEEN); /* every step of a script comes */
    return false;
}
