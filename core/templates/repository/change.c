/* SPDX-License-Identifier: Apache-2.0
 *
 * repo_apply: the one verb of change. It works on a copy of everything, which takes the place of
 * the whole when all changes could be made; a database has transactions for that. */
#include "memory.h"

static int64_t after(int64_t now, int64_t duration_ms)
{
    if (duration_ms == MGW_ABSENT) {
        return MGW_ABSENT;
    }
    return duration_ms > INT64_MAX - now ? INT64_MAX : now + duration_ms;
}

static enum mgw_status store_row(struct content *content, struct item *old, struct mgw_row *row,
                                 struct mgw_change_result *result)
{
    struct item *item = item_of_row(row);
    if (!item) {
        return MGW_UNAVAILABLE;
    }
    items_put(&content->rows, old, item);
    result->created_at = row->created_at;
    result->updated_at = row->updated_at;
    result->lease_until = row->lease_until;
    result->fence = row->fence;
    return MGW_OK;
}

static enum mgw_status insert_row(struct content *content, int64_t now,
                                  const struct mgw_change *change, struct mgw_change_result *result)
{
    struct mgw_row row;
    mgw_take(&row, change->row, sizeof row);
    bool import = change->type == MGW_CHANGE_IMPORT_ROW; /* with its own times */
    if (!row.id || !row.account_id || !row.bucket || !row.key ||
        (import && row.created_at == MGW_ABSENT)) {
        return MGW_INVALID;
    }
    if (find_row(content, row.id) || find_blob(content, row.bucket, row.key)) {
        return MGW_EXISTS;
    }
    row.size = sizeof row;
    if (!import) {
        row.created_at = now > content->newest ? now : content->newest;
        row.updated_at = MGW_ABSENT;
        row.lease_until = after(now, change->lease_ms);
    }
    content->newest = row.created_at > content->newest ? row.created_at : content->newest;
    return store_row(content, NULL, &row, result);
}

/* The order of the comparisons is the contract's. */
static enum mgw_status compare_row(const struct content *content, int64_t now,
                                   const struct mgw_change *change, struct item **found)
{
    if (!change->row->id || !change->row->account_id) {
        return MGW_INVALID;
    }
    struct item *item = find_row(content, change->row->id);
    if (!item || !same(item->row.account_id, change->row->account_id)) {
        return MGW_NOT_FOUND;
    }
    if (change->expect_status && !(item->row.status & change->expect_status)) {
        return MGW_CONFLICT;
    }
    if (change->expect_fence != MGW_ABSENT && item->row.fence != change->expect_fence) {
        return MGW_STALE;
    }
    if (change->expect_lease_over &&
        (item->row.lease_until == MGW_ABSENT || item->row.lease_until > now)) {
        return MGW_BUSY;
    }
    *found = item;
    return MGW_OK;
}

#define SET(bit, field)                                                                            \
    if (change->set & (bit)) {                                                                     \
        row.field = change->row->field;                                                            \
    }

static enum mgw_status update_row(struct content *content, int64_t now,
                                  const struct mgw_change *change, struct mgw_change_result *result)
{
    struct item *old;
    enum mgw_status status = compare_row(content, now, change, &old);
    if (status != MGW_OK) {
        return status;
    }
    struct mgw_row row = old->row;
    SET(MGW_FIELD_OWNER_EMAIL, owner_email)
    SET(MGW_FIELD_MIME_TYPE, mime_type)
    SET(MGW_FIELD_SIZE_BYTES, size_bytes)
    SET(MGW_FIELD_DURATION_MS, duration_ms)
    SET(MGW_FIELD_KIND, kind)
    SET(MGW_FIELD_STATUS, status)
    SET(MGW_FIELD_SESSION_ID, session_id)
    SET(MGW_FIELD_TAKE_INDEX, take_index)
    SET(MGW_FIELD_CHECKSUM, checksum)
    SET(MGW_FIELD_METADATA, metadata)
    SET(MGW_FIELD_OWNER, owner)
    SET(MGW_FIELD_FENCE, fence)
    SET(MGW_FIELD_FINGERPRINT, fingerprint)
    if (change->set & MGW_FIELD_LEASE) {
        row.lease_until = after(now, change->lease_ms);
    }
    row.updated_at = now;
    return store_row(content, old, &row, result);
}

