/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening: which version the blob has is the layer below's word, or was so less than `trust` ago. A
 * whole copy needs a stat for that; else the blob is opened there, which costs the same. */
#include "read.h"

#include "reader.h"
#include "seen.h"

#include <string.h>

/* What is known of a blob while it is being opened. */
struct opening {
    struct cache *cache;
    const struct mgw_blob *blob;
    const char *if_etag;
    struct name name;
    struct head head; /* of `entry` */
    struct entry entry;
    void *lower;
    uint64_t ticket;
    int64_t asked_ms;
};

void reader_free(struct reader *reader)
{
    if (reader) {
        if (reader->lower) {
            reader->cache->pass.lower.close(reader->lower);
        }
        entry_close(&reader->entry);
        free(reader->head);
        free(reader);
    }
}

static struct reader *reader_new(const struct opening *opening, const char *etag, uint64_t bytes)
{
    size_t bucket = strlen(opening->blob->bucket) + 1, key = strlen(opening->blob->key) + 1;
    struct reader *reader = calloc(1, sizeof *reader + bucket + key);
    if (!reader) {
        return NULL;
    }
    char *text = (char *)(reader + 1);
    memcpy(text, opening->blob->bucket, bucket);
    memcpy(text + bucket, opening->blob->key, key);
    reader->cache = opening->cache;
    reader->name = opening->name;
    reader->blob =
        (struct mgw_blob){.size = sizeof reader->blob, .bucket = text, .key = text + bucket};
    reader->bytes = bytes;
    reader->checked = reader->passing = UINT64_MAX;
    reader->entry = (struct entry){.fd = -1, .writable = -1};
    snprintf(reader->etag, sizeof reader->etag, "%s", etag);
    return reader;
}

/* The copy is of the reader's version. */
static void take_copy(struct reader *reader, struct opening *opening)
{
    reader->entry = opening->entry;
    reader->version = reader->entry.version;
    reader->keeps = true;
    opening->entry = (struct entry){.fd = -1, .writable = -1};
    entry_touch(opening->cache, &reader->entry);
}

/* The layer below was asked, and named this version. */
static void note(const struct opening *opening, const struct reader *reader)
{
    seen_put(opening->cache->seen, &opening->name, &reader->version, opening->asked_ms,
             opening->ticket);
}

static bool is_copy_of(const struct opening *opening, const struct mgw_stat *stat)
{
    return opening->entry.fd >= 0 && opening->entry.bytes == stat->bytes &&
           strcmp(head_etag(&opening->head), stat->etag) == 0;
}

static enum mgw_status conflict(struct mgw_call *call, const struct opening *opening,
                                const char *etag)
{
    return mgw_fail(call, MGW_CONFLICT, "%s/%s: its etag is %s now", opening->blob->bucket,
                    opening->blob->key, etag);
}

/* A reader upon the copy, and the version that STAT names or, where ASKED is not, the copy's own.
 */
static enum mgw_status open_copy(struct mgw_call *call, struct opening *opening, bool asked,
                                 struct reader **out, struct mgw_stat *stat)
{
    enum mgw_status status = asked ? MGW_OK : head_stat(call, &opening->head, stat);
    if (status == MGW_OK && opening->if_etag && strcmp(opening->if_etag, stat->etag) != 0) {
        status = conflict(call, opening, stat->etag);
    }
    struct reader *reader = status == MGW_OK ? reader_new(opening, stat->etag, stat->bytes) : NULL;
    if (!reader) {
        return status == MGW_OK ? cache_no_memory(call) : status;
    }
    take_copy(reader, opening);
    if (asked) {
        note(opening, reader);
    }
    *out = reader;
    return MGW_OK;
}

