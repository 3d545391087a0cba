/* SPDX-License-Identifier: Apache-2.0
 *
 * See data.h. A batch is made change by change, with a list of what it replaced; when one of its
 * changes fails, the list is played backwards. */
#include "data.h"

#include <stdlib.h>
#include <string.h>

static const size_t row_texts[] = {
    offsetof(struct mgw_row, id),          offsetof(struct mgw_row, account_id),
    offsetof(struct mgw_row, owner_email), offsetof(struct mgw_row, bucket),
    offsetof(struct mgw_row, key),         offsetof(struct mgw_row, mime_type),
    offsetof(struct mgw_row, kind),        offsetof(struct mgw_row, session_id),
    offsetof(struct mgw_row, checksum),    offsetof(struct mgw_row, metadata),
    offsetof(struct mgw_row, owner),       offsetof(struct mgw_row, fingerprint),
};
static const size_t record_texts[] = {
    offsetof(struct mgw_record, kind),
    offsetof(struct mgw_record, account),
    offsetof(struct mgw_record, id),
    offsetof(struct mgw_record, text),
};
enum {
    ROW_TEXTS = sizeof row_texts / sizeof row_texts[0],
    RECORD_TEXTS = sizeof record_texts / sizeof record_texts[0]
};

static const char **text_at(void *base, size_t offset)
{
    return (const char **)(void *)((char *)base + offset);
}

static size_t texts_size(void *base, const size_t *offsets, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text = *text_at(base, offsets[i]);
        size += text ? strlen(text) + 1 : 0;
    }
    return size;
}

static void texts_take(void *base, const size_t *offsets, size_t count, char *to)
{
    for (size_t i = 0; i < count; i++) {
        const char **text = text_at(base, offsets[i]);
        if (*text) {
            size_t size = strlen(*text) + 1;
            *text = memcpy(to, *text, size);
            to += size;
        }
    }
}

/* What a host of another age gave, with what it did not know as absent. */
static struct mgw_row row_of(const struct mgw_row *given)
{
    struct mgw_row row = {.size_bytes = MGW_ABSENT,
                          .duration_ms = MGW_ABSENT,
                          .take_index = MGW_ABSENT,
                          .updated_at = MGW_ABSENT,
                          .lease_until = MGW_ABSENT};
    memcpy(&row, given, given->size < sizeof row ? given->size : sizeof row);
    row.size = sizeof row;
    return row;
}

static struct item *item_of_row(struct mgw_row *row)
{
    struct item *item = calloc(1, sizeof *item + texts_size(row, row_texts, ROW_TEXTS));
    if (item) {
        item->refs = 1;
        mgw_take(&item->row, row, sizeof *row);
        item->row.size = sizeof item->row;
        texts_take(&item->row, row_texts, ROW_TEXTS, (char *)(item + 1));
    }
    return item;
}

static struct item *item_of_record(struct mgw_record *record)
{
    struct item *item = calloc(1, sizeof *item + texts_size(record, record_texts, RECORD_TEXTS));
    if (item) {
        item->refs = 1;
        mgw_take(&item->record, record, sizeof *record);
        item->record.size = sizeof item->record;
        texts_take(&item->record, record_texts, RECORD_TEXTS, (char *)(item + 1));
    }
    return item;
}

void data_unref(struct item *item)
{
    if (item && atomic_fetch_sub(&item->refs, 1) == 1) {
        free(item);
    }
}

struct data *data_new(const char *name)
{
    struct data *data = calloc(1, sizeof *data);
    if (data && name && !(data->name = strdup(name))) {
        free(data);
        return NULL;
    }
    if (data) {
        pthread_mutex_init(&data->lock, NULL);
    }
    return data;
}

static void items_free(struct items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        data_unref(items->at[i]);
    }
    free(items->at);
}

void data_free(struct data *data)
{
    items_free(&data->rows);
    items_free(&data->records);
    pthread_mutex_destroy(&data->lock);
    free(data->name);
    free(data);
}

struct item *data_row(struct data *data, const char *id)
{
    for (size_t i = 0; i < data->rows.count; i++) {
        if (strcmp(data->rows.at[i]->row.id, id) == 0) {
            return data->rows.at[i];
        }
    }
    return NULL;
}

struct item *data_row_by_blob(struct data *data, const char *bucket, const char *key)
{
    for (size_t i = 0; i < data->rows.count; i++) {
        const struct mgw_row *row = &data->rows.at[i]->row;
        if (strcmp(row->key, key) == 0 && strcmp(row->bucket, bucket) == 0) {
            return data->rows.at[i];
        }
    }
    return NULL;
}

static struct item *record_any(struct data *data, const char *kind, const char *account,
                               const char *id)
{
    for (size_t i = 0; i < data->records.count; i++) {
        const struct mgw_record *record = &data->records.at[i]->record;
        if (strcmp(record->id, id) == 0 && strcmp(record->kind, kind) == 0 &&
            strcmp(record->account, account) == 0) {
            return data->records.at[i];
        }
    }
    return NULL;
}