static enum mgw_status change_record(struct content *content, int64_t now,
                                     const struct mgw_change *change,
                                     struct mgw_change_result *result)
{
    struct mgw_record record = *change->record;
    bool put = change->type == MGW_CHANGE_PUT_RECORD;
    if (!record.kind || !record.account || !record.id || (put && !record.text)) {
        return MGW_INVALID;
    }
    struct item *old = find_record(content, record.kind, record.account, record.id), *new = NULL;
    result->version = old && !is_expired(old, now) ? old->record.version : MGW_VERSION_NONE;
    if (change->expect_version != MGW_VERSION_ANY && change->expect_version != result->version) {
        return MGW_CONFLICT;
    }
    if (put) {
        record.size = sizeof record;
        record.version = ++result->version;
        if (change->expire_ms != MGW_ABSENT) {
            record.expires_at = after(now, change->expire_ms);
        }
        if (!(new = item_of_record(&record))) {
            return MGW_UNAVAILABLE;
        }
    }
    items_put(&content->records, old, new);
    return MGW_OK;
}

static bool is_one_status(uint32_t status)
{
    return status && status <= MGW_ROW_FAILED && !(status & (status - 1));
}

static enum mgw_status change_one(struct content *content, int64_t now,
                                  const struct mgw_change *change, struct mgw_change_result *result)
{
    struct item *old;
    enum mgw_status status;
    switch (change->type) {
    case MGW_CHANGE_INSERT_ROW:
    case MGW_CHANGE_IMPORT_ROW:
        return change->row && is_one_status(change->row->status)
                   ? insert_row(content, now, change, result)
                   : MGW_INVALID;
    case MGW_CHANGE_UPDATE_ROW:
        return change->row &&
                       (!(change->set & MGW_FIELD_STATUS) || is_one_status(change->row->status))
                   ? update_row(content, now, change, result)
                   : MGW_INVALID;
    case MGW_CHANGE_DELETE_ROW:
        status = change->row ? compare_row(content, now, change, &old) : MGW_INVALID;
        if (status == MGW_OK) {
            items_put(&content->rows, old, NULL);
        }
        return status;
    case MGW_CHANGE_PUT_RECORD:
    case MGW_CHANGE_DELETE_RECORD:
        return change->record ? change_record(content, now, change, result) : MGW_INVALID;
    default:
        return MGW_INVALID;
    }
}

/* What a host of another age gave or wants, SIZE bytes of it, in a struct of this age. */
static void take(void *to, size_t known, const void *from, size_t size)
{
    memcpy(to, from, size < known ? size : known);
}

/* All changes in order, or none: one transaction, durable on MGW_OK. A later change sees what the
 * earlier ones did. Every change gets its result; the answer is the first one's that failed. */
enum mgw_status repo_apply(struct mgw_call *call, void *instance, const struct mgw_change *changes,
                           size_t change_stride, struct mgw_change_result *results,
                           size_t result_stride, size_t count)
{
    struct content work = {0};
    enum mgw_status first = MGW_OK;
    if (count > 64) {
        return mgw_fail(call, MGW_INVALID, "%zu changes, at most 64 in a batch", count);
    }
    pthread_mutex_lock(&memory.lock);
    int64_t now = memory_now(instance);
    if (!items_copy(&work.rows, &memory.content.rows, count) ||
        !items_copy(&work.records, &memory.content.records, count)) {
        first = mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    work.newest = memory.content.newest;
    for (size_t i = 0; i < count && work.records.at; i++) {
        void *answer = (char *)results + i * result_stride;
        struct mgw_change change = {0};
        struct mgw_change_result result = {0};
        take(&change, sizeof change, (const char *)changes + i * change_stride, change_stride);
        take(&result, sizeof result, answer, result_stride);
        enum mgw_status status = change_one(&work, now, &change, &result);
        result.status = (uint32_t)status;
        take(answer, result_stride, &result, sizeof result);
        if (status != MGW_OK && first == MGW_OK) {
            first = mgw_fail(call, status, "change %zu of %zu cannot be made", i + 1, count);
        }
    }
    if (first == MGW_OK) {
        struct content old = memory.content;
        memory.content = work;
        work = old;
    }
    pthread_mutex_unlock(&memory.lock);
    items_free(&work.rows);
    items_free(&work.records);
    return first;
}
