/* SPDX-License-Identifier: Apache-2.0
 *
 * See list.h. Each store has an order of its own, and no store need have that of the key: so first
 * comes what the first store's list owns, then what the second's does. Of two copies the owner is
 * the one that was there first: put, not mended, or else mended earlier; the first store's where
 * both were put. A copy that the mender adds while a walk goes on is never the owner, so that it is
 * not shown a second time, nor takes the other from the list. (A blob that is replaced meanwhile
 * may change its owner; keys of the gateway are used once.) The cursor is the store's number and
 * its own.
 *
 * A list tells no versions: each entry is looked up, several at a time where that waits for a
 * network. */
#include "list.h"

#include "mender.h"
#include "own_call.h"
#include "read.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

enum { LOOKERS = 8, CURSOR_MAX = 2048 };

struct entry {
    char *key, *cursor;
    uint64_t bytes;
    int64_t modified_ms;
    bool shown;
    enum mgw_status status;
    char etag[257];
};

struct page {
    struct mgw_call *call;
    struct mirror *mirror;
    const char *bucket;
    int which;
    struct entry *entries;
    uint32_t count, room;
    bool failed;
    _Atomic uint32_t next;
    pthread_t thread; /* the call's */
    _Atomic bool over;
    pthread_mutex_t lock; /* of the call's error */
};

/* ---- Collecting ---- */

static bool page_add(void *ctx, const struct mgw_list_entry *entry)
{
    struct page *page = ctx;
    if (page->count == page->room) {
        page->failed = true;
        return false;
    }
    struct entry *to = &page->entries[page->count];
    *to = (struct entry){.key = strdup(entry->key), .cursor = strdup(entry->cursor)};
    if (!to->key || !to->cursor) {
        free(to->key);
        free(to->cursor);
        page->failed = true;
        return false;
    }
    page->count++;
    return true;
}

static void page_empty(struct page *page)
{
    while (page->count) {
        struct entry *entry = &page->entries[--page->count];
        free(entry->key);
        free(entry->cursor);
    }
}

/* ---- Looking up ---- */

static void take(struct entry *entry, const struct mgw_stat *stat)
{
    struct version version;
    version_of(stat, &version);
    entry->shown = true;
    entry->bytes = stat->bytes;
    entry->modified_ms = version.time_ms;
    memcpy(entry->etag, version.etag, sizeof entry->etag);
}

/* When the copy came into store WHICH, by the mender; 0: it was put there. ABSENT: it is not. */
#define ABSENT INT64_MAX
static enum mgw_status came(struct mgw_call *call, const struct page *page, int which,
                            const struct mgw_blob *blob, struct mgw_stat *stat, int64_t *at)
{
    struct version version;
    enum mgw_status status = read_side_stat(call, page->mirror, which, blob, stat);
    *at = ABSENT;
    if (status == MGW_OK) {
        version_of(stat, &version);
        *at = version.mended_ms;
    }
    return status == MGW_NOT_FOUND ? MGW_OK : status;
}

/* Both copies at one moment: no put and no removal of this process is half way between them. */
static enum mgw_status came_both(struct mgw_call *call, const struct page *page,
                                 const struct mgw_blob *blob, struct mgw_stat stats[STORES],
                                 int64_t at[STORES])
{
    pthread_mutex_t *lock;
    enum mgw_status status = mirror_lock(call, page->mirror, blob, &lock);
    if (status != MGW_OK) {
        return status;
    }
    for (int i = 0; status == MGW_OK && i < STORES; i++) {
        status = came(call, page, i, blob, &stats[i], &at[i]);
    }
    mirror_unlock(lock);
    return status;
}

/* Whether the list of the page's store owns the entry, and what it shows. */
static enum mgw_status look_up(struct mgw_call *call, const struct page *page, struct entry *entry)
{
    struct mgw_blob blob = {sizeof blob, page->bucket, entry->key};
    struct mgw_stat stats[STORES];
    int64_t at[STORES] = {ABSENT, ABSENT};
    enum mgw_status status = came(call, page, FIRST, &blob, &stats[FIRST], &at[FIRST]);
    if (status == MGW_OK && at[FIRST] != 0 && (page->which == SECOND || at[FIRST] != ABSENT)) {
        status = came_both(call, page, &blob, stats, at);
    }
    int owner = at[SECOND] < at[FIRST] ? SECOND : FIRST;
    if (status == MGW_OK && owner == page->which && at[owner] != ABSENT) {
        take(entry, &stats[owner]);
    }
    return status;
}

static void *looker_run(void *argument)
{
    struct page *page = argument;
    struct mgw_call *outer = page->call;
    struct own_call own = {.over = &page->over};
    for (uint32_t at; (at = page->next++) < page->count;) {
        struct entry *entry = &page->entries[at];
        struct mgw_call *call = own_call_fresh(&own, outer->deadline_ms);
        entry->status = look_up(call, page, entry);
        if (entry->status != MGW_OK) {
            pthread_mutex_lock(&page->lock);
            mgw_fail(outer, entry->status, "%s", own.error.text);
            pthread_mutex_unlock(&page->lock);
            page->next = page->count;
        }
        if (pthread_equal(pthread_self(), page->thread) && outer->cancelled(outer)) {
            page->over = true; /* may be asked from its own thread only */
        }
    }
    own_call_end(&own);
    return NULL;
}

