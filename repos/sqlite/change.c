/* SPDX-License-Identifier: Apache-2.0
 *
 * See change.h. An update names only the columns that it sets, so that a renewed lease touches no
 * index but its own; its statements are few, and the last used ones are kept. */
#include "change.h"

#include "cleanup.h"
#include "columns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { INSERT, FIND, DELETE, FIND_RECORD, PUT_RECORD, DELETE_RECORD, STATEMENTS };
enum { UPDATES = 12, ALL_FIELDS = (1 << 14) - 1 };

static const char *const texts[STATEMENTS] = {
    [FIND] = "SELECT rowid,account_id=?2,status,fence,lease_until,created_at"
             " FROM rows WHERE id=?1",
    [DELETE] = "DELETE FROM rows WHERE rowid=?1",
    [FIND_RECORD] = "SELECT version,expires_at FROM records WHERE kind=?1 AND account=?2 AND id=?3",
    [PUT_RECORD] = "INSERT OR REPLACE INTO records(kind,account,id,text,version,expires_at)"
                   " VALUES(?1,?2,?3,?4,?5,?6)",
    [DELETE_RECORD] = "DELETE FROM records WHERE kind=?1 AND account=?2 AND id=?3",
};

struct update {
    uint32_t set;
    uint64_t used; /* when, by the changer's count */
    sqlite3_stmt *statement;
};

struct changer {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    struct update updates[UPDATES];
    uint64_t count;
};

/* The one change under way. */
struct work {
    struct changer *changer;
    const struct mgw_change *change;
    int64_t now;
    struct mgw_change_result *result;
    struct fault *fault;
    bool broken;
};

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql, struct fault *fault)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (rc != SQLITE_OK) {
        fault_sqlite(fault, db, rc, "preparing a statement");
    }
    return statement;
}

enum mgw_status changer_new(sqlite3 *db, struct changer **changer, struct fault *fault)
{
    struct changer *made = calloc(1, sizeof *made);
    if (!made) {
        return fault_set(fault, MGW_UNAVAILABLE, "out of memory");
    }
    made->db = db;
    AUTO_SQLITE_FREE char *insert = sqlite3_mprintf(
        "INSERT INTO rows(%s) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", columns_row_names);
    for (int i = 0; i < STATEMENTS; i++) {
        const char *sql = i == INSERT ? insert : texts[i];
        made->statements[i] = sql ? prepare(db, sql, fault) : NULL;
        if (!made->statements[i]) {
            changer_free(made);
            return fault->status != MGW_OK ? fault->status : MGW_UNAVAILABLE;
        }
    }
    *changer = made;
    return MGW_OK;
}

void changer_free(struct changer *changer)
{
    if (changer) {
        for (int i = 0; i < STATEMENTS; i++) {
            sqlite3_finalize(changer->statements[i]);
        }
        for (int i = 0; i < UPDATES; i++) {
            sqlite3_finalize(changer->updates[i].statement);
        }
        free(changer);
    }
}

/* The statement that sets the columns of SET; NULL with the fault set. */
static sqlite3_stmt *update_statement(struct changer *changer, uint32_t set, struct fault *fault)
{
    struct update *oldest = &changer->updates[0];
    for (struct update *at = changer->updates; at < changer->updates + UPDATES; at++) {
        if (at->statement && at->set == set) {
            at->used = ++changer->count;
            return at->statement;
        }
        oldest = at->used < oldest->used ? at : oldest;
    }
    sqlite3_str *sql = sqlite3_str_new(changer->db);
    sqlite3_str_appendall(sql, "UPDATE rows SET updated_at=?1");
    for (int i = 0; i < COLUMNS_OF_ROW; i++) {
        if (columns_of_row[i].field & set) {
            sqlite3_str_appendf(sql, ",%s=?%d", columns_of_row[i].name, i + 3);
        }
    }
    sqlite3_str_appendall(sql, " WHERE rowid=?2");
    AUTO_SQLITE_FREE char *text = sqlite3_str_finish(sql);
    sqlite3_stmt *statement = text ? prepare(changer->db, text, fault) : NULL;
    if (!text) {
        fault_set(fault, MGW_UNAVAILABLE, "out of memory");
    }
    if (statement) {
        sqlite3_finalize(oldest->statement);
        *oldest = (struct update){set, ++changer->count, statement};
    }
    return statement;
}

/* SQLite failed: the answer that it gets, and no more changes in this request. */
static enum mgw_status broken(struct work *work, int rc)
{
    work->broken = true;
    return fault_sqlite(work->fault, work->changer->db, rc, "a change");
}

/* Runs a statement that answers no rows, and makes it ready for the next time. */
static int run(sqlite3_stmt *statement)
{
    errno = 0; /* for fault_sqlite() */
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rc;
}

