/* SPDX-License-Identifier: Apache-2.0
 *
 * Release by scope: a variable marked AUTO_* is released when its scope ends, on every path. TAKE()
 * hands it on. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *pointer)
{
    free(*(void **)pointer);
}
static inline void cleanup_close(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}
static inline void cleanup_fclose(FILE **file)
{
    if (*file) {
        fclose(*file);
    }
}

#define AUTO(function) __attribute__((cleanup(function)))
#define AUTO_FREE AUTO(cleanup_free)
#define AUTO_CLOSE AUTO(cleanup_close)
#define AUTO_FCLOSE AUTO(cleanup_fclose)

/* The value of an AUTO_* pointer variable, which then holds NULL: the receiver releases it. */
#define TAKE(pointer)                                                                              \
    __extension__({                                                                                \
        __auto_type taken_ = (pointer);                                                            \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

#endif
