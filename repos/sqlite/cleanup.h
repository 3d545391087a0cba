/* SPDX-License-Identifier: Apache-2.0
 *
 * Release by scope, as in the core's own cleanup.h: a plugin sees the public headers alone. */
#ifndef SQLITE_CLEANUP_H
#define SQLITE_CLEANUP_H

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *pointer)
{
    free(*(void **)pointer);
}
static inline void cleanup_sqlite_free(void *pointer)
{
    sqlite3_free(*(void **)pointer);
}
static inline void cleanup_close(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}
static inline void cleanup_finalize(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}
static inline void cleanup_db(sqlite3 **db)
{
    sqlite3_close_v2(*db);
}

#define AUTO(function) __attribute__((cleanup(function)))
#define AUTO_FREE AUTO(cleanup_free)
#define AUTO_SQLITE_FREE AUTO(cleanup_sqlite_free)
#define AUTO_CLOSE AUTO(cleanup_close)
#define AUTO_STATEMENT AUTO(cleanup_finalize)
#define AUTO_DB AUTO(cleanup_db)

#define TAKE(pointer)                                                                              \
    __extension__({                                                                                \
        __auto_type taken_ = (pointer);                                                            \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

#endif
