/* SPDX-License-Identifier: Apache-2.0
 *
 * See statements.h.
 *
 * A comparison locks the row first, in a CTE that is not repeated: behind the wait for another
 * transaction it has the row's last version, and the clock is read after that.
 *
 * created_at is the database's clock, but never less than the largest one that is there: one look
 * at the end of an index. Whoever was answered has committed, so that the next insert sees it, on
 * whichever node; nobody waits for anybody. Rows that are deleted for good leave their created_at
 * in `clock`, which is written by nothing else. */
#include "statements.h"

#include "cleanup.h"
#include "columns.h"

#include <stdio.h>
#include <string.h>

#define CLOCK "floor(extract(epoch FROM clock_timestamp())*1000)::bigint"
#define NEVER "9223372036854775807"
/* The time DURATION (a parameter) from NOW; the end of time where that is later; NULL from NULL. */
#define AFTER(now, duration)                                                                       \
    "CASE WHEN " duration ">" NEVER "-" now " THEN " NEVER " ELSE " now "+" duration " END"

/* What every transaction needs, whatever the role or the pooler's last client has set. A standby
 * that must have applied a commit (remote_apply) is more than we ask for, and stays. Every query
 * has an index made for it; only statistics of an empty table could say otherwise. None is worth
 * compiling. */
#define SETTINGS(local)                                                                            \
    "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')"           \
    " WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, " local "),"                          \
    " set_config('statement_timeout', $1, " local "),"                                             \
    " set_config('lock_timeout', $2, " local "),"                                                  \
    " set_config('idle_in_transaction_session_timeout', '60000', " local "),"                      \
    " set_config('enable_seqscan', 'off', " local "), set_config('jit', 'off', " local ")"

/* %1$s: the schema. */
static const char *const templates[STATEMENTS] = {
    [STATEMENT_BEGIN] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_SETTINGS] = SETTINGS("true"),
    [STATEMENT_SESSION] = SETTINGS("false"),
    [STATEMENT_PING] = "SELECT latest FROM %1$s.clock WHERE id=1",
    [STATEMENT_NOW] = "SELECT " CLOCK,
    [STATEMENT_GET] = "SELECT " COLUMNS_ROW_NAMES " FROM %1$s.rows WHERE id=$1",
    [STATEMENT_GET_BY_BLOB] =
        "SELECT " COLUMNS_ROW_NAMES " FROM %1$s.rows WHERE bucket=$1 AND key=$2",
    [STATEMENT_STATUS] = "SELECT status FROM %1$s.rows WHERE bucket=$1 AND key=$2",
    [STATEMENT_DUE] =
        "SELECT " COLUMNS_ROW_NAMES " FROM %1$s.rows WHERE lease_until<=(SELECT " CLOCK ")"
        " ORDER BY lease_until,id LIMIT $1",
    [STATEMENT_SCAN] =
        "SELECT " COLUMNS_ROW_NAMES " FROM %1$s.rows WHERE id>$1 ORDER BY id LIMIT $2",
    [STATEMENT_RECORD] =
        "SELECT " COLUMNS_RECORD_NAMES " FROM %1$s.records WHERE kind=$1 AND account=$2 AND id=$3"
        " AND (expires_at IS NULL OR expires_at>(SELECT " CLOCK "))",
    [STATEMENT_RECORDS] =
        "SELECT " COLUMNS_RECORD_NAMES " FROM %1$s.records WHERE kind=$1 AND (account,id)>($2,$3)"
        " AND (expires_at IS NULL OR expires_at>(SELECT " CLOCK "))"
        " ORDER BY account,id LIMIT $4",
    [STATEMENT_RECORDS_OF] =
        "SELECT " COLUMNS_RECORD_NAMES " FROM %1$s.records WHERE kind=$1 AND account=$2 AND id>$3"
        " AND (expires_at IS NULL OR expires_at>(SELECT " CLOCK "))"
        " ORDER BY id LIMIT $4",
    /* A record that is not there cannot be locked by its row: the next statement, with a snapshot
     * taken behind this lock, sees what the holder before did. */
    [STATEMENT_LOCK_RECORD] = "SELECT pg_advisory_xact_lock(hashtextextended("
                              "'%1$s/'||$1||'/'||$2||'/'||$3, 0))",
    [STATEMENT_PUT_RECORD] =
        "WITH old AS MATERIALIZED (SELECT version,expires_at FROM %1$s.records"
        " WHERE kind=$1 AND account=$2 AND id=$3 FOR UPDATE),"
        " t AS MATERIALIZED (SELECT " CLOCK " AS now),"
        " v AS MATERIALIZED (SELECT t.now,coalesce((SELECT version FROM old"
        " WHERE expires_at IS NULL OR expires_at>t.now),0) AS version FROM t),"
        " done AS (INSERT INTO %1$s.records AS r(kind,account,id,text,version,expires_at)"
        " SELECT $1,$2,$3,$5,v.version+1,coalesce(" AFTER(
            "v.now", "$7::bigint") ",$6::bigint)"
                                   " FROM v WHERE $4::bigint=-1 OR $4=v.version"
                                   " ON CONFLICT (kind,account,id) DO UPDATE SET"
                                   " text=excluded.text,version=excluded.version,expires_at="
                                   "excluded.expires_at"
                                   " RETURNING r.version)"
                                   " SELECT v.version,done.version FROM v LEFT JOIN done ON true",
    [STATEMENT_DELETE_RECORD] =
        "WITH old AS MATERIALIZED (SELECT version,expires_at FROM %1$s.records"
        " WHERE kind=$1 AND account=$2 AND id=$3 FOR UPDATE),"
        " t AS MATERIALIZED (SELECT " CLOCK " AS now),"
        " v AS MATERIALIZED (SELECT coalesce((SELECT version FROM old"
        " WHERE expires_at IS NULL OR expires_at>t.now),0) AS version FROM t),"
        " done AS (DELETE FROM %1$s.records r USING v"
        " WHERE r.kind=$1 AND r.account=$2 AND r.id=$3 AND ($4::bigint=-1 OR $4=v.version))"
        " SELECT v.version,CASE WHEN $4=-1 OR $4=v.version THEN 0 END FROM v",
    [STATEMENT_EXPIRE] =
        "DELETE FROM %1$s.records r USING (SELECT kind,account,id FROM %1$s.records"
        " WHERE expires_at<=(SELECT " CLOCK ") ORDER BY expires_at LIMIT $1"
        " FOR UPDATE SKIP LOCKED) x WHERE r.kind=x.kind AND r.account=x.account AND r.id=x.id",
};

