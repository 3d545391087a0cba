/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections that only read, each with its prepared statements, lent to one thread at a time. They
 * see every commit made before they are asked, and wait for no writer (WAL). Any thread. */
#ifndef SQLITE_READER_H
#define SQLITE_READER_H

#include "open.h"

#include <pthread.h>

enum reader_query {
    READER_GET,         /* id */
    READER_GET_BY_BLOB, /* bucket, key */
    READER_STATUS,      /* bucket, key: status only */
    READER_DUE,         /* now, limit */
    READER_SCAN,        /* after id, limit */
    READER_RECORD,      /* kind, account, id, now */
    READER_RECORDS,     /* kind, -, after account, after id, now, limit */
    READER_RECORDS_OF,  /* kind, account, -, after id, now, limit */
    READER_HEALTH,      /* a trivial look */
    READER_LIST,        /* and the 15 behind it, see reader_list() */
    READER_QUERIES = READER_LIST + 16
};

/* The list over STATUSES (1 to 4) statuses at once. Parameters: account, kind, session, cursor
 * time, cursor id, limit, then the statuses. */
static inline enum reader_query reader_list(int statuses, bool by_kind, bool by_session)
{
    return (enum reader_query)(READER_LIST + (statuses - 1) + 4 * by_kind + 8 * by_session);
}

struct reader {
    struct reader *next;
    sqlite3 *db;
    sqlite3_stmt *statements[READER_QUERIES];
};

struct reader_pool {
    struct open_options options;
    pthread_mutex_t lock;
    struct reader *idle;
    int idle_count;
};

void reader_pool_init(struct reader_pool *pool, const struct open_options *options);
/* No reader may be lent. */
void reader_pool_end(struct reader_pool *pool);
/* Closes idle connections but a few, and gives back memory that these hold. */
void reader_pool_shrink(struct reader_pool *pool);

/* Lends a connection; there is always one, in a crowd a new one. */
enum mgw_status reader_borrow(struct reader_pool *pool, struct reader **reader,
                              struct fault *fault);
void reader_return(struct reader_pool *pool, struct reader *reader);
/* The query's statement, reset and without bindings. */
enum mgw_status reader_statement(struct reader *reader, enum reader_query query,
                                 sqlite3_stmt **statement, struct fault *fault);
/* The query's text, to be freed by sqlite3_free; NULL when memory is short. */
char *reader_sql(enum reader_query query);

#endif
