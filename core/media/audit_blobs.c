/* SPDX-License-Identifier: Apache-2.0
 *
 * See audit.h: blobs against rows. A store knows no list of its buckets: those that rows name are
 * looked through, and the config's default one. A row is always there before its blob, so what is
 * listed and then has no row never had one, or lost it. */
#include "core/base/clock.h"
#include "core/media/audit_inside.h"
#include "core/media/row.h"

#include <string.h>

enum { PAGE = 500, PAGE_MS = 120000 };

void audit_remember_bucket(struct audit *audit, const char *bucket)
{
    pthread_mutex_lock(&audit->lock);
    size_t i = 0;
    while (i < audit->bucket_count && strcmp(audit->buckets[i], bucket) != 0) {
        i++;
    }
    if (i == audit->bucket_count) {
        char **buckets = realloc(audit->buckets, (i + 1) * sizeof *buckets);
        char *copy = buckets ? strdup(bucket) : NULL;
        audit->buckets = buckets ? buckets : audit->buckets;
        audit->short_of_memory = audit->short_of_memory || !copy;
        if (copy) {
            audit->buckets[audit->bucket_count++] = copy;
        }
    }
    pthread_mutex_unlock(&audit->lock);
}

void audit_forget_buckets(struct audit *audit)
{
    while (audit->bucket_count > 0) {
        free(audit->buckets[--audit->bucket_count]);
    }
    free(audit->buckets);
}

struct blob_page {
    struct mgw_known known[PAGE];
    struct {
        char *key;
        uint64_t bytes;
        int64_t modified_ms;
    } at[PAGE];
    size_t count;
    char *cursor; /* behind the last */
    bool short_of_memory;
};

static void blob_page_drop(struct blob_page *page)
{
    while (page->count > 0) {
        free(page->at[--page->count].key);
    }
}

static bool blob_page_add(void *ctx, const struct mgw_list_entry *entry)
{
    struct blob_page *page = ctx;
    char *key = strdup(entry->key), *cursor = strdup(entry->cursor);
    if (!key || !cursor || page->count == PAGE) {
        free(key);
        free(cursor);
        page->short_of_memory = true;
        return false;
    }
    free(page->cursor);
    page->cursor = cursor;
    page->at[page->count].key = key;
    page->at[page->count].bytes = entry->bytes;
    page->at[page->count++].modified_ms = entry->modified_ms;
    return true;
}

/* Of a row that is `failed` or `deleted`: is anybody to come back for the blob? */
static bool is_awaited(struct audit *audit, struct mgw_call *call, const char *bucket,
                       const char *key, char **id)
{
    AUTO_FREE struct mgw_row *row = NULL;
    enum mgw_status status = rows_get_by_blob(audit->house.rows, call, bucket, key, row_keep, &row);
    bool left = status == MGW_OK && row && row->status & (MGW_ROW_FAILED | MGW_ROW_DELETED) &&
                row->lease_until == MGW_ABSENT;
    *id = left ? strdup(row->id) : NULL;
    return !left;
}

static void judge_blob(struct audit *audit, struct mgw_call *call, const char *bucket,
                       const struct blob_page *page, size_t i)
{
    AUTO_FREE char *id = NULL;
    const char *key = page->at[i].key;
    uint32_t status = page->known[i].status;
    if (page->at[i].modified_ms > clock_wall_ms() - audit->options->grace_ms ||
        (status && !(status & (MGW_ROW_FAILED | MGW_ROW_DELETED))) ||
        (status && is_awaited(audit, call, bucket, key, &id))) {
        return;
    }
    AUTO_BUF struct buf text = {0};
    buf_printf(&text, "%llu bytes %s", (unsigned long long)page->at[i].bytes,
               status ? "of a recording that is gone" : "without a row");
    audit_report(audit, &(struct audit_found){.problem = status ? AUDIT_LEFT : AUDIT_ORPHAN,
                                              .id = id,
                                              .bucket = bucket,
                                              .key = key,
                                              .text = text.data ? text.data : "out of memory"});
}

static enum mgw_status audit_page(struct audit *audit, struct mgw_call *call, const char *bucket,
                                  struct blob_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        page->known[i] = (struct mgw_known){
            .size = sizeof page->known[i], .bucket = bucket, .key = page->at[i].key};
    }
    enum mgw_status status = rows_which_known(audit->house.rows, call, page->known, page->count);
    for (size_t i = 0; i < page->count && status == MGW_OK; i++) {
        judge_blob(audit, call, bucket, page, i);
    }
    pthread_mutex_lock(&audit->lock);
    audit->counts.blobs += page->count;
    pthread_mutex_unlock(&audit->lock);
    return status;
}

/* A place of the walk that is looked out for: a list whose cursors lead in a circle comes by it
 * again, however long the circle is, since it is moved on after 1, 2, 4, … pages (Brent). */
struct mark {
    char *cursor;
    uint64_t pages, most;
};

/* False: the walk was here before. */
static bool mark_pass(struct mark *mark, const char *cursor)
{
    if (mark->cursor && strcmp(mark->cursor, cursor) == 0) {
        return false;
    }
    if (mark->pages++ >= mark->most) {
        free(mark->cursor);
        mark->cursor = strdup(cursor);
        mark->pages = 0;
        mark->most = mark->most ? 2 * mark->most : 1;
    }
    return true;
}

static void mark_release(struct mark *mark)
{
    free(mark->cursor);
}

static enum mgw_status audit_bucket(struct audit *audit, const char *bucket, struct blob_page *page)
{
    bool more = true;
    AUTO(mark_release) struct mark mark = {0};
    while (more) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, PAGE_MS);
        blob_page_drop(page);
        enum mgw_status status =
            call ? store_list(audit->house.store, call, bucket, "",
                              page->cursor ? page->cursor : "", PAGE, blob_page_add, page)
                 : MGW_IO;
        if (status == MGW_OK && page->short_of_memory) {
            status = mgw_fail(call, MGW_IO, "out of memory");
        }
        if (status == MGW_OK) {
            status = audit_page(audit, call, bucket, page);
        }
        if (status == MGW_OK && !audit_tick(audit)) {
            status = mgw_fail(call, MGW_CANCELLED, "stopped");
        }
        more = page->count == PAGE;
        if (status == MGW_OK && more && !mark_pass(&mark, page->cursor)) {
            status = mgw_fail(call, MGW_CORRUPT,
                              "storage \"%s\": its list of the bucket %s goes in circles",
                              store_name(audit->house.store), bucket);
        }
        if (status != MGW_OK) {
            return mgw_fail(audit->call, status, "%s", call ? call_text(call) : "out of memory");
        }
    }
    return MGW_OK;
}

enum mgw_status audit_blobs(struct audit *audit)
{
    enum mgw_status status =
        audit->short_of_memory ? mgw_fail(audit->call, MGW_IO, "out of memory") : MGW_OK;
    struct blob_page *page = calloc(1, sizeof *page);
    if (!page) {
        return mgw_fail(audit->call, MGW_IO, "out of memory");
    }
    for (size_t i = 0; i < audit->bucket_count && status == MGW_OK; i++) {
        free(page->cursor);
        page->cursor = NULL;
        status = audit_bucket(audit, audit->buckets[i], page);
    }
    blob_page_drop(page);
    free(page->cursor);
    free(page);
    return status;
}
