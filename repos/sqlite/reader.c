/* SPDX-License-Identifier: Apache-2.0
 *
 * See reader.h. A list over several statuses merges one index scan for each: SQLite does that for a
 * UNION ALL whose parts come in the order asked for, reading no more than the page. INDEXED BY
 * holds every part to the index made for it, whatever the statistics say. */
#include "reader.h"

#include "cleanup.h"
#include "columns.h"

/* Connections kept for the next read, in a crowd and after a quiet minute. */
enum { IDLE_MOST = 16, IDLE_SHRUNK = 2 };

static char *list_sql(int variant)
{
    static const char *const indexes[] = {"rows_by_status", "rows_by_kind", "rows_by_session",
                                          "rows_by_session_kind"};
    int statuses = variant % 4 + 1, by_kind = variant / 4 % 2, by_session = variant / 8;
    sqlite3_str *sql = sqlite3_str_new(NULL);
    for (int i = 0; i < statuses; i++) {
        sqlite3_str_appendf(sql, "%sSELECT %s FROM rows INDEXED BY %s WHERE account_id=?1%s%s",
                            i ? " UNION ALL " : "", columns_row_names,
                            indexes[by_kind + 2 * by_session], by_kind ? " AND kind=?2" : "",
                            by_session ? " AND session_id=?3" : "");
        sqlite3_str_appendf(sql, " AND status=?%d AND (created_at,id)<(?4,?5)", 7 + i);
    }
    sqlite3_str_appendall(sql, " ORDER BY created_at DESC,id DESC LIMIT ?6");
    return sqlite3_str_finish(sql);
}

char *reader_sql(enum reader_query query)
{
    const char *row = columns_row_names, *record = columns_record_names;
    switch (query) {
    case READER_GET:
        return sqlite3_mprintf("SELECT %s FROM rows WHERE id=?1", row);
    case READER_GET_BY_BLOB:
        return sqlite3_mprintf("SELECT %s FROM rows WHERE bucket=?1 AND key=?2", row);
    case READER_STATUS:
        return sqlite3_mprintf("SELECT status FROM rows WHERE bucket=?1 AND key=?2");
    case READER_DUE:
        return sqlite3_mprintf("SELECT %s FROM rows INDEXED BY rows_by_lease WHERE lease_until<=?1"
                               " ORDER BY lease_until,id LIMIT ?2",
                               row);
    case READER_SCAN:
        return sqlite3_mprintf("SELECT %s FROM rows WHERE id>?1 ORDER BY id LIMIT ?2", row);
    case READER_RECORD:
        return sqlite3_mprintf("SELECT %s FROM records WHERE kind=?1 AND account=?2 AND id=?3"
                               " AND (expires_at IS NULL OR expires_at>?4)",
                               record);
    case READER_RECORDS:
        return sqlite3_mprintf("SELECT %s FROM records WHERE kind=?1 AND (account,id)>(?3,?4)"
                               " AND (expires_at IS NULL OR expires_at>?5)"
                               " ORDER BY account,id LIMIT ?6",
                               record);
    case READER_RECORDS_OF:
        return sqlite3_mprintf("SELECT %s FROM records WHERE kind=?1 AND account=?2 AND id>?4"
                               " AND (expires_at IS NULL OR expires_at>?5)"
                               " ORDER BY id LIMIT ?6",
                               record);
    case READER_HEALTH:
        return sqlite3_mprintf("SELECT latest FROM clock");
    default:
        return list_sql((int)query - READER_LIST);
    }
}

void reader_pool_init(struct reader_pool *pool, const struct open_options *options)
{
    *pool = (struct reader_pool){.options = *options};
    pthread_mutex_init(&pool->lock, NULL);
}

static void reader_free(struct reader *reader)
{
    for (int i = 0; i < READER_QUERIES; i++) {
        sqlite3_finalize(reader->statements[i]);
    }
    sqlite3_close_v2(reader->db);
    free(reader);
}

void reader_pool_end(struct reader_pool *pool)
{
    for (struct reader *at = pool->idle, *next; at; at = next) {
        next = at->next;
        reader_free(at);
    }
    pthread_mutex_destroy(&pool->lock);
}

void reader_pool_shrink(struct reader_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct reader *all = pool->idle;
    pool->idle = NULL;
    pool->idle_count = 0;
    pthread_mutex_unlock(&pool->lock);
    int kept = 0;
    for (struct reader *at = all, *next; at; at = next) {
        next = at->next;
        if (kept++ < IDLE_SHRUNK) {
            sqlite3_db_release_memory(at->db);
            reader_return(pool, at);
        } else {
            reader_free(at);
        }
    }
}

enum mgw_status reader_borrow(struct reader_pool *pool, struct reader **reader, struct fault *fault)
{
    pthread_mutex_lock(&pool->lock);
    struct reader *found = pool->idle;
    if (found) {
        pool->idle = found->next;
        pool->idle_count--;
    }
    pthread_mutex_unlock(&pool->lock);
    if (!found) {
        found = calloc(1, sizeof *found);
        if (!found) {
            return fault_set(fault, MGW_UNAVAILABLE, "out of memory");
        }
        enum mgw_status status = open_reader(&pool->options, &found->db, fault);
        if (status != MGW_OK) {
            free(found);
            return status;
        }
    }
    *reader = found;
    return MGW_OK;
}

void reader_return(struct reader_pool *pool, struct reader *reader)
{
    pthread_mutex_lock(&pool->lock);
    bool keep = pool->idle_count < IDLE_MOST;
    if (keep) {
        reader->next = pool->idle;
        pool->idle = reader;
        pool->idle_count++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (!keep) {
        reader_free(reader);
    }
}

enum mgw_status reader_statement(struct reader *reader, enum reader_query query,
                                 sqlite3_stmt **statement, struct fault *fault)
{
    sqlite3_stmt **kept = &reader->statements[query];
    if (!*kept) {
        AUTO_SQLITE_FREE char *sql = reader_sql(query);
        int rc =
            sql ? sqlite3_prepare_v3(reader->db, sql, -1, SQLITE_PREPARE_PERSISTENT, kept, NULL)
                : SQLITE_NOMEM;
        if (rc != SQLITE_OK) {
            return fault_sqlite(fault, reader->db, rc, "preparing a query");
        }
    }
    *statement = *kept;
    return MGW_OK;
}