/* The head of a copy that is to be made; none where it is not worth it. */
static void plan_copy(struct reader *reader, const struct mgw_stat *stat)
{
    reader->keeps = reader->bytes > 0 && reader->bytes <= reader->cache->max;
    reader->head = reader->keeps ? malloc(sizeof *reader->head) : NULL;
    reader->keeps = reader->head && head_make(reader->cache, &reader->name, stat, reader->head);
    if (!reader->keeps) {
        free(reader->head);
        reader->head = NULL;
    }
}

static void give_stat(const struct mgw_stat *whole, struct mgw_stat *stat)
{
    size_t size = stat->size < sizeof *whole ? stat->size : sizeof *whole;
    memcpy((char *)stat + sizeof stat->size, (const char *)whole + sizeof stat->size,
           size - sizeof stat->size);
}

/* Opens the blob in the layer below; goes on with the copy if it is that version's. */
static enum mgw_status open_below(struct mgw_call *call, struct opening *opening,
                                  struct reader **out, struct mgw_stat *stat)
{
    struct pass *pass = &opening->cache->pass;
    struct mgw_stat whole = {.size = sizeof whole};
    void *lower = NULL;
    enum mgw_status status =
        pass->lower.open(call, pass->instance, opening->blob, opening->if_etag, &lower, &whole);
    if (status != MGW_OK) {
        return status;
    }
    struct reader *reader = reader_new(opening, whole.etag, whole.bytes);
    if (!reader) {
        pass->lower.close(lower);
        return cache_no_memory(call);
    }
    reader->lower = lower;
    if (is_copy_of(opening, &whole)) {
        take_copy(reader, opening);
    } else if (name_version(reader->cache, &reader->name, reader->etag, &reader->version)) {
        plan_copy(reader, &whole);
    } else {
        reader_free(reader);
        return cache_no_memory(call);
    }
    note(opening, reader);
    give_stat(&whole, stat);
    *out = reader;
    return MGW_OK;
}

static bool is_whole(const struct entry *entry)
{
    return entry->sealed || entry_next(entry, 0, entry->blocks, true) == entry->blocks;
}

static bool is_trusted(const struct opening *opening)
{
    const struct cache *cache = opening->cache;
    return cache->seen &&
           seen_trusts(cache->seen, &opening->name, &opening->entry.version, opening->asked_ms);
}

/* MGW_OK with *OUT NULL: there is no whole copy of what is there now. */
static enum mgw_status try_copy(struct mgw_call *call, struct opening *opening, struct reader **out,
                                struct mgw_stat *stat)
{
    struct pass *pass = &opening->cache->pass;
    if (!entry_open(opening->cache, &opening->name, &opening->head, &opening->entry)) {
        return MGW_OK;
    }
    if (is_trusted(opening)) {
        return open_copy(call, opening, false, out, stat);
    }
    if (!is_whole(&opening->entry)) {
        return MGW_OK;
    }
    enum mgw_status status = pass->lower.stat(call, pass->instance, opening->blob, stat);
    return status == MGW_OK && is_copy_of(opening, stat) ? open_copy(call, opening, true, out, stat)
                                                         : status;
}

enum mgw_status read_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const char *if_etag, void **out, struct mgw_stat *stat)
{
    struct cache *cache = instance;
    struct opening opening = {.cache = cache,
                              .blob = blob,
                              .if_etag = if_etag,
                              .entry = {.fd = -1, .writable = -1},
                              .asked_ms = cache->host->monotonic_ms()};
    struct reader *reader = NULL;
    enum mgw_status status = cache_over(call, cache);
    if (status != MGW_OK) {
        return status;
    }
    if (!name_make(cache, blob, &opening.name)) {
        return cache_no_memory(call);
    }
    opening.ticket = seen_ticket(cache->seen, &opening.name);
    status = try_copy(call, &opening, &reader, stat);
    if (status == MGW_OK && !reader) {
        status = open_below(call, &opening, &reader, stat);
    }
    if (status == MGW_NOT_FOUND) {
        seen_forget(cache->seen, &opening.name);
        entry_remove(cache, &opening.name);
    }
    entry_close(&opening.entry);
    *out = reader;
    return status;
}