static bool record_expired(const struct item *item, int64_t now)
{
    return item->record.expires_at != MGW_ABSENT && item->record.expires_at <= now;
}

struct item *data_record(struct data *data, const char *kind, const char *account, const char *id,
                         int64_t now)
{
    struct item *item = record_any(data, kind, account, id);
    return item && !record_expired(item, now) ? item : NULL;
}

void data_expire(struct data *data, int64_t now)
{
    size_t kept = 0;
    for (size_t i = 0; i < data->records.count; i++) {
        struct item *item = data->records.at[i];
        if (record_expired(item, now)) {
            data_unref(item);
        } else {
            data->records.at[kept++] = item;
        }
    }
    data->records.count = kept;
}

/* ---- Changes ---- */

/* What one change did: OLD (NULL: nothing) gave way to NEW (NULL: nothing). */
struct step {
    struct items *items;
    struct item *old, *new;
};

struct batch {
    struct data *data;
    int64_t now;
    struct step *steps;
    size_t count;
};

static bool items_add(struct items *items, struct item *item)
{
    if (items->count == items->capacity) {
        size_t capacity = items->capacity ? items->capacity * 2 : 64;
        struct item **at = realloc(items->at, capacity * sizeof *at);
        if (!at) {
            return false;
        }
        items->at = at;
        items->capacity = capacity;
    }
    items->at[items->count++] = item;
    return true;
}

static void items_swap(struct items *items, const struct item *from, struct item *to)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->at[i] == from) {
            items->at[i] = to ? to : items->at[--items->count];
            return;
        }
    }
}

/* Takes NEW over; OLD is freed when the batch is made. */
static enum mgw_status batch_step(struct batch *batch, struct items *items, struct item *old,
                                  struct item *new)
{
    if (old) {
        items_swap(items, old, new);
    } else if (new && !items_add(items, new)) {
        data_unref(new);
        return MGW_UNAVAILABLE;
    }
    batch->steps[batch->count++] = (struct step){items, old, new};
    return MGW_OK;
}

static void batch_end(struct batch *batch, bool keep)
{
    while (batch->count > 0) {
        struct step *step = &batch->steps[--batch->count];
        if (keep) {
            data_unref(step->old);
        } else if (!step->new) {
            items_add(step->items, step->old); /* there is room: it was there before */
        } else {
            items_swap(step->items, step->new, step->old);
            data_unref(step->new);
        }
    }
    free(batch->steps);
}

static int64_t after(int64_t now, int64_t duration_ms)
{
    int64_t time;
    if (duration_ms == MGW_ABSENT) {
        return MGW_ABSENT;
    }
    return __builtin_add_overflow(now, duration_ms, &time) ? INT64_MAX : time;
}

static enum mgw_status insert_row(struct batch *batch, const struct mgw_change *change,
                                  struct mgw_change_result *result)
{
    struct mgw_row row = row_of(change->row);
    if (!row.id || !row.account_id || !row.bucket || !row.key) {
        return MGW_INVALID;
    }
    if (data_row(batch->data, row.id) || data_row_by_blob(batch->data, row.bucket, row.key)) {
        return MGW_EXISTS;
    }
    bool import = change->type == MGW_CHANGE_IMPORT_ROW;
    if (import && row.created_at == MGW_ABSENT) {
        return MGW_INVALID;
    }
    if (!import) {
        row.created_at = batch->now > batch->data->newest ? batch->now : batch->data->newest;
        row.updated_at = MGW_ABSENT;
        row.lease_until = after(batch->now, change->lease_ms);
    }
    if (row.created_at > batch->data->newest) {
        batch->data->newest = row.created_at;
    }
    struct item *item = item_of_row(&row);
    if (!item) {
        return MGW_UNAVAILABLE;
    }
    result->created_at = row.created_at;
    result->updated_at = row.updated_at;
    result->lease_until = row.lease_until;
    result->fence = row.fence;
    return batch_step(batch, &batch->data->rows, NULL, item);
}

static enum mgw_status compare_row(const struct batch *batch, const struct mgw_change *change,
                                   struct item **found)
{
    if (!change->row->id || !change->row->account_id) {
        return MGW_INVALID;
    }
    struct item *item = data_row(batch->data, change->row->id);
    if (!item || strcmp(item->row.account_id, change->row->account_id) != 0) {
        return MGW_NOT_FOUND;
    }
    if (change->expect_status && !(item->row.status & change->expect_status)) {
        return MGW_CONFLICT;
    }
    if (change->expect_fence != MGW_ABSENT && item->row.fence != change->expect_fence) {
        return MGW_STALE;
    }
    if (change->expect_lease_over &&
        (item->row.lease_until == MGW_ABSENT || item->row.lease_until > batch->now)) {
        return MGW_BUSY;
    }
    *found = item;
    return MGW_OK;
}