/* ---- Changes of rows ---- */

/* Until the row is judged: the same for every comparison. The clock is read above the lock. */
static void put_comparison(FILE *out, const char *schema)
{
    fprintf(out,
            "WITH j AS MATERIALIZED (SELECT t.*,CASE WHEN account_id<>$2 THEN %d"
            " WHEN $3::integer<>0 AND status&$3=0 THEN %d"
            " WHEN $4::bigint IS NOT NULL AND fence<>$4 THEN %d"
            " WHEN $5::integer<>0 AND (lease_until IS NULL OR lease_until>now) THEN %d"
            " ELSE %d END AS verdict FROM (SELECT old.*," CLOCK " AS now"
            " FROM (SELECT account_id,status,fence,lease_until,created_at FROM %s.rows WHERE id=$1"
            " FOR UPDATE) old OFFSET 0) t),",
            VERDICT_FOREIGN, VERDICT_STATUS, VERDICT_FENCE, VERDICT_LEASE, VERDICT_MADE, schema);
}

static void put_answer(FILE *out)
{
    fputs(" SELECT j.verdict,j.status,d.created_at,d.updated_at,d.lease_until,d.fence"
          " FROM j LEFT JOIN d ON true",
          out);
}

char *statements_update(const struct statements *statements, uint32_t set)
{
    AUTO_FREE char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        return NULL;
    }
    put_comparison(out, statements->schema);
    fprintf(out, " d AS (UPDATE %s.rows r SET updated_at=greatest(j.now,j.created_at)",
            statements->schema);
    for (int i = 0, at = 7; i < COLUMNS_OF_ROW; i++) {
        const struct column *column = &columns_of_row[i];
        if (column->field == MGW_FIELD_LEASE && set & MGW_FIELD_LEASE) {
            fputs(",lease_until=" AFTER("j.now", "$6::bigint"), out);
        } else if (column->field & set) {
            fprintf(out, ",%s=$%d::%s", column->name, at++, columns_sql_type(column));
        }
    }
    /* Where no lease is set $6 still needs a type. */
    fprintf(out,
            " FROM j WHERE r.id=$1 AND j.verdict=%d AND ($6::bigint IS NULL OR true)"
            " RETURNING r.created_at,r.updated_at,r.lease_until,r.fence)",
            VERDICT_MADE);
    put_answer(out);
    return fclose(out) == 0 ? TAKE(text) : NULL;
}

static char *delete_sql(const char *schema)
{
    AUTO_FREE char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        return NULL;
    }
    put_comparison(out, schema);
    fprintf(out,
            " d AS (DELETE FROM %s.rows r USING j WHERE r.id=$1 AND j.verdict=%d"
            " RETURNING r.created_at,r.updated_at,r.lease_until,r.fence),"
            " c AS (UPDATE %s.clock SET latest=d.created_at FROM d"
            " WHERE clock.id=1 AND latest<d.created_at)",
            schema, VERDICT_MADE, schema);
    put_answer(out);
    return fclose(out) == 0 ? TAKE(text) : NULL;
}