static int64_t after(int64_t now, int64_t duration_ms)
{
    int64_t time;
    if (duration_ms == MGW_ABSENT) {
        return MGW_ABSENT;
    }
    return __builtin_add_overflow(now, duration_ms, &time) ? INT64_MAX : time;
}

static bool one_status(uint32_t status)
{
    return status == MGW_ROW_UPLOADING || status == MGW_ROW_READY || status == MGW_ROW_DELETED ||
           status == MGW_ROW_FAILED;
}

static enum mgw_status insert_row(struct work *work)
{
    struct mgw_row row = *work->change->row;
    if (!row.id || !row.account_id || !row.bucket || !row.key || !one_status(row.status)) {
        return fault_set(work->fault, MGW_INVALID,
                         "a new row has an id, an account, a bucket, a key and one status");
    }
    bool import = work->change->type == MGW_CHANGE_IMPORT_ROW;
    if (import && row.created_at == MGW_ABSENT) {
        return fault_set(work->fault, MGW_INVALID, "an imported row has its created_at");
    }
    if (!import) {
        row.created_at = work->now;
        row.updated_at = MGW_ABSENT;
        row.lease_until = after(work->now, work->change->lease_ms);
    }
    sqlite3_stmt *statement = work->changer->statements[INSERT];
    int rc = SQLITE_OK;
    for (int i = 0; i < COLUMNS_OF_ROW && rc == SQLITE_OK; i++) {
        rc = columns_bind(statement, i + 1, &columns_of_row[i], &row);
    }
    int stepped = run(statement);
    rc = rc == SQLITE_OK ? stepped : rc;
    if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY) {
        return fault_set(work->fault, MGW_EXISTS, "row %s, or its bucket and key, is there already",
                         row.id);
    }
    if (rc != SQLITE_DONE) {
        return broken(work, rc);
    }
    work->result->created_at = row.created_at;
    work->result->updated_at = row.updated_at;
    work->result->lease_until = row.lease_until;
    work->result->fence = row.fence;
    return MGW_OK;
}

/* What a comparison looks at. */
struct found {
    int64_t rowid, fence, lease_until, created_at;
    uint32_t status;
    bool mine;
};

static int find_row(struct work *work, struct found *found)
{
    sqlite3_stmt *statement = work->changer->statements[FIND];
    sqlite3_bind_text(statement, 1, work->change->row->id, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, work->change->row->account_id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        bool no_lease = sqlite3_column_type(statement, 4) == SQLITE_NULL;
        *found = (struct found){
            .rowid = sqlite3_column_int64(statement, 0),
            .mine = sqlite3_column_int(statement, 1),
            .status = (uint32_t)sqlite3_column_int64(statement, 2),
            .fence = sqlite3_column_int64(statement, 3),
            .lease_until = no_lease ? MGW_ABSENT : sqlite3_column_int64(statement, 4),
            .created_at = sqlite3_column_int64(statement, 5),
        };
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rc;
}

static enum mgw_status compare_row(struct work *work, struct found *found)
{
    const struct mgw_change *change = work->change;
    const char *id = change->row->id;
    if (!id || !change->row->account_id) {
        return fault_set(work->fault, MGW_INVALID, "a changed row has an id and an account");
    }
    int rc = find_row(work, found);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return broken(work, rc);
    }
    if (rc == SQLITE_DONE || !found->mine) {
        return fault_set(work->fault, MGW_NOT_FOUND, "there is no row %s", id);
    }
    if (change->expect_status && !(found->status & change->expect_status)) {
        return fault_set(work->fault, MGW_CONFLICT, "row %s has another status (%u)", id,
                         found->status);
    }
    if (change->expect_fence != MGW_ABSENT && found->fence != change->expect_fence) {
        return fault_set(work->fault, MGW_STALE, "row %s has another owner by now", id);
    }
    if (change->expect_lease_over &&
        (found->lease_until == MGW_ABSENT || found->lease_until > work->now)) {
        return fault_set(work->fault, MGW_BUSY, "the lease of row %s is not over", id);
    }
    return MGW_OK;
}