static enum mgw_status look_up_all(struct page *page)
{
    pthread_t threads[LOOKERS];
    uint32_t count = 0, want = page->count < LOOKERS ? page->count : LOOKERS;
    bool local = page->mirror->capabilities & MGW_STORAGE_INLINE_READ;
    page->next = 0;
    while (!local && count + 1 < want &&
           pthread_create(&threads[count], NULL, looker_run, page) == 0) {
        count++;
    }
    looker_run(page);
    while (count) {
        pthread_join(threads[--count], NULL);
    }
    for (uint32_t i = 0; i < page->count; i++) {
        if (page->entries[i].status != MGW_OK) {
            return page->entries[i].status;
        }
    }
    return page->over ? mgw_fail(page->call, MGW_CANCELLED, "cancelled") : MGW_OK;
}

/* ---- The walk ---- */

struct walk {
    mgw_list_emit *emit;
    void *ctx;
    uint32_t left;
    bool stopped;
    char cursor[CURSOR_MAX + 1]; /* the store's own */
};

static enum mgw_status emit_page(struct page *page, struct walk *walk)
{
    char cursor[CURSOR_MAX + 1];
    for (uint32_t i = 0; i < page->count && !walk->stopped; i++) {
        const struct entry *found = &page->entries[i];
        int length = snprintf(cursor, sizeof cursor, "%d:%s", page->which, found->cursor);
        if (length >= (int)sizeof cursor) {
            return mgw_fail(page->call, MGW_UNSUPPORTED,
                            "%s has cursors that leave no room for the mirror's",
                            page->mirror->side[page->which].name);
        }
        memcpy(walk->cursor, found->cursor, strlen(found->cursor) + 1);
        struct mgw_list_entry entry = {.size = sizeof entry,
                                       .key = found->key,
                                       .bytes = found->bytes,
                                       .modified_ms = found->modified_ms,
                                       .etag = found->etag,
                                       .cursor = cursor};
        if (found->shown) {
            walk->left--;
            walk->stopped = !walk->emit(walk->ctx, &entry);
        }
    }
    return MGW_OK;
}

/* The next page of a store's own; *MORE: another may follow. */
static enum mgw_status one_page(struct page *page, struct walk *walk, const char *prefix,
                                bool *more)
{
    struct pass *pass = &page->mirror->side[page->which].pass;
    page->room = walk->left;
    enum mgw_status status = pass->lower.list(page->call, pass->instance, page->bucket, prefix,
                                              walk->cursor, walk->left, page_add, page);
    side_saw(page->mirror, page->which, status, page->call);
    if (status == MGW_OK && page->failed) {
        status = mirror_no_memory(page->call);
    }
    if (status == MGW_OK) {
        status = look_up_all(page);
    }
    *more = page->count == page->room;
    if (status == MGW_OK) {
        status = emit_page(page, walk);
    }
    page_empty(page);
    return status;
}

/* "STORE:CURSOR"; false where it is none of ours. */
static bool parse_cursor(const char *text, struct page *page, struct walk *walk)
{
    if ((text[0] != '0' && text[0] != '1') || text[1] != ':' || !text[2] ||
        strlen(text + 2) > CURSOR_MAX) {
        return false;
    }
    page->which = text[0] - '0';
    memcpy(walk->cursor, text + 2, strlen(text + 2) + 1);
    return true;
}

enum mgw_status list_page(struct mgw_call *call, void *instance, const char *bucket,
                          const char *prefix, const char *cursor, uint32_t limit,
                          mgw_list_emit *emit, void *ctx)
{
    struct mirror *mirror = instance;
    struct walk walk = {.emit = emit, .ctx = ctx, .left = limit};
    struct page page = {.call = call, .mirror = mirror, .bucket = bucket, .thread = pthread_self()};
    if (*cursor && !parse_cursor(cursor, &page, &walk)) {
        return mgw_fail(call, MGW_INVALID, "cursor: not one of this mirror's");
    }
    if (strcmp(bucket, mirror->notes) == 0) {
        return MGW_OK;
    }
    page.entries = calloc(limit ? limit : 1, sizeof *page.entries);
    if (!page.entries) {
        return mirror_no_memory(call);
    }
    pthread_mutex_init(&page.lock, NULL);
    enum mgw_status status = MGW_OK;
    for (; status == MGW_OK && page.which < STORES; page.which++) {
        bool more = true;
        while (more && status == MGW_OK && walk.left && !walk.stopped) {
            status = one_page(&page, &walk, prefix, &more);
        }
        if (walk.stopped || !walk.left) {
            break;
        }
        walk.cursor[0] = '\0';
    }
    if (walk.left < limit) {
        mender_learn(mirror->mender, bucket);
    }
    pthread_mutex_destroy(&page.lock);
    free(page.entries);
    return status;
}
