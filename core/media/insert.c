/* SPDX-License-Identifier: Apache-2.0
 *
 * See insert.h. */
#include "core/media/insert.h"

#include "core/base/log.h"
#include "core/media/direct_record.h"
#include "core/media/row.h"

#include <string.h>

enum { CLEANUP_MS = 10000, TRIES = 8, RETRY_MS = 1000 };

#define RECORD_KIND "idempotency"

static struct mgw_change insert_change(const struct insert *insert)
{
    return (struct mgw_change){
        .size = sizeof(struct mgw_change),
        .type = MGW_CHANGE_INSERT_ROW,
        .row = &insert->row,
        .lease_ms = insert->direct ? insert->lease_ms : insert->media->lease_ms,
    };
}

/* Whether the row is there, and ours: an insert whose answer was lost had been made. */
static bool is_ours(struct insert *insert, struct mgw_call *call)
{
    AUTO_FREE struct mgw_row *row = NULL;
    if (rows_get(insert->media->rows, call, insert->row.id, row_keep, &row) != MGW_OK || !row) {
        return false;
    }
    bool ours = strcmp(row->key, insert->row.key) == 0;
    insert->created_at = ours ? row->created_at : insert->created_at;
    return ours;
}

static void insert_done(struct insert *insert, enum mgw_status status)
{
    struct lease *lease = NULL;
    if (status == MGW_OK && !insert->direct) {
        lease = keeper_add(insert->media->keeper, insert->row.id, insert->row.account_id,
                           insert->row.fence);
        status = lease ? MGW_OK : mgw_fail(insert->call, MGW_IO, "out of memory");
    }
    pthread_mutex_lock(&insert->lock);
    insert->lease = lease;
    insert->status = status;
    insert->done = true;
    pthread_cond_signal(&insert->ended);
    pthread_mutex_unlock(&insert->lock);
}

static void insert_run(struct pool_job *job)
{
    struct insert *insert = (struct insert *)job; /* `job` is its first field */
    struct mgw_change change = insert_change(insert);
    struct mgw_change_result result = {.size = sizeof result};
    enum mgw_status status = rows_apply(insert->media->rows, insert->call, &change, &result, 1);
    if (status == MGW_UNKNOWN_OUTCOME) {
        status = rows_apply(insert->media->rows, insert->call, &change, &result, 1);
        if (status ==
            MGW_EXISTS) { /* most likely our own, but only a look that is answered can tell */
            status = is_ours(insert, insert->call) ? MGW_OK : MGW_UNKNOWN_OUTCOME;
            result.created_at = insert->created_at;
        }
    }
    insert->created_at = result.created_at;
    insert_done(insert, status);
}

void insert_init(struct insert *insert, struct mgw_media *media, const struct mgw_row *row,
                 const char *idempotency_key)
{
    *insert = (struct insert){.media = media, .row = *row, .idempotency_key = idempotency_key};
    insert->job.run = insert_run;
    insert->status = MGW_INVALID;
    pthread_mutex_init(&insert->lock, NULL);
    pthread_cond_init(&insert->ended, NULL);
}

void insert_release(struct insert *insert)
{
    lease_end(insert->lease);
    call_free(insert->call);
    pthread_mutex_destroy(&insert->lock);
    pthread_cond_destroy(&insert->ended);
}

void insert_start(struct insert *insert, const char *request_id)
{
    insert->started = true;
    insert->call = call_new(insert->row.account_id, request_id, 2 * insert->media->lease_ms);
    if (!insert->call) {
        insert_done(insert, MGW_IO);
    } else if (!pool_submit(insert->media->pool, &insert->job)) {
        insert_run(&insert->job); /* beside is not possible, so before */
    }
}

enum mgw_status insert_check(struct insert *insert, struct mgw_call *call)
{
    pthread_mutex_lock(&insert->lock);
    enum mgw_status status = insert->done ? media_outside(insert->status) : MGW_OK;
    bool lost = insert->lease && lease_lost(insert->lease);
    pthread_mutex_unlock(&insert->lock);
    if (status != MGW_OK && insert->call) {
        *call->error = *insert->call->error;
    }
    if (status == MGW_OK && lost) {
        status = mgw_fail(call, MGW_STALE, "the upload's lease was lost; start it again");
    }
    return status;
}

enum mgw_status insert_wait(struct insert *insert, struct mgw_call *call)
{
    if (!insert->started) {
        return MGW_INVALID;
    }
    pthread_mutex_lock(&insert->lock);
    while (!insert->done) {
        pthread_cond_wait(&insert->ended, &insert->lock); /* its own deadline bounds it */
    }
    pthread_mutex_unlock(&insert->lock);
    return call ? insert_check(insert, call) : insert->status;
}

/* ---- Idempotency-Key ---- */

