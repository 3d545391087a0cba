/* SPDX-License-Identifier: Apache-2.0
 *
 * See thread.h. */
#include "core/base/thread.h"

#include <signal.h>

bool thread_start(pthread_t *thread, const char *name, void *(*run)(void *argument), void *argument)
{
    return thread_start_sized(thread, name, 0, run, argument);
}

bool thread_start_sized(pthread_t *thread, const char *name, size_t stack_bytes,
                        void *(*run)(void *argument), void *argument)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (stack_bytes > 0) {
        pthread_attr_setstacksize(&attributes, stack_bytes);
    }
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(thread, &attributes, run, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (started) {
        pthread_setname_np(*thread, name);
    }
    return started;
}
