/* SPDX-License-Identifier: Apache-2.0
 *
 * See audit.h: rows against blobs, and the whole. */
#include "core/base/cleanup.h"
#include "core/media/audit_inside.h"
#include "core/media/blob.h"
#include "core/media/row.h"
#include "core/media/walk.h"

#include <string.h>

enum { START_MS = 60000 };

__attribute__((format(printf, 4, 5))) static void report_row(struct audit *audit,
                                                             enum audit_problem problem,
                                                             const struct mgw_row *row,
                                                             const char *format, ...)
{
    AUTO_BUF struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    audit_report(audit, &(struct audit_found){.problem = problem,
                                              .id = row->id,
                                              .bucket = row->bucket,
                                              .key = row->key,
                                              .text = text.data ? text.data : "out of memory"});
}

/* ---- One row ---- */

static bool same_row(const struct mgw_row *one, const struct mgw_row *other)
{
    return one->status == other->status && one->updated_at == other->updated_at;
}

/* The row has changed since it was read: what its blob is like by now says nothing. */
static bool has_changed(struct audit *audit, struct mgw_call *call, const struct mgw_row *row)
{
    AUTO_FREE struct mgw_row *now = NULL;
    enum mgw_status status = rows_get(audit->house.rows, call, row->id, row_keep, &now);
    return status == MGW_NOT_FOUND || (status == MGW_OK && now && !same_row(row, now));
}

static enum mgw_status audit_digest(struct audit *audit, struct mgw_call *call,
                                    const struct mgw_row *row, const struct mgw_blob *blob,
                                    char checksum[BLOB_CHECKSUM])
{
    uint64_t length = 0;
    enum mgw_status status =
        blob_sum(audit->house.store, call, blob, &audit->passed, checksum, &length);
    bool ours = blob_checksum_is_ours(row->checksum);
    pthread_mutex_lock(&audit->lock);
    audit->counts.no_digest += status == MGW_OK && !ours;
    pthread_mutex_unlock(&audit->lock);
    return status == MGW_OK && ours && strcmp(checksum, row->checksum) != 0 ? MGW_CONFLICT : status;
}

static void audit_ready(struct audit *audit, struct mgw_call *call, const struct mgw_row *row)
{
    struct mgw_blob blob = {sizeof blob, row->bucket, row->key};
    struct mgw_stat stat = {.size = offsetof(struct mgw_stat, content_type)};
    char checksum[BLOB_CHECKSUM] = "";
    enum mgw_status status = store_stat(audit->house.store, call, &blob, &stat);
    bool sized = row->size_bytes >= 0 && stat.bytes == (uint64_t)row->size_bytes;
    if (status == MGW_OK && sized && audit->options->deep) {
        status = audit_digest(audit, call, row, &blob, checksum);
    }
    if (status == MGW_CANCELLED || (status == MGW_OK && sized)) {
        return;
    }
    AUTO_CALL struct mgw_call *again = call_new("", NULL, START_MS);
    if (again && has_changed(audit, again, row)) {
        return;
    }
    if (status == MGW_NOT_FOUND) {
        report_row(audit, AUDIT_MISSING, row, "the blob is not there");
    } else if (status == MGW_CONFLICT) {
        report_row(audit, AUDIT_DAMAGED, row, "the blob's digest is %s, its row says %s", checksum,
                   row->checksum);
    } else if (status == MGW_OK) {
        report_row(audit, AUDIT_WRONG_SIZE, row, "the blob has %llu bytes, its row says %lld",
                   (unsigned long long)stat.bytes, (long long)row->size_bytes);
    } else {
        report_row(audit, AUDIT_UNREADABLE, row, "%s: %s", status_name(status), call_text(call));
    }
}

static bool each_row(void *ctx, struct mgw_call *call, const struct mgw_row *row)
{
    struct audit *audit = ctx;
    audit_remember_bucket(audit, row->bucket);
    if (row->status == MGW_ROW_READY) {
        audit_ready(audit, call, row);
    } else if (row->status == MGW_ROW_UPLOADING &&
               (row->lease_until == MGW_ABSENT || row->lease_until <= audit->now)) {
        report_row(
            audit, AUDIT_STUCK, row,
            "uploading, and its lease is over: the reaper of a running gateway would end it");
    }
    pthread_mutex_lock(&audit->lock);
    audit->counts.rows++;
    audit->counts.ready += row->status == MGW_ROW_READY;
    pthread_mutex_unlock(&audit->lock);
    return true;
}

/* ---- The whole ---- */

static enum mgw_status run(struct audit *audit, struct mgw_call *call, struct mgw_error *error)
{
    enum mgw_status status =
        house_open(audit->options->config, MGW_CREATE_DRY_RUN, &audit->house, error);
    if (status != MGW_OK) {
        return status;
    }
    status = house_marry(audit->house.store, audit->house.rows, call, false);
    if (status == MGW_OK) {
        status = rows_now(audit->house.rows, call, &audit->now);
    }
    if (status == MGW_OK) {
        struct walk walk = {.rows = audit->house.rows,
                            .jobs = audit->options->jobs,
                            .row = each_row,
                            .tick = audit_tick,
                            .ctx = audit};
        status = walk_run(&walk, call);
    }
    if (status == MGW_OK) {
        audit_remember_bucket(audit, audit->options->config->media.default_bucket);
        status = audit_blobs(audit);
    }
    *error = *call->error;
    return status;
}

enum mgw_status audit_run(const struct audit_options *options, struct audit_counts *counts,
                          struct mgw_error *error)
{
    struct audit audit = {.options = options};
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    pthread_mutex_init(&audit.lock, NULL);
    audit.call = call;
    enum mgw_status status = call ? run(&audit, call, error) : MGW_IO;
    *counts = audit_look(&audit);
    house_close(&audit.house);
    audit_forget_buckets(&audit);
    pthread_mutex_destroy(&audit.lock);
    return status;
}
