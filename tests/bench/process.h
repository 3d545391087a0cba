/* SPDX-License-Identifier: Apache-2.0
 *
 * What /proc says about a server, and a child process that ends with this one. */
#ifndef TESTS_BENCH_PROCESS_H
#define TESTS_BENCH_PROCESS_H

#include <sys/types.h>

/* CPU time of the process and of its children that run, in microseconds; of this process where PID
 * is 0. Its grain is a hundredth of a second. */
double process_cpu_us(pid_t pid);
/* VmRSS or VmHWM. */
double process_memory_mib(pid_t pid, const char *field);
/* VmHWM starts anew. */
void process_forget_peak(pid_t pid);
/* Ends the process and waits for it. */
void process_stop(pid_t pid, int signal);

#endif