static char *insert_sql(const char *schema)
{
    AUTO_FREE char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        return NULL;
    }
    fprintf(out, "WITH t AS MATERIALIZED (SELECT " CLOCK " AS now) INSERT INTO %s.rows(%s) SELECT ",
            schema, COLUMNS_ROW_NAMES);
    for (int i = 0, at = 1; i < COLUMNS_OF_ROW; i++) {
        const struct column *column = &columns_of_row[i];
        fputs(i ? "," : "", out);
        if (!column->timed) {
            fprintf(out, "$%d::%s", at++, columns_sql_type(column));
        } else if (column->field == MGW_FIELD_LEASE) {
            fputs(AFTER("t.now", "$18::bigint"), out);
        } else if (column->type == COLUMN_NUMBER) {
            fprintf(out,
                    "greatest(t.now,(SELECT max(created_at+0) FROM %s.rows),"
                    "(SELECT latest FROM %s.clock WHERE id=1))",
                    schema, schema);
        } else {
            fputs("NULL", out);
        }
    }
    fputs(" FROM t ON CONFLICT DO NOTHING RETURNING created_at,updated_at,lease_until,fence", out);
    return fclose(out) == 0 ? TAKE(text) : NULL;
}

static char *import_sql(const char *schema)
{
    AUTO_FREE char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        return NULL;
    }
    fprintf(out, "INSERT INTO %s.rows(%s) VALUES(", schema, COLUMNS_ROW_NAMES);
    for (int i = 0; i < COLUMNS_OF_ROW; i++) {
        fprintf(out, "%s$%d", i ? "," : "", i + 1);
    }
    fputs(") ON CONFLICT DO NOTHING RETURNING created_at,updated_at,lease_until,fence", out);
    return fclose(out) == 0 ? TAKE(text) : NULL;
}

/* ---- Lists ---- */

/* Several statuses: a page of each from its own index range, merged. */
static char *list_sql(const char *schema, int variant)
{
    int statuses = variant % 4 + 1, by_kind = variant / 4 % 2, by_session = variant / 8;
    AUTO_FREE char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        return NULL;
    }
    /* As schema.c says: the index made for it. */
    static const char *const accounts[] = {"", "||'k'", "||'s'", "||'sk'"};
    const char *own = accounts[by_kind + 2 * by_session];
    fprintf(out, "SELECT %s FROM (", COLUMNS_ROW_NAMES);
    for (int i = 0; i < statuses; i++) {
        fprintf(out, "%s(SELECT %s FROM %s.rows WHERE account_id%s=$1%s AND status=$%d",
                i ? " UNION ALL " : "", COLUMNS_ROW_NAMES, schema, own, own, 5 + i);
        if (by_kind) {
            fprintf(out, " AND kind=$%d", 5 + statuses);
        }
        if (by_session) {
            fprintf(out, " AND session_id=$%d", 5 + statuses + by_kind);
        }
        fputs(" AND (created_at,id)<($2,$3) ORDER BY created_at DESC,id DESC LIMIT $4)", out);
    }
    fputs(") AS page ORDER BY created_at DESC,id DESC LIMIT $4", out);
    return fclose(out) == 0 ? TAKE(text) : NULL;
}

/* ---- All of them ---- */

static char *make(const char *schema, int statement)
{
    char *text = NULL;
    switch (statement) {
    case STATEMENT_INSERT:
        return insert_sql(schema);
    case STATEMENT_IMPORT:
        return import_sql(schema);
    case STATEMENT_DELETE:
        return delete_sql(schema);
    default:
        break;
    }
    if (statement >= STATEMENT_LIST) {
        return list_sql(schema, statement - STATEMENT_LIST);
    }
    return asprintf(&text, templates[statement], schema) >= 0 ? text : NULL;
}

bool statements_init(struct statements *statements, const char *schema)
{
    *statements = (struct statements){.schema = strdup(schema)};
    bool made = statements->schema != NULL;
    for (int i = STATEMENT_TEXT + 1; made && i < STATEMENTS; i++) {
        statements->texts[i] = make(schema, i);
        made = statements->texts[i] != NULL;
    }
    if (!made) {
        statements_release(statements);
    }
    return made;
}

void statements_release(struct statements *statements)
{
    for (int i = 0; i < STATEMENTS; i++) {
        free(statements->texts[i]);
    }
    free(statements->schema);
    *statements = (struct statements){0};
}