struct first {
    char *id; /* of the recording that the key stands for */
    int64_t version;
};

static bool keep_first(void *ctx, const struct mgw_record *record)
{
    struct first *first = ctx;
    first->id = strdup(record->text);
    first->version = record->version;
    return false;
}

/* The change that takes the row TAKEN, which ran out of its lease: it becomes `failed`. */
static struct mgw_change taken_change(struct mgw_media *media, struct mgw_call *call,
                                      struct mgw_row *taken)
{
    int64_t purge_ms = direct_purge_after_ms(media, call, taken);
    taken->status = MGW_ROW_FAILED;
    taken->owner = NULL;
    taken->fence++;
    return (struct mgw_change){
        .size = sizeof(struct mgw_change),
        .type = MGW_CHANGE_UPDATE_ROW,
        .row = taken,
        .set = MGW_FIELD_STATUS | MGW_FIELD_OWNER | MGW_FIELD_FENCE | MGW_FIELD_LEASE,
        .expect_status = MGW_ROW_UPLOADING,
        .expect_fence = taken->fence - 1,
        .expect_lease_over = 1,
        .lease_ms = purge_ms, /* its owner may yet publish: purge after that */
    };
}

/* Row and records in one change. TAKEN, unless NULL, is a row that ran out of its lease: it becomes
 * `failed` in the same change. VERSION is what the key's record must have now. */
static enum mgw_status insert_both(struct insert *insert, struct mgw_call *call, int64_t version,
                                   const struct mgw_row *taken)
{
    enum { MOST = 4 };
    struct mgw_record record = {
        .size = sizeof record,
        .kind = RECORD_KIND,
        .account = insert->row.account_id,
        .id = insert->idempotency_key,
        .text = insert->row.id,
    };
    struct mgw_row failed = taken ? *taken : row_empty();
    struct mgw_change changes[MOST];
    struct mgw_change_result results[MOST];
    size_t count = 0;
    if (insert->idempotency_key) {
        changes[count++] = (struct mgw_change){.size = sizeof changes[0],
                                               .type = MGW_CHANGE_PUT_RECORD,
                                               .record = &record,
                                               .expect_version = version,
                                               .expire_ms = insert->media->idempotency_ttl_ms};
    }
    size_t row = count;
    changes[count++] = insert_change(insert);
    if (insert->direct) {
        changes[count++] = (struct mgw_change){.size = sizeof changes[0],
                                               .type = MGW_CHANGE_PUT_RECORD,
                                               .record = insert->direct,
                                               .expect_version = MGW_VERSION_NONE,
                                               .expire_ms = MGW_ABSENT};
    }
    if (taken) {
        changes[count++] = taken_change(insert->media, call, &failed);
    }
    for (size_t i = 0; i < count; i++) {
        results[i] = (struct mgw_change_result){.size = sizeof results[0]};
    }
    enum mgw_status status = rows_apply(insert->media->rows, call, changes, results, count);
    if (status == MGW_OK) {
        insert->created_at = results[row].created_at;
        insert->record_version = row > 0 ? results[0].version : 0;
    }
    return status;
}

/* What the key's record says about FIRST: MGW_OK to go on and take its place (*TAKEN, to be freed,
 * must fail for that), MGW_BUSY or MGW_EXISTS as insert_idempotent. */
static enum mgw_status judge_first(struct insert *insert, struct mgw_call *call,
                                   const struct first *known, struct mgw_row **first,
                                   struct mgw_row **taken)
{
    AUTO_FREE struct mgw_row *row = NULL;
    enum mgw_status status = rows_get(insert->media->rows, call, known->id, row_keep, &row);
    if (status == MGW_NOT_FOUND) {
        return MGW_OK;
    }
    if (status != MGW_OK || !row) {
        return status != MGW_OK ? media_outside(status) : mgw_fail(call, MGW_IO, "out of memory");
    }
    if (strcmp(row->account_id, insert->row.account_id) != 0 || row->status == MGW_ROW_FAILED) {
        return MGW_OK;
    }
    if (row->status != MGW_ROW_UPLOADING) {
        *first = TAKE(row);
        return MGW_EXISTS;
    }
    int64_t now = 0;
    status = media_outside(rows_now(insert->media->rows, call, &now));
    if (status != MGW_OK) {
        return status;
    }
    if (row->lease_until == MGW_ABSENT || row->lease_until > now) {
        if (insert->direct && row->fingerprint) { /* nobody is at work on it but the client */
            *first = TAKE(row);
            return MGW_EXISTS;
        }
        call->error->retry_after_ms = RETRY_MS;
        return mgw_fail(call, MGW_BUSY,
                        "the first request with this Idempotency-Key is still running");
    }
    *taken = TAKE(row);
    return MGW_OK;
}

