/* SPDX-License-Identifier: Apache-2.0
 *
 * Release by scope, as in the core's own cleanup.h: a plugin sees the public headers alone. */
#ifndef POSTGRES_CLEANUP_H
#define POSTGRES_CLEANUP_H

#include <stdlib.h>

static inline void cleanup_free(void *pointer)
{
    free(*(void **)pointer);
}

#define AUTO(function) __attribute__((cleanup(function)))
#define AUTO_FREE AUTO(cleanup_free)

#define TAKE(pointer)                                                                              \
    __extension__({                                                                                \
        __auto_type taken_ = (pointer);                                                            \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

#endif