#define SET(bit, field)                                                                            \
    if (set & (bit)) {                                                                             \
        row.field = from->field;                                                                   \
    }

static enum mgw_status update_row(struct batch *batch, const struct mgw_change *change,
                                  struct mgw_change_result *result)
{
    struct item *old;
    enum mgw_status status = compare_row(batch, change, &old);
    if (status != MGW_OK) {
        return status;
    }
    struct mgw_row row = old->row;
    const struct mgw_row given = row_of(change->row), *from = &given;
    uint32_t set = change->set;
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
    if (set & MGW_FIELD_LEASE) {
        row.lease_until = after(batch->now, change->lease_ms);
    }
    row.updated_at = batch->now;
    struct item *item = item_of_row(&row);
    if (!item) {
        return MGW_UNAVAILABLE;
    }
    result->created_at = row.created_at;
    result->updated_at = row.updated_at;
    result->lease_until = row.lease_until;
    result->fence = row.fence;
    return batch_step(batch, &batch->data->rows, old, item);
}

static enum mgw_status delete_row(struct batch *batch, const struct mgw_change *change)
{
    struct item *old;
    enum mgw_status status = compare_row(batch, change, &old);
    return status == MGW_OK ? batch_step(batch, &batch->data->rows, old, NULL) : status;
}

static enum mgw_status change_record(struct batch *batch, const struct mgw_change *change,
                                     struct mgw_change_result *result)
{
    struct mgw_record record;
    mgw_take(&record, change->record, sizeof record);
    bool put = change->type == MGW_CHANGE_PUT_RECORD;
    if (!record.kind || !record.account || !record.id || (put && !record.text)) {
        return MGW_INVALID;
    }
    struct item *old = record_any(batch->data, record.kind, record.account, record.id);
    int64_t version = old && !record_expired(old, batch->now) ? old->record.version : 0;
    if (change->expect_version != MGW_VERSION_ANY && change->expect_version != version) {
        result->version = version;
        return MGW_CONFLICT;
    }
    if (!put) {
        return old ? batch_step(batch, &batch->data->records, old, NULL) : MGW_OK;
    }
    record.version = result->version = version + 1;
    if (change->expire_ms != MGW_ABSENT) {
        record.expires_at = after(batch->now, change->expire_ms);
    }
    struct item *item = item_of_record(&record);
    return item ? batch_step(batch, &batch->data->records, old, item) : MGW_UNAVAILABLE;
}

static enum mgw_status change_one(struct batch *batch, const struct mgw_change *change,
                                  struct mgw_change_result *result)
{
    bool of_record =
        change->type == MGW_CHANGE_PUT_RECORD || change->type == MGW_CHANGE_DELETE_RECORD;
    bool sets_status = change->type == MGW_CHANGE_INSERT_ROW ||
                       change->type == MGW_CHANGE_IMPORT_ROW ||
                       (change->type == MGW_CHANGE_UPDATE_ROW && change->set & MGW_FIELD_STATUS);
    if (of_record ? !change->record : !change->row) {
        return MGW_INVALID;
    }
    if (sets_status && (change->row->status == 0 || change->row->status > MGW_ROW_FAILED ||
                        (change->row->status & (change->row->status - 1)))) {
        return MGW_INVALID;
    }
    switch (change->type) {
    case MGW_CHANGE_INSERT_ROW:
    case MGW_CHANGE_IMPORT_ROW:
        return insert_row(batch, change, result);
    case MGW_CHANGE_UPDATE_ROW:
        return update_row(batch, change, result);
    case MGW_CHANGE_DELETE_ROW:
        return delete_row(batch, change);
    case MGW_CHANGE_PUT_RECORD:
    case MGW_CHANGE_DELETE_RECORD:
        return change_record(batch, change, result);
    default:
        return MGW_INVALID;
    }
}

enum mgw_status data_apply(struct data *data, struct mgw_call *call, int64_t now,
                           const struct mgw_change *changes, size_t change_stride,
                           struct mgw_change_result *results, size_t result_stride, size_t count)
{
    struct batch batch = {
        .data = data, .now = now, .steps = calloc(count + 1, sizeof(struct step))};
    if (!batch.steps) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    enum mgw_status first = MGW_OK;
    for (size_t i = 0; i < count; i++) {
        const void *from = (const char *)changes + i * change_stride;
        void *to = (char *)results + i * result_stride;
        struct mgw_change change = {0};
        struct mgw_change_result result = {0};
        memcpy(&change, from, change_stride < sizeof change ? change_stride : sizeof change);
        size_t known = result_stride < sizeof result ? result_stride : sizeof result;
        memcpy(&result, to, known);
        enum mgw_status status = change_one(&batch, &change, &result);
        result.status = (uint32_t)status;
        memcpy(to, &result, known);
        if (status != MGW_OK && first == MGW_OK) {
            first = mgw_fail(call, status, "change %zu of %zu cannot be made", i + 1, count);
        }
    }
    batch_end(&batch, first == MGW_OK);
    return first;
}
