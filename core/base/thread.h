/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads of our own: they take no signals, which are the program's own to wait for. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Starts RUN(ARGUMENT) in a joinable thread called NAME (at most 15 bytes), with every signal
 * blocked. */
bool thread_start(pthread_t *thread, const char *name, void *(*run)(void *argument),
                  void *argument);
/* The same with a stack of STACK_BYTES; 0: as large as the system gives. */
bool thread_start_sized(pthread_t *thread, const char *name, size_t stack_bytes,
                        void *(*run)(void *argument), void *argument);

#endif
