/* SPDX-License-Identifier: Apache-2.0
 *
 * The parent's children: each in a process group and a folder of its own, what it writes is kept,
 * and it is ended by force where it takes too long. One thread, one run. */
#ifndef KIT_RUN_H
#define KIT_RUN_H

#include "core/base/buf.h"

#include <stdint.h>
#include <sys/types.h>

enum { RUN_JOBS_MAX = 64 };

struct run_child {
    pid_t pid;  /* 0: the slot is free */
    size_t tag; /* the caller's own */
    int result_fd, output_fd;
    struct buf result; /* what it said by the pipe */
    struct buf output; /* standard output and error */
    char *tmp;
    int64_t started_ms, deadline_ms;
    bool hung;
    int status; /* of waitpid */
    double seconds;
};

struct run {
    int argc;
    char **argv; /* the parent's own words, which each child gets too */
    char folder[4096];
    char unique[17];
    int64_t timeout_ms;
    int signals; /* a signalfd */
    struct run_child children[RUN_JOBS_MAX];
};

/* Makes the run's folder. False: said why. */
bool run_begin(struct run *run, int argc, char **argv, double timeout_sec);
/* Removes the folder. */
void run_end(struct run *run);
/* Starts a child with OPTION and VALUE (may be NULL) before the parent's words. FRUGAL: what it
 * frees is not kept in caches of the C library's, which would count as held. False: said why. */
bool run_start(struct run *run, size_t tag, const char *option, const char *value, bool frugal);
/* The next child that is over, whose folder and group are gone; run_free_child follows. NULL: none
 * is running. Where SIGINT or SIGTERM comes, all end, and so does this process. */
struct run_child *run_wait(struct run *run);
void run_free_child(struct run_child *child);
/* One sentence on how it ended where that is a failure by itself: by a signal, hung, with an exit
 * code; to be freed. NULL: it ended well. */
char *run_fate(const struct run_child *child, int64_t timeout_ms);

#endif
