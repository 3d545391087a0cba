/* SPDX-License-Identifier: Apache-2.0
 *
 * All SQL that runs after the schema is in place, made once for the configured schema. Every name
 * is qualified by it: a pooler may hand a connection on to others, whose search_path it is not. */
#ifndef POSTGRES_STATEMENTS_H
#define POSTGRES_STATEMENTS_H

#include <stdbool.h>
#include <stdint.h>

enum statement {
    STATEMENT_TEXT, /* SQL of the caller's, once */
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_SETTINGS, /* statement timeout, lock timeout: for this transaction */
    STATEMENT_SESSION,  /* the same for all that follow */
    STATEMENT_PING,     /* a trivial look at our own table */
    STATEMENT_NOW,
    STATEMENT_GET,           /* id */
    STATEMENT_GET_BY_BLOB,   /* bucket, key */
    STATEMENT_STATUS,        /* bucket, key: status only */
    STATEMENT_DUE,           /* limit */
    STATEMENT_SCAN,          /* after id, limit */
    STATEMENT_RECORD,        /* kind, account, id */
    STATEMENT_RECORDS,       /* kind, after account, after id, limit */
    STATEMENT_RECORDS_OF,    /* kind, account, after id, limit */
    STATEMENT_INSERT,        /* the row's columns but the timed ones, lease_ms */
    STATEMENT_IMPORT,        /* the row's columns */
    STATEMENT_DELETE,        /* see STATEMENT_UPDATE: the first five */
    STATEMENT_LOCK_RECORD,   /* kind, account, id */
    STATEMENT_PUT_RECORD,    /* kind, account, id, expect_version, text, expires_at, expire_ms */
    STATEMENT_DELETE_RECORD, /* kind, account, id, expect_version */
    STATEMENT_EXPIRE,        /* limit */
    STATEMENT_LIST,          /* and the 15 behind it, see statement_list() */
    STATEMENTS = STATEMENT_LIST + 16,
    /* id, account, expect_status, expect_fence, expect_lease_over, lease_ms, then the columns that
     * are set, in their order. One for each set of them: not in the list. */
    STATEMENT_UPDATE = STATEMENTS
};

/* The list over STATUSES (1 to 4) statuses at once. Values: account, cursor time, cursor id, limit,
 * the statuses, then kind and session where they are asked for. */
static inline enum statement statement_list(int statuses, bool by_kind, bool by_session)
{
    return (enum statement)(STATEMENT_LIST + (statuses - 1) + 4 * by_kind + 8 * by_session);
}

/* What UPDATE and DELETE answer about the comparison, first column; the others are: what is there
 * (status), then created_at, updated_at, lease_until, fence after the change. */
enum verdict {
    VERDICT_MADE = 0,
    VERDICT_FOREIGN = 1, /* another account's */
    VERDICT_STATUS = 2,
    VERDICT_FENCE = 3,
    VERDICT_LEASE = 4
};

struct statements {
    char *schema; /* quoted */
    char *texts[STATEMENTS];
};

/* SCHEMA is quoted already. False when memory is short. */
bool statements_init(struct statements *statements, const char *schema);
void statements_release(struct statements *statements);
/* The text that sets the fields of SET, to be freed; NULL when memory is short. */
char *statements_update(const struct statements *statements, uint32_t set);

#endif
