/* SPDX-License-Identifier: Apache-2.0
 *
 * See walk.h. First the first store's list, each key compared with the second; then the second's,
 * for what the first lacks. A page of keys is held at a time. */
#include "walk.h"

#include "mend.h"
#include "read.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 256 };

struct page {
    char *keys[PAGE];
    size_t count;
    char cursor[2049];
    bool failed;
};

static bool page_add(void *ctx, const struct mgw_list_entry *entry)
{
    struct page *page = ctx;
    char *key = page->count < PAGE ? strdup(entry->key) : NULL;
    page->failed = !key || strlen(entry->cursor) >= sizeof page->cursor;
    if (page->failed) {
        free(key);
        return false;
    }
    page->keys[page->count++] = key;
    snprintf(page->cursor, sizeof page->cursor, "%s", entry->cursor);
    return true;
}

static void page_empty(struct page *page)
{
    while (page->count) {
        free(page->keys[--page->count]);
    }
}

enum mgw_status walk_side(struct walk *walk, int which, const char *bucket, const char *prefix,
                          bool (*found)(void *ctx, const char *key), void *ctx)
{
    struct pass *pass = &walk->mirror->side[which].pass;
    struct page *page = calloc(1, sizeof *page);
    bool more = page != NULL;
    enum mgw_status status = page ? MGW_OK : MGW_UNAVAILABLE;
    while (more && status == MGW_OK) {
        char cursor[sizeof page->cursor];
        struct mgw_call *call = walk->fresh(walk->ctx);
        memcpy(cursor, page->cursor, sizeof cursor);
        status =
            pass->lower.list(call, pass->instance, bucket, prefix, cursor, PAGE, page_add, page);
        side_saw(walk->mirror, which, status, call);
        status = status == MGW_OK && page->failed ? MGW_UNAVAILABLE : status;
        more = page->count == PAGE;
        for (size_t i = 0; status == MGW_OK && i < page->count; i++) {
            if (!found(ctx, page->keys[i])) {
                more = false;
                break;
            }
        }
        page_empty(page);
    }
    free(page);
    return status;
}

struct visit {
    struct walk *walk;
    const char *bucket;
    int which;
    bool stopped;
};

/* Of the second store's keys those that the first has were seen already. */
static bool was_seen(const struct visit *visit, const struct mgw_blob *blob)
{
    struct mgw_stat stat;
    return visit->which == SECOND &&
           read_side_stat(visit->walk->fresh(visit->walk->ctx), visit->walk->mirror, FIRST, blob,
                          &stat) == MGW_OK;
}

static bool visit_key(void *ctx, const char *key)
{
    struct visit *visit = ctx;
    struct walk *walk = visit->walk;
    struct mgw_blob blob = {sizeof blob, visit->bucket, key};
    bool copied = false;
    if (was_seen(visit, &blob)) {
        return true;
    }
    struct mgw_call *call = walk->fresh(walk->ctx);
    enum mgw_status status = mend_key(call, walk->mirror, &blob, true, &copied);
    walk->seen++;
    walk->mended += copied;
    if (status != MGW_OK && status != MGW_CANCELLED) {
        walk->failed++;
        walk->mirror->host->log(walk->mirror->log_name, MGW_LOG_WARN, "%s/%s is not mended: %s",
                                blob.bucket, blob.key, call->error->text);
    }
    /* where a store is down, the rest fails as well */
    visit->stopped = status == MGW_CANCELLED || side_is_down(walk->mirror, FIRST) ||
                     side_is_down(walk->mirror, SECOND);
    return !visit->stopped;
}

enum mgw_status walk_bucket(struct walk *walk, const char *bucket)
{
    enum mgw_status status = MGW_OK;
    for (int i = 0; status == MGW_OK && i < STORES; i++) {
        struct visit visit = {walk, bucket, i, false};
        status = walk_side(walk, i, bucket, "", visit_key, &visit);
        status = visit.stopped ? MGW_UNAVAILABLE : status;
    }
    return status;
}
