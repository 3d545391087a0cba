/* SPDX-License-Identifier: Apache-2.0
 *
 * The schema. Lists are answered from one index for each set of filters, in which the columns
 * compared for equality come first and the order of the list last: a page then costs the same
 * however many rows there are and however few match. PostgreSQL cannot be told which index to use;
 * so each begins with an expression that no other has and its own query alone contains. Else a
 * planner that has seen one large account walks through all of its rows for a small one's. Text is
 * compared byte by byte, and metadata is
 * the text that was received. */
#include "schema.h"

#define TEXT "text COLLATE \"C\""

static const struct migration migrations[] = {
    {.oldest = 1,
     .sql =
         {"CREATE TABLE %1$s.rows("
          " id " TEXT " PRIMARY KEY, account_id " TEXT " NOT NULL, owner_email " TEXT ","
          " bucket " TEXT " NOT NULL, key " TEXT " NOT NULL, mime_type " TEXT ", size_bytes bigint,"
          " duration_ms bigint, kind " TEXT ", status integer NOT NULL, session_id " TEXT ","
          " take_index bigint, checksum " TEXT ", created_at bigint NOT NULL, updated_at bigint,"
          " owner " TEXT ", fence bigint NOT NULL, lease_until bigint, fingerprint " TEXT ","
          " metadata " TEXT ", UNIQUE(key, bucket))",
          "CREATE INDEX rows_by_status ON %1$s.rows(account_id, status, created_at, id)",
          "CREATE INDEX rows_by_kind ON %1$s.rows((account_id||'k'), status, kind, created_at, id)"
          " WHERE kind IS NOT NULL",
          "CREATE INDEX rows_by_session ON %1$s.rows((account_id||'s'), status, session_id, "
          "created_at,"
          " id) WHERE session_id IS NOT NULL",
          "CREATE INDEX rows_by_session_kind"
          " ON %1$s.rows((account_id||'sk'), status, session_id, kind, created_at, id)"
          " WHERE session_id IS NOT NULL AND kind IS NOT NULL",
          "CREATE INDEX rows_by_lease ON %1$s.rows(lease_until, id)"
          " WHERE lease_until IS NOT NULL",
          /* Its end is the newest created_at, below which no new row may go. */
          "CREATE INDEX rows_by_creation ON %1$s.rows((created_at+0))",
          "CREATE TABLE %1$s.records("
          " kind " TEXT " NOT NULL, account " TEXT " NOT NULL, id " TEXT " NOT NULL,"
          " text " TEXT " NOT NULL, version bigint NOT NULL, expires_at bigint,"
          " PRIMARY KEY(kind, account, id))",
          "CREATE INDEX records_by_expiry ON %1$s.records(expires_at)"
          " WHERE expires_at IS NOT NULL",
          /* One row: the latest created_at of those that were deleted for good. */
          "CREATE TABLE %1$s.clock(id integer PRIMARY KEY, latest bigint NOT NULL)",
          "INSERT INTO %1$s.clock VALUES(1, 0)"}},
};

int schema_known(void)
{
    return (int)(sizeof migrations / sizeof migrations[0]);
}

const struct migration *schema_migration(int number)
{
    return &migrations[number - 1];
}
