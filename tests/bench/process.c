/* SPDX-License-Identifier: Apache-2.0
 *
 * See process.h. */
#include "tests/bench/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *open_proc(pid_t pid, const char *name, const char *mode)
{
    char path[128];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return fopen(path, mode);
}

/* utime and stime are fields 14 and 15 (proc(5)); the name before them may hold anything but a
 * closing parenthesis behind its own. */
static double own_cpu_us(pid_t pid)
{
    char line[1024] = "";
    FILE *file = open_proc(pid, "stat", "re");
    if (!file) {
        return 0;
    }
    size_t length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = '\0';
    char *at = strrchr(line, ')');
    unsigned long user = 0, system = 0;
    if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                      &system) != 2) {
        return 0;
    }
    return (double)(user + system) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

double process_cpu_us(pid_t pid)
{
    struct rusage usage;
    if (pid == 0) {
        getrusage(RUSAGE_SELF, &usage);
        return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    }
    double sum = own_cpu_us(pid);
    char name[64];
    snprintf(name, sizeof name, "task/%d/children", (int)pid);
    FILE *children = open_proc(pid, name, "re");
    int child;
    while (children && fscanf(children, "%d", &child) == 1) {
        sum += own_cpu_us(child);
    }
    if (children) {
        fclose(children);
    }
    return sum;
}

double process_memory_mib(pid_t pid, const char *field)
{
    char line[256];
    double kib = 0;
    FILE *file = open_proc(pid, "status", "re");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, field, strlen(field)) == 0 && line[strlen(field)] == ':') {
            kib = strtod(line + strlen(field) + 1, NULL);
        }
    }
    if (file) {
        fclose(file);
    }
    return kib / 1024;
}

void process_forget_peak(pid_t pid)
{
    FILE *file = open_proc(pid, "clear_refs", "we");
    if (file) {
        fputs("5", file);
        fclose(file);
    }
}

void process_stop(pid_t pid, int signal)
{
    if (pid > 0) {
        kill(pid, signal);
        waitpid(pid, NULL, 0);
    }
}