static enum mgw_status update_row(struct work *work)
{
    const struct mgw_change *change = work->change;
    if (change->set & ~(uint32_t)ALL_FIELDS ||
        (change->set & MGW_FIELD_STATUS && !one_status(change->row->status))) {
        return fault_set(work->fault, MGW_INVALID, "an unknown field or status is set (0x%x)",
                         change->set);
    }
    struct found found = {0};
    enum mgw_status status = compare_row(work, &found);
    if (status != MGW_OK) {
        return status;
    }
    struct mgw_row row;
    mgw_take(&row, change->row, sizeof row);
    row.lease_until = after(work->now, change->lease_ms);
    sqlite3_stmt *statement = update_statement(work->changer, change->set, work->fault);
    if (!statement) {
        work->broken = true;
        return work->fault->status;
    }
    sqlite3_bind_int64(statement, 1, work->now);
    sqlite3_bind_int64(statement, 2, found.rowid);
    int rc = SQLITE_OK;
    for (int i = 0; i < COLUMNS_OF_ROW && rc == SQLITE_OK; i++) {
        if (columns_of_row[i].field & change->set) {
            rc = columns_bind(statement, i + 3, &columns_of_row[i], &row);
        }
    }
    int stepped = run(statement);
    rc = rc == SQLITE_OK ? stepped : rc;
    if (rc != SQLITE_DONE) {
        return broken(work, rc);
    }
    bool leased = change->set & MGW_FIELD_LEASE, fenced = change->set & MGW_FIELD_FENCE;
    work->result->created_at = found.created_at;
    work->result->updated_at = work->now;
    work->result->lease_until = leased ? row.lease_until : found.lease_until;
    work->result->fence = fenced ? row.fence : found.fence;
    return MGW_OK;
}

static enum mgw_status delete_row(struct work *work)
{
    struct found found = {0};
    enum mgw_status status = compare_row(work, &found);
    if (status != MGW_OK) {
        return status;
    }
    sqlite3_stmt *statement = work->changer->statements[DELETE];
    sqlite3_bind_int64(statement, 1, found.rowid);
    int rc = run(statement);
    return rc == SQLITE_DONE ? MGW_OK : broken(work, rc);
}

static void bind_record_id(sqlite3_stmt *statement, const struct mgw_record *record)
{
    for (int i = 0; i < 3; i++) {
        columns_bind(statement, i + 1, &columns_of_record[i], record);
    }
}

/* The version that a reader would see: 0 where there is none. */
static int record_version(struct work *work, int64_t *version)
{
    sqlite3_stmt *statement = work->changer->statements[FIND_RECORD];
    bind_record_id(statement, work->change->record);
    int rc = sqlite3_step(statement);
    *version = 0;
    if (rc == SQLITE_ROW && (sqlite3_column_type(statement, 1) == SQLITE_NULL ||
                             sqlite3_column_int64(statement, 1) > work->now)) {
        *version = sqlite3_column_int64(statement, 0);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rc;
}

static enum mgw_status change_record(struct work *work)
{
    const struct mgw_change *change = work->change;
    struct mgw_record record = *change->record;
    bool put = change->type == MGW_CHANGE_PUT_RECORD;
    if (!record.kind || !record.account || !record.id || (put && !record.text)) {
        return fault_set(work->fault, MGW_INVALID,
                         "a record has a kind, an account, an id, a text");
    }
    int64_t version;
    int rc = record_version(work, &version);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return broken(work, rc);
    }
    if (change->expect_version != MGW_VERSION_ANY && change->expect_version != version) {
        work->result->version = version;
        return fault_set(work->fault, MGW_CONFLICT, "record %s %s has version %lld, expected %lld",
                         record.kind, record.id, (long long)version,
                         (long long)change->expect_version);
    }
    sqlite3_stmt *statement = work->changer->statements[put ? PUT_RECORD : DELETE_RECORD];
    record.version = put ? version + 1 : 0;
    if (change->expire_ms != MGW_ABSENT) {
        record.expires_at = after(work->now, change->expire_ms);
    }
    bind_record_id(statement, &record);
    for (int i = 3; put && i < COLUMNS_OF_RECORD; i++) {
        columns_bind(statement, i + 1, &columns_of_record[i], &record);
    }
    rc = run(statement);
    if (rc != SQLITE_DONE) {
        return broken(work, rc);
    }
    work->result->version = record.version;
    return MGW_OK;
}

enum mgw_status changer_make(struct changer *changer, const struct mgw_change *change, int64_t now,
                             struct mgw_change_result *result, bool *was_broken,
                             struct fault *fault)
{
    struct work work = {changer, change, now, result, fault, false};
    enum mgw_status status = MGW_INVALID;
    switch (change->type) {
    case MGW_CHANGE_INSERT_ROW:
    case MGW_CHANGE_IMPORT_ROW:
        status = change->row ? insert_row(&work) : MGW_INVALID;
        break;
    case MGW_CHANGE_UPDATE_ROW:
        status = change->row ? update_row(&work) : MGW_INVALID;
        break;
    case MGW_CHANGE_DELETE_ROW:
        status = change->row ? delete_row(&work) : MGW_INVALID;
        break;
    case MGW_CHANGE_PUT_RECORD:
    case MGW_CHANGE_DELETE_RECORD:
        status = change->record ? change_record(&work) : MGW_INVALID;
        break;
    default:
        break;
    }
    if (status == MGW_INVALID && fault->status != MGW_INVALID) {
        fault_set(fault, MGW_INVALID, "a change of type %u lacks its row or record, or is unknown",
                  change->type);
    }
    *was_broken = work.broken;
    return status;
}