enum mgw_status insert_idempotent(struct insert *insert, struct mgw_call *call,
                                  struct mgw_row **first)
{
    insert->started = true;
    struct rows *rows = insert->media->rows;
    enum mgw_status status = MGW_CONFLICT;
    /* Another create may change the record between the look and the change: look again. */
    for (int i = 0; i < TRIES && status == MGW_CONFLICT; i++) {
        struct first known = {0};
        AUTO_FREE struct mgw_row *taken = NULL;
        status = media_outside(rows_get_record(rows, call, RECORD_KIND, insert->row.account_id,
                                               insert->idempotency_key, keep_first, &known));
        AUTO_FREE char *id = known.id;
        if (status == MGW_OK && !id) {
            status = MGW_NOT_FOUND;
        }
        if (status == MGW_OK) {
            status = judge_first(insert, call, &known, first, &taken);
        } else if (status == MGW_NOT_FOUND) {
            status = MGW_OK;
        }
        if (status != MGW_OK) {
            break;
        }
        status = insert_both(insert, call, id ? known.version : MGW_VERSION_NONE, taken);
        if (status == MGW_UNKNOWN_OUTCOME || status == MGW_EXISTS) {
            status = is_ours(insert, call) ? MGW_OK : MGW_CONFLICT;
        }
        if (status == MGW_STALE || status == MGW_BUSY) {
            status = MGW_CONFLICT; /* the row that ran out was taken by somebody else */
        }
        status = media_outside(status);
    }
    if (status == MGW_CONFLICT) {
        call->error->retry_after_ms = RETRY_MS;
        status = mgw_fail(call, MGW_BUSY, "other requests with this Idempotency-Key are running");
    }
    if (status != MGW_OK) {
        insert_done(insert, status);
        return status;
    }
    insert->call = call_new(insert->row.account_id, NULL, 0);
    insert_done(insert, insert->call ? MGW_OK : MGW_IO);
    return insert->status;
}

enum mgw_status insert_direct(struct insert *insert, struct mgw_call *call, struct mgw_row **first)
{
    if (insert->idempotency_key) {
        return insert_idempotent(insert, call, first);
    }
    enum mgw_status status = insert_both(insert, call, MGW_VERSION_NONE, NULL);
    if (status == MGW_UNKNOWN_OUTCOME) {
        status = insert_both(insert, call, MGW_VERSION_NONE, NULL);
        if (status == MGW_EXISTS || status == MGW_CONFLICT) {
            status = is_ours(insert, call) ? MGW_OK : MGW_UNKNOWN_OUTCOME;
        }
    }
    return media_outside(status);
}

void insert_fail(struct insert *insert)
{
    enum mgw_status inserted = insert_wait(insert, NULL);
    bool maybe = inserted == MGW_OK || inserted == MGW_UNKNOWN_OUTCOME || inserted == MGW_TIMEOUT ||
                 inserted == MGW_CANCELLED;
    AUTO_CALL struct mgw_call *call = call_new(insert->row.account_id, NULL, CLEANUP_MS);
    if (!insert->started || !maybe || !call) {
        return;
    }
    struct mgw_row row = insert->row;
    row.status = MGW_ROW_FAILED;
    row.owner = NULL;
    struct mgw_record record = {
        .size = sizeof record,
        .kind = RECORD_KIND,
        .account = insert->row.account_id,
        .id = insert->idempotency_key,
    };
    struct mgw_change changes[2] = {
        {.size = sizeof changes[0],
         .type = MGW_CHANGE_UPDATE_ROW,
         .row = &row,
         .set = MGW_FIELD_STATUS | MGW_FIELD_OWNER | MGW_FIELD_LEASE,
         .expect_status = MGW_ROW_UPLOADING,
         .expect_fence = row.fence,
         .lease_ms = MGW_ABSENT},
        {.size = sizeof changes[0],
         .type = MGW_CHANGE_DELETE_RECORD,
         .record = &record,
         .expect_version = insert->record_version},
    };
    struct mgw_change_result results[2] = {{.size = sizeof results[0]},
                                           {.size = sizeof results[0]}};
    bool both = insert->idempotency_key && insert->record_version > 0;
    enum mgw_status status = media_apply(insert->media, call, changes, results, both ? 2 : 1);
    if (status == MGW_CONFLICT && both) {
        status =
            media_apply(insert->media, call, changes, results, 1); /* the key is another's by now */
    }
    if (status != MGW_OK && status != MGW_NOT_FOUND && status != MGW_CONFLICT) {
        log_event(LOG_LEVEL_WARN, "a given-up upload's row is left to the reaper",
                  LOG_TEXT("id", row.id), LOG_TEXT("status", status_name(status)),
                  LOG_TEXT("error", call_text(call)));
    }
}
