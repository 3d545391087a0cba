/* SPDX-License-Identifier: Apache-2.0
 *
 * See batch.h. When SQLite meets a full disk or an I/O error it may roll back the whole transaction
 * by itself; a later statement would then run, and commit, on its own. So after each failure
 * sqlite3_get_autocommit() is asked, and where it says 1 every request of the batch has failed
 * (sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction"). */
#include "batch.h"

#include "cleanup.h"

#include <errno.h>
#include <string.h>

static int run(sqlite3_stmt *statement)
{
    errno = 0; /* for fault_sqlite() */
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

enum mgw_status batch_prepare(struct batch_tools *tools, sqlite3 *db, struct clock *clock,
                              struct fault *fault)
{
    *tools = (struct batch_tools){.db = db, .clock = clock};
    const struct {
        sqlite3_stmt **statement;
        const char *sql;
    } wanted[] = {
        {&tools->begin, "BEGIN IMMEDIATE"},
        {&tools->commit, "COMMIT"},
        {&tools->rollback, "ROLLBACK"},
        {&tools->save, "SAVEPOINT request"},
        {&tools->undo, "ROLLBACK TO request"},
        {&tools->release, "RELEASE request"},
        {&tools->read_clock, "SELECT latest FROM clock"},
        {&tools->write_clock, "UPDATE clock SET latest=?1 WHERE latest<?1"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        int rc = sqlite3_prepare_v3(db, wanted[i].sql, -1, SQLITE_PREPARE_PERSISTENT,
                                    wanted[i].statement, NULL);
        if (rc != SQLITE_OK) {
            return fault_sqlite(fault, db, rc, wanted[i].sql);
        }
    }
    return changer_new(db, &tools->changer, fault);
}

void batch_release(struct batch_tools *tools)
{
    sqlite3_stmt *const all[] = {tools->begin,      tools->commit,     tools->rollback,
                                 tools->save,       tools->undo,       tools->release,
                                 tools->read_clock, tools->write_clock};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        sqlite3_finalize(all[i]);
    }
    changer_free(tools->changer);
}

void batch_fail(struct request *requests, const struct fault *fault)
{
    for (struct request *at = requests; at; at = at->next) {
        at->fault = *fault;
        memset(at->results, 0, at->count * sizeof *at->results);
        for (size_t i = 0; i < at->count; i++) {
            at->results[i].status = (uint32_t)fault->status;
        }
    }
}

/* Ends what is left of the transaction; nothing of it stays. */
static void give_up(struct batch_tools *tools, struct request *requests, const struct fault *fault)
{
    if (!sqlite3_get_autocommit(tools->db)) {
        run(tools->rollback);
    }
    batch_fail(requests, fault);
}

/* All changes of REQUEST, or none. False: the whole transaction is lost, for the reason in the
 * request's fault. A row that was imported may be newer than the clock: *NOW goes on from there. */
static bool run_request(struct batch_tools *tools, struct request *request, int64_t *now)
{
    bool broken = false, several = request->count > 1; /* one statement undoes itself */
    int rc = several ? run(tools->save) : SQLITE_OK;
    if (rc != SQLITE_OK) {
        fault_sqlite(&request->fault, tools->db, rc, "a savepoint");
        return false;
    }
    for (size_t i = 0; i < request->count && !broken; i++) {
        struct fault fault = {0};
        enum mgw_status status = changer_make(tools->changer, &request->changes[i], *now,
                                              &request->results[i], &broken, &fault);
        request->results[i].status = (uint32_t)status;
        if (status == MGW_OK && request->results[i].created_at > *now) {
            *now = request->results[i].created_at;
        }
        if (status != MGW_OK && (request->fault.status == MGW_OK || broken)) {
            fault.status = status;
            request->fault = fault;
        }
    }
    if (broken && sqlite3_get_autocommit(tools->db)) {
        return false;
    }
    if (several && request->fault.status != MGW_OK) {
        rc = run(tools->undo);
    }
    if (several && rc == SQLITE_OK) {
        rc = run(tools->release);
    }
    if (rc != SQLITE_OK) {
        fault_sqlite(&request->fault, tools->db, rc, "undoing a request");
        return false;
    }
    return true;
}

static enum mgw_status begin(struct batch_tools *tools, int64_t *now, struct fault *fault)
{
    int rc = run(tools->begin);
    if (rc != SQLITE_OK) {
        return fault_sqlite(fault, tools->db, rc, "beginning a transaction");
    }
    rc = sqlite3_step(tools->read_clock);
    if (rc == SQLITE_ROW) {
        clock_raise(tools->clock, sqlite3_column_int64(tools->read_clock, 0));
        *now = clock_now(tools->clock);
    }
    sqlite3_reset(tools->read_clock);
    return rc == SQLITE_ROW ? MGW_OK : fault_sqlite(fault, tools->db, rc, "reading the clock");
}

/* The latest created_at that the request has given to a row; 0: none. */
static int64_t newest(const struct request *request)
{
    int64_t time = 0;
    for (size_t i = 0; i < request->count && request->fault.status == MGW_OK; i++) {
        uint32_t type = request->changes[i].type;
        if ((type == MGW_CHANGE_INSERT_ROW || type == MGW_CHANGE_IMPORT_ROW) &&
            request->results[i].created_at > time) {
            time = request->results[i].created_at;
        }
    }
    return time;
}

/* A commit that failed was rolled back for certain where its last frame was never written; where
 * the sync failed, a crash may still bring the frames back. */
static enum mgw_status commit(struct batch_tools *tools, struct fault *fault)
{
    int rc = run(tools->commit);
    if (rc == SQLITE_OK) {
        return MGW_OK;
    }
    enum mgw_status status = fault_sqlite(fault, tools->db, rc, "the commit");
    bool certain = (rc & 0xff) == SQLITE_FULL || (rc & 0xff) == SQLITE_BUSY;
    if (rc == SQLITE_IOERR_WRITE) {
        certain = true;
        fault->status = status == MGW_NO_SPACE || status == MGW_QUOTA ? status : MGW_UNAVAILABLE;
    }
    if (!certain) {
        fault->status = MGW_UNKNOWN_OUTCOME;
    }
    return fault->status;
}

void batch_run(struct batch_tools *tools, struct request *requests)
{
    struct fault fault = {0};
    int64_t now = 0, latest = 0;
    if (begin(tools, &now, &fault) != MGW_OK) {
        give_up(tools, requests, &fault);
        return;
    }
    for (struct request *at = requests; at; at = at->next) {
        if (!run_request(tools, at, &now)) {
            fault = at->fault;
            give_up(tools, requests, &fault);
            return;
        }
        int64_t time = newest(at);
        latest = time > latest ? time : latest;
    }
    if (latest > 0) {
        sqlite3_bind_int64(tools->write_clock, 1, latest);
        int rc = run(tools->write_clock);
        if (rc != SQLITE_OK) {
            fault_sqlite(&fault, tools->db, rc, "writing the clock");
            give_up(tools, requests, &fault);
            return;
        }
    }
    if (commit(tools, &fault) != MGW_OK) {
        give_up(tools, requests, &fault);
    }
}
