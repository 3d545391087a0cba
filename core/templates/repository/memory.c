/* SPDX-License-Identifier: Apache-2.0
 *
 * See memory.h. Gone once the last callback has a real database behind it. */
#include "memory.h"

#include <stdlib.h>

struct memory memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

int64_t memory_now(const struct repo *repo)
{
    int64_t now = repo->host->wall_ms();
    memory.clock = now > memory.clock ? now : memory.clock;
    return memory.clock;
}

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
#define COUNT(array) (sizeof(array) / sizeof *(array))

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
        size_t size = *text ? strlen(*text) + 1 : 0;
        *text = size ? memcpy(to, *text, size) : NULL;
        to += size;
    }
}

struct item *item_of_row(struct mgw_row *row)
{
    struct item *item = calloc(1, sizeof *item + texts_size(row, row_texts, COUNT(row_texts)));
    if (item) {
        item->references = 1;
        mgw_take(&item->row, row, sizeof *row);
        texts_take(&item->row, row_texts, COUNT(row_texts), (char *)(item + 1));
    }
    return item;
}

struct item *item_of_record(struct mgw_record *record)
{
    size_t texts = texts_size(record, record_texts, COUNT(record_texts));
    struct item *item = calloc(1, sizeof *item + texts);
    if (item) {
        item->references = 1;
        mgw_take(&item->record, record, sizeof *record);
        texts_take(&item->record, record_texts, COUNT(record_texts), (char *)(item + 1));
    }
    return item;
}

struct item *item_ref(struct item *item)
{
    if (item) {
        atomic_fetch_add(&item->references, 1);
    }
    return item;
}

void item_unref(struct item *item)
{
    if (item && atomic_fetch_sub(&item->references, 1) == 1) {
        free(item);
    }
}

void items_free(struct items *items)
{
    for (size_t i = 0; items->at && i < items->count; i++) {
        item_unref(items->at[i]);
    }
    free(items->at);
}

bool items_copy(struct items *copy, const struct items *items, size_t more)
{
    *copy = (struct items){.at = calloc(items->count + more + 1, sizeof(struct item *)),
                           .count = items->count};
    for (size_t i = 0; copy->at && i < items->count; i++) {
        copy->at[i] = item_ref(items->at[i]);
    }
    return copy->at != NULL;
}

void items_put(struct items *items, struct item *old, struct item *new)
{
    size_t i = 0;
    while (i < items->count && (!old || items->at[i] != old)) {
        i++;
    }
    if (new) {
        items->count += !old;
        items->at[i] = new;
    } else if (i < items->count) {
        items->at[i] = items->at[--items->count];
    }
    item_unref(old);
}

struct item *find_row(const struct content *content, const char *id)
{
    for (size_t i = 0; i < content->rows.count; i++) {
        if (same(content->rows.at[i]->row.id, id)) {
            return content->rows.at[i];
        }
    }
    return NULL;
}

struct item *find_blob(const struct content *content, const char *bucket, const char *key)
{
    for (size_t i = 0; i < content->rows.count; i++) {
        const struct mgw_row *row = &content->rows.at[i]->row;
        if (same(row->key, key) && same(row->bucket, bucket)) {
            return content->rows.at[i];
        }
    }
    return NULL;
}

struct item *find_record(const struct content *content, const char *kind, const char *account,
                         const char *id)
{
    for (size_t i = 0; i < content->records.count; i++) {
        const struct mgw_record *record = &content->records.at[i]->record;
        if (same(record->id, id) && same(record->kind, kind) && same(record->account, account)) {
            return content->records.at[i];
        }
    }
    return NULL;
}

bool is_expired(const struct item *item, int64_t now)
{
    return item->record.expires_at != MGW_ABSENT && item->record.expires_at <= now;
}
