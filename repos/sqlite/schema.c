/* SPDX-License-Identifier: Apache-2.0
 *
 * The schema. Lists are answered from one index for each set of filters, in which the columns
 * compared for equality come first and the order of the list last: a page then costs the same
 * however many rows there are and however few match. Text has SQLite's default collation, BINARY.
 */
#include "schema.h"

static const struct migration migrations[] = {
    {.oldest = 1,
     .sql = "CREATE TABLE rows("
            " id TEXT NOT NULL UNIQUE, account_id TEXT NOT NULL, owner_email TEXT,"
            " bucket TEXT NOT NULL, key TEXT NOT NULL, mime_type TEXT, size_bytes INTEGER,"
            " duration_ms INTEGER, kind TEXT, status INTEGER NOT NULL, session_id TEXT,"
            " take_index INTEGER, checksum TEXT, created_at INTEGER NOT NULL, updated_at INTEGER,"
            " owner TEXT, fence INTEGER NOT NULL, lease_until INTEGER, fingerprint TEXT,"
            " metadata TEXT, UNIQUE(key, bucket)) STRICT;"
            "CREATE INDEX rows_by_status ON rows(account_id, status, created_at, id);"
            "CREATE INDEX rows_by_kind ON rows(account_id, status, kind, created_at, id)"
            " WHERE kind IS NOT NULL;"
            "CREATE INDEX rows_by_session ON rows(account_id, status, session_id, created_at, id)"
            " WHERE session_id IS NOT NULL;"
            "CREATE INDEX rows_by_session_kind"
            " ON rows(account_id, status, session_id, kind, created_at, id)"
            " WHERE session_id IS NOT NULL AND kind IS NOT NULL;"
            "CREATE INDEX rows_by_lease ON rows(lease_until, id) WHERE lease_until IS NOT NULL;"
            "CREATE TABLE records("
            " kind TEXT NOT NULL, account TEXT NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL,"
            " version INTEGER NOT NULL, expires_at INTEGER,"
            " PRIMARY KEY(kind, account, id)) STRICT, WITHOUT ROWID;"
            "CREATE INDEX records_by_expiry ON records(expires_at) WHERE expires_at IS NOT NULL;"
            /* One row: the latest created_at that was ever given, also to rows that are gone. */
            "CREATE TABLE clock(latest INTEGER NOT NULL) STRICT;"
            "INSERT INTO clock VALUES(0);"},
};

int schema_known(void)
{
    return (int)(sizeof migrations / sizeof migrations[0]);
}

const struct migration *schema_migration(int number)
{
    return &migrations[number - 1];
}
